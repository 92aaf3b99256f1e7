"""Addition as data: the splits leak nothing and the codes lose nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs.data import addition

SHARES = st.floats(0.0, 0.95)


def as_set(pairs):
    return {(a, b) for a, b in pairs.tolist()}


class TestPairs:
    def test_a_range_of_ten_has_a_hundred_ordered_pairs(self):
        pairs = addition.pairs(0, 9)
        assert pairs.shape == (100, 2)
        assert len(as_set(pairs)) == 100
        assert pairs[:3].tolist() == [[0, 0], [0, 1], [0, 2]]

    def test_an_empty_range_is_an_error(self):
        with pytest.raises(ValueError, match="no pairs from 5 to 4"):
            addition.pairs(5, 4)


class TestSplit:
    @given(top=st.integers(2, 30), share=SHARES, seed=st.integers(0, 99))
    def test_no_pair_is_held_out_while_its_mirror_image_is_trained(self, top, share, seed):
        split = addition.split(top, share, seed)
        train, held_out = as_set(split.train), as_set(split.held_out)
        assert not train & held_out
        assert not train & {(b, a) for a, b in held_out}
        assert train | held_out == as_set(addition.pairs(0, top))

    @given(top=st.integers(2, 30), share=SHARES, seed=st.integers(0, 99))
    def test_the_share_counts_unordered_pairs(self, top, share, seed):
        held_out = as_set(addition.split(top, share, seed).held_out)
        unordered = (top + 1) * (top + 2) // 2
        assert len({tuple(sorted(pair)) for pair in held_out}) == round(share * unordered)

    def test_beyond_is_one_range_further(self):
        beyond = addition.split(99, 0.1, 0).beyond
        assert (beyond.min(), beyond.max(), len(beyond)) == (100, 199, 10_000)

    def test_a_hole_never_occurs_in_training_nor_among_the_held_out(self):
        split = addition.split(99, 0.1, 0, hole=(40, 49))
        for pairs in (split.train, split.held_out):
            assert not np.any((pairs >= 40) & (pairs <= 49))
        assert np.all(((split.hole >= 40) & (split.hole <= 49)).any(axis=1))
        assert len(split.train) + len(split.held_out) + len(split.hole) == 10_000
        assert len(split.hole) == 10_000 - 90**2

    def test_without_a_hole_there_is_none(self):
        assert len(addition.split(9, 0.2, 0).hole) == 0

    def test_another_seed_is_another_split(self):
        assert as_set(addition.split(9, 0.2, 0).held_out) != as_set(addition.split(9, 0.2, 1).held_out)

    @pytest.mark.parametrize(("share", "hole", "message"), [(1.0, None, "share"), (0.1, (95, 105), "hole")])
    def test_nonsense_is_refused(self, share, hole, message):
        with pytest.raises(ValueError, match=message):
            addition.split(99, share, 0, hole=hole)


NUMBERS = st.lists(st.tuples(st.integers(0, 199), st.integers(0, 199)), min_size=1, max_size=9).map(np.array)


class TestCodes:
    @given(NUMBERS)
    def test_a_number_can_be_read_back_from_each_code(self, pairs):
        assert np.array_equal(np.round(addition.scalar(pairs, 99) * 100), pairs)
        halves = addition.one_hot(pairs, 99).reshape(len(pairs), 2, 200)
        assert np.array_equal(halves.argmax(axis=2), pairs)
        assert np.all(halves.sum(axis=2) == 1)
        digits = addition.digit_one_hot(pairs, 99).reshape(len(pairs), 2, 3, 10)
        assert np.array_equal(digits.argmax(axis=3) @ [1, 10, 100], pairs)
        assert np.all(digits.sum(axis=3) == 1)

    def test_the_training_range_of_a_scalar_is_below_one(self):
        assert addition.scalar(np.array([[0, 99], [199, 100]]), 99).tolist() == [[0.0, 0.99], [1.99, 1.0]]

    def test_digits_come_units_first(self):
        assert addition.digits_of(np.array([407, 9]), 3).tolist() == [[7, 0, 4], [9, 0, 0]]

    @pytest.mark.parametrize("number", [1000, -1])
    def test_a_number_with_too_many_digits_is_refused(self, number):
        with pytest.raises(ValueError, match="3 digits hold"):
            addition.digits_of(np.array([number]), 3)
