"""One stream of random numbers for Python and the browser.

Every draw of Parts 1 and 2 that a reader can repeat on the page comes from here: the generator is small
enough to exist twice, here and in `interactive/src/nn-engine.ts`, and both give the same bits. Mulberry32
(Tommy Ettinger, 2017, public domain) keeps 32 bits of state; normal numbers follow Box and Muller (1958,
Ann. Math. Stat. 29:610–611). Good for weights and shuffles, useless for secrets.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence
from typing import Any

MASK = 0xFFFFFFFF  # arithmetic modulo 2**32: what JavaScript's Math.imul and >>> 0 do


class Mulberry32:
    """A seeded generator with period 2**32. seed: an integer in [0, 2**32); else ValueError."""

    def __init__(self, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MASK:
            raise ValueError(f"a seed is an integer from 0 to 2**32 - 1, got {seed!r}")
        self.state = seed
        self._spare: float | None = None  # the sine half of the last Box–Muller pair

    def uint32(self) -> int:
        """The next integer in [0, 2**32)."""
        self.state = (self.state + 0x6D2B79F5) & MASK
        t = self.state
        t = ((t ^ (t >> 15)) * (t | 1)) & MASK
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & MASK)) & MASK
        return t ^ (t >> 14)

    def random(self) -> float:
        """A multiple of 2**-32 in [0, 1)."""
        return self.uint32() / 4294967296.0

    def uniform(self, lo: float, hi: float) -> float:
        """`lo + (hi - lo) * random()`, one draw."""
        return lo + (hi - lo) * self.random()

    def normal(self) -> float:
        """A standard normal number; a pair of draws serves two calls, the cosine first, then the sine."""
        if self._spare is not None:
            z, self._spare = self._spare, None
            return z
        radius = math.sqrt(-2.0 * math.log(1.0 - self.random()))  # 1 - u lies in (0, 1]: never log 0
        angle = 2.0 * math.pi * self.random()
        self._spare = radius * math.sin(angle)
        return radius * math.cos(angle)

    def below(self, n: int) -> int:
        """An integer in [0, n): `floor(random() * n)`, one draw. Raises ValueError unless n ≥ 1."""
        if n < 1:
            raise ValueError(f"there is no integer in [0, {n})")
        return int(self.random() * n)

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Put `items` into random order in place (Fisher–Yates from the end, one draw an element)."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
