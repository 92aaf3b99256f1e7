"""What every net of this series promises: the contract by which one trainer, one yardstick and one sampler serve all.

`forward(idx, targets)` gives logits and a loss; everything else that a language model needs follows from that. A
bigram table, a transformer with experts and one that thinks before it speaks differ inside `forward` and nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional

from nnfs.data.text import Array, as_ids


class LanguageModel(nn.Module, ABC):
    """A net over a vocabulary of `vocab` tokens that is given at most `window` of them at a time."""

    vocab: int
    window: int

    @abstractmethod
    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (B, T, vocab) of the token after each of idx (B, T), int64; and the mean cross-entropy, in nats per
        target, of targets (B, T), where -1 is no target; None without targets."""

    def penalty(self) -> Tensor | float:
        """What the trainer adds to the loss: balance between experts, the price of halting late. Most have none."""
        return 0.0

    def role(self, name: str, parameter: Tensor) -> str:
        """What a parameter is to the optimiser: a "table" (a row for each token or place), the "head" that makes
        logits, a "matrix" in between, or a "vector"."""
        owner = self.get_submodule(name.rpartition(".")[0])
        if parameter.ndim < 2:
            return "vector"
        if name.startswith("head."):
            return "head"
        return "table" if isinstance(owner, nn.Embedding) or name == "embedding" else "matrix"

    def log_prob(self, context: ArrayLike) -> Array:
        """(vocab,): log p of each next token after `context`, of which the last `window` count. float64, so that
        the probabilities sum to one. Raises ValueError for an empty context: a net needs something to read."""
        ids = as_ids(context)[-self.window :]
        if len(ids) == 0:
            raise ValueError("a net predicts from at least one token; begin with a boundary token")
        with evaluating(self):
            logits, _ = self(torch.from_numpy(ids)[None].to(device_of(self)))
        return np.asarray(functional.log_softmax(logits[0, -1].double().cpu(), dim=-1).numpy())


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients, for as long as the block lasts; then back to the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def cross_entropy(logits: Tensor, targets: Tensor | None) -> Tensor | None:
    """Mean cross-entropy in nats of logits (B, T, V) against targets (B, T), -1 ignored; None without targets."""
    if targets is None:
        return None
    return functional.cross_entropy(logits.flatten(0, -2).float(), targets.flatten(), ignore_index=-1)


def device_of(model: nn.Module) -> torch.device:
    """Where a model's parameters are."""
    return next(model.parameters()).device


def n_parameters(model: nn.Module) -> int:
    """How many numbers training may change, shared ones counted once."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
