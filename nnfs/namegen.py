"""Names made letter by letter, in Python and on the page: what Part 3's generator of names needs.

Three models say what comes after the letters so far: a table of counts, the MLP of Bengio et al. (2003) and a
transformer. Here they are plain NumPy in float64, on the very numbers that the page gets, and all chance comes from
`rng.Mulberry32`; so the page (interactive/src/components/nn-names-models.ts) writes the same names for the same seed.
Whether a name is on the training list, the page asks a Bloom filter (Bloom 1970, CACM 13:422): a fraction of the list's
bytes, never wrong about a name on it, and now and then about another. How often, `record` measures.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nnfs import plot, records
from nnfs.data.names import FILE, SYMBOLS, Names, ssa
from nnfs.data.text import Array, Ints, as_ids
from nnfs.quantise import Weights, read
from nnfs.rng import MASK, Mulberry32
from nnfs.trace import Recorder

LONGEST = 15  # letters of a name, on the list and here: what a context of 16 can hold beside the opening "."
BLOOM_BYTES, BLOOM_HASHES = 32_768, 8
ARMS = {"counts": "ssa.bigram", "MLP": "ssa.mlp", "transformer": "ssa.ours"}  # of p3.ladder
MODELS = tuple(ARMS)
SHADES = [0.01, 0.03, 0.1, 0.25]  # probabilities at which a darker shade of the table begins
QUIZ = 64  # names to guess
ASKED = 200  # held-out names over which rounding is measured, in about a second
LIMIT = 300_000  # bytes of the transformer, compressed: loaded on a click


# Is this name on the list?


def fnv1a(text: str) -> int:
    """32 bits that stand for an ASCII text (Fowler, Noll and Vo, 1991)."""
    digest = 0x811C9DC5
    for byte in text.encode("ascii"):
        digest = ((digest ^ byte) * 0x01000193) & MASK
    return digest


class Bloom:
    """A set of words of which only `hashes` bits each are kept. bits: (bytes,) uint8, lowest bit of a byte first."""

    def __init__(self, bits: np.ndarray, hashes: int = BLOOM_HASHES) -> None:
        self.bits, self.hashes = bits, hashes

    @classmethod
    def of(cls, words: Iterable[str], size: int = BLOOM_BYTES, hashes: int = BLOOM_HASHES) -> Bloom:
        """The filter of `size` bytes that knows `words`."""
        bloom = cls(np.zeros(size, dtype=np.uint8), hashes)
        for word in words:
            for place in bloom.places(word):
                bloom.bits[place >> 3] |= np.uint8(1 << (place & 7))
        return bloom

    def places(self, word: str) -> list[int]:
        """The bits of a word: draws of the generator whose seed is the word's hash."""
        draws = Mulberry32(fnv1a(word))
        return [draws.below(8 * len(self.bits)) for _ in range(self.hashes)]

    def __contains__(self, word: str) -> bool:
        return all(self.bits[place >> 3] >> (place & 7) & 1 for place in self.places(word))


# What comes next?


class Model(Protocol):
    """Whatever has an opinion about the next letter."""

    def log_probs(self, ids: Ints) -> Array:
        """(T, 27) float64: log p of what follows each prefix of the row ids (T,), whose first is the opening "."."""


def log_softmax(z: Array) -> Array:
    """Logits z (…, V) as log-probabilities."""
    z = z - z.max(axis=-1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=-1, keepdims=True)))


@dataclass(frozen=True)
class Counts:
    """p(b | a) = (count of ab + 1) / (count of a + 27): `ngram.NGram` with one letter of context."""

    counts: Ints  # (27, 27) how often b followed a

    @classmethod
    def of(cls, names: Iterable[str]) -> Counts:
        """The pairs of letters in `names`, each name between two "."."""
        counts = np.zeros((len(SYMBOLS), len(SYMBOLS)), dtype=np.int64)
        for name in names:
            ids = spell(name)
            np.add.at(counts, (ids[:-1], ids[1:]), 1)
        return cls(counts)

    def log_probs(self, ids: Ints) -> Array:
        return log_softmax(np.log(self.counts + 1.0)[ids])


@dataclass(frozen=True)
class LetterNet:
    """`charmlp.CharMLP` with one hidden layer: embed the last letters, tanh, logits."""

    embedding: Array  # (27, width)
    hidden: Array  # (units, context * width)
    hidden_bias: Array  # (units,)
    head: Array  # (27, units)
    head_bias: Array  # (27,)

    @classmethod
    def of(cls, tensors: dict[str, np.ndarray]) -> LetterNet:
        """The net of a checkpoint's tensors."""
        keys = ("embedding", "body.0.weight", "body.0.bias", "head.weight", "head.bias")
        return cls(*(np.asarray(tensors[key], dtype=np.float64) for key in keys))

    def log_probs(self, ids: Ints) -> Array:
        context = self.hidden.shape[1] // self.embedding.shape[1]
        padded = np.concatenate([np.zeros(context - 1, dtype=np.int64), ids])
        x = self.embedding[np.lib.stride_tricks.sliding_window_view(padded, context)]  # (T, context, width)
        h = np.tanh(x.reshape(len(ids), -1) @ self.hidden.T + self.hidden_bias)  # (T, units)
        return log_softmax(h @ self.head.T + self.head_bias)


@dataclass(frozen=True)
class Transformer:
    """`gpt.BigramGPT` as the page has it, matrices (rows, n) by torch's names; `core/gpt.ts` line by line."""

    shape: dict[str, Any]
    matrices: dict[str, Array]

    @classmethod
    def of(cls, weights: Weights) -> Transformer:
        """The net of a checkpoint on its rounded weights."""
        return cls(weights.shape, {key: matrix.astype(np.float64) for key, matrix in weights.rounded.items()})

    def log_probs(self, ids: Ints) -> Array:
        W, layers, cap = self.matrices, self.shape["layers"], self.shape["softcap"]
        pairs = ids[:-1] * self.shape["vocab"] + ids[1:]  # (T - 1,): the first token has no neighbour
        x = W["tokens.weight"][ids]  # (T, width)
        x[1:] += W["pairs_in.weight"][pairs]
        x = rms_norm(x)
        for i in range(layers):
            x = x + self.attend(rms_norm(x), f"blocks.{i}.attention")
            h = np.maximum(rms_norm(x) @ W[f"blocks.{i}.ffn.into.weight"].T, 0) ** 2  # (T, hidden)
            x = x + h @ W[f"blocks.{i}.ffn.out.weight"].T
        z = rms_norm(x) @ W["head.weight"].T  # (T, 27)
        z[1:] += W["pairs_out.weight"][pairs]
        return log_softmax(cap * np.tanh(z / cap))

    def attend(self, x: Array, name: str) -> Array:
        """(T, width): what every place of x (T, width) hears from those up to itself."""
        T, heads = len(x), self.shape["heads"]
        q, k, v = (
            (x @ self.matrices[f"{name}.{part}.weight"].T).reshape(T, heads, -1).swapaxes(0, 1)  # (heads, T, head)
            for part in ("query", "key", "value")
        )
        q, k = turn(rms_norm(q)), turn(rms_norm(k))
        scores = q @ k.swapaxes(1, 2) / math.sqrt(q.shape[-1])  # (heads, T, T)
        scores[:, np.triu(np.ones((T, T), dtype=bool), 1)] = -np.inf
        y = np.exp(log_softmax(scores)) @ v  # (heads, T, head)
        return np.asarray(y.swapaxes(0, 1).reshape(T, -1) @ self.matrices[f"{name}.out.weight"].T)


def rms_norm(x: Array) -> Array:
    """x (…, n) scaled to a root mean square of 1; torch adds float32's smallest step before the root."""
    return np.asarray(x / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + 2.0**-23))


def turn(x: Array) -> Array:
    """RoPE, as `positions.RoPE` does it with its float32 table: x (heads, T, head)."""
    half = x.shape[-1] // 2
    angle = np.arange(x.shape[1])[:, None] * 10_000.0 ** (-np.arange(half) / half)  # (T, head / 2)
    cos, sin = (np.float64(np.float32(f(angle))) for f in (np.cos, np.sin))
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


# Speaking and being surprised


def spell(name: str) -> Ints:
    """(letters + 2,): the ids of ".name."."""
    return as_ids([SYMBOLS.index(letter) for letter in f".{name}."])


def surprise(model: Model, name: str) -> Array:
    """(letters + 1,): -log p of each letter of `name` and of its end, in nats."""
    ids = spell(name)
    return -model.log_probs(ids[:-1])[np.arange(len(ids) - 1), ids[1:]]


def choose(log_p: Array, u: float, temperature: float) -> int:
    """The token whose share of [0, 1) holds u: p(token) is proportional to exp(log_p / temperature), log_p (V,).

    Temperature 0 takes the likeliest, among equals the first. The sum runs from token 0 upwards, as on the page.
    """
    if temperature == 0:
        return int(np.argmax(log_p))
    upto = np.cumsum(np.exp((log_p - log_p.max()) / temperature))
    return min(int((upto <= u * upto[-1]).sum()), len(log_p) - 1)


def draw(model: Model, n: int, seed: int, temperature: float = 1.0) -> list[str]:
    """n names. Name i has a generator of its own, whose seed is the ith number of Mulberry32(seed), and spends one
    draw on a letter: so every model has the same luck. A name that is LONGEST letters long ends there."""
    seeds, names = Mulberry32(seed), []
    for _ in range(n):
        luck, ids = Mulberry32(seeds.uint32()), [0]
        while len(ids) <= LONGEST:
            token = choose(model.log_probs(as_ids(ids))[-1], luck.random(), temperature)
            if token == 0:
                break
            ids.append(token)
        names.append("".join(SYMBOLS[i] for i in ids[1:]))
    return names


def measured(known: Bloom, others: Sequence[str]) -> float:
    """The share of `others`, none of which is on the list, that the filter takes for names on it."""
    return sum(name in known for name in others) / len(others)


# For the page


@dataclass(frozen=True)
class Makers:
    """Three ways to make names, and the list that they learnt from."""

    names: Names
    counts: Counts
    mlp: LetterNet
    weights: Weights  # of the transformer

    @cached_property
    def models(self) -> dict[str, Model]:
        """Name → model, as the page has them."""
        return dict(zip(MODELS, (self.counts, self.mlp, Transformer.of(self.weights)), strict=True))

    @property
    def quiz(self) -> list[str]:
        """For the reader to guess: the held-out names that most newborns got, in the order of the split."""
        with FILE.open(encoding="ascii", newline="") as file:
            births = Counter[str]()
            for row in csv.DictReader(file):
                births[row["name"]] += int(row["births"])
        most = {name for name, _ in Counter({name: births[name] for name in self.names.dev}).most_common(QUIZ)}
        return [name for name in self.names.dev if name in most]


def load(base: Path | None = None) -> Makers:
    """The list, and the first nets that ran on it. Raises CheckpointError if they are not in the repository."""
    names = ssa()
    mlp, ours = (f"p3.ladder.{ARMS[model]}.seed-0" for model in ("MLP", "transformer"))
    return Makers(names, Counts.of(names.train), LetterNet.of(read(mlp, base)[1]), Weights.of(ours, base))


def rounding(weights: Weights, names: Iterable[str]) -> dict[str, float]:
    """What whole numbers cost a net, over every letter of `names`: {"mean", "max": of |change of log p|, over all
    tokens; "same": the share of places at which the likeliest token stays the same}."""
    exact = Transformer(weights.shape, {key: x.astype(np.float64) for key, x in weights.tensors.items()})
    rows = [spell(name)[:-1] for name in names]
    a, b = (np.concatenate([model.log_probs(row) for row in rows]) for model in (exact, Transformer.of(weights)))
    off = np.abs(a - b)
    return {
        "mean": float(off.mean()),
        "max": float(off.max()),
        "same": float((a.argmax(axis=1) == b.argmax(axis=1)).mean()),
    }


def record(makers: Makers, id: str) -> None:
    """Record two traces for nn-names: `id`, counts and MLP and the filter, which the page loads with the figure; and
    `id`-transformer, which it loads on a click."""
    names, counts, mlp = makers.names, makers.counts, makers.mlp
    off = rounding(makers.weights, names.dev[:ASKED])
    large = makers.weights.recorder(
        "nn-names",
        f"{id}-transformer",
        SYMBOLS,
        title="A transformer that makes names",
        summary="The weights of a small transformer that was trained on the names, as whole numbers.",
        alt="Matrices of three blocks, an embedding, a head, and two tables for pairs of letters.",
        seed=0,
        limits="Rounded to 255 levels a row: near ties it may choose another letter than the net that was trained.",
    )
    large.claim("same-letter", "Rounded, its likeliest letter is the same 99 times in 100.", off["same"], ">=", 0.99)
    large.claim("small-change", "Rounding moves log p by at most 0.02 on average.", off["mean"], "<=", 0.02)
    large.show(limit=LIMIT)

    known = Bloom.of(names.train)
    wrong = measured(known, names.dev + names.test)
    recorded = Recorder(
        "nn-names",
        id,
        title="Names by a table of counts and by a small net",
        summary="How often which letter follows which in the training names, and a net that reads three letters.",
        alt="A table of 27 by 27 counts, the weights of a net with 200 tanh units, and a filter that knows the list.",
        seed=0,
        config={
            "names": len(names.train),
            "hashes": known.hashes,
            "wrong": wrong,
            "dev": [records.metric(records.load("p3.ladder", arm, 0), "full/dev") for arm in ARMS.values()],
            "kilobytes": round(len(gzip.compress(large.data)) / 1000),  # of the transformer
        },
        limits="One net of each kind, from seed 0. The filter now and then takes another name for one on the list.",
    )
    recorded.axis("letter", len(SYMBOLS), labels=list(SYMBOLS)).axis("next", len(SYMBOLS))
    recorded.axis("coordinate", mlp.embedding.shape[1]).axis("input", mlp.hidden.shape[1])
    recorded.axis("unit", len(mlp.hidden)).axis("byte", len(known.bits)).axis("quiz", QUIZ, labels=makers.quiz)
    recorded.array("counts", counts.counts, ["letter", "next"], "u16")
    recorded.array("embedding", mlp.embedding, ["letter", "coordinate"], "f16")
    recorded.array("hidden", mlp.hidden, ["unit", "input"], "f16")
    recorded.array("hidden_bias", mlp.hidden_bias, ["unit"], "f16")
    recorded.array("head", mlp.head, ["letter", "unit"], "f16")
    recorded.array("head_bias", mlp.head_bias, ["letter"], "f16")
    recorded.array("known", known.bits, ["byte"], "u8")
    recorded.claim("few-wrong", "The filter takes fewer than 1 held-out name in 100 for a known one.", wrong, "<", 0.01)
    recorded.show()


def poster(makers: Makers, name: str, n: int = 6) -> str | None:
    """Draw the table of pairs and n names by each model, as what nn-names shows at first (`plot.poster`)."""
    counts = makers.counts.counts
    p = np.exp(log_softmax(np.log(counts + 1.0)))
    made = {model: draw(maker, n, 0) for model, maker in makers.models.items()}
    fig, (table, words) = plot.figure(height=5.3, ncols=2, width_ratios=[5, 2])
    plot.heatmap(table, np.searchsorted(SHADES, p, side="right") + 0.5, 0, 5, rows=SYMBOLS, columns=SYMBOLS, key=False)
    table.set_aspect("equal")
    table.tick_params(labelsize=8)  # 27 rows, on a phone too
    table.set(xlabel="the letter that comes", ylabel="the letter that was")
    words.axis("off")
    words.set(xlim=(0, 1), ylim=(len(made) * (n + 2), 0))
    for i, (model, said) in enumerate(made.items()):
        top = i * (n + 2)
        plot.text(words, 0, top + 0.5, model)
        for j, one in enumerate(said):
            plot.text(words, 0, top + 1.5 + j, one, size=10.5)
    return plot.poster(
        fig,
        name,
        alt="A square of 27 by 27 cells, rows the letter that was, columns the letter that comes, darker if likelier. "
        "The columns of the end and of the vowels a, e and i are dark, those of j, q and x nearly empty. "
        + " ".join(f"Names by the {model}: {', '.join(said)}." for model, said in made.items()),
        table=(["after", *SYMBOLS], [[letter, *row] for letter, row in zip(SYMBOLS, counts, strict=True)]),
    )
