"""A net that remembers: what it recalls, why it stops, and where it breaks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.hopfield import LETTERS, damaged, energy, letters, recall, recall_vs_load, store

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

seeds = st.integers(0, 2**32 - 1)


def random_patterns(P, N, seed):
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(P, N))


def test_hebbs_rule_on_an_example_by_hand():
    assert store([[1, 1, -1], [1, -1, -1]]).tolist() == pytest.approx(
        np.array([[0, 0, -2 / 3], [0, 0, 0], [-2 / 3, 0, 0]])
    )


@given(st.integers(1, 6), st.integers(2, 30), seeds)
def test_connections_are_symmetric_and_no_unit_hears_itself(P, N, seed):
    W = store(random_patterns(P, N, seed))
    assert np.array_equal(W, W.T)
    assert not np.diag(W).any()


@given(st.integers(1, 6), st.integers(2, 30), seeds)
def test_recall_never_climbs_and_ends_where_no_flip_lowers_the_energy(P, N, seed):
    W, start = store(random_patterns(P, N, seed)), random_patterns(1, N, seed + 1)[0]
    end = recall(W, start, seed)
    assert energy(W, end) <= energy(W, start) + 1e-12
    for i in range(N):
        flipped = end.copy()
        flipped[i] *= -1
        assert energy(W, flipped) >= energy(W, end) - 1e-12


@given(st.integers(5, 60), seeds)
def test_one_pattern_comes_back_from_a_damaged_copy_and_its_negative_is_remembered_too(N, seed):
    p = random_patterns(1, N, seed)
    W = store(p)
    assert np.array_equal(recall(W, damaged(p[0], 0.3, seed), seed), p[0])
    assert np.array_equal(recall(W, -p[0], seed), -p[0])


@given(st.integers(1, 50), st.floats(0, 1), seeds)
def test_damage_flips_the_share_it_says(N, share, seed):
    p = random_patterns(1, N, seed)[0]
    copy = damaged(p, share, seed)
    assert np.sum(copy != p) == round(share * N)
    assert np.array_equal(copy, damaged(p, share, seed))


def test_the_same_seed_recalls_the_same_state():
    W, x = store(random_patterns(20, 50, 1)), random_patterns(1, 50, 2)[0]
    assert np.array_equal(recall(W, x, 3), recall(W, x, 3))
    assert len({recall(W, x, seed).tobytes() for seed in range(20)}) > 1, "the order of updates matters"


def test_max_sweeps_zero_changes_nothing():
    W, x = store(random_patterns(3, 20, 1)), random_patterns(1, 20, 2)[0]
    assert np.array_equal(recall(W, x, 0, max_sweeps=0), x)


def test_random_patterns_are_held_below_the_critical_load_and_lost_above():
    run = recall_vs_load(200, [0.05, 0.3], trials=3, seed=1)
    assert run.patterns.tolist() == [10, 60]
    assert run.perfect[0].mean() > 0.9
    assert run.perfect[1].mean() < 0.1
    assert run.overlap[1].mean() < 0.7


def test_recall_against_load_has_one_row_a_load_and_repeats_by_seed():
    first, second = (recall_vs_load(40, [0.05, 0.1, 0.2], 2, seed=8, damage=0.1) for _ in range(2))
    assert first.overlap.shape == first.perfect.shape == (3, 2)
    assert first.loads.tolist() == [2 / 40, 4 / 40, 8 / 40]
    assert np.array_equal(first.overlap, second.overlap)
    assert (np.abs(first.overlap) <= 1).all()


def test_letters_are_ten_by_ten_drawings_no_two_alike():
    for name, rows in LETTERS.items():
        assert [len(row) for row in rows] == [10] * 10, name
        assert set("".join(rows)) == {"#", "."}, name
    assert letters().shape == (len(LETTERS), 100)
    assert len({p.tobytes() for p in letters()}) == len(LETTERS)


def test_four_letters_are_remembered_but_letters_resemble_each_other_and_ten_are_not():
    few, many = letters("ACEH"), letters()
    assert all(np.array_equal(recall(store(few), damaged(p, 0.1, 1), 1), p) for p in few)
    kept = sum(np.array_equal(recall(store(many), p, 1), p) for p in many)
    assert kept < 5, "0.1 N random patterns would be held; these are correlated"
    random = random_patterns(10, 100, 1)
    assert sum(np.array_equal(recall(store(random), p, 1), p) for p in random) >= 8


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: store([[0, 1]]), "patterns consist of -1 and \\+1"),
        (lambda: store([1, -1]), r"shape \(P, N\)"),
        (lambda: store([]), "at least one"),
        (lambda: recall(np.zeros((3, 3)), [1, -1], 0), r"needs W of shape \(2, 2\)"),
        (lambda: damaged([1, -1], 1.5, 0), "share lies between 0 and 1"),
        (lambda: recall_vs_load(10, [0.01], 1, 0), "at least one pattern"),
        (lambda: recall_vs_load(10, [], 1, 0), "at least one pattern"),
    ],
)
def test_what_is_no_pattern_is_refused(act, message):
    with pytest.raises(ValueError, match=message):
        act()
