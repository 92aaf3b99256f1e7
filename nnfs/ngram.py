"""Counting: the line that every net of this series has to cross.

The oldest language model counts what followed the same context before. Where that hardly occurred, interpolated
Kneser–Ney (1995) asks the context one token shorter, and so on down to 1 / V; its say is what it discounts (d):

    p_k(w | context) = (c - d) / total + (sum of the d's / total) * p_{k-1}(w | context without its oldest token)

Below the longest context in reach, c is how many different tokens stood left of the gram, not how often it occurred.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnfs.data.text import Array, Ints, Text, as_ids


class Level(NamedTuple):
    """What followed the contexts of one length. A gram is a context and the token after it."""

    contexts: Ints  # (C,) sorted keys: oldest token * (number of contexts one shorter) + id of the rest
    grams: Ints  # (G,) sorted keys: id of the context * vocab + token
    counts: Ints  # (2, G + 1) of each gram: different tokens to its left; occurrences. Last, 0 for what is no gram
    first: Ints  # (C + 1,) the grams of context i are first[i] … first[i + 1] - 1


def find(keys: Ints, wanted: Ints) -> Ints:
    """Where each wanted key stands in sorted `keys`, -1 where it does not."""
    at = np.searchsorted(keys, wanted)
    return np.where(np.searchsorted(keys, wanted, "right") > at, at, -1)


class NGram:
    """Counts of every gram of `text` with 0 … `context` tokens before the last, as if each had occurred `add` times
    more: p(w | context) = (c + add) / (total + add * V). ValueError for context < 0, add ≤ 0, nothing to count."""

    def __init__(self, text: Text, context: int, add: float = 1.0) -> None:
        if context < 0 or not add > 0 or not len(text.predicted):
            raise ValueError(f"counts need a text, a context of 0 tokens or more, add > 0; got {context} and {add}")
        self.vocab, self.context, self.add, self.levels = text.vocab, context, add, list[Level]()
        ids, reach, places = text.whole, text.reach, np.flatnonzero(text.reach)
        below, gram_at = np.zeros((2, len(ids)), np.int64)  # each place's context and gram, one token shorter
        for k in range(context + 1):
            places = places[reach[places] >= k]
            key = ids[places - k] * len(self.levels[-1].contexts) + below[places] if k else 0 * places
            contexts, below[places] = np.unique(key, return_inverse=True)
            grams, where, gram, occurred = np.unique(below[places] * self.vocab + ids[places], True, True, True)
            if k:  # each gram is one more left neighbour of the gram without its oldest token
                np.add.at(self.levels[-1].counts[0], gram_at[places[where]], 1)
            gram_at[places] = gram
            first = np.searchsorted(grams, np.arange(len(contexts) + 1) * self.vocab)
            self.levels.append(Level(contexts, grams, np.pad([0 * occurred, occurred], ((0, 0), (0, 1))), first))

    def contexts(self, ids: Ints, places: Ints, reach: Ints) -> Ints:
        """(context + 1, N): which context of each length stands before each place; -1 if unknown or out of reach."""
        found = np.zeros((self.context + 1, len(places)), np.int64)
        for k in range(1, self.context + 1):
            known = (reach >= k) & (found[k - 1] >= 0)
            key = ids[np.where(known, places - k, 0)] * len(self.levels[k - 1].contexts) + found[k - 1]
            found[k] = np.where(known, find(self.levels[k].contexts, key), -1)
        return found

    def table(self, k: int, contexts: Ints, kind: Ints) -> Array:
        """(N, V): counts of each token after contexts (N,) of length k, of `kind` (N,): a row of `Level.counts`."""
        level, table = self.levels[k], np.zeros((len(contexts), self.vocab))
        size = np.diff(level.first)[contexts]
        row = np.repeat(np.arange(len(contexts)), size)
        gram = np.arange(len(row)) + np.repeat(level.first[contexts] - np.cumsum(size) + size, size)
        table[row, level.grams[gram] % self.vocab] = level.counts[kind[row], gram]
        return table

    def probs(self, ids: Ints, places: Ints, reach: Ints, held_out: Ints | None = None) -> Array:
        """(N, V): what comes at `places` (N,) of `ids`, looking back at most `reach` (N,) tokens. held_out (N,): what
        stands there, if that one occurrence shall not count: all that a net may know of its own training text."""
        found, c = self.contexts(ids, places, reach), np.full((len(places), self.vocab), self.add)
        for k in range(self.context + 1):
            rows = np.flatnonzero((np.minimum(reach, self.context) == k) & (found[k] >= 0))
            c[rows] += self.table(k, found[k, rows], 0 * rows + 1)
        if held_out is not None:
            c[np.arange(len(c)), held_out] = np.maximum(c[np.arange(len(c)), held_out] - 1, self.add)
        return c / c.sum(axis=1, keepdims=True)

    def log_prob(self, context: ArrayLike) -> Array:
        """(V,): log p of each possible next token, in nats."""
        ids = as_ids(context)
        return np.log(self.probs(np.append(ids, 0), as_ids([len(ids)]), as_ids([len(ids)]))[0])

    def log_probs(self, ids: Ints, places: Ints, reach: Ints, leave_one_out: bool = False) -> Array:
        """(N,): log p of the tokens that stand at `places`; arguments as of `probs`."""
        p = np.ones(len(places))
        for part in np.array_split(np.arange(len(places)), len(places) // 4096 + 1):
            table = self.probs(ids, at := places[part], reach[part], ids[at] if leave_one_out else None)
            p[part] = table[np.arange(len(part)), ids[at]]
        return np.log(p)


class KneserNey(NGram):
    """Interpolated Kneser–Ney; discounts of counts 1, 2, and 3 or more (Chen and Goodman 1999, section 4.1.6)."""

    def __init__(self, text: Text, context: int, discounts: tuple[float, float, float] = (0.75, 1.0, 1.25)) -> None:
        super().__init__(text, context)
        self.discounts = np.array([0.0, *discounts])

    def probs(self, ids: Ints, places: Ints, reach: Ints, held_out: Ints | None = None) -> Array:
        found, p = self.contexts(ids, places, reach), np.full((len(places), self.vocab), 1 / self.vocab)
        for k in range(self.context + 1):
            rows = np.flatnonzero(found[k] >= 0)
            lost = longest = (np.minimum(reach[rows], self.context) == k).astype(np.int64)  # (R,)
            c = self.table(k, found[k, rows], longest)  # (R, V)
            if held_out is not None:
                if k < self.context:  # a longer gram that occurred once takes its left neighbour away
                    longer = find(self.levels[k + 1].grams, found[k + 1, rows] * self.vocab + held_out[rows])
                    lost = longest | (self.levels[k + 1].counts[1, longer] == 1)
                at = np.arange(len(rows)), held_out[rows]
                c[at] = np.maximum(c[at] - lost, 0)
            d, total = self.discounts[np.minimum(c, 3).astype(np.int64)], c.sum(axis=1, keepdims=True)
            mixed = (c - d + d.sum(axis=1, keepdims=True) * p[rows]) / np.maximum(total, 1)
            p[rows] = np.where(total > 0, mixed, p[rows])
        return p
