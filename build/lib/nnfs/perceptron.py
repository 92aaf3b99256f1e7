"""One unit that learns: the perceptron rule, Adaline, and the functions that no single unit can compute.

Part 1 of the series. A unit adds up its inputs, each times a weight, and fires if the sum is positive. The
perceptron rule (Rosenblatt 1958) corrects it after each mistake; Adaline (Widrow and Hoff 1960) corrects it
by how far the sum was from the target. Both find AND; neither finds XOR, and they fail differently.
Everything about the perceptron is in integers here, so "it goes round for ever" is proved, not observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfs.rng import Mulberry32

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def truth_table(n: int) -> Ints:
    """All inputs of n bits, counting up: (2**n, n) of 0 and 1, the first input most significant."""
    if n < 1:
        raise ValueError(f"a truth table needs at least one input, got n = {n}")
    return np.array(list(product((0, 1), repeat=n)), dtype=np.int64)


# The sixteen functions of inputs A and B, in order of the number that their outputs spell in binary.
# The outputs answer the rows of truth_table(2): 00, 01, 10, 11.
BOOLEAN_2: dict[str, tuple[int, int, int, int]] = {
    "FALSE": (0, 0, 0, 0),
    "AND": (0, 0, 0, 1),
    "A AND NOT B": (0, 0, 1, 0),
    "A": (0, 0, 1, 1),
    "B AND NOT A": (0, 1, 0, 0),
    "B": (0, 1, 0, 1),
    "XOR": (0, 1, 1, 0),
    "OR": (0, 1, 1, 1),
    "NOR": (1, 0, 0, 0),
    "XNOR": (1, 0, 0, 1),
    "NOT B": (1, 0, 1, 0),
    "A OR NOT B": (1, 0, 1, 1),
    "NOT A": (1, 1, 0, 0),
    "B OR NOT A": (1, 1, 0, 1),
    "NAND": (1, 1, 1, 0),
    "TRUE": (1, 1, 1, 1),
}


@dataclass(frozen=True)
class PerceptronRun:
    """What happened while a perceptron trained."""

    weights: Ints  # (steps + 1, n + 1): before the first row and after each row shown; the bias is last
    errors: Ints  # (epochs,): rows answered wrongly while the epoch went on
    converged: bool  # the last epoch had no error
    cycle: tuple[int, int] | None  # (start, length) in epochs: after start + length, the weights of start


def train_perceptron(
    X: ArrayLike,
    t: ArrayLike,
    lr: int = 1,
    max_epochs: int = 1000,
    order: Sequence[int] | None = None,
) -> PerceptronRun:
    """Train one threshold unit, from weights zero, by the perceptron rule.

    The unit answers 1 if w·x + bias > 0, else 0; after each row w += lr * e * x and bias += lr * e, where
    e = target - answer is -1, 0 or 1. X (N, n) integers; t (N,) of 0 and 1, or of -1 and +1; lr a positive
    integer; order: the rows of an epoch as indices, 0 … N-1 unless given, the same in every epoch.
    It stops after an epoch without an error, or when the weights at the end of an epoch are those at the end
    of an earlier one (or of the start). Weights are integers and the order is fixed, so from there everything
    repeats: `cycle` is exact, and it proves that no further epoch will help.
    Raises ValueError for inputs or rates that are not integers, other targets, shapes that do not fit.
    """
    X, t = np.asarray(X), np.asarray(t)
    rows = list(range(len(X))) if order is None else list(order)
    if X.ndim != 2 or t.shape != X.shape[:1]:
        raise ValueError(f"X must be (rows, inputs) and t (rows,), got {X.shape} and {t.shape}")
    if X.dtype.kind not in "biu" or isinstance(lr, bool) or not isinstance(lr, int) or lr < 1:
        raise ValueError("inputs and lr must be integers, lr at least 1: cycles are found exactly")
    if not (set(t.tolist()) <= {0, 1} or set(t.tolist()) <= {-1, 1}):
        raise ValueError(f"targets are 0 and 1, or -1 and +1, got {sorted(set(t.tolist()))}")
    if not rows or not set(range(len(X))) >= set(rows):
        raise ValueError(f"order must list rows from 0 to {len(X) - 1}, got {order!r}")
    if max_epochs < 1:
        raise ValueError(f"max_epochs must be 1 or more, got {max_epochs}")
    shown = [([*X[row].tolist(), 1], int(t[row] > 0)) for row in rows]  # the bias is a weight on input 1

    w = [0] * (X.shape[1] + 1)
    history, errors = [tuple(w)], []
    seen, cycle = {tuple(w): 0}, None
    for epoch in range(1, max_epochs + 1):
        wrong = 0
        for x, wanted in shown:
            error = wanted - int(sum(a * b for a, b in zip(w, x, strict=True)) > 0)
            w = [a + lr * error * b for a, b in zip(w, x, strict=True)]
            wrong += abs(error)
            history.append(tuple(w))
        errors.append(wrong)
        if wrong == 0:
            break
        if tuple(w) in seen:
            cycle = (seen[tuple(w)], epoch - seen[tuple(w)])
            break
        seen[tuple(w)] = epoch
    return PerceptronRun(np.array(history), np.array(errors), errors[-1] == 0, cycle)


@dataclass(frozen=True)
class AdalineRun:
    """What happened while an Adaline trained."""

    weights: Floats  # (epochs + 1, n + 1): before the first and after each epoch; the bias is last
    mse: Floats  # (epochs + 1,): mean over rows of (target - sum)**2 with those weights


def train_adaline(
    X: ArrayLike, t: ArrayLike, lr: float = 0.05, epochs: int = 200, seed: int | None = None
) -> AdalineRun:
    """Train one linear unit by least mean squares: w += 2 * lr * mean over rows of (t - w·x) * x.

    This is the Widrow–Hoff correction (Widrow and Hoff 1960) averaged over the rows before it is applied,
    so the order of rows plays no part. X (N, n), t (N,) real; the bias is a weight whose input is 1.
    Weights start at zero, or from U(-1, 1) with a `seed`. On XOR in ±1 coding every start ends at w = 0, with
    mean squared error 1: the best answer that a sum can give is no answer.
    Raises ValueError for shapes that do not fit, and if lr is so large that the error grows.
    """
    X, t = np.asarray(X, dtype=np.float64), np.asarray(t, dtype=np.float64)
    if X.ndim != 2 or t.shape != X.shape[:1] or len(X) == 0:
        raise ValueError(f"X must be (rows, inputs) and t (rows,), got {X.shape} and {t.shape}")
    X = np.column_stack([X, np.ones(len(X))])
    steepest = float(np.linalg.eigvalsh(X.T @ X / len(X))[-1])
    if not 0 < lr < 1 / steepest:
        raise ValueError(f"lr must lie between 0 and {1 / steepest:.3g} for these inputs, got {lr}")
    w = np.zeros(X.shape[1])
    if seed is not None:
        rng = Mulberry32(seed)
        w = np.array([rng.uniform(-1.0, 1.0) for _ in w])
    weights, mse = [w], [np.mean((t - X @ w) ** 2)]
    for _ in range(epochs):
        w = w + 2.0 * lr * ((t - X @ w) @ X) / len(X)
        weights.append(w)
        mse.append(np.mean((t - X @ w) ** 2))
    return AdalineRun(np.array(weights), np.array(mse))


def separable(n: int) -> NDArray[np.bool_]:
    """Which of the 2**2**n functions of n bits one threshold unit can compute: (2**2**n,) of bool, n = 1 … 4.

    Entry f belongs to the function whose outputs, down the rows of truth_table(n), spell f in binary.
    Two searches meet, and each is a proof. *It can*: weights up to 3 and every threshold between are tried,
    and whatever they compute is separable. *It cannot*: if two rows a, b that should fire and two rows c, d
    that should not have the same sum of inputs, a + b = c + d, then w·a + w·b > 2θ ≥ w·c + w·d contradicts
    itself. (XOR is the smallest case: 01 + 10 = 00 + 11.) Every function must fall to exactly one search; if
    one did not, RuntimeError would say so.
    """
    if not 1 <= n <= 4:
        raise ValueError(f"counted for 1 to 4 inputs; {n} inputs have 2**{2**n} functions")
    X = truth_table(n)
    bit = 1 << np.arange(len(X) - 1, -1, -1)  # the value of each row in the number of a function

    sums = np.array(list(product(range(-3, 4), repeat=n))) @ X.T  # (weight vectors, rows)
    thresholds = np.arange(-3 * n - 1, 3 * n + 1)
    fires = sums[:, None, :] > thresholds[None, :, None]
    can = np.zeros(2 ** len(X), dtype=bool)
    can[np.unique(fires @ bit)] = True

    pairs: dict[tuple[int, ...], list[int]] = {}  # sum of two rows: the bits of those two rows
    for a, b in combinations_with_replacement(range(len(X)), 2):
        pairs.setdefault(tuple(X[a] + X[b]), []).append(int(bit[a] | bit[b]))
    functions = np.arange(2 ** len(X))
    cannot = np.zeros(2 ** len(X), dtype=bool)
    for same_sum in pairs.values():
        for fire, rest in product(same_sum, repeat=2):
            if not fire & rest:
                cannot |= (functions & fire == fire) & (functions & rest == 0)

    if not np.array_equal(can, ~cannot):
        raise RuntimeError(f"n = {n}: a function is in both searches or in neither")
    return can


def count_separable(n: int) -> int:
    """How many functions of n bits (n = 1 … 4) one threshold unit can compute: see `separable`."""
    return int(separable(n).sum())
