"""Counts and a net together: at first as good as counting, and never told its own text by heart."""

import numpy as np
import pytest
import torch

from nnfs.batches import Windows
from nnfs.charmlp import BigramNet
from nnfs.data.text import Text
from nnfs.evaluate import evaluate, losses
from nnfs.gpt import GPT, GPTConfig
from nnfs.model import n_parameters
from nnfs.ngram import KneserNey
from nnfs.prior import CountMixture, CountPrior

V = 6
RNG = np.random.default_rng(0)
TEXT = Text(RNG.choice(V, size=600, p=[0.4, 0.25, 0.15, 0.1, 0.05, 0.05]).cumsum() % V, V)
NEXT = Text(RNG.integers(V, size=200), V)
CONFIG = GPTConfig(vocab=V, context=64, layers=1, heads=1, width=8)


@pytest.fixture
def model():
    return CountPrior(GPT(CONFIG), KneserNey(TEXT, 3))


def test_a_net_that_says_nothing_leaves_the_counts(model):
    places, nats = losses(model, NEXT, "window-64")
    same_places, counted = losses(model.counts, NEXT, "window-64")
    assert places.tolist() == same_places.tolist()
    assert nats == pytest.approx(counted, abs=1e-5)
    assert evaluate(model, NEXT).loss == pytest.approx(evaluate(model.counts, NEXT).loss, abs=0.01)


def test_in_training_the_occurrence_itself_is_left_out(model):
    idx, targets = Windows(TEXT, rows=4, length=20, seed=0)(0)
    shown = model.train()(idx, targets)[1].item()
    by_heart = model.eval()(idx, targets)[1].item()
    start = Windows(TEXT, rows=4, length=20, seed=0).starts(0)
    places = (start[:, None] + 1 + np.arange(20)).ravel()
    reach = np.tile(np.arange(1, 21), 4)
    left_out = -model.counts.log_probs(TEXT.ids, places, reach, leave_one_out=True).mean()
    assert shown == pytest.approx(left_out, abs=1e-5)
    assert by_heart < left_out - 0.05


def test_only_places_with_a_target_are_asked_and_the_gradient_is_sound(model):
    idx, targets = Windows(TEXT, rows=2, length=10, seed=0)(0)
    targets[:, :7] = -1
    _, loss = model.train()(idx, targets)
    loss.backward()
    assert torch.isfinite(model.net.head.weight.grad).all()
    prior = model.log_prior(idx, targets)
    assert torch.allclose(prior[:, :7], torch.tensor(1 / V).log())


def test_rows_do_not_look_into_each_other(model):
    idx = torch.from_numpy(NEXT.ids[:20].reshape(2, 10))
    alone = torch.cat([model.log_prior(row[None]) for row in idx])
    assert torch.equal(model.log_prior(idx), alone)
    for t in (0, 4, 9):
        assert alone[0, t].numpy() == pytest.approx(model.counts.log_prob(NEXT.ids[: t + 1]), abs=1e-6)


def test_only_the_net_is_trained_and_stored(model):
    assert n_parameters(model) == n_parameters(model.net)
    assert all(name.startswith("net.") for name in model.state_dict())
    assert model.role("net.head.weight", model.net.head.weight) == "head"
    assert model.role("net.blocks.0.ffn.into.weight", model.net.blocks[0].ffn.into.weight) == "matrix"


def test_the_nets_penalty_is_passed_on():
    net = BigramNet(V, decay=0.5)
    assert CountPrior(net, KneserNey(TEXT, 1)).penalty().item() == pytest.approx(net.penalty().item())


def test_two_vocabularies_do_not_fit():
    with pytest.raises(ValueError, match="the net knows 7 tokens, the counts 6"):
        CountPrior(BigramNet(7), KneserNey(TEXT, 1))


class TestMixture:
    @pytest.fixture
    def mixture(self):
        net = GPT(CONFIG)
        torch.nn.init.normal_(net.head.weight, generator=torch.Generator().manual_seed(0))
        return CountMixture(net, KneserNey(TEXT, 3))

    def test_it_is_the_average_of_two_opinions(self, mixture):
        net, counted = (np.exp(m.log_prob(NEXT.ids[:9])) for m in (mixture.net, mixture.counts))
        assert np.exp(mixture.log_prob(NEXT.ids[:9])) == pytest.approx((net + counted) / 2, abs=1e-6)
        mixture.gate.weight.data.fill_(-30.0)
        assert np.exp(mixture.log_prob(NEXT.ids[:9])) == pytest.approx(counted, abs=1e-6)

    def test_in_training_the_occurrence_is_left_out_of_the_counts(self, mixture):
        mixture.gate.weight.data.fill_(-30.0)
        idx, targets = Windows(TEXT, rows=4, length=20, seed=0)(0)
        only_counts = CountPrior(GPT(CONFIG), KneserNey(TEXT, 3)).train()
        assert mixture.train()(idx, targets)[1].item() == pytest.approx(only_counts(idx, targets)[1].item(), abs=1e-5)

    def test_trust_goes_to_who_is_right(self, mixture):
        idx, targets = Windows(TEXT, rows=4, length=20, seed=0)(0)
        mixture.train()(idx, targets)[1].backward()
        assert mixture.gate.weight.grad.sum() > 0, "an untrained net is trusted less after a step"
        assert mixture.role("gate.weight", mixture.gate.weight) == "table"
        assert mixture.role("net.head.weight", mixture.net.head.weight) == "head"
