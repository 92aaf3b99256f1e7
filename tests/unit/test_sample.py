"""Speaking: the same seed says the same, the tail is cut where it should be, and the cache changes nothing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnfs.data.text import Text
from nnfs.gpt import GPT, BigramGPT, GPTConfig
from nnfs.gpt2 import GPT2, GPT2Config
from nnfs.ngram import KneserNey, NGram
from nnfs.sample import Reader, sample, truncate

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

V = 7
TEXT = Text(np.array([0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 0, 3, 4, 0, 5, 6, 1]), V)
SIZES = {"vocab": V, "context": 10, "layers": 2, "heads": 2, "width": 8}


def shaken(net):
    generator = torch.Generator().manual_seed(3)
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.4, generator=generator)
    return net


@pytest.mark.parametrize(
    "net",
    [GPT(GPTConfig(**SIZES)), BigramGPT(GPTConfig(**SIZES, positions="learned")), GPT2(GPT2Config(V, 10, 2, 2, 8))],
    ids=["gpt", "tables", "gpt2"],
)
def test_with_and_without_cache_the_same_things_are_said_even_when_the_window_is_full(net):
    net = shaken(net)
    prompts = np.array([[1, 2, 3], [4, 5, 6]])
    cached = sample(net, prompts, 30, seed=5)
    assert cached.tolist() == sample(net, prompts, 30, seed=5, cache=False).tolist()
    assert cached.shape == (2, 33)
    assert cached[:, :3].tolist() == prompts.tolist()


def test_the_cached_logits_are_those_of_reading_all_that_is_visible():
    net = shaken(GPT(GPTConfig(**SIZES))).eval()
    with_cache, without = Reader(net, cache=True), Reader(net, cache=False)
    rows = np.random.default_rng(0).integers(V, size=(2, 27))
    for length in range(3, 28):
        ours = with_cache.logits(rows[:, :length])
        assert ours == pytest.approx(without.logits(rows[:, :length]), abs=1e-5)
        begin = with_cache.begin
        assert 5 <= length - begin <= 10 or length < 5
        with torch.no_grad():
            whole = net(torch.from_numpy(rows[:, begin:length]))[0][:, -1].double().numpy()
        assert ours == pytest.approx(whole, abs=1e-5)


def test_a_cached_reader_reads_each_token_once():
    net, read = shaken(GPT(GPTConfig(**SIZES))), []
    net.tokens.register_forward_hook(lambda m, inputs, o: read.append(inputs[0].shape[1]))
    sample(net, [1, 2, 3], 6)
    assert read == [3, 1, 1, 1, 1, 1]


def test_a_row_says_the_same_alone_and_in_company_and_another_seed_something_else():
    model = KneserNey(TEXT, 2)
    together = sample(model, [[0, 1], [0, 1], [3, 4]], 12, seed=7)
    assert together[0].tolist() == sample(model, [0, 1], 12, seed=7)[0].tolist()
    assert together[0].tolist() != together[1].tolist()
    assert together[0].tolist() != sample(model, [0, 1], 12, seed=8)[0].tolist()


def test_samples_follow_the_distribution():
    model = NGram(TEXT, 1)
    said = sample(model, np.zeros((4000, 1), dtype=np.int64), 1, seed=1)[:, -1]
    share = np.bincount(said, minlength=V) / 4000
    assert share == pytest.approx(np.exp(model.log_prob([0])), abs=0.03)


def test_temperature_zero_says_the_likeliest():
    model = KneserNey(TEXT, 2)
    for row in sample(model, [[0], [5]], 8, temperature=0.0, seed=3):
        for i in range(1, len(row)):
            assert row[i] == np.argmax(model.log_prob(row[:i]))


def test_a_row_that_stops_is_silent_and_the_end_comes_when_all_have_stopped():
    model = KneserNey(TEXT, 1)
    rows = sample(model, [[1], [2], [3]], 200, seed=0, stop=0)
    assert rows.shape[1] < 201
    for row in rows:
        end = row.tolist().index(0)
        assert not row[end:].any()
    assert (rows[:, -2] != 0).any()


LOGITS = hnp.arrays(np.float64, (2, 6), elements=st.floats(-8, 8))


@given(LOGITS, st.floats(0.1, 5), st.integers(1, 8), st.floats(0.01, 1))
def test_what_is_cut_off_is_the_tail_and_the_rest_keeps_its_proportions(logits, temperature, top_k, top_p):
    p = truncate(logits, temperature, top_k, top_p)
    full = np.exp(logits / temperature - (logits / temperature).max(axis=1, keepdims=True))
    full /= full.sum(axis=1, keepdims=True)
    assert p.sum(axis=1) == pytest.approx(1.0)
    for kept, before in zip(p, full, strict=True):
        chosen = np.flatnonzero(kept)
        assert 1 <= len(chosen) <= top_k
        assert kept[chosen] == pytest.approx(before[chosen] / before[chosen].sum())
        assert before[chosen].min() >= np.delete(before, chosen).max(initial=0) - 1e-12
        # no token of those kept could have been spared, and more were not needed
        assert before[chosen].sum() - before[chosen].min() < top_p + 1e-9
        assert len(chosen) == top_k or before[chosen].sum() >= top_p - 1e-9 or len(chosen) == 6


def test_among_equals_the_lower_token_is_kept():
    assert truncate(np.zeros((1, 4)), top_k=2).tolist() == [[0.5, 0.5, 0, 0]]
    assert truncate(np.zeros((1, 4)), temperature=0.0).tolist() == [[1, 0, 0, 0]]


def test_a_temperature_of_one_and_no_cut_is_the_model_itself():
    logits = np.log(np.array([[0.1, 0.2, 0.7]]))
    assert truncate(logits)[0] == pytest.approx([0.1, 0.2, 0.7])
    assert truncate(logits, temperature=0.5)[0] == pytest.approx(np.array([0.01, 0.04, 0.49]) / 0.54)


@pytest.mark.parametrize("options", [{"temperature": -1}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5}])
def test_impossible_wishes_are_refused(options):
    with pytest.raises(ValueError, match="cannot sample with"):
        sample(NGram(TEXT, 1), [0], 1, **options)


def test_an_empty_prompt_is_refused():
    with pytest.raises(ValueError, match="at least one token"):
        sample(NGram(TEXT, 1), [], 1)
