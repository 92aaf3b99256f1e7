"""Counting: the line that every net of this series has to cross.

A language model gives each next token a probability. The oldest way is to count what followed the same context
before; the art is in contexts that hardly occurred. `AddK` pretends that everything was seen k times more.
Interpolated Kneser–Ney (Kneser and Ney 1995) takes a discount d from every count c and hands that mass to the
context that is one token shorter, level by level down to the uniform distribution:

    p_k(w | context) = (c - d) / total + (sum of the d's / total) * p_{k-1}(w | context without its oldest token)

Below the longest context that a place has, c is not how often the gram occurred but how many different tokens stood
to its left: "Francisco" is frequent, yet it follows one word only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nnfs.data.text import Array, Ints, Text, as_ids


def find(keys: Ints, wanted: Ints) -> Ints:
    """Where each wanted key stands in sorted `keys`, -1 where it does not."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


@dataclass(frozen=True)
class Level:
    """What followed the contexts of one length. A gram is a context and the token after it."""

    contexts: Ints  # (C,) sorted keys: oldest token * (number of contexts one shorter) + id of the rest
    grams: Ints  # (G,) sorted keys: id of the context * vocab + token
    count: Ints  # (2, G) of each gram: different tokens to its left; occurrences
    first: Ints  # (C + 1,) the grams of context i are first[i] … first[i + 1] - 1


class NGram:
    """Counts of every gram of `text` with 0 … `context` tokens before the last. ValueError for context < 0."""

    def __init__(self, text: Text, context: int) -> None:
        if context < 0:
            raise ValueError(f"a context has 0 tokens or more, got {context}")
        self.vocab, self.context, self.levels = text.vocab, context, list[Level]()
        ids, reach, places = text.whole, text.reach, np.flatnonzero(text.reach)
        below, gram_at = np.zeros((2, len(ids)), np.int64)  # each place's context and gram, one token shorter
        for k in range(context + 1):
            places = places[reach[places] >= k]
            key = ids[places - k] * len(self.levels[-1].contexts) + below[places] if k else 0 * places
            contexts, below[places] = np.unique(key, return_inverse=True)
            grams, where, gram, occurred = np.unique(below[places] * self.vocab + ids[places], True, True, True)
            if k:  # each gram is one more left neighbour of the gram without its oldest token
                left = self.levels[-1].count[0]
                left += np.bincount(gram_at[places[where]], minlength=len(left))
            gram_at[places] = gram
            first = np.searchsorted(grams, np.arange(len(contexts) + 1) * self.vocab)
            self.levels.append(Level(contexts, grams, np.stack([0 * occurred, occurred]), first))

    def contexts(self, ids: Ints, places: Ints, reach: Ints) -> Ints:
        """(context + 1, N): which context of each length stands before each place; -1 if unknown or out of reach."""
        found = np.zeros((self.context + 1, len(places)), np.int64)
        for k in range(1, self.context + 1):
            known = (reach >= k) & (found[k - 1] >= 0)
            key = ids[np.where(known, places - k, 0)] * len(self.levels[k - 1].contexts) + found[k - 1]
            found[k] = np.where(known, find(self.levels[k].contexts, key), -1)
        return found

    def table(self, k: int, contexts: Ints, kind: Ints) -> Array:
        """(N, V): counts of each token after contexts (N,) of length k, of `kind` (N,): row of `Level.count`."""
        level, counts = self.levels[k], np.zeros((len(contexts), self.vocab))
        size = np.diff(level.first)[contexts]
        row = np.repeat(np.arange(len(contexts)), size)
        gram = np.arange(len(row)) + np.repeat(level.first[contexts] - np.cumsum(size) + size, size)
        counts[row, level.grams[gram] % self.vocab] = level.count[kind[row], gram]
        return counts

    def log_prob(self, context: ArrayLike) -> Array:
        """(V,): log p of each possible next token, in nats."""
        ids = as_ids([*np.atleast_1d(context)])
        return np.log(self.probs(ids, as_ids([len(ids)]), as_ids([len(ids)]))[0])

    def log_probs(self, ids: Ints, places: Ints, reach: Ints, leave_one_out: bool = False) -> Array:
        """(N,): log p of the tokens that stand at `places`; arguments as of `probs`."""
        p = np.ones(len(places))
        for part in np.array_split(np.arange(len(places)), len(places) // 4096 + 1):
            token = ids[places[part]]
            table = self.probs(ids, places[part], reach[part], token if leave_one_out else None)
            p[part] = table[np.arange(len(part)), token]
        return np.log(p)

    def probs(self, ids: Ints, places: Ints, reach: Ints, held_out: Ints | None = None) -> Array:
        """(N, V): the distribution at `places` (N,) of `ids` (len(ids) is allowed: the next one), looking back at
        most `reach` (N,) tokens. held_out (N,): the tokens there, if their one occurrence shall not be counted:
        what a net may be shown of its own training text."""
        raise AssertionError("AddK or KneserNey")


class AddK(NGram):
    """p(w | context) = (c + k) / (total + k * V) with the longest context in reach. ValueError unless k > 0."""

    def __init__(self, text: Text, context: int, k: float = 1.0) -> None:
        super().__init__(text, context)
        if not k > 0:
            raise ValueError(f"add-k needs k > 0, or what was never seen has probability 0; got {k}")
        self.k = k

    def probs(self, ids: Ints, places: Ints, reach: Ints, held_out: Ints | None = None) -> Array:
        found, c = self.contexts(ids, places, reach), np.full((len(places), self.vocab), self.k)
        for k in range(self.context + 1):
            rows = np.flatnonzero((np.minimum(reach, self.context) == k) & (found[k] >= 0))
            c[rows] += self.table(k, found[k, rows], 0 * rows + 1)
        if held_out is not None:
            c[np.arange(len(c)), held_out] -= 1
        return c / c.sum(axis=1, keepdims=True)


class KneserNey(NGram):
    """Interpolated Kneser–Ney; `discounts` of counts 1, 2, and 3 or more, or None: estimated (see `estimate`)."""

    def __init__(self, text: Text, context: int, discounts: tuple[float, float, float] | None = None) -> None:
        super().__init__(text, context)
        self.discounts = [np.array([(0, *(discounts or estimate(c))) for c in level.count]) for level in self.levels]

    def probs(self, ids: Ints, places: Ints, reach: Ints, held_out: Ints | None = None) -> Array:
        found, p = self.contexts(ids, places, reach), np.full((len(places), self.vocab), 1 / self.vocab)
        for k in range(self.context + 1):
            rows = np.flatnonzero(found[k] >= 0)
            longest = (np.minimum(reach[rows], self.context) == k).astype(np.int64)  # (R,)
            c = self.table(k, found[k, rows], longest)  # (R, V)
            if held_out is not None:  # a gram that occurred once takes its left neighbour with it
                token, lost = held_out[rows], longest
                if k < self.context:
                    longer = find(self.levels[k + 1].grams, found[k + 1, rows] * self.vocab + token)
                    lost = np.where((longer >= 0) & (self.levels[k + 1].count[1, longer] == 1), 1, longest)
                c[np.arange(len(rows)), token] -= lost
            d = self.discounts[k][longest[:, None], np.minimum(c, 3).astype(np.int64)]  # (R, V)
            total = c.sum(axis=1, keepdims=True)  # (R, 1)
            mixed = (c - d + d.sum(axis=1, keepdims=True) * p[rows]) / np.maximum(total, 1)
            p[rows] = np.where(total > 0, mixed, p[rows])
        return p


def estimate(count: Ints) -> tuple[float, ...]:
    """Discounts of counts 1, 2, 3 from the numbers of grams with count 1, 2, 3, 4 (Chen and Goodman 1999, eq. 26);
    (0.75, 1, 1.25) where these are too few. Never 0: what is unseen stays possible."""
    n = [int(np.sum(count == i)) for i in (1, 2, 3, 4)]
    if min(n) < 5:
        return 0.75, 1.0, 1.25
    share = n[0] / (n[0] + 2 * n[1])
    return tuple(float(np.clip(i - (i + 1) * share * n[i] / n[i - 1], 0.1, i)) for i in (1, 2, 3))
