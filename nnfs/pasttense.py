"""A toy of the past-tense debate: does a net that learns verbs first know "went" and then say "goed"?

Children often do: they say *went*, later *goed*, later *went* again. Rumelhart and McClelland (PDP 2,
1986, ch. 18) trained one layer of noisy threshold units on ten frequent verbs, then on 410 more at once,
and saw the same U. Pinker and Prince (Cognition 28, 1988) answered that the jump from 10 to 420 made the U.
Here is a language small enough to test both: three-sound roots, a regular past with three endings, and
irregular verbs that sit among the frequent ones. One layer or a hidden layer; the vocabulary jumps, grows,
or is there from the start. Nothing in this file is English, and nothing in it is data about children.

The model: sounds of the root → trigram units → weights → one winner each for first sound, vowel, last sound
and ending → the form that the net says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfs.mlp import MLP, sigmoid

Array = NDArray[np.float64]

# The language

CONSONANTS = "ptkfsbdgvzml"
VOWELS = "ieaouy"
ENDINGS = ("", "t", "d", "id")
VOICELESS = "ptkfs"
VOWEL_CHANGE = {"i": "a", "e": "o"}  # as in sing, sang
FAMILIES = {"vowel change": 0.5, "no change": 0.2, "arbitrary": 0.3}  # of the irregular verbs

FIRST = 10  # verbs that the 1986 schedule begins with …
FIRST_IRREGULAR = 8  # … and how many of them are irregular


@dataclass(frozen=True)
class Verb:
    """A root, its past, and the past it would have if it were regular."""

    root: str
    past: str
    regular: str
    family: str  # "regular", "vowel change" (sing, sang), "no change" (hit, hit), "arbitrary" (go, went)


def regular_past(root: str) -> str:
    """root + id after t and d, + t after other voiceless sounds, + d elsewhere: needed, kissed, played."""
    return root + ("id" if root[-1] in "td" else "t" if root[-1] in VOICELESS else "d")


def language(seed: int, verbs: int = 420, wugs: int = 86, irregular: float = 0.15) -> tuple[list[Verb], list[Verb]]:
    """A vocabulary, most frequent verb first, and held-out regular roots ("wugs": made-up words to inflect).

    Eight of the ten most frequent verbs are irregular. The other irregular ones are drawn with chances that
    fall as 1/rank, so most of them are frequent, as in English. Raises ValueError for more roots than the
    sounds can make (864).
    """
    rng = np.random.default_rng([seed, 1])
    roots = [a + v + b for a in CONSONANTS for v in VOWELS for b in CONSONANTS]
    if verbs + wugs > len(roots):
        raise ValueError(f"{verbs} + {wugs} roots wanted, but there are only {len(roots)}")
    unused = [roots[i] for i in rng.permutation(len(roots))]

    rest = np.arange(FIRST, verbs)
    more = max(0, round(irregular * verbs) - FIRST_IRREGULAR)
    exceptions = {*rng.permutation(FIRST)[:FIRST_IRREGULAR].tolist()}
    exceptions |= {*rng.choice(rest, more, replace=False, p=(1 / rest) / (1 / rest).sum()).tolist()}

    fits = {
        "regular": lambda root: True,
        "vowel change": lambda root: root[1] in VOWEL_CHANGE,
        "no change": lambda root: root[2] in "td",
        "arbitrary": lambda root: True,
    }
    lexicon = []
    for rank in range(verbs):
        family = str(rng.choice(list(FAMILIES), p=list(FAMILIES.values()))) if rank in exceptions else "regular"
        root = unused.pop(next(i for i, r in enumerate(unused) if fits[family](r)))
        past = {
            "regular": regular_past(root),
            "vowel change": root[0] + VOWEL_CHANGE.get(root[1], "") + root[2],
            "no change": root,
            "arbitrary": roots[rng.integers(len(roots))],
        }[family]
        lexicon.append(Verb(root, past, regular_past(root), family))
    return lexicon, [Verb(r, regular_past(r), regular_past(r), "regular") for r in unused[:wugs]]


# Sounds in, sounds out

CLASS = {c: n for n, group in enumerate(("ptk", "bdg", "fs", "vz", "ml")) for c in group}
N_IN = 12 * 6 + 5 * 6 * 5 + 6 * 12  # 294 input units, three of them on
SLOTS = (CONSONANTS, VOWELS, CONSONANTS, ENDINGS)  # 12 + 6 + 12 + 4 = 34 output units, four wanted on
EDGES = np.cumsum([0] + [len(slot) for slot in SLOTS])
N_OUT = int(EDGES[-1])


def units(root: str) -> list[int]:
    """The three input units of a root: its trigrams #CV, CVC and VC#, where # is the edge of the word.

    These are Wickelphones, with one change: for a word of three sounds the middle trigram is the whole word,
    and a unit of its own for each verb would make learning by rote too easy. So there a consonant
    counts as its class (stop or fricative, with or without voice, or sonorant).
    """
    a, v, b = tuple(root)
    onset, vowel, coda = CONSONANTS.index(a), VOWELS.index(v), CONSONANTS.index(b)
    return [
        onset * 6 + vowel,
        72 + (CLASS[a] * 6 + vowel) * 5 + CLASS[b],
        222 + vowel * 12 + coda,
    ]


def target(past: str) -> Array:
    """The output units (34,) that should be on: one each for first sound, vowel, last sound and ending."""
    y = np.zeros(N_OUT)
    for edge, slot, part in zip(EDGES, SLOTS, (past[0], past[1], past[2], past[3:]), strict=False):
        y[edge + slot.index(part)] = 1.0
    return y


def speak(net: Array) -> list[str]:
    """What the net says, given net (verbs, 34): the unit with the largest input wins its slot."""
    winners = [net[:, lo:hi].argmax(axis=1) for lo, hi in pairwise(EDGES)]
    return ["".join(slot[i] for slot, i in zip(SLOTS, row, strict=True)) for row in zip(*winners, strict=True)]


# Two nets with one interface: net(X) gives the input of every output unit, learn(on, y) corrects it


class Delta:
    """One layer of noisy threshold units, as in 1986: a unit fires with probability sigmoid(net / T), and
    each weight from an active input moves by lr * (wanted - fired). Weights start at zero."""

    def __init__(self, seed: int, lr: float, temperature: float) -> None:
        self.rng = np.random.default_rng([seed, 2])
        self.W, self.b = np.zeros((N_IN, N_OUT)), np.zeros(N_OUT)
        self.lr, self.temperature = lr, temperature

    def net(self, X: Array) -> Array:
        return (X @ self.W + self.b) / self.temperature

    def learn(self, on: list[int], y: Array) -> None:
        p = sigmoid((self.W[on].sum(axis=0) + self.b) / self.temperature)
        step = self.lr * (y - (self.rng.random(N_OUT) < p))
        self.W[on] += step
        self.b += step

    def weights(self) -> list[Array]:
        return [self.W, self.b]


class Hidden:
    """The same task for a net with a hidden layer, trained by back-propagation (cross-entropy, no noise)."""

    def __init__(self, seed: int, lr: float, hidden: int) -> None:
        self.mlp = MLP([N_IN, hidden, N_OUT], seed=seed)
        self.lr = lr

    def net(self, X: Array) -> Array:
        p = self.mlp.forward(X)[-1]
        return np.log(p / (1.0 - p))

    def learn(self, on: list[int], y: Array) -> None:
        x = np.zeros((1, N_IN))
        x[0, on] = 1.0
        acts = self.mlp.forward(x)
        gW, gb = self.mlp.backward(acts, acts[-1] - y)  # the slope of cross-entropy with a sigmoid output
        for weight, gradient in zip(self.mlp.W + self.mlp.b, gW + gb, strict=True):
            weight -= self.lr * gradient

    def weights(self) -> list[Array]:
        return self.mlp.W + self.mlp.b


# How the vocabulary arrives: epoch (0, 1, …) of epochs → number of verbs, the most frequent ones

SCHEDULES: dict[str, Callable[[int, int, int], int]] = {
    "jump-1986": lambda epoch, epochs, verbs: FIRST if epoch < 10 else verbs,
    "growth": lambda epoch, epochs, verbs: min(verbs, FIRST + int((verbs - FIRST) * 2 * epoch / epochs)),
    "all": lambda epoch, epochs, verbs: verbs,
}


@dataclass(frozen=True)
class History:
    """What a net said after every epoch. Arrays by epoch."""

    verbs: list[Verb]
    wugs: list[Verb]
    said: list[list[str]]  # (epochs, verbs + wugs)
    size: list[int]  # (epochs,) vocabulary
    loss: list[float]  # (epochs,) mean squared error of the firing probabilities over the vocabulary
    model: Delta | Hidden


def simulate(config: dict[str, Any], seed: int) -> History:
    """Train one net and ask it for every past after every epoch.

    config: model ("delta" or "mlp"), schedule (a key of SCHEDULES), epochs, lr, zipf, and for "delta"
    temperature, for "mlp" hidden. An epoch is as many presentations as the vocabulary has verbs, drawn with
    chances 1 / rank**zipf; zipf 0 is the schedule of 1986, each verb once, in random order.
    """
    verbs, wugs = language(seed)
    on = [units(verb.root) for verb in verbs + wugs]
    X = np.zeros((len(on), N_IN))
    for row, active in zip(X, on, strict=True):
        row[active] = 1.0
    Y = np.array([target(verb.past) for verb in verbs])
    rng = np.random.default_rng([seed, 3])
    model: Delta | Hidden
    if config["model"] == "delta":
        model = Delta(seed, config["lr"], config["temperature"])
    else:
        model = Hidden(seed, config["lr"], config["hidden"])

    said, sizes, losses = [], [], []
    for epoch in range(config["epochs"]):
        n = SCHEDULES[config["schedule"]](epoch, config["epochs"], len(verbs))
        chances = 1.0 / np.arange(1, n + 1) ** config["zipf"]
        order = rng.choice(n, n, p=chances / chances.sum()) if config["zipf"] else rng.permutation(n)
        for i in order:
            model.learn(on[i], Y[i])
        net = model.net(X)
        said.append(speak(net))
        sizes.append(n)
        losses.append(float(np.mean((Y[:n] - sigmoid(net[:n])) ** 2)))
    return History(verbs, wugs, said, sizes, losses, model)


# What to look at


def curves(history: History) -> dict[str, Array]:
    """Shares of verbs by epoch, each (epochs,).

    first, first_overregularised, first_blend: of the eight irregular verbs among the ten most frequent, which
    every schedule knows from the first epoch. overregularised is root + ending ("goed"), a blend is past +
    ending ("wented"); of a verb that does not change the two are one form, and it counts as both.
    irregular, overregularised, regular: of the verbs in the vocabulary of that epoch.
    wug: of the held-out roots, inflected by the rule.
    """
    verbs, wugs = history.verbs, history.wugs
    exceptions = [i for i, verb in enumerate(verbs) if verb.family != "regular"]
    first = [i for i in exceptions if i < FIRST]

    def share(which: list[int], wanted: Callable[[Verb], str]) -> Array:
        known = [[i for i in which if i < n] for n in history.size]
        return np.array(
            [
                np.mean([said[i] == wanted(verbs[i]) for i in now]) if now else 0.0
                for said, now in zip(history.said, known, strict=True)
            ]
        )

    rule = [i for i in range(len(verbs)) if verbs[i].family == "regular"]
    heard = len(verbs)
    return {
        "first": share(first, lambda verb: verb.past),
        "first_overregularised": share(first, lambda verb: verb.regular),
        "first_blend": share(first, lambda verb: regular_past(verb.past)),
        "irregular": share(exceptions, lambda verb: verb.past),
        "overregularised": share(exceptions, lambda verb: verb.regular),
        "regular": share(rule, lambda verb: verb.past),
        "wug": np.array([np.mean([s[heard + i] == w.past for i, w in enumerate(wugs)]) for s in history.said]),
    }


def depth(share: Array) -> float:
    """How far a curve ever falls below its own running maximum: the depth of a U, 0 if it only rises."""
    return float(np.max(np.maximum.accumulate(share) - share))


def sample(history: History) -> dict[str, Any]:
    """One verb's story: of the eight first irregular verbs those that the net has right in the end, and of
    them the one over-regularised in most epochs. `said` is [[epoch, form], …], epochs counted from 1, with an
    entry for each change of mind."""
    first = [i for i, verb in enumerate(history.verbs[:FIRST]) if verb.family != "regular"]

    def interest(i: int) -> tuple[bool, int]:
        verb = history.verbs[i]
        return history.said[-1][i] == verb.past, sum(said[i] == verb.regular for said in history.said)

    chosen = max(first, key=interest)
    verb, story = history.verbs[chosen], [said[chosen] for said in history.said]
    said = [[e + 1, form] for e, form in enumerate(story) if e == 0 or form != story[e - 1]]
    return {
        "root": verb.root,
        "past": verb.past,
        "regular": verb.regular,
        "family": verb.family,
        "said": said,
    }
