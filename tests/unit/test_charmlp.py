"""The ladder: a table that becomes counting, a backward pass by hand that is autograd's, norms and trees."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.batches import Examples
from nnfs.charmlp import (
    INITS,
    BatchNorm,
    BigramNet,
    CharMLP,
    CharMLPConfig,
    Fuse,
    HandMLP,
    WaveNet,
    WaveNetConfig,
    backward,
    compare,
    contexts,
    diagnose,
    unroll,
)
from nnfs.data import names
from nnfs.evaluate import evaluate
from nnfs.ngram import NGram
from nnfs.train import TrainConfig, train

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NORMED = CharMLPConfig(vocab=9, context=3, width=4, hidden=6, batch_norm=True)
TENSORS = 26  # that `unroll` names, without the loss


def examples(n=12, vocab=9, context=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(vocab, (n, context), generator=generator), torch.randint(vocab, (n,), generator=generator)


def test_a_context_is_what_stands_before_filled_up_at_the_beginning():
    assert contexts(torch.tensor([[5, 6, 7]]), 3, pad=0).tolist() == [[[0, 0, 5], [0, 5, 6], [5, 6, 7]]]


def test_a_bigram_net_without_decay_learns_the_counts():
    text = names.text(["anna", "ann", "nan"])
    x, y = text.ids[:-1], text.ids[1:].copy()
    y[text.starts[1:] - 1] = -1
    batch = torch.from_numpy(x)[None], torch.from_numpy(y)[None]
    net = BigramNet(decay=0.0)
    train(net, lambda step: batch, TrainConfig(steps=300, lr=30.0, optimiser="sgd", momentum=0.0))
    counted = NGram(text, 1, add=1e-9)
    assert evaluate(net, text).loss == pytest.approx(evaluate(counted, text).loss, abs=0.01)
    assert net.log_prob([0])[1:15:13] == pytest.approx(counted.log_prob([0])[1:15:13], abs=0.02)


def test_decay_pulls_towards_the_uniform():
    net = BigramNet(decay=0.5)
    assert net.penalty().item() == pytest.approx(0.5 * net.W.square().mean().item())


@settings(max_examples=25)
@given(st.integers(8, 64), st.integers(0, 1000))
def test_the_backward_pass_by_hand_is_autograds_for_every_intermediate(rows, seed):
    x, y = examples(rows, seed=seed)
    table = compare(CharMLP(NORMED, seed), x, y)
    assert len(table) == TENSORS + 2
    assert max(row.largest for row in table) <= 1e-6


def test_in_float64_it_agrees_to_fifteen_digits():
    x, y = examples()
    assert max(row.largest for row in compare(CharMLP(NORMED).double(), x, y)) < 1e-15


def test_a_wrong_derivative_would_be_seen(monkeypatch):
    import nnfs.charmlp as module

    def forgetful(t, x, y):
        d = backward(t, x, y)
        return {**d, "z": d["diff"]}  # forgets that the mean depends on z too

    x, y = examples()
    monkeypatch.setattr(module, "backward", forgetful)
    wrong = {row.name for row in compare(CharMLP(NORMED), x, y) if row.largest > 1e-6}
    assert "z" in wrong


def test_unrolled_it_is_the_same_net():
    x, y = examples()
    net = CharMLP(NORMED)
    targets = torch.full_like(x, -1)
    targets[:, -1] = y
    assert unroll(net, x, y)["loss"].item() == pytest.approx(net(x, targets)[1].item(), abs=1e-6)


def test_trained_by_hand_it_goes_where_autograd_goes():
    text = names.text(names.ssa().train[:200])
    data, config = Examples(text, 16, 3, seed=1), TrainConfig(steps=30, lr=0.1, optimiser="sgd", momentum=0.0)
    sizes = CharMLPConfig(width=4, hidden=10, batch_norm=True)
    auto, hand = CharMLP(sizes), HandMLP(sizes)
    losses = [train(net, data, config).losses for net in (auto, hand)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    for name, p in auto.state_dict().items():
        assert torch.allclose(p, hand.state_dict()[name], atol=1e-4), name


@pytest.mark.parametrize("changes", [{"layers": 2}, {"batch_norm": False}, {"bias": False}])
def test_other_nets_have_no_backward_pass_by_hand(changes):
    with pytest.raises(ValueError, match="written for one hidden layer"):
        HandMLP(CharMLPConfig(**{**vars(NORMED), **changes}))


def test_batch_norm_is_torchs_but_for_the_running_variance_of_small_batches():
    ours, theirs = BatchNorm(5, momentum=0.2), torch.nn.BatchNorm1d(5, momentum=0.2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        x = 3 * torch.randn(400, 5, generator=generator) + 1
        assert torch.allclose(ours(x), theirs(x), atol=0.01)
    assert torch.allclose(ours.mean, theirs.running_mean)
    assert torch.allclose(ours.variance, theirs.running_var)
    ours.eval(), theirs.eval()
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_batch_norm_counts_all_axes_but_the_units():
    x = torch.randn(6, 4, 5, generator=torch.Generator().manual_seed(0))
    y = BatchNorm(5)(x)
    assert torch.allclose(y.mean((0, 1)), torch.zeros(5), atol=1e-6)
    assert torch.allclose(y.var((0, 1)), torch.ones(5), atol=1e-3)


def test_one_row_has_no_variance():
    with pytest.raises(ValueError, match="two rows or more"):
        BatchNorm(3)(torch.zeros(1, 3))


def test_places_without_a_target_do_not_enter_the_statistics():
    net = CharMLP(NORMED)
    x, y = examples(6)
    targets = torch.full_like(x, -1)
    targets[:, -1] = y
    net(x, targets)
    alone = CharMLP(NORMED)
    alone.score(x)
    assert torch.allclose(net.body[1].mean, alone.body[1].mean)


def test_a_bad_start_is_seen_in_the_first_loss_and_in_saturated_units():
    """What the third lecture is about: 25 nats instead of log 27, and tanh stuck at its ends."""
    text = names.text(names.ssa().train[:2000])
    idx, targets = Examples(text, 512, 3, seed=0)(0)
    first, saturated = {}, {}
    for init in INITS:
        net = CharMLP(CharMLPConfig(init=init))
        first[init] = net(idx, targets)[1].item()
        saturated[init] = next(row.saturated for row in diagnose(net, idx, targets))
        assert all(p.grad is None for p in net.parameters())
    assert first["raw"] > 15
    assert first["small-head"] == pytest.approx(math.log(27), abs=0.3)
    assert saturated["small-head"] > 0.5
    assert saturated["small-hidden"] < 0.1
    assert saturated["kaiming"] < 0.3


def test_diagnosis_has_a_row_for_each_tanh_and_each_matrix():
    net = CharMLP(CharMLPConfig(layers=3, batch_norm=True))
    idx, targets = Examples(names.text(["emma", "olivia"]), 32, 3, seed=0)(0)
    rows = diagnose(net, idx, targets)
    assert [row.name for row in rows[:3]] == ["body.2", "body.5", "body.8"]
    weights = rows[3:]
    assert [row.name for row in weights] == [n for n, p in net.named_parameters() if p.ndim == 2]
    for row, p in zip(weights, (p for p in net.parameters() if p.ndim == 2), strict=True):
        assert row.deviation == pytest.approx(p.std().item(), rel=1e-5)
        assert row.ratio == pytest.approx(row.gradient / row.deviation, rel=1e-5)


def test_fusing_puts_neighbours_side_by_side():
    x = torch.arange(2 * 4 * 3).view(2, 4, 3)
    fused = Fuse(2)(x)
    assert fused.shape == (2, 2, 6)
    assert torch.equal(fused[0, 1], torch.cat([x[0, 2], x[0, 3]]))
    assert Fuse(4)(x).shape == (2, 12)


def test_a_tree_joins_pairs_then_fours_then_eights():
    """With all weights of a level equal, far tokens must be joined later than neighbours: shapes on the way."""
    net, shapes = WaveNet(WaveNetConfig(width=4, hidden=6)).eval(), []
    for module in net.body:
        if isinstance(module, Fuse):
            module.register_forward_hook(lambda m, i, o: shapes.append(tuple(o.shape)))
    net.score(torch.zeros(5, 8, dtype=torch.int64))
    assert shapes == [(5, 4, 8), (5, 2, 12), (5, 12)]


@pytest.mark.parametrize(("context", "fuse"), [(6, 2), (8, 3), (4, 1)])
def test_a_tree_needs_a_power(context, fuse):
    with pytest.raises(ValueError, match="cannot end in one node"):
        WaveNetConfig(context=context, fuse=fuse)


def test_an_unknown_start_is_refused():
    with pytest.raises(ValueError, match="known are raw"):
        CharMLPConfig(init="xavier")


def test_seeds_draw_weights():
    for make in (lambda s: BigramNet(seed=s), lambda s: CharMLP(NORMED, s), lambda s: WaveNet(WaveNetConfig(), s)):
        a, b, c = (np.concatenate([p.detach().numpy().ravel() for p in make(s).parameters()]) for s in (1, 1, 2))
        assert (a == b).all()
        assert (a != c).any()
