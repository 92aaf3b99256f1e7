"""Tokens and back: nothing is lost, whatever bytes come."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.tokenizers import BPE, PIECES, Characters, join

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SOME = "the cat sat on the mat, the rat sat on the cat; 1234 is 1234 and the end is the end. " * 3
TRAINED = BPE.train(SOME, 300)


@given(st.binary(max_size=200))
def test_any_bytes_come_back(data):
    assert TRAINED.decode(TRAINED.encode(data)) == data


@given(st.text(max_size=100))
def test_any_text_comes_back(text):
    assert TRAINED.text(TRAINED.encode(text)) == text


@given(st.binary(max_size=60), st.integers(256, 300))
def test_what_it_was_trained_on_comes_back_and_is_not_longer(data, vocab):
    bpe = BPE.train(data, vocab)
    ids = bpe.encode(data)
    assert bpe.decode(ids) == data
    assert len(ids) <= len(data)
    assert bpe.vocab <= vocab
    assert all(0 <= i < bpe.vocab for i in ids)


@given(st.lists(st.integers(0, 299), max_size=50))
def test_any_ids_can_be_read(ids):
    assert isinstance(TRAINED.text([i for i in ids if i < TRAINED.vocab]), str)


@given(st.binary())
def test_every_byte_is_in_exactly_one_piece(data):
    assert b"".join(PIECES.findall(data)) == data


def test_the_commonest_neighbours_are_joined_first():
    bpe = BPE.train("aaabdaaabac", 259)
    assert [bpe.bytes[i] for i in range(256, bpe.vocab)] == [b"aa", b"aaa", b"aaab"] or bpe.merges[0] == (97, 97)
    assert bpe.merges[0] == (97, 97)
    assert bpe.decode(bpe.encode("aaabdaaabac")) == b"aaabdaaabac"


def test_learned_merges_are_those_of_counting_again_after_each():
    """The fast bookkeeping against the plain definition."""
    words = [list(w) for w in PIECES.findall(SOME.encode())]
    for n, merge in enumerate(TRAINED.merges):
        count = {}
        for w in words:
            for pair in pairwise(w):
                count[pair] = count.get(pair, 0) + 1
        assert count[merge] == max(count.values())
        assert merge == min(pair for pair, c in count.items() if c == count[merge])
        words = [join(w, merge, 256 + n) for w in words]


def test_frequent_words_become_one_token_and_numbers_stay_digits():
    assert len(TRAINED.encode(" the")) == 1
    assert [TRAINED.decode([i]) for i in TRAINED.encode("1234")] == [b"1", b"2", b"3", b"4"]
    assert not any(re.search(rb"\d.|.\d", TRAINED.bytes[i]) for i in range(256, TRAINED.vocab))


def test_a_saved_vocabulary_is_its_merges():
    again = BPE(list(TRAINED.merges))
    assert again.encode(SOME) == TRAINED.encode(SOME)


def test_training_stops_when_nothing_occurs_twice():
    assert BPE.train("abcdef", 1000).vocab == 256


@pytest.mark.parametrize("merges", [[(0, 256)], [(300, 1)], [(-1, 3)]])
def test_a_merge_of_what_does_not_exist_is_refused(merges):
    with pytest.raises(ValueError, match="is no token"):
        BPE(merges)


def test_a_vocabulary_smaller_than_the_bytes_is_refused():
    with pytest.raises(ValueError, match="256 tokens or more"):
        BPE.train("abc", 255)


@pytest.mark.parametrize("ids", [[256 + 10_000], [-1]])
def test_an_unknown_id_is_refused(ids):
    with pytest.raises(ValueError, match="is no token"):
        TRAINED.decode(ids)


@given(st.text("abcxyz é\n"))
def test_characters_come_back(text):
    alphabet = Characters.of("abcxyz é\n")
    assert alphabet.decode(alphabet.encode(text)) == text
    assert alphabet.vocab == 9


def test_characters_refuse_what_they_do_not_know():
    alphabet = Characters("ab")
    with pytest.raises(ValueError, match="'c' is not among the 2"):
        alphabet.encode("abc")
    with pytest.raises(ValueError, match="is no token"):
        alphabet.decode([2])
    with pytest.raises(ValueError, match="occurs twice"):
        Characters("aba")
