"""Two interleaved half circles: no straight line divides them, a small net does."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nnfs.rng import Mulberry32


def moons(n: int, noise: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """n points: X (n, 2) and labels y (n,), -1 for the upper moon and +1 for the lower one.

    The first n // 2 rows lie on the upper half of the unit circle, the others on its lower half moved to
    (1, 1/2), evenly spaced; every coordinate then gets normal noise of deviation `noise`, row by row, from
    Mulberry32(seed). Raises ValueError for n < 2 or negative noise.
    """
    if n < 2 or noise < 0:
        raise ValueError(f"moons need two points or more and noise of 0 or more, got n = {n}, noise = {noise}")
    rng, upper = Mulberry32(seed), n // 2
    X, y = np.empty((n, 2)), np.repeat([-1.0, 1.0], [upper, n - upper])
    for i in range(n):
        k, size = (i, upper) if i < upper else (i - upper, n - upper)
        angle = math.pi * k / max(size - 1, 1)
        x = (math.cos(angle), math.sin(angle)) if i < upper else (1 - math.cos(angle), 0.5 - math.sin(angle))
        X[i] = [x[0] + noise * rng.normal(), x[1] + noise * rng.normal()]
    return X, y
