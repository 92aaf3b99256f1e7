"""The contract, held against every net: probabilities, causality, losses, and nothing that depends on batch-mates."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.charmlp import BigramNet, CharMLP, CharMLPConfig, HandMLP, WaveNet, WaveNetConfig
from nnfs.data.text import Text
from nnfs.gpt import GPT, BigramGPT, GPTConfig
from nnfs.gpt2 import GPT2, GPT2Config, makemore
from nnfs.model import LanguageModel, evaluating, n_parameters
from nnfs.ngram import KneserNey
from nnfs.positions import SCHEMES
from nnfs.prior import CountPrior

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

V, T = 14, 8  # more tokens than places, so that each place can have a token of its own
GPT_SIZES = {"vocab": V, "context": T, "layers": 2, "heads": 2, "width": 8}
COUNTS = KneserNey(Text(np.random.default_rng(0).integers(V, size=200), V), 3)
DIGITS = {"digits": tuple(range(4, 14)), "longest": T, "shift": 3}
NETS: dict[str, LanguageModel] = {
    "bigram": BigramNet(V),
    "mlp": CharMLP(CharMLPConfig(vocab=V, width=4, hidden=8)),
    "mlp-deep-norm": CharMLP(CharMLPConfig(vocab=V, context=5, width=4, hidden=8, layers=3, batch_norm=True)),
    "mlp-by-hand": HandMLP(CharMLPConfig(vocab=V, width=4, hidden=8, batch_norm=True)),
    "wavenet": WaveNet(WaveNetConfig(vocab=V, width=4, hidden=8)),
    **{scheme: GPT(GPTConfig(**GPT_SIZES, positions=scheme, **DIGITS)) for scheme in SCHEMES},
    "gpt-plain": GPT(GPTConfig(**GPT_SIZES, qk_norm=False, softcap=0.0)),
    "gpt-tables": BigramGPT(GPTConfig(**GPT_SIZES)),
    "gpt2": GPT2(GPT2Config(V, T, 2, 2, 8, tied=False)),
    "gpt2-tied": GPT2(GPT2Config(V, T, 2, 2, 8)),
    "gpt2-makemore": GPT2(makemore(V, T)),
    "prior": CountPrior(GPT(GPTConfig(**GPT_SIZES)), COUNTS),
}
for net in NETS.values():  # some weights start at zero, which would make every test easy
    generator = torch.Generator().manual_seed(1)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.5, generator=generator)
every_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS.keys())


def ids(*shape, seed=0):
    return torch.randint(V, shape, generator=torch.Generator().manual_seed(seed))


@every_net
@settings(max_examples=15)
@given(context=st.lists(st.integers(0, V - 1), min_size=1, max_size=2 * T))
def test_probabilities_sum_to_one(net, context):
    log_p = net.log_prob(context)
    assert log_p.shape == (V,)
    assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-6)


@every_net
def test_the_contract_of_forward(net):
    with evaluating(net):
        logits, loss = net(ids(3, T))
        assert logits.shape == (3, T, V)
        assert loss is None
        targets = ids(3, T, seed=1)
        targets[0, 2:] = -1
        again, loss = net(ids(3, T), targets)
        asked = targets != -1
        assert torch.allclose(again[asked], logits[asked], atol=1e-5), "targets change no logit that is asked for"
        p = torch.log_softmax(logits[asked].double(), -1)
        expected = -p[torch.arange(len(p)), targets[asked]].mean()
        assert loss.item() == pytest.approx(expected.item(), abs=1e-5), "mean nats per target, -1 ignored"


@every_net
def test_what_comes_later_changes_no_logit(net):
    with evaluating(net):
        before, _ = net(ids(2, T))
        for t in range(T - 1):
            changed = ids(2, T)
            changed[:, t + 1 :] = ids(2, T - t - 1, seed=9)
            after, _ = net(changed)
            assert torch.allclose(after[:, : t + 1], before[:, : t + 1], atol=1e-6)


@every_net
def test_the_gradient_of_a_logit_reaches_no_later_input(net):
    """Each place has a token of its own; a row of a table is touched only by the place that has its token."""
    tables = [p for name, p in net.named_parameters() if len(p) in (V, V * V) and "head" not in name and p.ndim == 2]
    if isinstance(net, GPT2) and net.config.tied:
        tables = [net.places.weight]  # the head uses the tokens' rows too; each place has a row here as well
    row = torch.arange(T)[None]
    net.eval()
    for t in range(T):
        logits, _ = net(row)
        for table, slope in zip(tables, torch.autograd.grad(logits[0, t].square().sum(), tables), strict=True):
            token = torch.arange(len(table)) % V  # of a pair's row, the second token
            assert not slope[token > t].any()
            assert slope[token == t].any() or (len(table) == V * V and t == 0)


@every_net
def test_batch_mates_change_nothing(net):
    with evaluating(net):
        together, _ = net(ids(4, T))
        alone = torch.cat([net(row[None])[0] for row in ids(4, T)])
    assert torch.allclose(together, alone, atol=1e-5)


@every_net
def test_an_empty_context_is_refused(net):
    with pytest.raises(ValueError, match="at least one token"):
        net.log_prob([])


@every_net
def test_every_parameter_has_a_role_and_learns(net):
    roles = {net.role(name, p) for name, p in net.named_parameters()}
    assert roles <= {"matrix", "table", "head", "vector"}
    net.train()
    _, loss = net(ids(4, T), ids(4, T, seed=2))
    (loss + net.penalty()).backward()
    unused = [name for name, p in net.named_parameters() if p.grad is None]
    net.zero_grad(set_to_none=True)
    net.eval()
    assert not unused


def test_asking_for_a_probability_leaves_the_mode_alone():
    net = CharMLP(CharMLPConfig(vocab=V, batch_norm=True)).train()
    net.log_prob([1, 2])
    assert net.training
    with pytest.raises(RuntimeError, match="on purpose"), evaluating(net):
        raise RuntimeError("on purpose")
    assert net.training
    assert torch.is_grad_enabled()


def test_only_the_last_window_counts():
    net = NETS["rope"]
    assert net.log_prob([*range(T), 3, 4]).tolist() == net.log_prob([*range(2, T), 3, 4]).tolist()


@pytest.mark.parametrize(
    ("net", "count"),
    [
        (CharMLP(CharMLPConfig()), 11_897),
        (CharMLP(CharMLPConfig(batch_norm=True, bias=False)), 12_097),
        (HandMLP(CharMLPConfig(batch_norm=True)), 12_297),
        (WaveNet(WaveNetConfig()), 76_579),
        (BigramGPT(GPTConfig(vocab=65, context=256, layers=6, heads=6, width=192)), 3_764_993),
        (GPT2(GPT2Config(65)), 804_096),
        (GPT2(makemore()), 204_544),
    ],
)
def test_sizes_are_those_of_the_published_nets(net, count):
    assert n_parameters(net) == count


def test_no_model_names_a_device():
    """`--device` is a parameter of training and nothing else."""
    from pathlib import Path

    import nnfs.model

    folder = Path(nnfs.model.__file__).parent
    for name in ("model", "charmlp", "gpt", "gpt2", "positions", "prior", "optim", "sample", "evaluate", "batches"):
        source = (folder / f"{name}.py").read_text()
        assert not any(word in source for word in ('"cuda', '"cpu"', '"mps', ".cuda(")), name
