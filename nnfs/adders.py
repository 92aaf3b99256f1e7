"""Five ways to give a net two numbers and ask for their sum: the experiment of Part 2.

The task never changes; what changes is how a number is written down for the net. As a real number, it comes
in through one unit, and between 7 and 9 there is a place for 8. As a one-hot vector, every number has a unit
of its own and 8 is no closer to 7 than to 93. As digits, it is a row of small one-hot vectors. The two
real-number nets differ in their hidden units alone (sigmoid or ReLU), and a straight line fitted by least
squares is the control that no net has to beat but every reader should see.

Every code can write numbers twice as large as any in training, so every net can be *asked* about sums
outside its range. What it says then is the experiment.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfs.data import addition
from nnfs.data.addition import Ints
from nnfs.mlp import MLP

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Code:
    """How numbers go in and how a sum comes out, for operands 0 … top (and, untrained, up to 2·top + 1)."""

    encode: Callable[[Ints, int], Array]  # pairs (rows, 2), top → inputs (rows, n_in)
    hidden: tuple[int, ...]
    activation: str
    heads: str  # "number": one linear output, squared error. "sum", "digits": softmax heads, cross-entropy


MODELS: dict[str, Code] = {
    "scalar-sigmoid": Code(addition.scalar, (32, 32), "sigmoid", "number"),
    "scalar-relu": Code(addition.scalar, (32, 32), "relu", "number"),
    "one-hot": Code(addition.one_hot, (64,), "relu", "sum"),
    "digits": Code(addition.digit_one_hot, (64,), "relu", "digits"),
}


class Adder:
    """A net that adds. model: a key of MODELS; top: the largest operand in training; seed: of its weights."""

    def __init__(self, model: str, top: int, seed: int) -> None:
        if model not in MODELS:
            raise ValueError(f"model {model!r}: known are {', '.join(MODELS)}")
        self.code, self.top = MODELS[model], top
        largest = 2 * (2 * top + 1)  # the largest sum that can be asked for
        self.head_sizes = {"number": [1], "sum": [largest + 1], "digits": [10] * len(str(largest))}[self.code.heads]
        n_in = self.code.encode(np.zeros((1, 2), dtype=np.int64), top).shape[1]
        sizes = [n_in, *self.code.hidden, sum(self.head_sizes)]
        self.net = MLP(sizes, seed=seed, hidden=self.code.activation, output="linear", init="he")
        self.edges = list(pairwise(np.cumsum([0, *self.head_sizes]).tolist()))

    def loss_and_slope(self, z: Array, sums: Ints) -> tuple[float, Array]:
        """The loss, a mean over rows, and its derivative by the outputs z (rows, n_out).

        A number: squared error of sum / (2·top + 2). Heads: cross-entropy in nats, averaged over the heads.
        """
        rows = len(z)
        if self.code.heads == "number":
            error = z - (sums / (2.0 * self.top + 2.0))[:, None]
            return float(np.mean(error**2)), 2.0 * error / rows
        labels = self.labels(sums)
        loss, slope = 0.0, np.empty_like(z)
        for (lo, hi), label in zip(self.edges, labels.T, strict=True):
            shifted = z[:, lo:hi] - z[:, lo:hi].max(axis=1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            loss -= float(log_p[np.arange(rows), label].mean())
            slope[:, lo:hi] = np.exp(log_p)
            slope[np.arange(rows), lo + label] -= 1.0
        return loss / len(self.edges), slope / (rows * len(self.edges))

    def labels(self, sums: Ints) -> Ints:
        """The right class of every head: (rows, heads)."""
        return sums[:, None] if self.code.heads == "sum" else addition.digits_of(sums, len(self.edges))

    def gradients(self, numbers: Ints) -> tuple[float, list[Array]]:
        """The loss on pairs (rows, 2) and its derivatives, in the order of `parameters`."""
        acts = self.net.forward(self.code.encode(numbers, self.top))
        loss, slope = self.loss_and_slope(acts[-1], numbers.sum(axis=1))
        gW, gb = self.net.backward(acts, slope)
        return loss, gW + gb

    def outputs(self, numbers: Ints) -> Array:
        """What the output units say, before anyone reads it: (rows, n_out)."""
        return self.net.forward(self.code.encode(numbers, self.top))[-1]

    @property
    def parameters(self) -> list[Array]:
        return self.net.W + self.net.b

    def read(self, z: Array) -> Array:
        """Outputs (rows, n_out) as sums (rows,): real numbers, whole if they come from softmax heads."""
        if self.code.heads == "number":
            return z[:, 0] * (2.0 * self.top + 2.0)
        said = np.stack([z[:, lo:hi].argmax(axis=1) for lo, hi in self.edges], axis=1)
        return said @ (10.0 ** np.arange(said.shape[1])) if self.code.heads == "digits" else said[:, 0] * 1.0

    def answer(self, numbers: Ints) -> Array:
        """What the net says for pairs (rows, 2)."""
        return self.read(self.outputs(numbers))


class Line:
    """Least squares: sum = w1·a + w2·b + bias, fitted exactly. The control."""

    def __init__(self, numbers: Ints) -> None:
        X = np.column_stack([numbers, np.ones(len(numbers))])
        self.w = np.linalg.lstsq(X, numbers.sum(axis=1).astype(float), rcond=None)[0]

    def answer(self, numbers: Ints) -> Array:
        return numbers @ self.w[:2] + self.w[2]


def adam(parameters: list[Array], betas: tuple[float, float] = (0.9, 0.999)) -> Callable[[list[Array], float], None]:
    """Adam (Kingma and Ba 2015, algorithm 1): a function step(gradients, lr) that changes `parameters`."""
    m, v = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    t = 0

    def step(gradients: list[Array], lr: float) -> None:
        nonlocal t
        t += 1
        for p, g, m_i, v_i in zip(parameters, gradients, m, v, strict=True):
            m_i += (1.0 - betas[0]) * (g - m_i)
            v_i += (1.0 - betas[1]) * (g * g - v_i)
            p -= lr * (m_i / (1.0 - betas[0] ** t)) / (np.sqrt(v_i / (1.0 - betas[1] ** t)) + 1e-8)

    return step


def batches(pairs: Ints, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Batches of up to `size` rows without end: the pairs in a new random order, again and again."""
    while True:
        order = rng.permutation(len(pairs))
        for start in range(0, len(pairs), size):
            yield pairs[order[start : start + size]]


def train(
    adder: Adder,
    pairs: Ints,
    seed: int,
    steps: int,
    batch: int,
    lr: float,
    watch: Callable[[int], None] = lambda step: None,
) -> Array:
    """Adam with a learning rate that falls to zero along half a cosine; `watch(step)` is called after each
    step. Returns the loss of every batch, (steps,)."""
    step_by, losses = adam(adder.parameters), np.empty(steps)
    stream = batches(pairs, batch, np.random.default_rng([seed, 5]))
    for step in range(steps):
        losses[step], gradients = adder.gradients(next(stream))
        step_by(gradients, lr * 0.5 * (1.0 + np.cos(np.pi * step / steps)))
        watch(step + 1)
    return losses


def errors(said: Array, pairs: Ints) -> dict[str, float]:
    """{"exact": share of answers (rows,) that round to the sum, "mae": their mean absolute error}."""
    off = np.abs(said - pairs.sum(axis=1))
    return {"exact": float(np.mean(off < 0.5)), "mae": float(np.mean(off))}


def by_distance(model: Adder | Line, top: int, distances: list[int]) -> dict[str, list[float]]:
    """Error against how far outside the range the larger operand lies: top + d with every partner up to
    it, in both orders; d = 0 is the edge of the range. {"distance", "exact", "mae"}, lists of one length."""
    table: dict[str, list[float]] = {"distance": list(map(float, distances)), "exact": [], "mae": []}
    for d in distances:
        pairs = addition.pairs(0, top + d)
        edge = pairs[pairs.max(axis=1) == top + d]
        here = errors(model.answer(edge), edge)
        table["exact"].append(here["exact"])
        table["mae"].append(here["mae"])
    return table


def heat(model: Adder | Line, top: int, cells: int = 40) -> list[list[int]]:
    """|error| of a + b, rounded, 255 for more, for `cells` × `cells` pairs spread evenly over 0 … 2·top + 1:
    row a, column b."""
    operands = np.arange(cells) * ((2 * top + 2) // cells)
    a, b = np.meshgrid(operands, operands, indexing="ij")
    asked = np.stack([a.ravel(), b.ravel()], axis=1)
    off = np.abs(model.answer(asked) - asked.sum(axis=1))
    return np.minimum(np.round(off), 255).astype(int).reshape(cells, cells).tolist()


def checkpoints(steps: int, count: int = 24) -> list[int]:
    """Up to `count` steps, evenly spaced in the logarithm, the first step and the last among them."""
    return sorted({round(s) for s in np.geomspace(1, steps, count).tolist()})


def epochs(rows: int, config: dict[str, Any], count: int = 22) -> dict[int, int]:
    """{step: epoch} of up to `count` + 1 moments of training on `rows` pairs: before it, after the first epoch, after
    the last, and in between evenly spaced in the logarithm. An epoch is one pass over the pairs."""
    batches_each = -(-rows // config["batch"])
    last = max(1, config["steps"] // batches_each)
    return {e * batches_each: e for e in sorted({0, *np.geomspace(1, last, count).round().astype(int).tolist()})}


def rounded(model: Adder | Line, top: int) -> Ints:
    """The answer to every pair of 0 … 2·top + 1, to the nearest whole number: row a, column b."""
    size = 2 * top + 2
    return np.rint(model.answer(addition.pairs(0, size - 1))).astype(np.int64).reshape(size, size)


def pack(answers: list[Ints]) -> str:
    """Whole numbers from −128 to 127 as text for a record: one byte each, compressed, base64. Else ValueError."""
    numbers = np.array(answers)
    if numbers.min() < -128 or numbers.max() > 127:
        raise ValueError(f"a byte holds −128 to 127, got {numbers.min()} to {numbers.max()}")
    return base64.b64encode(zlib.compress(numbers.astype(np.int8).tobytes(), 9)).decode()


def unpack(text: str, top: int) -> Ints:
    """What `pack` packed, (checkpoints, a, b). Raises ValueError if it is damaged."""
    size = 2 * top + 2
    try:
        return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.int8).reshape(-1, size, size).astype(np.int64)
    except zlib.error as error:
        raise ValueError(f"these packed answers are damaged: {error}") from None


def run(config: dict[str, Any], seed: int) -> dict[str, Any]:
    """One arm of p2.addition-mlp.

    config: model (a key of MODELS or "linear"), top, held_out, hole (first, last) or None, steps, batch, lr,
    asked (pairs whose answers are kept), grid (true: seed 0 keeps its answers to every pair). Returns {"model",
    "split", "losses", "curves", "answers", "grid"}; curves and answers are taken at `checkpoints(steps)`, on at most
    1,000 pairs of each set, the grid, {"epoch", "said": see `pack`} or None, at `epochs`.
    """
    split = addition.split(config["top"], config["held_out"], seed, config["hole"])
    if config["model"] == "linear":
        nothing = dict.fromkeys(("losses", "curves", "answers", "grid"))
        return {"model": Line(split.train), "split": split, **nothing}
    adder = Adder(config["model"], config["top"], seed)
    rng = np.random.default_rng([seed, 6])
    some = {
        "train": rng.permutation(split.train)[:1000],
        "unseen": rng.permutation(split.hole if config["hole"] else split.held_out)[:1000],
        "beyond": rng.permutation(split.beyond)[:1000],
    }
    asked = np.array(config["asked"], dtype=np.int64)
    marks = set(checkpoints(config["steps"]))
    curves: dict[str, list[float]] = {"step": []}
    answers: list[list[float]] = []
    moments = epochs(len(split.train), config) if config.get("grid") and seed == 0 else {}
    said = [rounded(adder, config["top"])] if moments else []

    def watch(step: int) -> None:
        if step in moments:
            said.append(rounded(adder, config["top"]))
        if step not in marks:
            return
        curves["step"].append(step)
        for name, pairs in some.items():
            z = adder.outputs(pairs)
            loss, _ = adder.loss_and_slope(z, pairs.sum(axis=1))
            measured = {**errors(adder.read(z), pairs), "loss": loss}
            for metric, value in measured.items():
                curves.setdefault(f"{name}_{metric}", []).append(float(f"{value:.4g}"))
        if len(asked):
            answers.append(np.round(adder.answer(asked), 2).tolist())

    losses = train(adder, split.train, seed, config["steps"], config["batch"], config["lr"], watch)
    grid = {"epoch": list(moments.values()), "said": pack(said)} if moments else None
    return {"model": adder, "split": split, "losses": losses, "curves": curves, "answers": answers, "grid": grid}
