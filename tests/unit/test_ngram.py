"""Counting: probabilities that sum to one, the textbook's formula, and the numbers it reaches."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.data import names, shakespeare
from nnfs.data.text import DataError, Text
from nnfs.evaluate import evaluate
from nnfs.ngram import KneserNey, NGram

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

VOCAB = 5


@st.composite
def texts(draw):
    """A few short documents over five symbols, some of which may never occur; the first has two tokens or more."""
    lengths = [draw(st.integers(2, 12)), *draw(st.lists(st.integers(1, 12), max_size=4))]
    ids = draw(st.lists(st.integers(0, VOCAB - 1), min_size=sum(lengths), max_size=sum(lengths)))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return Text(np.array(ids), VOCAB, starts)


class SlowKneserNey:
    """The same model with dictionaries and recursion, an occurrence at a time: what `KneserNey` must equal."""

    def __init__(self, text, context, discounts=(0.75, 1.0, 1.25), without=None):
        self.context, self.discounts = context, discounts
        self.occurred = Counter()  # gram → times, the gram as a tuple with the predicted token last
        for place in text.predicted:
            for k in range(min(context, text.reach[place]) + 1):
                if place != without:
                    self.occurred[tuple(text.ids[place - k : place + 1])] += 1
        self.left = defaultdict(set)
        for gram in self.occurred:
            self.left[gram[1:]].add(gram[0])

    def p(self, context, token, longest=True):
        def count(w):
            gram = (*context, w)
            return self.occurred[gram] if longest else len(self.left[gram])

        shorter = self.p(context[1:], token, longest=False) if context else 1 / VOCAB
        counts = [count(w) for w in range(VOCAB)]
        if sum(counts) == 0:
            return shorter
        discounts = [self.discounts[min(c, 3) - 1] if c else 0.0 for c in counts]
        own = counts[token] - discounts[token]
        return (own + sum(discounts) * shorter) / sum(counts)


@pytest.mark.parametrize("kind", [NGram, KneserNey])
@given(text=texts(), context=st.integers(0, 4), history=st.lists(st.integers(0, VOCAB - 1), max_size=6))
def test_probabilities_sum_to_one_and_nothing_is_impossible(kind, text, context, history):
    log_p = kind(text, context).log_prob(history)
    assert log_p.shape == (VOCAB,)
    assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-12)
    assert np.isfinite(log_p).all()


@given(text=texts(), context=st.integers(0, 4), history=st.lists(st.integers(0, VOCAB - 1), max_size=6))
def test_it_is_the_formula_of_the_textbook(text, context, history):
    ours, slow = KneserNey(text, context).log_prob(history), SlowKneserNey(text, context)
    recent = tuple(history[max(0, len(history) - context) :])
    assert np.exp(ours) == pytest.approx([slow.p(recent, w) for w in range(VOCAB)], abs=1e-12)


def test_add_k_can_leave_an_occurrence_out_too():
    text = Text(np.array([0, 1, 0, 1, 0, 2]), 3)
    places = np.array([1, 3, 5])
    left_out = NGram(text, 1).log_probs(text.ids, places, places, leave_one_out=True)
    assert np.exp(left_out) == pytest.approx([2 / 5, 2 / 5, 1 / 5])


@settings(max_examples=50)
@given(text=texts(), context=st.integers(0, 3))
def test_leaving_an_occurrence_out_is_as_if_it_had_not_been_counted(text, context):
    places = text.predicted
    model = KneserNey(text, context)
    ours = model.log_probs(text.ids, places, text.reach[places], leave_one_out=True)
    for place, log_p in zip(places, ours, strict=True):
        slow = SlowKneserNey(text, context, without=place)
        recent = tuple(text.ids[place - min(context, text.reach[place]) : place])
        assert math.exp(log_p) == pytest.approx(slow.p(recent, text.ids[place]), abs=1e-12)


@given(text=texts(), context=st.integers(0, 3))
def test_a_text_scored_at_once_is_a_text_scored_token_by_token(text, context):
    model, places = KneserNey(text, context), text.predicted
    reach = text.reach[places]
    at_once = model.log_probs(text.ids, places, reach)
    one_by_one = [model.log_prob(text.ids[p - r : p])[text.ids[p]] for p, r in zip(places, reach, strict=True)]
    assert at_once == pytest.approx(one_by_one, abs=1e-12)


def test_reach_hides_what_lies_further_back():
    text = Text(np.array([0, 1, 2, 0, 1, 2, 3, 1, 4]), VOCAB)
    model = KneserNey(text, 3)
    near = model.log_probs(np.array([0, 1, 2]), np.array([2]), np.array([1]))
    assert near == pytest.approx(model.log_prob([1])[2])
    assert near != pytest.approx(model.log_prob([0, 1])[2])


def test_add_one_is_counting_with_one_more_of_each():
    text = Text(np.array([0, 1, 0, 1, 0, 2]), 3)
    assert np.exp(NGram(text, 1).log_prob([0])) == pytest.approx([1 / 6, 3 / 6, 2 / 6])
    assert np.exp(NGram(text, 1, add=0.5).log_prob([0])) == pytest.approx([0.5 / 4.5, 2.5 / 4.5, 1.5 / 4.5])
    assert np.exp(NGram(text, 1).log_prob([2])) == pytest.approx([1 / 3] * 3), "an unseen context knows nothing"


def test_francisco_is_frequent_but_follows_one_word():
    """san francisco, three times; 'and' follows three different words: after an unseen word 'and' is likelier."""
    san, francisco, land, a, b, c = range(6)
    text = Text(np.array([san, francisco, a, land, san, francisco, b, land, san, francisco, c, land]), 6)
    new = KneserNey(text, 2).log_prob([francisco, francisco])
    assert text.ids.tolist().count(francisco) == text.ids.tolist().count(land)
    assert new[land] > new[francisco]


@pytest.mark.parametrize(
    ("ids", "context", "add"), [([0, 1], -1, 1.0), ([0, 1], 2, 0.0), ([0, 1], 2, float("nan")), ([0], 2, 1.0)]
)
def test_impossible_counts_are_refused(ids, context, add):
    with pytest.raises(ValueError, match="0 tokens or more"):
        NGram(Text(np.array(ids), 2), context, add)


def test_the_line_on_our_names():
    split = names.ssa()
    score = evaluate(KneserNey(names.text(split.train), 5), names.text(split.dev))
    assert score.loss == pytest.approx(1.9892, abs=5e-4)


def test_published_bigram_and_the_line_on_makemores_names():
    try:
        split = names.makemore()
    except DataError as error:
        pytest.skip(f"makemore's list is not here: {error}")
    train, dev, test = (names.text(part) for part in (split.train, split.dev, split.test))
    bigram = NGram(train, 1)
    assert [round(evaluate(bigram, part).loss, 4) for part in (train, dev, test)] == [2.4548, 2.4533, 2.4584]
    everything = names.text(split.train + split.dev + split.test)
    assert evaluate(NGram(everything, 1), everything).loss == pytest.approx(2.4546, abs=5e-5)
    counted = KneserNey(train, 5)
    assert evaluate(counted, dev).loss == pytest.approx(1.9744, abs=5e-4)
    assert evaluate(counted, test).loss == pytest.approx(1.9776, abs=5e-4)


def test_the_line_on_shakespeare():
    try:
        train, validation, _ = shakespeare.split()
    except DataError as error:
        pytest.skip(f"the text is not here: {error}")
    model = KneserNey(train, 6)
    assert evaluate(model, validation).loss == pytest.approx(1.5162, abs=5e-4)
    assert evaluate(model, validation, "window-64").loss == pytest.approx(1.5419, abs=5e-4)
