"""Let a model speak: one token at a time, each drawn from what the model says comes next.

Temperature sharpens (below 1) or flattens (above 1) the distribution; top-k and top-p cut off its tail (Fan et al.
2018; Holtzman et al. 2020). A transformer remembers the keys and values of what it has read (the KV cache) and so
reads each new token only once. With or without it the same seed says the same things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nnfs.data.text import Array, Ints, as_ids
from nnfs.ngram import NGram

if TYPE_CHECKING:  # counts are sampled without torch
    from nnfs.model import LanguageModel


def sample(
    model: NGram | LanguageModel,
    prompts: ArrayLike,
    n: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    seed: int = 0,
    stop: int | None = None,
    cache: bool = True,
) -> Ints:
    """(B, T + n): the prompts, one (T,) or several of one length (B, T), each followed by n tokens.

    Row i draws from the generator [seed, i], whatever the other rows are. A row that has said `stop` goes on saying
    it; when all have, the result ends. A net whose window is full goes on with the last half of it. Raises ValueError
    for an empty prompt, a temperature below 0, top_k below 1 or top_p outside (0, 1].
    """
    rows = np.atleast_2d(as_ids(prompts))  # (B, T)
    if rows.shape[1] == 0:
        raise ValueError("a prompt has at least one token: begin with a boundary")
    draws = np.stack([np.random.default_rng([seed, i]).random(n) for i in range(len(rows))])  # (B, n)
    reader = Counter(model) if isinstance(model, NGram) else Reader(model, cache)
    done = np.zeros(len(rows), dtype=bool)
    for u in draws.T:
        p = truncate(reader.logits(rows), temperature, top_k, top_p)  # (B, V)
        chosen = (p.cumsum(axis=1) <= u[:, None] * p.sum(axis=1, keepdims=True)).sum(axis=1)  # (B,)
        if stop is not None:
            chosen = np.where(done, stop, chosen)
            done |= chosen == stop
        rows = np.concatenate([rows, chosen[:, None]], axis=1)
        if done.all():
            break
    return rows


def truncate(logits: Array, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0) -> Array:
    """(B, V): probabilities from logits (B, V), 0 for what is cut off. Errors as in `sample`.

    Temperature 0 leaves the likeliest token. top_k keeps the k likeliest; top_p as few of the likeliest as together
    have the probability p; among equals the lower token counts as likelier.
    """
    if temperature < 0 or not 0 < top_p <= 1 or (top_k is not None and top_k < 1):
        raise ValueError(f"cannot sample with temperature {temperature}, top_k {top_k}, top_p {top_p}")
    order = np.argsort(-logits, axis=1, kind="stable")  # (B, V) likeliest first
    z = np.take_along_axis(logits, order, axis=1)
    p = np.exp((z - z[:, :1]) / (temperature or 1.0))
    p /= p.sum(axis=1, keepdims=True)
    before = p.cumsum(axis=1) - p  # what the likelier ones have together
    most = 1 if temperature == 0 else min(top_k or logits.shape[1], logits.shape[1])
    p[:, most:] = 0.0
    p[before >= top_p] = 0.0
    p /= p.sum(axis=1, keepdims=True)
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, p, axis=1)
    return kept


class Counter:
    """Reads rows for counts."""

    def __init__(self, model: NGram) -> None:
        self.model = model

    def logits(self, rows: Ints) -> Array:
        """(B, V): log p of what comes after each of rows (B, T)."""
        return np.stack([self.model.log_prob(row) for row in rows])


class Reader:
    """Reads rows for a net: all of them at first and then what is new, if the net has a cache."""

    def __init__(self, model: LanguageModel, cache: bool = True) -> None:
        self.model, self.cached = model, cache and hasattr(model, "cache")
        self.begin, self.known = 0, 0  # the net's row is rows[begin:], of which the cache holds `known` tokens
        self.cache: Any = None

    def logits(self, rows: Ints) -> Array:
        """(B, V): logits of what comes after each of rows (B, T); the same rows as last time, and more."""
        import torch

        from nnfs.model import device_of, evaluating

        length, window = rows.shape[1], self.model.window
        if self.cache is None or length - self.begin > window:
            self.begin = self.begin if length - self.begin <= window else length - max(1, window // 2)
            self.known = 0
            self.cache = self.model.cache() if self.cached else None  # type: ignore[operator]
        new = torch.from_numpy(rows[:, self.begin + self.known :]).to(device_of(self.model))
        with evaluating(self.model):
            logits = (self.model(new, cache=self.cache) if self.cached else self.model(new))[0]
        self.known = length - self.begin if self.cached else 0
        return np.asarray(logits[:, -1].double().cpu().numpy())
