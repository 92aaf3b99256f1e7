"""A layered net with backpropagation written by hand, in NumPy.

After the single unit of `perceptron.py` and the one-number-at-a-time engine of `scalar.py`, this is the
same mathematics a layer at a time. It is the twin of `interactive/src/nn-engine.ts`: float64, the same
draws (`rng.py`), the same formulas, so that both agree to 1e-9 after thousands of epochs.

One layer computes  z = a W^T + b,  a' = f(z).  Backwards, with delta = dL/dz of a layer (Rumelhart, Hinton
and Williams, Nature 323, 1986):

    dL/dW = delta^T a,    dL/db = sum of delta over rows,    delta of the layer below = (delta W) * f'(z)

The order of sums, for whoever writes the twin: inputs of a unit in ascending order, its bias last; rows of
the data in ascending order; units of the layer above in ascending order. (BLAS may group differently; that
is the 1e-9.) All updates of one step use the gradients taken before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfs.rng import Mulberry32

Array = NDArray[np.float64]
Weights = tuple[list[Array], list[Array]]


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), elementwise. Far below zero exp overflows to infinity and the result is 0."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-z))


# name: (f(z), f'(z) written with a = f(z), which is all that the forward pass keeps)
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (sigmoid, lambda a: a * (1.0 - a)),
    "tanh": (np.tanh, lambda a: 1.0 - a * a),
    "relu": (lambda z: np.maximum(z, 0.0), lambda a: (a > 0.0).astype(np.float64)),
    "linear": (lambda z: z, np.ones_like),
}


def draw(sizes: Sequence[int], seed: int, init: str = "uniform") -> Weights:
    """Initial weights W[l] (fan_out, fan_in) and biases b[l] (fan_out,) for the layers of `sizes`.

    Drawn layer by layer, unit by unit, a unit's weights in input order and then its bias. init: "uniform",
    all from U(-1, 1); or "he", weights normal with deviation sqrt(2 / fan_in) and biases 0 without a draw
    (He et al. 2015). Raises ValueError for fewer than two sizes, a size below 1, an unknown init.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"a net needs an input and an output size, each 1 or more, got {list(sizes)}")
    if init not in ("uniform", "he"):
        raise ValueError(f"init is 'uniform' or 'he', got {init!r}")
    rng = Mulberry32(seed)
    W, b = [], []
    for fan_in, fan_out in pairwise(sizes):
        if init == "uniform":
            rows = [[rng.uniform(-1.0, 1.0) for _ in range(fan_in + 1)] for _ in range(fan_out)]
        else:
            deviation = (2.0 / fan_in) ** 0.5
            rows = [[deviation * rng.normal() for _ in range(fan_in)] + [0.0] for _ in range(fan_out)]
        layer = np.array(rows)
        W.append(np.ascontiguousarray(layer[:, :-1]))
        b.append(layer[:, -1].copy())
    return W, b


class MLP:
    """A net with `sizes` units a layer, input first: MLP([2, 4, 1]) has 4 hidden units.

    seed, init: see `draw`. hidden, output: activation of the hidden layers and of the last one, a key of
    ACTIVATIONS; anything else raises ValueError. `W` and `b` are lists, one entry a layer.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        seed: int = 0,
        hidden: str = "sigmoid",
        output: str = "sigmoid",
        init: str = "uniform",
    ) -> None:
        for name in (hidden, output):
            if name not in ACTIVATIONS:
                raise ValueError(f"activation {name!r}: known are {', '.join(ACTIVATIONS)}")
        self.sizes = list(sizes)
        self.W, self.b = draw(sizes, seed, init)
        self.activations = [hidden] * (len(sizes) - 2) + [output]
        self._velocity: Weights | None = None  # what momentum remembers

    @property
    def n_parameters(self) -> int:
        return sum(W.size + b.size for W, b in zip(self.W, self.b, strict=True))

    def forward(self, X: ArrayLike) -> list[Array]:
        """[X, a1, …, aL]: what every layer puts out for rows X (N, n_in); the last is (N, n_out)."""
        acts = [np.asarray(X, dtype=np.float64)]
        if acts[0].ndim != 2 or acts[0].shape[1] != self.sizes[0]:
            raise ValueError(f"X must have shape (rows, {self.sizes[0]}), got {acts[0].shape}")
        for W, b, name in zip(self.W, self.b, self.activations, strict=True):
            acts.append(ACTIVATIONS[name][0](acts[-1] @ W.T + b))
        return acts

    def backward(self, acts: list[Array], delta_out: Array) -> Weights:
        """Gradients (gW, gb) of a loss: acts from `forward`, delta_out = dL/dz of the last layer (N, n_out).

        Any loss will do: for the mean squared error see `gradients`, for softmax with cross-entropy over
        a linear output delta_out = (softmax(z) - onehot) / N.
        """
        gW, gb = [], []
        delta = delta_out
        for layer in range(len(self.W) - 1, -1, -1):
            below = acts[layer]
            gW.append(delta.T @ below)
            gb.append(delta.sum(axis=0))
            if layer > 0:
                delta = (delta @ self.W[layer]) * ACTIVATIONS[self.activations[layer - 1]][1](below)
        return gW[::-1], gb[::-1]

    def loss(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Mean over rows and outputs of the squared error: the one loss of Parts 1 and 2.

        A net that answers 0.5 to every row of XOR has 0.25. Textbooks of the 1980s sum half the squares
        instead: their learning rate eta is lr * 2 / (N * n_out) here.
        """
        out = self.forward(X)[-1]
        return float(np.mean((out - target(Y, out)) ** 2))

    def gradients(self, X: ArrayLike, Y: ArrayLike) -> Weights:
        """(gW, gb): the derivatives of `loss` with respect to every weight and bias."""
        return self._loss_and_gradients(X, Y)[1]

    def _loss_and_gradients(self, X: ArrayLike, Y: ArrayLike) -> tuple[float, Weights]:
        acts = self.forward(X)
        out = acts[-1]
        error = out - target(Y, out)
        delta = (2.0 / error.size) * error * ACTIVATIONS[self.activations[-1]][1](out)
        return float(np.mean(error**2)), self.backward(acts, delta)

    def step(self, X: ArrayLike, Y: ArrayLike, lr: float, momentum: float = 0.0) -> float:
        """One full-batch update, velocity = momentum * velocity - lr * gradient, weight += velocity.

        Returns the loss before the update.
        """
        loss, (gW, gb) = self._loss_and_gradients(X, Y)
        if self._velocity is None:
            self._velocity = [np.zeros_like(W) for W in self.W], [np.zeros_like(b) for b in self.b]
        for weights, velocities, gradients in zip((self.W, self.b), self._velocity, (gW, gb), strict=True):
            for weight, velocity, gradient in zip(weights, velocities, gradients, strict=True):
                velocity *= momentum
                velocity -= lr * gradient
                weight += velocity
        return loss

    def train(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        lr: float,
        epochs: int,
        every: int | None = None,
        momentum: float = 0.0,
    ) -> Array:
        """`epochs` steps. Returns the losses after 0, every, 2*every, … epochs (every: 1 unless given)."""
        every = 1 if every is None else every
        if epochs < 0 or every < 1:
            raise ValueError(f"epochs must be 0 or more and every 1 or more, got {epochs} and {every}")
        losses = []
        for epoch in range(epochs):
            loss = self.step(X, Y, lr, momentum)
            if epoch % every == 0:
                losses.append(loss)
        if epochs % every == 0:
            losses.append(self.loss(X, Y))
        return np.array(losses)

    def snapshot(self) -> Weights:
        """Copies of W and b as they are now."""
        return [W.copy() for W in self.W], [b.copy() for b in self.b]

    def restore(self, snapshot: Weights) -> None:
        """Set W and b to a `snapshot` of a net of these sizes, else ValueError; momentum starts from 0."""
        shapes = [w.shape for part in snapshot for w in part]
        if shapes != [w.shape for part in (self.W, self.b) for w in part]:
            raise ValueError(f"this snapshot belongs to a net of other sizes, not {self.sizes}")
        self.W, self.b = [W.copy() for W in snapshot[0]], [b.copy() for b in snapshot[1]]
        self._velocity = None


def target(Y: ArrayLike, out: Array) -> Array:
    """Y as float64 in the shape of the outputs (N, n_out); (N,) will do for one output, else ValueError."""
    Y = np.asarray(Y, dtype=np.float64)
    if Y.shape == out.shape[:1] and out.shape[1] == 1:
        Y = Y[:, None]
    if Y.shape != out.shape:
        raise ValueError(f"Y has shape {Y.shape}, the outputs have {out.shape}")
    return Y


def train_many(
    sizes: Sequence[int],
    X: ArrayLike,
    Y: ArrayLike,
    seeds: Iterable[int],
    lr: float,
    epochs: int,
    momentum: float = 0.0,
    hidden: str = "sigmoid",
    output: str = "sigmoid",
    tol: float = 0.4,
) -> tuple[NDArray[np.int64], Array]:
    """Train one net per seed, all n of them at once; each runs as `MLP(sizes, seed).train(…)` would.

    X (N, n_in), Y (N,) or (N, n_out), targets 0 and 1. A net has *solved* the task when every output lies
    within `tol` of its target: 0.4 is the right side of 0.5 with a margin of 0.1.
    Returns epochs_to_solve (n,), the number of updates after which a net first had solved it, -1 for
    never; and the final losses (n,).
    """
    X = np.asarray(X, dtype=np.float64)
    drawn = [draw(sizes, seed) for seed in seeds]
    if not drawn:
        raise ValueError("no seeds: nothing to train")
    layers = range(len(sizes) - 1)
    names = [hidden] * (len(sizes) - 2) + [output]
    # The axis over nets comes last, so that every operation runs over n numbers that lie side by side.
    W = [np.stack([w[layer] for w, _ in drawn], axis=-1) for layer in layers]  # (fan_out, fan_in, n)
    b = [np.stack([b[layer] for _, b in drawn], axis=-1) for layer in layers]  # (fan_out, n)
    vW, vb = [np.zeros_like(w) for w in W], [np.zeros_like(c) for c in b]
    n = len(drawn)
    T = target(Y, np.empty((len(X), sizes[-1])))[:, :, None]  # (N, n_out, 1)
    inputs = np.repeat(X[:, :, None], n, axis=-1)  # (N, n_in, n)
    solved = np.full(n, -1, dtype=np.int64)

    for epoch in range(epochs + 1):
        acts = [inputs]
        for layer in layers:
            z = np.einsum("oin,rin->ron", W[layer], acts[-1]) + b[layer]
            acts.append(ACTIVATIONS[names[layer]][0](z))
        error = acts[-1] - T  # (N, n_out, n)
        solved[(np.abs(error).max(axis=(0, 1)) < tol) & (solved < 0)] = epoch
        if epoch == epochs:
            break
        delta = (2.0 / (T.size)) * error * ACTIVATIONS[names[-1]][1](acts[-1])
        for layer in reversed(layers):
            gW, gb = np.einsum("ron,rin->oin", delta, acts[layer]), delta.sum(axis=0)
            if layer > 0:
                slope = ACTIVATIONS[names[layer - 1]][1](acts[layer])
                delta = np.einsum("ron,oin->rin", delta, W[layer]) * slope
            for weight, velocity, gradient in ((W[layer], vW[layer], gW), (b[layer], vb[layer], gb)):
                velocity *= momentum
                velocity -= lr * gradient
                weight += velocity
    return solved, np.mean(error**2, axis=(0, 1))
