"""Where a token is: distances for RoPE, digits for Abacus and coupling, and starts that roam in training only."""

import pytest
import torch

from nnfs.positions import SCHEMES, Abacus, Coupled, Learned, NoPE, RoPE, TurnedCoupled, build

DIGITS = tuple(range(10))
PLUS, EQUALS, END = 10, 11, 12
ROW = torch.tensor([[3, 5, 6, PLUS, 9, 4, EQUALS, 2, 0, 7, END]])  # 653 + 49 = 702, units first


def test_digits_of_one_significance_have_one_place():
    places = Abacus(DIGITS, longest=5, shift=9, width=4).eval().places(ROW)
    assert places.tolist() == [[1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 0]]
    coupled = Coupled(DIGITS, longest=5, shift=9, width=4).eval().places(ROW)
    assert coupled.tolist() == places.tolist()


def test_in_training_places_are_shifted_row_by_row_and_only_coupling_shifts_what_is_no_digit():
    rows = ROW.repeat(64, 1)
    torch.manual_seed(0)
    for kind, between in ((Abacus, False), (Coupled, True)):
        scheme = kind(DIGITS, longest=5, shift=9, width=4).train()
        moved = scheme.places(rows) - scheme.eval().places(rows)
        digit = torch.isin(rows, torch.tensor(DIGITS))
        shift = moved[:, 0]
        assert set(shift.tolist()) <= set(range(10))
        assert len(set(shift.tolist())) > 5, "rows differ"
        assert torch.equal(moved[digit], shift[:, None].expand_as(rows)[digit])
        assert torch.equal(moved[~digit], (shift if between else 0 * shift)[:, None].expand_as(rows)[~digit])


def test_every_place_that_training_or_a_test_can_ask_for_is_in_the_table():
    for kind in (Abacus, Coupled):
        scheme = kind(DIGITS, longest=5, shift=9, width=4)
        assert scheme.table.num_embeddings == 5 + 9 + 1
        scheme.eval().add(torch.zeros(1, 5, 4), scheme.places(torch.tensor([[1, 2, 3, 4, 5]])))
        with pytest.raises(ValueError, match="a number of 6 digits, but the table ends at 5"):
            scheme.places(torch.tensor([[1, 2, 3, 4, 5, 6]]))


def test_rope_sees_distances_only():
    rope = RoPE(64, 8)
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8, generator=generator)

    def score(a, b):
        return (rope.turn(q, torch.tensor([a])) * rope.turn(k, torch.tensor([b]))).sum().item()

    assert score(7, 3) == pytest.approx(score(57, 53), abs=1e-5)
    assert score(7, 3) != pytest.approx(score(7, 4), abs=1e-3)
    assert rope.turn(q, torch.tensor([33])).norm().item() == pytest.approx(q.norm().item(), rel=1e-5)
    assert torch.equal(rope.turn(q, torch.tensor([0])), q)


def test_rope_takes_places_that_differ_from_row_to_row():
    rope = RoPE(16, 4)
    x = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(0))
    places = torch.tensor([[0, 1, 2, 3, 4], [9, 8, 7, 6, 5]])
    both = rope.turn(x, places)
    assert all(torch.allclose(both[i : i + 1], rope.turn(x[i : i + 1], places[i])) for i in range(2))


def test_a_learned_place_may_begin_anywhere_in_training_and_at_zero_in_evaluation():
    torch.manual_seed(0)
    idx = torch.zeros(1, 4, dtype=torch.int64)
    roaming = Learned(12, 3, roam=True).train()
    starts = {int(roaming.places(idx)[0]) for _ in range(200)}
    assert starts == set(range(9)), "every row of the table is reached and none beyond it"
    assert roaming.eval().places(idx).tolist() == [0, 1, 2, 3]
    assert Learned(12, 3).train().places(idx).tolist() == [0, 1, 2, 3]


def test_coupled_places_can_be_turned_by_and_then_nothing_is_learnt():
    scheme = TurnedCoupled(DIGITS, longest=5, shift=9, head=4).eval()
    places = scheme.places(ROW)
    assert torch.equal(places, Coupled(DIGITS, longest=5, shift=9, width=4).eval().places(ROW))
    x = torch.ones(1, 1, ROW.shape[1], 4)
    turned = scheme.turn(x, places)[0, 0]
    assert torch.equal(turned[0], turned[4]), "both units"
    assert not torch.allclose(turned[0], turned[1])
    assert scheme.add(x, places) is x
    assert not list(scheme.parameters())


def test_nope_does_nothing():
    x = torch.randn(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    assert NoPE().turn(x, torch.arange(3)) is x
    assert NoPE().add(x, torch.arange(3)) is x


def test_schemes_are_built_by_name():
    options = {"length": 8, "width": 4, "head": 2, "digits": DIGITS, "longest": 5, "shift": 2}
    kinds = [type(build(name, **options)) for name in SCHEMES]
    assert kinds == [NoPE, Learned, Learned, RoPE, Abacus, Coupled, TurnedCoupled]
    with pytest.raises(ValueError, match="known are nope, learned"):
        build("alibi", 8, 4, 2)
    with pytest.raises(ValueError, match="looks at digits"):
        build("abacus", 8, 4, 2)
    with pytest.raises(ValueError, match="pairs of coordinates"):
        build("rope", 8, 3, 3)
