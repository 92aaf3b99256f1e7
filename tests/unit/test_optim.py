"""Steps: Muon against PyTorch's, and every parameter in the group that its role asks for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.charmlp import CharMLP, CharMLPConfig
from nnfs.gpt import GPT, GPTConfig
from nnfs.optim import Muon, build, orthogonalise

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

RATES = {"matrix": 0.02, "table": 0.01, "head": 0.004, "vector": 0.001}


@pytest.mark.parametrize("shape", [(32, 32), (128, 32), (32, 128)])
def test_muon_goes_where_torchs_muon_goes(shape):
    """PyTorch orthogonalises in bfloat16, hence two per cent."""
    generator = torch.Generator().manual_seed(0)
    ours = torch.nn.Parameter(torch.randn(shape, generator=generator))
    theirs = torch.nn.Parameter(ours.detach().clone())
    a = Muon([ours], lr=0.02, momentum=0.95, weight_decay=0.1)
    b = torch.optim.Muon([theirs], lr=0.02, momentum=0.95, weight_decay=0.1)
    for _ in range(4):
        gradient = torch.randn(shape, generator=generator) * torch.logspace(0, -2, shape[1])
        before = ours.detach().clone(), theirs.detach().clone()
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        a.step(), b.step()
        moved = ours.detach() - before[0], theirs.detach() - before[1]
        assert (moved[0] - moved[1]).norm() / moved[1].norm() < 2e-2


@settings(max_examples=30)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 100))
def test_orthogonalising_brings_all_singular_values_near_one_and_keeps_the_directions(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    small = min(rows, columns)
    u, _ = torch.linalg.qr(torch.randn(rows, small, generator=generator))
    v, _ = torch.linalg.qr(torch.randn(columns, small, generator=generator))
    s = torch.linspace(0.2, 1.0, small)
    X = orthogonalise((u * s) @ v.T)
    values = torch.linalg.svdvals(X)
    assert values.max() < 1.3
    assert values.min() > 0.5
    inside = u.T @ X @ v  # diagonal: the directions of M
    assert torch.allclose(inside, torch.diag(torch.diagonal(inside)), atol=1e-3)


def test_the_size_of_a_gradient_does_not_matter_to_muon():
    M = torch.randn(8, 5, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(orthogonalise(M), orthogonalise(1000 * M), atol=1e-4)
    assert torch.equal(orthogonalise(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_roles_decide_groups_rates_and_decay():
    net = GPT(GPTConfig(vocab=9, context=8, layers=1, heads=1, width=4, positions="learned"))
    muon, adam = build(net, "muon", RATES, 0.1, (0.9, 0.99), 0.95)
    assert isinstance(muon, Muon)
    names = {id(p): name for name, p in net.named_parameters()}
    assert {names[id(p)] for p in muon.param_groups[0]["params"]} == {
        f"blocks.0.{part}.weight"
        for part in ("attention.query", "attention.key", "attention.value", "attention.out", "ffn.into", "ffn.out")
    }
    found = [({names[id(p)] for p in g["params"]}, g["lr"], g["weight_decay"]) for g in adam.param_groups]
    assert found == [({"tokens.weight", "scheme.table.weight"}, 0.01, 0.0), ({"head.weight"}, 0.004, 0.0)]
    assert (muon.param_groups[0]["lr"], muon.param_groups[0]["weight_decay"]) == (0.02, 0.1)


def test_adamw_and_sgd_take_everything_and_vectors_do_not_decay():
    net = CharMLP(CharMLPConfig(batch_norm=True))
    for kind in ("adamw", "sgd"):
        (optimiser,) = build(net, kind, RATES, 0.1, (0.9, 0.99), 0.9)
        taken = [p for g in optimiser.param_groups for p in g["params"]]
        assert {id(p) for p in taken} == {id(p) for p in net.parameters()}
        assert len(taken) == len(list(net.parameters()))
        for group in optimiser.param_groups:
            vectors = all(p.ndim < 2 for p in group["params"])
            assert group["weight_decay"] == (0.0 if vectors else 0.1)


def test_a_frozen_parameter_is_left_alone():
    net = CharMLP(CharMLPConfig())
    net.embedding.requires_grad_(False)
    (optimiser,) = build(net, "adamw", RATES, 0.0, (0.9, 0.99), 0.9)
    assert all(p is not net.embedding for g in optimiser.param_groups for p in g["params"])


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(ValueError, match="known are adamw, muon, sgd"):
        build(CharMLP(CharMLPConfig()), "lion", RATES, 0.0, (0.9, 0.99), 0.9)
