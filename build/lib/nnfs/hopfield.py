"""A memory made of neurons: Hopfield's network of 1982, and how much it can hold.

A cameo of Part 1. N units are on or off (+1, -1) and every pair is connected. Patterns are stored all on top
of each other in the connections, by Hebb's rule; from a damaged pattern the net falls back into the stored
one, because each flip of a unit lowers an energy (Hopfield, PNAS 79:2554–2558, 1982). For *random* patterns
recall breaks down when their number passes about 0.138 N (Amit, Gutfreund and Sompolinsky, PRL 55:1530,
1985, for large N); patterns that resemble each other, as letters do, collide far earlier.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfs.rng import Mulberry32

Floats = NDArray[np.float64]


def checked(patterns: ArrayLike) -> Floats:
    """`patterns` as floats; ValueError for anything but -1 and +1."""
    patterns = np.asarray(patterns, dtype=np.float64)
    if patterns.size == 0 or not np.all(np.abs(patterns) == 1.0):
        raise ValueError("patterns consist of -1 and +1, and there must be at least one")
    return patterns


def store(patterns: ArrayLike) -> Floats:
    """Hebb's rule: W (N, N) = sum over patterns (P, N) of p p^T / N, with a zero diagonal."""
    patterns = checked(patterns)
    if patterns.ndim != 2:
        raise ValueError(f"patterns must have shape (P, N), got {patterns.shape}")
    W = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(W, 0.0)
    return W


def energy(W: Floats, x: ArrayLike) -> float:
    """E = -x^T W x / 2 of a state x (N,): no flip of `recall` raises it."""
    x = checked(x)
    return float(-0.5 * x @ W @ x)


def recall(W: Floats, x: ArrayLike, seed: int, max_sweeps: int = 100) -> Floats:
    """Let the state x (N,) settle: one at a time, units take the sign of their input; the state (N,).

    Each sweep visits every unit once in a new order shuffled by Mulberry32(seed); an input of exactly zero
    changes nothing. It ends after a sweep without a flip, or after `max_sweeps`. (Updating all units at once
    would be faster, but can swing between two states for ever.)
    """
    x = checked(x).copy()
    if W.shape != (x.size, x.size):
        raise ValueError(f"a state of {x.size} units needs W of shape ({x.size}, {x.size}), got {W.shape}")
    rng, order = Mulberry32(seed), list(range(x.size))
    field = W @ x
    for _ in range(max_sweeps):
        rng.shuffle(order)
        settled = True
        for i in order:
            if field[i] * x[i] < 0:
                x[i] = -x[i]
                field += 2.0 * x[i] * W[i]  # W is symmetric: row i is what unit i sends
                settled = False
        if settled:
            break
    return x


def damaged(x: ArrayLike, share: float, seed: int) -> Floats:
    """A copy of the state x (N,) with round(share * N) units flipped, chosen by Mulberry32(seed)."""
    x = checked(x).copy()
    if not 0 <= share <= 1:
        raise ValueError(f"share lies between 0 and 1, got {share}")
    order = list(range(x.size))
    Mulberry32(seed).shuffle(order)
    x[order[: round(share * x.size)]] *= -1.0
    return x


@dataclass(frozen=True)
class LoadRun:
    """Recall from slightly damaged patterns at several loads, one row a load."""

    loads: Floats  # (L,): patterns per unit P / N, as it came out after rounding P
    patterns: NDArray[np.int64]  # (L,): P
    overlap: Floats  # (L, trials): mean over recalled patterns of x·p / N; 1 is perfect
    perfect: Floats  # (L, trials): share of patterns recalled without a wrong unit


def recall_vs_load(
    N: int, loads: Iterable[float], trials: int, seed: int, damage: float = 0.0, probes: int = 10
) -> LoadRun:
    """How well random patterns are recalled as more are stored.

    For each load and trial: P = round(load * N) random patterns of N units are stored, and the first
    `probes` of them (or all, if fewer) are recalled from copies with a share `damage` of units flipped.
    Raises ValueError for loads that round to no pattern. Time grows as N² per sweep and probe.
    """
    counts = np.array([round(load * N) for load in loads], dtype=np.int64)
    if len(counts) == 0 or counts.min() < 1:
        raise ValueError(f"each load must store at least one pattern of {N} units")
    rng = Mulberry32(seed)
    overlap, perfect = np.empty((len(counts), trials)), np.empty((len(counts), trials))
    for row, P in enumerate(counts):
        for trial in range(trials):
            bits = np.array([rng.uint32() & 1 for _ in range(P * N)], dtype=np.float64)
            patterns = (2.0 * bits - 1.0).reshape(P, N)
            W = store(patterns)
            m = [recall(W, damaged(p, damage, rng.uint32()), rng.uint32()) @ p / N for p in patterns[:probes]]
            overlap[row, trial] = np.mean(m)
            perfect[row, trial] = np.mean(np.array(m) == 1.0)
    return LoadRun(counts / N, counts, overlap, perfect)


# Ten letters on ten by ten points, drawn for this series; `letters()` makes them patterns.
LETTERS: dict[str, tuple[str, ...]] = {
    "A": (
        "....##....",
        "...####...",
        "..##..##..",
        "..##..##..",
        ".##....##.",
        ".########.",
        ".########.",
        "##......##",
        "##......##",
        "##......##",
    ),
    "C": (
        "..######..",
        ".########.",
        "##......##",
        "##........",
        "##........",
        "##........",
        "##........",
        "##......##",
        ".########.",
        "..######..",
    ),
    "E": (
        "##########",
        "##########",
        "##........",
        "##........",
        "#######...",
        "#######...",
        "##........",
        "##........",
        "##########",
        "##########",
    ),
    "H": (
        "##......##",
        "##......##",
        "##......##",
        "##......##",
        "##########",
        "##########",
        "##......##",
        "##......##",
        "##......##",
        "##......##",
    ),
    "J": (
        "....######",
        "....######",
        ".......##.",
        ".......##.",
        ".......##.",
        ".......##.",
        ".......##.",
        "##.....##.",
        ".##...##..",
        "..#####...",
    ),
    "L": (
        "##........",
        "##........",
        "##........",
        "##........",
        "##........",
        "##........",
        "##........",
        "##........",
        "##########",
        "##########",
    ),
    "O": (
        "...####...",
        ".########.",
        ".##....##.",
        "##......##",
        "##......##",
        "##......##",
        "##......##",
        ".##....##.",
        ".########.",
        "...####...",
    ),
    "T": (
        "##########",
        "##########",
        "....##....",
        "....##....",
        "....##....",
        "....##....",
        "....##....",
        "....##....",
        "....##....",
        "....##....",
    ),
    "X": (
        "##......##",
        ".##....##.",
        "..##..##..",
        "...####...",
        "....##....",
        "....##....",
        "...####...",
        "..##..##..",
        ".##....##.",
        "##......##",
    ),
    "Z": (
        "##########",
        "##########",
        ".......##.",
        "......##..",
        ".....##...",
        "....##....",
        "...##.....",
        "..##......",
        "##########",
        "##########",
    ),
}


def letters(names: Iterable[str] = LETTERS) -> Floats:
    """The letters `names` as patterns (P, 100), row by row, +1 for a drawn point, else KeyError."""
    return np.array([[1.0 if point == "#" else -1.0 for point in "".join(LETTERS[n])] for n in names])
