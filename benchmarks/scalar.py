"""How much faster is a dot product as one node? The scalar engine of Part 2 against one built from closures.

The task is micrograd's own demonstration: two moons, a net 2-16-16-1 with relu (337 parameters), full-batch
gradient descent on the max-margin loss mean(relu(1 - y * score)) + 1e-4 * sum(w**2), rate 1 - 0.9 k / 100.
Both engines start from the same weights and take turns, step by step, so that whatever else the machine does
disturbs both; their losses must agree. The other engine follows micrograd's design (binary operations only,
a closure for each, a recursive sort), written here for the comparison.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from nnfs.data.moons import moons
from nnfs.scalar import MLP, Value, dot


class Closure:
    """A number whose operations each leave behind a function that spreads the gradient to their inputs."""

    def __init__(self, data: float, inputs: tuple[Closure, ...] = ()) -> None:
        self.data, self.grad, self.inputs = data, 0.0, set(inputs)
        self.spread: Callable[[], None] = lambda: None

    def __add__(self, other: Closure) -> Closure:
        out = Closure(self.data + other.data, (self, other))

        def spread() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out.spread = spread
        return out

    def __mul__(self, other: Closure) -> Closure:
        out = Closure(self.data * other.data, (self, other))

        def spread() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.spread = spread
        return out

    def relu(self) -> Closure:
        out = Closure(max(self.data, 0.0), (self,))

        def spread() -> None:
            self.grad += (out.data > 0) * out.grad

        out.spread = spread
        return out

    def backward(self) -> None:
        order: list[Closure] = []
        seen: set[Closure] = set()

        def visit(node: Closure) -> None:
            if node not in seen:
                seen.add(node)
                for x in node.inputs:
                    visit(x)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.spread()


class ClosureNet:
    """The net, the loss and the update in closures, from the weights of an nnfs.scalar.MLP."""

    def __init__(self, twin: MLP) -> None:
        self.layers = [
            [([Closure(w.data) for w in n.w], Closure(n.b.data), n.activation) for n in layer.neurons]
            for layer in twin.layers
        ]
        self.parameters = [p for layer in self.layers for w, b, _ in layer for p in (*w, b)]

    def score(self, x: list[Closure]) -> Closure:
        for layer in self.layers:
            outputs = []
            for ws, b, activation in layer:
                s = b
                for w, a in zip(ws, x, strict=True):
                    s = s + w * a
                outputs.append(s.relu() if activation == "relu" else s)
            x = outputs
        return x[0]

    def step(self, X: list[list[float]], y: list[float], rate: float) -> tuple[float, float]:
        scores = [self.score([Closure(x) for x in row]) for row in X]
        margin = Closure(0.0)
        for s, label in zip(scores, y, strict=True):
            margin = margin + (Closure(1.0) + Closure(-label) * s).relu()
        weights = Closure(0.0)
        for p in self.parameters:
            weights = weights + p * p
        loss = margin * Closure(1 / len(X)) + weights * Closure(1e-4)
        for p in self.parameters:
            p.grad = 0.0
        loss.backward()
        for p in self.parameters:
            p.data -= rate * p.grad
        return loss.data, accuracy([s.data for s in scores], y)


def dot_step(net: MLP, X: list[list[float]], y: list[float], rate: float) -> tuple[float, float]:
    """The same step with nnfs.scalar: one node a neuron, one for the sum of squares, one for the mean."""
    parameters, zero = net.parameters(), Value(0.0)
    scores = [net(row)[0] for row in X]
    margins = [dot([s], [-label], Value(1.0)).relu() for s, label in zip(scores, y, strict=True)]
    loss = dot(margins, [1 / len(X)] * len(X), zero) + dot(parameters, parameters, zero) * 1e-4
    loss.backward()
    for p in parameters:
        p.data -= rate * p.grad
    return loss.data, accuracy([s.data for s in scores], y)


def accuracy(scores: list[float], y: list[float]) -> float:
    return sum((s > 0) == (label > 0) for s, label in zip(scores, y, strict=True)) / len(y)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="steps of training (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="seed of data and weights (default 1)")
    options = parser.parse_args()
    sys.setrecursionlimit(100_000)  # the recursive sort goes as deep as the graph

    points, labels = moons(100, 0.1, options.seed)
    X, y = points.tolist(), labels.tolist()
    ours = MLP(2, [16, 16, 1], options.seed, activation="relu")
    closures = ClosureNet(ours)
    seconds: dict[str, list[float]] = {"dot node": [], "closures": []}
    results: dict[str, tuple[float, float]] = {}
    perfect = None
    for k in range(options.steps):
        rate = 1.0 - 0.9 * k / 100
        for name in seconds:
            start = time.perf_counter()
            if name == "dot node":
                results[name] = dot_step(ours, X, y, rate)
            else:
                results[name] = closures.step(X, y, rate)
            seconds[name].append(time.perf_counter() - start)
        (loss, right), (other, _) = results["dot node"], results["closures"]
        if abs(loss - other) > 1e-6 * max(loss, 1e-3):
            print(f"step {k}: the engines disagree, {loss} and {other}", file=sys.stderr)
            return 1
        if perfect is None and right == 1.0:
            perfect = k
    print(f"{len(ours.parameters())} parameters, {options.steps} steps on {len(X)} points, seed {options.seed}")
    print(f"loss {loss:.5f}, accuracy {right:.0%}, first 100 % at step {perfect}\n")
    print("engine        total s    ms a step (median)")
    for name, times in seconds.items():
        print(f"{name:<12} {sum(times):8.2f} {1000 * statistics.median(times):14.1f}")
    pairs = zip(seconds["closures"], seconds["dot node"], strict=True)
    ratio = statistics.median(slow / fast for slow, fast in pairs)
    print(f"\nratio {ratio:.1f} (median over steps; wanted: 10 or more)")
    return 0 if ratio >= 10 else 1


if __name__ == "__main__":
    sys.exit(main())
