"""Numbers that remember where they came from: reverse-mode automatic differentiation in one class.

Part 2 builds this in front of the reader. A `Value` keeps its number, the Values it was computed from, and
one slope for each: how much the result moves when that input moves. `backward` then walks the graph once
from the result to its inputs, and the chain rule is one line. The example of micrograd's README:

>>> a, b = Value(-4.0), Value(2.0)
>>> c, d = a + b, a * b + b**3
>>> c = c + c + 1
>>> c = c + 1 + c + (-a)
>>> d = d + d * 2 + (b + a).relu()
>>> d = d + 3 * d + (b - a).relu()
>>> f = (c - d) ** 2
>>> g = f / 2.0 + 10.0 / f
>>> g.backward()
>>> print(f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}")
24.7041 138.8338 645.5773
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

from nnfs.rng import Mulberry32


class Value:
    """A number and how it was made. After `z.backward()`, `x.grad` is dz/dx for every x that made z."""

    __slots__ = ("_inputs", "_slopes", "_uses", "data", "grad")

    def __init__(self, data: float, inputs: Sequence[Value] = (), slopes: Sequence[float] = ()) -> None:
        if not isinstance(data, (int, float)):
            raise TypeError(f"a Value holds an int or a float, got {type(data).__name__} {data!r}")
        self.data, self.grad = data, 0.0
        self._inputs, self._slopes, self._uses = inputs, slopes, 0

    def __repr__(self) -> str:
        return f"Value(data={self.data:.6g}, grad={self.grad:.6g})"

    def __add__(self, other: Value | float) -> Value:
        other = wrap(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = wrap(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other: Value | float) -> Value:
        other = wrap(other)
        return Value(self.data / other.data, (self, other), (1 / other.data, -self.data / other.data**2))

    def __pow__(self, other: Value | float) -> Value:
        other = wrap(other)
        x, n = self.data, other.data
        if (x == 0 and n < 1 and n != 0) or (x < 0 and n % 1 != 0):
            raise ValueError(f"{x} ** {n} has no finite real slope")
        y = x**n
        along_n = y * math.log(x) if x > 0 else 0.0 if x == 0 < n else math.nan  # nan: x**n is not real nearby
        return Value(y, (self, other), (n and n * x ** (n - 1), along_n))

    __radd__, __rmul__ = __add__, __mul__  # 2 + x, 2 * x

    def __neg__(self) -> Value:  # -x
        return self * -1

    def __sub__(self, other: Value | float) -> Value:  # x - y
        return self + -wrap(other)

    def __rsub__(self, other: float) -> Value:  # 2 - x
        return wrap(other) - self

    def __rtruediv__(self, other: float) -> Value:  # 2 / x
        return wrap(other) / self

    def __rpow__(self, other: float) -> Value:  # 2 ** x
        return wrap(other) ** self

    def exp(self) -> Value:
        y = math.exp(self.data)
        return Value(y, (self,), (y,))

    def log(self) -> Value:
        if self.data <= 0:
            raise ValueError(f"log needs a positive number, got {self.data}")
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> Value:
        y = math.tanh(self.data)
        return Value(y, (self,), (1 - y * y,))

    def sigmoid(self) -> Value:
        y = (1 + math.tanh(self.data / 2)) / 2  # 1 / (1 + exp(-x)), without its overflow
        return Value(y, (self,), (y * (1 - y),))

    def relu(self) -> Value:
        return Value(max(self.data, 0.0), (self,), (1.0 if self.data > 0 else 0.0,))

    def linear(self) -> Value:
        return self

    def backward(self) -> None:
        """Set `grad` of every Value in the graph to d self / d that Value; what stood there is overwritten.

        A Value may pass its gradient on only when all its users have added theirs: in b = a + a, c = b + b,
        b has to hear from c twice before a hears from b. The first pass counts users, the second waits for
        them. Nothing recurses, so a chain of 100,000 operations is as easy as one.
        """
        stack = [self]
        while stack:
            for x in stack.pop()._inputs:
                if x._uses == 0:
                    x.grad = 0.0
                    stack.append(x)
                x._uses += 1
        self.grad, stack = 1.0, [self]
        while stack:
            node = stack.pop()
            for x, slope in zip(node._inputs, node._slopes):  # noqa: B905 - equal by construction, and hot
                x.grad += slope * node.grad  # the chain rule
                x._uses -= 1
                if x._uses == 0:
                    stack.append(x)


def wrap(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(x)


def dot(ws: Sequence[Value], xs: Sequence[Value] | Sequence[float], b: Value) -> Value:
    """b + w1*x1 + ... + wn*xn as one node of the graph instead of 2n; xs are all Values or all numbers."""
    if len(ws) != len(xs):
        raise ValueError(f"{len(ws)} weights cannot meet {len(xs)} inputs")
    of_values = len(xs) > 0 and isinstance(xs[0], Value)
    w, x = [v.data for v in ws], [v.data for v in xs] if of_values else xs  # type: ignore[union-attr]
    y = sum(map(mul, w, x), b.data)
    return Value(y, (*ws, b, *xs), (*x, 1.0, *w)) if of_values else Value(y, (*ws, b), (*x, 1.0))


class Neuron:
    """activation(w·x + b); nin weights and then the bias are drawn from U(-1, 1), the order of `nnfs.mlp`."""

    def __init__(self, nin: int, rng: Mulberry32, activation: str = "tanh") -> None:
        if activation not in ("tanh", "relu", "sigmoid", "linear"):
            raise ValueError(f"activation is tanh, relu, sigmoid or linear, got {activation!r}")
        self.w = [Value(rng.uniform(-1.0, 1.0)) for _ in range(nin)]
        self.b, self.activation = Value(rng.uniform(-1.0, 1.0)), activation

    def __call__(self, x: Sequence[Value] | Sequence[float]) -> Value:
        return getattr(dot(self.w, x, self.b), self.activation)()

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


class Layer:
    """nout neurons that read the same inputs."""

    def __init__(self, nin: int, nout: int, rng: Mulberry32, activation: str = "tanh") -> None:
        self.neurons = [Neuron(nin, rng, activation) for _ in range(nout)]

    def __call__(self, x: Sequence[Value] | Sequence[float]) -> list[Value]:
        return [neuron(x) for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]


class MLP:
    """Layers of `nouts` neurons on nin inputs: MLP(2, [4, 1], seed=7); `output` activates the last layer.

    Calling it gives the list of its outputs. seed: an integer, or a Mulberry32 to go on drawing from.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        seed: int | Mulberry32 = 0,
        activation: str = "tanh",
        output: str = "linear",
    ) -> None:
        rng = seed if isinstance(seed, Mulberry32) else Mulberry32(seed)
        kinds = [activation] * (len(nouts) - 1) + [output]
        shapes = zip([nin, *nouts[:-1]], nouts, kinds, strict=True)
        self.layers = [Layer(n, m, rng, kind) for n, m, kind in shapes]

    def __call__(self, x: Sequence[Value] | Sequence[float]) -> list[Value]:
        outputs: list[Value] = []
        for layer in self.layers:
            x = outputs = layer(x)
        return outputs

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]
