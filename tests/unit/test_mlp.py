"""The layered net: gradients that are gradients, draws and sums that a twin can repeat, a thousand nets at once."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.data.moons import moons
from nnfs.mlp import ACTIVATIONS, MLP, draw, sigmoid, train_many
from nnfs.rng import Mulberry32

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

X2 = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0.0, 1, 1, 0])


def by_central_differences(net, X, Y, h=1e-6):
    """The gradient of net.loss, one weight at a time."""
    slopes = []
    for weights in (*net.W, *net.b):
        slope = np.empty_like(weights)
        for at in np.ndindex(weights.shape):
            kept = weights[at]
            weights[at] = kept + h
            above = net.loss(X, Y)
            weights[at] = kept - h
            below = net.loss(X, Y)
            weights[at] = kept
            slope[at] = (above - below) / (2 * h)
        slopes.append(slope)
    return slopes


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("output", ["sigmoid", "tanh", "linear"])
def test_gradients_match_central_differences(hidden, output):
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    net = MLP([3, 4, 3, 2], seed=3, hidden=hidden, output=output)
    gW, gb = net.gradients(X, Y)
    for ours, numeric in zip((*gW, *gb), by_central_differences(net, X, Y), strict=True):
        assert ours == pytest.approx(numeric, rel=1e-5, abs=1e-8)


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=4),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["sigmoid", "tanh", "linear"]),
    st.integers(1, 6),
)
def test_gradients_match_central_differences_for_any_shape(sizes, seed, hidden, rows):
    rng = np.random.default_rng(seed)
    X, Y = rng.uniform(-1, 1, (rows, sizes[0])), rng.uniform(0, 1, (rows, sizes[-1]))
    net = MLP(sizes, seed, hidden)
    gW, gb = net.gradients(X, Y)
    for ours, numeric in zip((*gW, *gb), by_central_differences(net, X, Y), strict=True):
        assert ours == pytest.approx(numeric, rel=1e-4, abs=1e-7)


def test_ten_steps_with_momentum_equal_torch():
    torch = pytest.importorskip("torch")
    X, y = moons(20, 0.1, seed=2)
    Y = (y + 1) / 2
    net = MLP([2, 5, 4, 1], seed=8, hidden="tanh")
    layers = []
    for W, b in zip(net.W, net.b, strict=True):
        layers.append(torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64))
        with torch.no_grad():
            layers[-1].weight.copy_(torch.tensor(W))
            layers[-1].bias.copy_(torch.tensor(b))
    twin = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1], torch.nn.Tanh(), layers[2], torch.nn.Sigmoid())
    optimiser = torch.optim.SGD(twin.parameters(), lr=0.7, momentum=0.9)
    inputs, wanted = torch.tensor(X), torch.tensor(Y)[:, None]
    for _ in range(10):
        loss = torch.nn.functional.mse_loss(twin(inputs), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        ours = net.step(X, Y, lr=0.7, momentum=0.9)
        assert ours == pytest.approx(loss.item(), rel=1e-12)
    for weights, bias, layer in zip(net.W, net.b, layers, strict=True):
        assert weights == pytest.approx(layer.weight.detach().numpy(), rel=1e-10)
        assert bias == pytest.approx(layer.bias.detach().numpy(), rel=1e-10)


def test_backward_serves_other_losses():
    """Softmax with cross-entropy over a linear output, against torch."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    X, labels = rng.normal(size=(7, 3)), rng.integers(0, 4, 7)
    net = MLP([3, 6, 4], seed=1, hidden="relu", output="linear")
    acts = net.forward(X)
    p = np.exp(acts[-1])
    p /= p.sum(axis=1, keepdims=True)
    gW, gb = net.backward(acts, (p - np.eye(4)[labels]) / 7)

    W = [torch.tensor(w, requires_grad=True) for w in net.W]
    b = [torch.tensor(c, requires_grad=True) for c in net.b]
    logits = torch.relu(torch.tensor(X) @ W[0].T + b[0]) @ W[1].T + b[1]
    torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()
    for ours, theirs in zip((*gW, *gb), (*W, *b), strict=True):
        assert ours == pytest.approx(theirs.grad.numpy(), rel=1e-10, abs=1e-14)


def test_weights_are_drawn_layer_by_layer_unit_by_unit_bias_last():
    rng = Mulberry32(42)
    stream = [rng.uniform(-1, 1) for _ in range(17)]
    W, b = draw([2, 4, 1], seed=42)
    assert [W[0].shape, b[0].shape, W[1].shape, b[1].shape] == [(4, 2), (4,), (1, 4), (1,)]
    assert np.column_stack([W[0], b[0]]).ravel().tolist() == stream[:12]
    assert [*W[1][0], b[1][0]] == stream[12:]
    assert MLP([2, 4, 1], seed=42).n_parameters == 17


def test_he_weights_have_the_deviation_of_their_paper_and_no_bias():
    W, b = draw([200, 100], seed=1, init="he")
    assert W[0].std() == pytest.approx(math.sqrt(2 / 200), rel=0.02)
    assert not b[0].any()


def test_forward_says_what_every_layer_puts_out():
    net = MLP([2, 1])
    net.W, net.b = [np.array([[1.0, 2.0]])], [np.array([-1.5])]
    X, out = net.forward(X2)
    assert np.array_equal(X, X2)
    assert out.ravel() == pytest.approx([1 / (1 + math.exp(-z)) for z in (-1.5, 0.5, -0.5, 1.5)])


def test_the_sigmoid_has_no_edge():
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0, 0.5, 1]


def test_the_loss_of_no_opinion_on_xor_is_a_quarter():
    net = MLP([2, 3, 1])
    net.restore(([np.zeros_like(W) for W in net.W], [np.zeros_like(b) for b in net.b]))
    assert net.loss(X2, XOR) == 0.25


def test_one_unit_sinks_to_a_quarter_on_xor_and_stays():
    losses = MLP([2, 1], seed=3).train(X2, XOR, lr=2.0, epochs=2000)
    assert (losses > 0.25 - 1e-12).all()
    assert losses[-1] == pytest.approx(0.25, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_four_hidden_units_learn_xor(seed):
    net = MLP([2, 4, 1], seed)
    losses = net.train(X2, XOR, lr=5.0, epochs=3000)
    assert losses[-1] < 0.01
    assert net.forward(X2)[-1].ravel().round().tolist() == XOR.tolist()


def test_step_returns_the_loss_before_the_update_and_goes_downhill():
    net = MLP([2, 3, 1], seed=6)
    before = net.loss(X2, XOR)
    loss = net.step(X2, XOR, lr=0.1)
    assert loss == before
    assert net.loss(X2, XOR) < before


def test_a_step_uses_gradients_taken_before_any_update():
    net, kept = MLP([2, 3, 1], seed=6), MLP([2, 3, 1], seed=6)
    gW, gb = kept.gradients(X2, XOR)
    net.step(X2, XOR, lr=0.5)
    for new, old, slope in zip((*net.W, *net.b), (*kept.W, *kept.b), (*gW, *gb), strict=True):
        assert np.array_equal(new, old - 0.5 * slope)


def test_train_records_the_loss_every_so_often():
    every = MLP([2, 3, 1], seed=6).train(X2, XOR, lr=1.0, epochs=10)
    some = MLP([2, 3, 1], seed=6).train(X2, XOR, lr=1.0, epochs=10, every=4)
    assert len(every) == 11
    assert some.tolist() == every[::4].tolist()
    assert MLP([2, 3, 1], seed=6).train(X2, XOR, 1.0, epochs=0).tolist() == every[:1].tolist()


def test_a_snapshot_brings_a_net_back():
    net = MLP([2, 4, 1], seed=9)
    kept = net.snapshot()
    first = net.train(X2, XOR, lr=1.0, epochs=20, momentum=0.9)
    net.restore(kept)
    assert net.train(X2, XOR, lr=1.0, epochs=20, momentum=0.9).tolist() == first.tolist()
    assert np.array_equal(kept[0][0], MLP([2, 4, 1], seed=9).W[0]), "training left the snapshot alone"


@pytest.mark.parametrize("sizes", [[2, 1], [2, 2, 1], [2, 4, 1], [2, 3, 3, 1]])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_many_nets_at_once_are_the_same_nets_one_by_one(sizes, momentum):
    seeds, epochs = [0, 1, 5, 77], 200
    solved, final = train_many(sizes, X2, XOR, seeds, lr=2.0, epochs=epochs, momentum=momentum)
    for seed, when, loss in zip(seeds, solved, final, strict=True):
        net = MLP(sizes, seed)
        first = -1
        for epoch in range(epochs + 1):
            if first < 0 and np.abs(net.forward(X2)[-1].ravel() - XOR).max() < 0.4:
                first = epoch
            if epoch < epochs:
                net.step(X2, XOR, lr=2.0, momentum=momentum)
        assert when == first
        assert loss == pytest.approx(net.loss(X2, XOR), rel=1e-9)


def test_many_nets_with_other_activations_and_two_outputs():
    Y = np.column_stack([XOR, 1 - XOR])
    _, final = train_many([2, 3, 2], X2, Y, [4, 5], lr=0.3, epochs=50, hidden="tanh", output="linear")
    for seed, loss in zip([4, 5], final, strict=True):
        alone = MLP([2, 3, 2], seed, hidden="tanh", output="linear").train(X2, Y, 0.3, 50)
        assert loss == pytest.approx(alone[-1], rel=1e-9)


def test_two_hidden_units_sometimes_fail_on_xor_and_one_unit_always():
    solved, final = train_many([2, 2, 1], X2, XOR, range(60), lr=1.0, epochs=3000, momentum=0.9)
    assert 0 < np.sum(solved < 0) < 30
    assert (final[solved < 0] > 0.1).all()
    alone, _ = train_many([2, 1], X2, XOR, range(10), lr=1.0, epochs=500)
    assert (alone == -1).all()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: MLP([2]), "an input and an output size"),
        (lambda: MLP([2, 0, 1]), "each 1 or more"),
        (lambda: MLP([2, 1], init="zeros"), "init is 'uniform' or 'he'"),
        (lambda: MLP([2, 2, 1], hidden="softmax"), "activation 'softmax'"),
        (lambda: MLP([3, 1]).forward(X2), r"X must have shape \(rows, 3\)"),
        (lambda: MLP([2, 1]).forward(X2[0]), "X must have shape"),
        (lambda: MLP([2, 1]).loss(X2, XOR[:3]), r"Y has shape \(3,\)"),
        (lambda: MLP([2, 2]).loss(X2, XOR), r"Y has shape \(4,\), the outputs have \(4, 2\)"),
        (lambda: MLP([2, 1]).train(X2, XOR, 1.0, epochs=-1), "epochs must be 0 or more"),
        (lambda: MLP([2, 1]).train(X2, XOR, 1.0, epochs=5, every=0), "every 1 or more"),
        (lambda: MLP([2, 1]).restore(MLP([2, 2, 1]).snapshot()), "other sizes"),
        (lambda: train_many([2, 1], X2, XOR, [], 1.0, 5), "no seeds"),
        (lambda: moons(1, 0.1, 0), "two points or more"),
        (lambda: moons(10, -0.1, 0), "noise of 0 or more"),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(act, message):
    with pytest.raises(ValueError, match=message):
        act()


def test_moons_without_noise_lie_on_their_half_circles():
    X, y = moons(101, 0.0, seed=1)
    upper, lower = X[y == -1], X[y == 1]
    assert (len(upper), len(lower)) == (50, 51)
    assert np.hypot(*upper.T) == pytest.approx(1)
    assert np.hypot(*(lower - [1, 0.5]).T) == pytest.approx(1)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


def test_moons_repeat_by_seed_and_spread_by_noise():
    (a, _), (b, _), (c, _) = moons(400, 0.1, 3), moons(400, 0.1, 3), moons(400, 0.1, 4)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert (a - moons(400, 0.0, 3)[0]).std() == pytest.approx(0.1, rel=0.1)
