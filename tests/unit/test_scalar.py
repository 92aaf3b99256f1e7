"""The scalar engine: every operation against central differences and torch, and the graph that it walks."""

import doctest
import math
import operator

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnfs import mlp, scalar
from nnfs.rng import Mulberry32
from nnfs.scalar import MLP, Layer, Neuron, Value, dot

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ANY = st.floats(-4, 4)
POSITIVE = st.floats(0.1, 4)
NONZERO = ANY.filter(lambda x: abs(x) > 0.1)

# name: (the operation on Values, the same on floats, where to try it)
ONE = {
    "neg": (operator.neg, operator.neg, ANY),
    "exp": (Value.exp, math.exp, ANY),
    "log": (Value.log, math.log, POSITIVE),
    "tanh": (Value.tanh, math.tanh, ANY),
    "sigmoid": (Value.sigmoid, lambda x: 1 / (1 + math.exp(-x)), ANY),
    "relu": (Value.relu, lambda x: max(x, 0.0), NONZERO),
    "linear": (Value.linear, lambda x: x, ANY),
    "square": (lambda x: x**2, lambda x: x**2, ANY),
    "cube": (lambda x: x**3, lambda x: x**3, ANY),
    "root": (lambda x: x**0.5, math.sqrt, POSITIVE),
    "inverse": (lambda x: x**-1, lambda x: 1 / x, NONZERO),
    "power 0": (lambda x: x**0, lambda x: 1.0, ANY),
    "2 + x": (lambda x: 2 + x, lambda x: 2 + x, ANY),
    "2 - x": (lambda x: 2 - x, lambda x: 2 - x, ANY),
    "2 * x": (lambda x: 2 * x, lambda x: 2 * x, ANY),
    "2 / x": (lambda x: 2 / x, lambda x: 2 / x, NONZERO),
    "2 ** x": (lambda x: 2**x, lambda x: 2**x, ANY),
    "x - 2": (lambda x: x - 2, lambda x: x - 2, ANY),
    "x / 2": (lambda x: x / 2, lambda x: x / 2, ANY),
    "x used three times": (lambda x: x * x + x.tanh() * x, lambda x: x * x + math.tanh(x) * x, ANY),
}
TWO = {
    "add": (operator.add, operator.add, ANY, ANY),
    "sub": (operator.sub, operator.sub, ANY, ANY),
    "mul": (operator.mul, operator.mul, ANY, ANY),
    "truediv": (operator.truediv, operator.truediv, ANY, NONZERO),
    "pow": (operator.pow, operator.pow, POSITIVE, ANY),
}
H = 1e-5


def close(x):
    return pytest.approx(x, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", ONE)
@given(data=st.data())
def test_functions_of_one_value_match_central_differences(name, data):
    ours, plain, where = ONE[name]
    at = data.draw(where)
    x = Value(at)
    y = ours(x)
    y.backward()
    assert y.data == pytest.approx(plain(at))
    assert x.grad == close((plain(at + H) - plain(at - H)) / (2 * H))


@pytest.mark.parametrize("name", TWO)
@given(data=st.data())
def test_functions_of_two_values_match_central_differences(name, data):
    ours, plain, where_a, where_b = TWO[name]
    at, bt = data.draw(where_a), data.draw(where_b)
    a, b = Value(at), Value(bt)
    y = ours(a, b)
    y.backward()
    assert y.data == pytest.approx(plain(at, bt))
    assert a.grad == close((plain(at + H, bt) - plain(at - H, bt)) / (2 * H))
    assert b.grad == close((plain(at, bt + H) - plain(at, bt - H)) / (2 * H))


@given(st.lists(st.tuples(ANY, ANY), max_size=6), ANY, st.booleans())
def test_dot_is_the_sum_it_stands_for_in_one_node(pairs, bias, on_numbers):
    ws, b = [Value(w) for w, _ in pairs], Value(bias)
    xs = [x if on_numbers else Value(x) for _, x in pairs]
    y = dot(ws, xs, b)
    y.backward()
    assert y.data == pytest.approx(bias + sum(w * x for w, x in pairs))
    assert [w.grad for w in ws] == [x for _, x in pairs]
    assert b.grad == 1
    if not on_numbers:
        assert [x.grad for x in xs] == [w for w, _ in pairs]


def expression(a, b, exp, log, tanh, sigmoid, relu):
    """Every operation of the engine at least once, with reuse."""
    c = a * b + b**3 - a / b
    d = tanh(c / 50) + relu(c) * 2 - relu(-c)
    e = sigmoid(d - a) + exp(a / 4) + log(a * a + 1 + b * b)
    return (d + e) ** 2 / 3 + (b * b + 1) ** (a / 5) + 2**b - (-e)


@given(ANY, NONZERO)
def test_a_long_expression_equals_torch(at, bt):
    torch = pytest.importorskip("torch")
    assume(abs(at * bt + bt**3 - at / bt) > 1e-3)  # away from the corner of relu
    a, b = Value(at), Value(bt)
    y = expression(a, b, Value.exp, Value.log, Value.tanh, Value.sigmoid, Value.relu)
    y.backward()
    s, t = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (at, bt))
    z = expression(s, t, torch.exp, torch.log, torch.tanh, torch.sigmoid, torch.relu)
    z.backward()
    assert y.data == pytest.approx(z.item(), rel=1e-9)
    assert (a.grad, b.grad) == pytest.approx((s.grad.item(), t.grad.item()), rel=1e-9, abs=1e-9)


def test_the_diamond_waits_for_both_paths():
    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert (c.data, b.grad, a.grad) == (4, 2, 4)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12))
def test_any_graph_of_sums_counts_its_paths(edges):
    """Each node adds two earlier ones, so its number counts the paths to the first, as the gradient must."""
    nodes = [Value(1.0)]
    for i, j in edges:
        nodes.append(nodes[i % len(nodes)] + nodes[j % len(nodes)])
    nodes[-1].backward()
    assert nodes[0].grad == nodes[-1].data


def test_a_chain_of_a_hundred_thousand_operations():
    x = y = Value(0.5)
    for _ in range(100_000):
        y = y * 1.0 + 0.0
    y.backward()
    assert x.grad == 1


def test_backward_twice_counts_once():
    a = Value(3.0)
    y = a * a + a
    y.backward()
    y.backward()
    assert a.grad == 7


def test_backward_from_another_result_starts_afresh():
    a = Value(3.0)
    square, cube = a * a, a * a * a
    square.backward()
    cube.backward()
    assert a.grad == 27


def test_a_value_alone_has_slope_one():
    a = Value(2)
    a.backward()
    assert a.grad == 1
    assert repr(a) == "Value(data=2, grad=1)"


def test_the_published_example_of_micrograd():
    assert doctest.testmod(scalar).attempted >= 9
    assert doctest.testmod(scalar).failed == 0


@pytest.mark.parametrize("x", [-1000.0, 1000.0])
def test_sigmoid_and_tanh_survive_large_arguments(x):
    assert Value(x).sigmoid().data == (x > 0)
    assert abs(Value(x).tanh().data) == 1


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: Value(0.0).log(), ValueError, "log needs a positive number, got 0.0"),
        (lambda: Value(-2.0).log(), ValueError, "log needs a positive number, got -2.0"),
        (lambda: Value(0.0) ** -1, ValueError, r"0.0 \*\* -1 has no finite real slope"),
        (lambda: Value(0.0) ** 0.5, ValueError, "no finite real slope"),
        (lambda: Value(-8.0) ** (1 / 3), ValueError, "no finite real slope"),
        (lambda: Value(1.0) / 0, ZeroDivisionError, "division by zero"),
        (lambda: Value("1"), TypeError, "an int or a float, got str '1'"),
        (lambda: Value(Value(1.0)), TypeError, "an int or a float, got Value"),
        (lambda: Value(1.0) + "1", TypeError, "got str"),
        (lambda: Value(1.0) ** [2], TypeError, "got list"),
        (lambda: None * Value(1.0), TypeError, "got NoneType"),
        (lambda: Value(1.0) < 2, TypeError, "not supported between instances of 'Value' and 'int'"),
        (lambda: Value(1.0) >= Value(2.0), TypeError, "not supported"),
        (lambda: dot([Value(1.0)], [1.0, 2.0], Value(0.0)), ValueError, "1 weights cannot meet 2 inputs"),
        (lambda: MLP(2, [3, 1])([1.0]), ValueError, "2 weights cannot meet 1 inputs"),
        (lambda: Neuron(2, Mulberry32(0), "softmax"), ValueError, "activation is tanh"),
    ],
)
def test_what_makes_no_sense_is_refused_in_plain_words(act, error, message):
    with pytest.raises(error, match=message):
        act()


def test_a_negative_base_has_a_power_but_no_slope_along_the_exponent():
    x, n = Value(-2.0), Value(3.0)
    y = x**n
    y.backward()
    assert (y.data, x.grad) == (-8, 12)
    assert math.isnan(n.grad)


def test_zero_to_a_positive_power_is_flat():
    x, n = Value(0.0), Value(2.0)
    (x**n).backward()
    assert (x.grad, n.grad) == (0, 0)


def test_micrograds_moons_net_has_337_parameters():
    net = MLP(2, [16, 16, 1], seed=0)
    assert len(net.parameters()) == len(set(map(id, net.parameters()))) == 337
    assert [len(layer.parameters()) for layer in net.layers] == [48, 272, 17]
    assert len(Layer(3, 2, Mulberry32(0)).parameters()) == 8


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_scalar_and_array_nets_draw_the_same_weights_and_agree_on_every_gradient(activation):
    sizes, seed = [3, 5, 4, 2], 11
    X, Y = np.random.default_rng(0).normal(size=(6, 3)), np.random.default_rng(1).normal(size=(6, 2))
    net = MLP(3, sizes[1:], seed, activation, output="sigmoid")
    array = mlp.MLP(sizes, seed, hidden=activation, output="sigmoid")
    errors = [(o - y) ** 2 for x, row in zip(X, Y, strict=True) for o, y in zip(net(x.tolist()), row, strict=True)]
    loss = sum(errors, Value(0.0)) / len(errors)
    loss.backward()
    gW, gb = array.gradients(X, Y)
    grads = [np.column_stack([W, b]).ravel() for W, b in zip(gW, gb, strict=True)]
    weights = [np.column_stack([W, b]).ravel() for W, b in zip(array.W, array.b, strict=True)]
    assert [p.data for p in net.parameters()] == np.concatenate(weights).tolist()
    assert loss.data == pytest.approx(array.loss(X, Y), rel=1e-12)
    assert [p.grad for p in net.parameters()] == pytest.approx(np.concatenate(grads), rel=1e-9, abs=1e-12)


def test_a_generator_can_be_shared_between_nets():
    rng = Mulberry32(5)
    first, second = MLP(1, [2], rng), MLP(1, [2], rng)
    assert [p.data for p in first.parameters()] == [p.data for p in MLP(1, [2], 5).parameters()]
    assert [p.data for p in first.parameters()] != [p.data for p in second.parameters()]
