"""The shared generator: the same bits as its definition, and numbers with the right distribution."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.rng import Mulberry32

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# First four outputs of the JavaScript definition (Math.imul, >>>), run in Node.
VECTORS = {
    0: [1144304738, 1416247, 958946056, 627933444],
    1: [2693262067, 11749833, 2265367787, 4213581821],
    42: [2581720956, 1925393290, 3661312704, 2876485805],
    4294967295: [3850105811, 813802916, 3073704848, 4054706436],
}


def by_definition(seed: int, count: int) -> list[int]:
    """The same algorithm written in another way: unbounded integers, each step reduced by `% 2**32`."""
    m, a, out = 2**32, seed, []
    for _ in range(count):
        a = (a + 1831565813) % m
        t = ((a ^ (a // 2**15)) * (a | 1)) % m
        t = t ^ ((t + ((t ^ (t // 2**7)) * (t | 61)) % m) % m)
        out.append((t ^ (t // 2**14)) % m)
    return out


@pytest.mark.parametrize("seed", VECTORS)
def test_it_gives_the_bits_of_the_javascript_definition(seed):
    rng = Mulberry32(seed)
    assert [rng.uint32() for _ in range(4)] == VECTORS[seed]


@given(st.integers(0, 2**32 - 1))
def test_it_follows_the_definition_from_any_seed(seed):
    rng = Mulberry32(seed)
    assert [rng.uint32() for _ in range(20)] == by_definition(seed, 20)


@given(st.integers(0, 2**32 - 1))
def test_random_is_the_integer_over_two_to_the_32(seed):
    a, b = Mulberry32(seed), Mulberry32(seed)
    x = a.random()
    assert x == b.uint32() / 2**32
    assert 0 <= x < 1


@given(st.integers(0, 2**32 - 1), st.floats(-100, 100), st.floats(0, 100))
def test_uniform_stays_between_its_bounds(seed, lo, width):
    assert lo <= Mulberry32(seed).uniform(lo, lo + width) <= lo + width


@given(st.integers(0, 2**32 - 1))
def test_normal_is_box_muller_cosine_first(seed):
    rng, uniform = Mulberry32(seed), Mulberry32(seed)
    u, v = 1 - uniform.random(), uniform.random()
    radius = math.sqrt(-2 * math.log(u))
    assert [rng.normal(), rng.normal()] == pytest.approx(
        [radius * math.cos(2 * math.pi * v), radius * math.sin(2 * math.pi * v)], abs=1e-15
    )
    assert rng.uint32() == uniform.uint32(), "two normal numbers cost two draws"


def test_twenty_thousand_draws_look_uniform_and_normal():
    rng = Mulberry32(7)
    u = np.array([rng.random() for _ in range(20_000)])
    z = np.array([rng.normal() for _ in range(20_000)])
    assert u.mean() == pytest.approx(1 / 2, abs=0.01)
    assert u.var() == pytest.approx(1 / 12, abs=0.005)
    assert z.mean() == pytest.approx(0, abs=0.03)
    assert z.var() == pytest.approx(1, abs=0.05)
    assert np.mean(np.abs(z) < 1) == pytest.approx(math.erf(math.sqrt(1 / 2)), abs=0.015)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(), max_size=20))
def test_shuffle_loses_nothing_and_repeats_itself(seed, items):
    first, second = list(items), list(items)
    Mulberry32(seed).shuffle(first)
    Mulberry32(seed).shuffle(second)
    assert first == second
    assert sorted(first) == sorted(items)


def test_shuffle_puts_every_order_about_equally_often():
    rng, counts = Mulberry32(3), {}
    for _ in range(6000):
        items = [0, 1, 2]
        rng.shuffle(items)
        counts[tuple(items)] = counts.get(tuple(items), 0) + 1
    assert len(counts) == 6
    assert min(counts.values()) > 900


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "7", None, True])
def test_other_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="a seed is an integer from 0"):
        Mulberry32(seed)


def test_there_is_no_integer_below_zero():
    with pytest.raises(ValueError, match="no integer"):
        Mulberry32(0).below(0)
