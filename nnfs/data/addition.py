"""Addition as data: every pair of a range, split so that no answer leaks, written in three codes.

Part 2 asks whether a net that has seen some sums knows the others. Two traps are closed here. A pair and
its mirror image have the same sum, so the split is by unordered pair: 3 + 5 is never held out while 5 + 3 is
trained. And "the others" has three meanings, kept apart: pairs held out of the range, a hole in the range
(no operand from 40 to 49), and pairs beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """Operand pairs (rows of two integers), each test a different question; empty where it is not asked."""

    train: Ints  # (n, 2)
    held_out: Ints  # in the range, not in the hole, never trained in either order
    hole: Ints  # an operand in the hole
    beyond: Ints  # both operands one range further: 100 … 199 after 0 … 99


def pairs(low: int, high: int) -> Ints:
    """All ordered pairs of low … high, (n², 2), the second operand fastest. ValueError if low > high."""
    if low > high:
        raise ValueError(f"no pairs from {low} to {high}")
    a, b = np.meshgrid(np.arange(low, high + 1), np.arange(low, high + 1), indexing="ij")
    return np.stack([a.ravel(), b.ravel()], axis=1).astype(np.int64)


def split(top: int, held_out: float, seed: int, hole: tuple[int, int] | None = None) -> Split:
    """The pairs of 0 … top: a share `held_out` of the *unordered* pairs is kept from training.

    hole: (first, last) operand that never occurs in training. Raises ValueError for a share outside [0, 1)
    or a hole outside the range.
    """
    if not 0 <= held_out < 1:
        raise ValueError(f"a share of pairs to hold out lies in [0, 1), got {held_out}")
    if hole is not None and not 0 <= hole[0] <= hole[1] <= top:
        raise ValueError(f"hole {hole} is not within 0 … {top}")
    every = pairs(0, top)
    first, last = hole or (top + 1, top + 1)  # no hole is a hole beyond the range
    in_hole = ((every >= first) & (every <= last)).any(axis=1)
    rest = every[~in_hole]
    names = rest.min(axis=1) * (top + 1) + rest.max(axis=1)  # one name for a pair and its mirror image
    unordered = np.unique(names)
    chosen = np.random.default_rng([seed, 4]).permutation(unordered)[: round(held_out * len(unordered))]
    out = np.isin(names, chosen)
    return Split(rest[~out], rest[out], every[in_hole], pairs(top + 1, 2 * top + 1))


# Three codes for an operand. Each can write numbers up to twice the training range, so that a net can at
# least be asked: whether it can answer is then its own doing.


def scalar(numbers: Ints, top: int) -> Array:
    """Each pair as two real numbers, n / (top + 1): (rows, 2), in [0, 1) within the training range."""
    return numbers / float(top + 1)


def one_hot(numbers: Ints, top: int) -> Array:
    """Each operand as one unit out of 2·top + 2: (rows, 2·(2·top + 2))."""
    size = 2 * top + 2
    X = np.zeros((len(numbers), 2 * size))
    np.put_along_axis(X, numbers + np.array([0, size]), 1.0, axis=1)
    return X


def digits_of(numbers: Ints, count: int) -> Ints:
    """Decimal digits, units first: digits_of([407], 3) is [[7, 0, 4]]. ValueError if a number has more."""
    numbers = np.asarray(numbers, dtype=np.int64)
    if numbers.size and (numbers.min() < 0 or numbers.max() >= 10**count):
        raise ValueError(f"{count} digits hold 0 … {10**count - 1}, got {numbers.min()} … {numbers.max()}")
    return np.stack([numbers // 10**place % 10 for place in range(count)], axis=-1)


def digit_one_hot(numbers: Ints, top: int) -> Array:
    """Each digit of both operands as one unit out of ten: (rows, 2·places·10), units first."""
    places = len(str(2 * top + 1))
    digits = digits_of(numbers, places)  # (rows, 2, places)
    return np.eye(10)[digits].reshape(len(numbers), -1)
