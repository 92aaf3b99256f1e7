"""Sums as text: each form says the same sum, mixes are balanced, and what a net must answer is marked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs.data import arithmetic
from nnfs.data.arithmetic import SYMBOLS, balanced, carries, rows, uniform, write

NUMBERS = st.integers(0, 10**12)
FORMS = {"plain": 1, "padded": 1, "dollar": 1, "reversed": -1, "mirrored": -1, "simplified": 1, "detailed": 1}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("plain", "128+367=495"),
        ("padded", "128+367=0495"),
        ("dollar", "$128+367=495$"),
        ("reversed", "128+367=594"),
        ("mirrored", "821+763=594"),
        ("mirrored-padded", "0821+0763=05940"),
        ("simplified", "128+367=A5C1,A9C0,A4C0=495"),
        ("detailed", "128+367=128+367AC0:8+7+0=15|12+36A5C1:2+6+1=09|1+3A95C0:1+3+0=04|+A495C0=495"),
        ("product", "128*367=67964"),
    ],
)
def test_a_sum_can_be_written_in_many_ways(form, text):
    assert "".join(write(form, 128, 367, 3)) == text


def test_a_root_has_two_places_and_no_point():
    assert write("root", 2) == ("√2=", "141"[::-1])


def test_a_column_that_one_number_lacks_counts_as_nothing():
    assert write("detailed", 5, 97)[1] == "5+97AC0:5+7+0=12|+9A2C1:0+9+1=10|+A02C1=102"


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="known are plain"):
        write("roman", 1, 2)


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(FORMS)))
def test_what_stands_last_is_the_sum(a, b, form):
    given, answer = write(form, a, b, 13)
    last = (given + answer).strip("$").rpartition("=")[2]
    assert int(last[:: FORMS[form]]) == a + b
    assert set(given + answer) <= set(SYMBOLS)


@given(NUMBERS, NUMBERS)
def test_the_working_carries_what_the_sum_carries(a, b):
    working = write("simplified", a, b)[1]
    assert working.count("C1") == carries(a, b, 13)


def test_what_has_to_follow_is_the_target_and_digits_know_their_place():
    found = rows([write("plain", 58, 67), write("plain", 1, 2)], units_first=False)
    said = ["".join(SYMBOLS[i] if i >= 0 else "·" for i in row) for row in found.targets]
    assert said == ["·····125\n", "···3\n····"]
    assert found.place.tolist() == [[-1, -1, -1, -1, -1, 2, 1, 0, -1], [-1, -1, -1, 0, -1, -1, -1, -1, -1]]
    assert "".join(SYMBOLS[i] for i in found.idx[0]) == "58+67=125"
    backwards = rows([write("reversed", 58, 67)], units_first=True)
    assert backwards.place[0].tolist() == [-1, -1, -1, -1, -1, 0, 1, 2, -1]


@pytest.mark.parametrize("n", [1000, 5000, 20_000])
def test_the_mix_is_balanced_by_digits_and_carries(n):
    mix = balanced(n, 3, seed=0)
    assert len(set(mix)) == n
    long = [carries(a, b, 3) for a, b in mix if max(a, b) >= 100]
    assert len(long) == pytest.approx(0.9 * n, rel=0.01)
    assert np.ptp(np.bincount(long)) <= 1
    assert balanced(n, 3, seed=0) == mix != balanced(n, 3, seed=1)


def test_more_sums_than_there_are_cannot_be_had():
    with pytest.raises(ValueError, match="no 11000 sums of up to 2 digits"):
        balanced(11_000, 2, seed=0)


def test_what_is_asked_was_not_learnt():
    with pytest.raises(ValueError, match="no 90 other sums"):
        uniform(90, 1, 0, {(a, b) for a in range(5) for b in range(5)})
    learnt = set(balanced(1000, 3, seed=0))
    asked = uniform(500, 3, 0, learnt)
    assert len(set(asked)) == 500
    assert learnt.isdisjoint(asked)


def test_numbers_have_the_digits_that_were_asked_for():
    rng = np.random.default_rng(0)
    pairs = arithmetic.of_length(50, 1, 24, rng)
    assert {(len(str(a)), len(str(b))) for a, b in pairs} == {(1, 24)}


def test_the_public_test_of_small_adders_has_its_ten_edges_and_ten_thousand_more():
    asked = arithmetic.ten_digits()
    assert len(asked) == 10_010
    assert max(max(pair) for pair in asked) < 10**10
    assert asked[7] == (9999999999, 9999999999)
    longest = [carries(a, b, 10) for a, b in asked[:10]]
    assert max(longest) == 10


def test_rows_made_of_digits_are_those_of_the_text():
    pairs = arithmetic.ten_digits()[:200]
    text = rows([write("mirrored-padded", a, b, 10) for a, b in pairs], units_first=True)
    a, b = (arithmetic.digits_units_first(operand, 10) for operand in zip(*pairs, strict=True))
    made = arithmetic.padded_rows(a, b)
    assert all(np.array_equal(getattr(made, part), getattr(text, part)) for part in ("idx", "targets", "place"))


def test_half_of_the_sums_that_a_small_adder_learns_from_have_long_carries():
    a, b = arithmetic.long_carries(4000, 10, np.random.default_rng(0))
    made = ((a + b) == 9).sum(axis=1)
    assert made[::2].mean() > 3 > 1.2 > made[1::2].mean()
    assert (a[1::2, -1] > 0).mean() > 0.8 > (a[::4, -1] > 0).mean()
