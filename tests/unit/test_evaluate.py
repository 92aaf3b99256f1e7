"""The yardstick: each protocol scores the tokens it names, once each, with the context it names, whatever the model."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs import evaluate
from nnfs.charmlp import CharMLP, CharMLPConfig
from nnfs.data.text import Text
from nnfs.evaluate import PROTOCOLS, losses, windows
from nnfs.gpt import GPT, GPTConfig
from nnfs.model import LanguageModel, cross_entropy
from nnfs.ngram import KneserNey, NGram

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

VOCAB = 4


class Looker(LanguageModel):
    """A net whose cost for token 1 tells how many tokens it had read: the logit is their logarithm."""

    def __init__(self, window):
        super().__init__()
        self.vocab, self.window = VOCAB, window
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, idx, targets=None):
        logits = torch.zeros(*idx.shape, VOCAB)
        logits[..., 1] = torch.arange(1, idx.shape[1] + 1).log()
        return logits, cross_entropy(logits, targets)


def contexts_seen(window, text, protocol):
    """{place: tokens read before it}, for a text of ones scored by a Looker."""
    places, nats = losses(Looker(window), text, protocol)
    seen = (VOCAB - 1) / np.expm1(nats)  # nats = log((read + V - 1) / read)
    return dict(zip(places.tolist(), np.round(seen).astype(int).tolist(), strict=True))


def ones(lengths, before=0):
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return Text(np.ones(sum(lengths), np.int64), VOCAB, starts, np.ones(before, np.int64))


@given(st.integers(1, 9), st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(0, 2))
def test_full_scores_every_token_once_in_the_window_with_the_longest_context(window, lengths, before):
    text = ones(lengths, before)
    if len(text.predicted) == 0:
        return
    seen = contexts_seen(window, text, "full")
    assert list(seen) == text.predicted.tolist()
    stride = max(1, window // 4)
    for place, reach in zip(text.predicted, text.reach[text.predicted], strict=True):
        starts = range(0, reach, stride)  # of windows that could hold the token before this one
        assert seen[place] == max(reach - s for s in starts if reach - s <= window)


@pytest.mark.parametrize("n", [257, 300, 769])
def test_window_protocols_drop_the_incomplete_tail_and_see_nothing_before_the_window(n):
    text = ones([n], before=3)
    seen = contexts_seen(256, text, "window-64")
    scored = (n - 1) // 64 * 64
    assert seen == {3 + 1 + i: i % 64 + 1 for i in range(scored)}


def test_counts_and_nets_are_asked_the_same_questions():
    text = Text(np.random.default_rng(0).integers(VOCAB, size=500), VOCAB)
    for protocol in PROTOCOLS:
        net_places, _ = losses(Looker(256), text, protocol)
        count_places, _ = losses(NGram(text, 2), text, protocol)
        assert net_places.tolist() == count_places.tolist()


def test_in_a_window_counts_look_no_further_back_than_a_net():
    text = Text(np.random.default_rng(1).integers(VOCAB, size=200), VOCAB)
    model = KneserNey(text, 3)
    places, nats = losses(model, text, "window-32")
    first = np.flatnonzero((places - 1) % 32 == 0)
    for i in first:
        assert nats[i] == pytest.approx(-model.log_prob(text.ids[places[i] - 1 : places[i]])[text.ids[places[i]]])


@pytest.mark.parametrize(
    "net",
    [
        CharMLP(CharMLPConfig(vocab=VOCAB, context=3, width=2, hidden=5, window=8), seed=1),
        GPT(GPTConfig(vocab=VOCAB, context=8, layers=1, heads=1, width=8), seed=1),
    ],
    ids=["CharMLP", "GPT"],
)
def test_a_net_scored_in_batches_is_a_net_asked_one_context_at_a_time(net, monkeypatch):
    monkeypatch.setattr(evaluate, "TOKENS_AT_ONCE", 20)
    for p in net.parameters():
        torch.nn.init.normal_(p, generator=torch.Generator().manual_seed(0))
    rng = np.random.default_rng(2)
    text = Text(rng.integers(VOCAB, size=30), VOCAB, np.array([0, 5, 6, 20]))
    places, nats = losses(net, text)
    start, length, scored = windows(text, None, net.window)
    for place, cost in zip(places, nats, strict=True):
        holding = (start + scored < place) & (place <= start + length)
        assert holding.sum() == 1
        context = text.ids[start[holding][0] : place]
        assert cost == pytest.approx(-net.log_prob(context)[text.ids[place]], abs=1e-5)


def test_evaluation_leaves_the_net_as_it_was():
    net = CharMLP(CharMLPConfig(vocab=VOCAB, batch_norm=True, hidden=8)).train()
    before = {name: t.clone() for name, t in net.state_dict().items()}
    evaluate.evaluate(net, ones([9]))
    assert net.training
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())


def test_a_score_names_its_protocol_and_counts_its_tokens():
    text = ones([65])
    score = evaluate.evaluate(NGram(text, 0), text, "window-64")
    assert (score.protocol, score.tokens) == ("window-64", 64)
    assert score.bits == pytest.approx(score.loss / np.log(2))


@pytest.mark.parametrize(
    ("model", "text", "protocol", "message"),
    [
        (Looker(64), ones([500]), "window-63", "protocol 'window-63'"),
        (Looker(64), ones([500]), "window-256", "64 tokens at a time"),
        (Looker(64), ones([100, 100]), "window-64", "measured by 'full'"),
        (Looker(64), ones([64]), "window-64", "more than 64"),
        (Looker(64), ones([1]), "full", "nothing to predict"),
        (Looker(64), Text(np.array([0, 1]), 2), "full", "4 symbols cannot read a text of 2"),
        (NGram(ones([5]), 1), Text(np.array([0, 1]), 2), "full", "4 symbols cannot read a text of 2"),
    ],
)
def test_what_cannot_be_measured_is_refused(model, text, protocol, message):
    with pytest.raises(ValueError, match=message):
        losses(model, text, protocol)
