"""What a step of training reads: a function of the step's number and of nothing else.

A run that was killed at step 700 goes on at step 700 with the same examples, because nobody has to remember where a
random generator stood. Anything that maps a step to (idx, targets), both int64 (B, T) with -1 for no target, can be
trained on; these three cut their batches out of a text that lies in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from nnfs.data.text import Ints, Text

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Windows:
    """`rows` windows of `length` tokens out of running text, each token's target the next one.

    epochs: False draws starts at random; True cuts the text into windows, at another offset in every pass, and takes
    each once. Raises ValueError for a list of documents or a text shorter than a window.
    """

    text: Text
    rows: int
    length: int
    seed: int
    epochs: bool = False

    def __post_init__(self) -> None:
        if len(self.text.starts) > 1:
            raise ValueError("windows would run across documents: use Documents")
        if len(self.text.ids) <= self.length + (self.length if self.epochs else 0):
            raise ValueError(f"no windows of {self.length} in a text of {len(self.text.ids)} tokens")

    def __call__(self, step: int) -> Batch:
        start = torch.from_numpy(self.starts(step))  # (rows,)
        at = start[:, None] + torch.arange(self.length)  # (rows, length)
        return self._ids[at], self._ids[at + 1]

    def starts(self, step: int) -> Ints:
        """(rows,) where the windows of this step begin."""
        if not self.epochs:
            return np.random.default_rng([self.seed, step]).integers(len(self.text.ids) - self.length, size=self.rows)
        number = np.arange(step * self.rows, (step + 1) * self.rows)
        return np.array([self._pass(n // self._windows)[n % self._windows] for n in number.tolist()])

    @cached_property
    def _ids(self) -> Tensor:
        return torch.from_numpy(self.text.ids)

    @cached_property
    def _windows(self) -> int:
        """Windows in a pass, whatever its offset."""
        return (len(self.text.ids) - self.length) // self.length

    def _pass(self, epoch: int) -> Ints:
        """(windows,) the starts of one pass in random order; the last two passes are remembered."""
        if epoch not in self._passes:
            rng = np.random.default_rng([self.seed, epoch, 1])
            while len(self._passes) > 1:
                self._passes.pop(min(self._passes))
            self._passes[epoch] = rng.permutation(self._windows) * self.length + rng.integers(self.length)
        return self._passes[epoch]

    @cached_property
    def _passes(self) -> dict[int, Ints]:
        return {}


@dataclass(frozen=True)
class Documents:
    """`rows` whole documents, drawn at random, filled up at the end with token 0 and no targets."""

    text: Text
    rows: int
    seed: int

    def __call__(self, step: int) -> Batch:
        chosen = np.random.default_rng([self.seed, step]).integers(len(self.text.starts), size=self.rows)
        start, length = self.text.starts[chosen, None], self.text.lengths[chosen, None]  # (rows, 1)
        offset = np.arange(length.max())
        at = np.minimum(start + offset, len(self.text.ids) - 1)  # (rows, T + 1)
        tokens = np.where(offset < length, self.text.ids[at], -1)
        return torch.from_numpy(np.maximum(tokens[:, :-1], 0)), torch.from_numpy(tokens[:, 1:].copy())


@dataclass(frozen=True)
class Examples:
    """`rows` single predictions, drawn at random: the last `context` tokens before each and, at the last place only,
    a target. What a net with a fixed context is trained on; `pad` stands before the beginning of a document."""

    text: Text
    rows: int
    context: int
    seed: int
    pad: int = 0

    def __call__(self, step: int) -> Batch:
        pick = np.random.default_rng([self.seed, step]).integers(len(self._places), size=self.rows)
        place = self._places[pick]  # (rows,)
        back = np.arange(self.context, 0, -1)
        tokens = np.where(back <= self._reach[place][:, None], self._whole[place[:, None] - back], self.pad)
        targets = np.full_like(tokens, -1)  # (rows, context)
        targets[:, -1] = self._whole[place]
        return torch.from_numpy(tokens), torch.from_numpy(targets)

    @cached_property
    def _places(self) -> Ints:
        return self.text.predicted

    @cached_property
    def _reach(self) -> Ints:
        return self.text.reach

    @cached_property
    def _whole(self) -> Ints:
        return self.text.whole
