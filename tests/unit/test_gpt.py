"""The transformer against a version with loops, its cache against reading everything, and its tables."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nnfs.gpt import GPT, BigramGPT, FeedForward, GPTConfig
from nnfs.model import evaluating
from nnfs.positions import SCHEMES

V, T = 11, 7
SIZES = {"vocab": V, "context": T, "layers": 2, "heads": 2, "width": 8, "digits": tuple(range(10)), "longest": T}


def shaken(net, seed=0):
    """The net with all weights drawn: some start at zero."""
    generator = torch.Generator().manual_seed(seed)
    for p in net.parameters():
        nn.init.normal_(p, std=0.4, generator=generator)
    return net.eval()


def by_loops(net, row):
    """Logits (T, V) of a GPT with RoPE for one row of ids, a number at a time, in float64."""
    w = {name: p.detach().double().numpy() for name, p in net.named_parameters()}
    c = net.config

    def norm(x):
        return x / math.sqrt(sum(v * v for v in x) / len(x) + torch.finfo(torch.float32).eps)

    def turned(x, place):
        half, out = len(x) // 2, x.copy()
        for i in range(half):
            angle = place * 10_000.0 ** (-2 * i / len(x))
            a, b = x[i], x[i + half]
            out[i] = a * math.cos(angle) - b * math.sin(angle)
            out[i + half] = a * math.sin(angle) + b * math.cos(angle)
        return out

    xs = [norm(w["tokens.weight"][token]) for token in row]
    for layer in range(c.layers):
        pre = f"blocks.{layer}."
        asked = {}
        for t, x in enumerate(xs):
            for part in ("query", "key", "value"):
                full = w[f"{pre}attention.{part}.weight"] @ norm(x)
                for h in range(c.heads):
                    one = full[h * c.head : (h + 1) * c.head]
                    if part != "value":
                        one = turned(norm(one) if c.qk_norm else one, t)
                    asked[part, h, t] = one
        new = []
        for t, x in enumerate(xs):
            heads = []
            for h in range(c.heads):
                scores = [asked["query", h, t] @ asked["key", h, s] / math.sqrt(c.head) for s in range(t + 1)]
                weights = np.exp(np.array(scores) - max(scores))
                weights /= weights.sum()
                heads.append(sum(a * asked["value", h, s] for s, a in enumerate(weights)))
            x = x + w[f"{pre}attention.out.weight"] @ np.concatenate(heads)
            hidden = np.maximum(w[f"{pre}ffn.into.weight"] @ norm(x), 0) ** 2
            new.append(x + w[f"{pre}ffn.out.weight"] @ hidden)
        xs = new
    logits = np.array([w["head.weight"] @ norm(x) for x in xs])
    return c.softcap * np.tanh(logits / c.softcap) if c.softcap else logits


@pytest.mark.parametrize("options", [{}, {"qk_norm": False}, {"softcap": 0.0}, {"heads": 4}])
def test_logits_equal_those_of_plain_loops(options):
    net = shaken(GPT(GPTConfig(**{**SIZES, **options})))
    row = [3, 1, 4, 1, 5, 9, 2]
    with evaluating(net):
        logits, _ = net(torch.tensor([row]))
    assert logits[0].numpy() == pytest.approx(by_loops(net, row), abs=2e-5)


@pytest.mark.parametrize("kind", [GPT, BigramGPT])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("chunks", [[1] * T, [4, 1, 1, 1], [3, 4], [T]])
def test_reading_with_a_cache_is_reading_everything(kind, scheme, chunks):
    net = shaken(kind(GPTConfig(**SIZES, positions=scheme)))
    idx = torch.randint(V, (3, T), generator=torch.Generator().manual_seed(5))
    with evaluating(net):
        full, _ = net(idx)
        cache, parts = net.cache(), []
        for part in idx.split(chunks, dim=1):
            parts.append(net(part, cache=cache)[0])
    assert torch.allclose(torch.cat(parts, dim=1), full, atol=1e-5)


def test_at_first_every_token_is_equally_likely_and_blocks_do_nothing():
    net = GPT(GPTConfig(**SIZES))
    logits, loss = net(torch.zeros(1, T, dtype=torch.int64), torch.ones(1, T, dtype=torch.int64))
    assert not logits.any()
    assert loss.item() == pytest.approx(math.log(V))
    x = torch.randn(1, T, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(net.blocks[0](x, net.scheme, torch.arange(T), None), x)


def test_tables_that_are_zero_leave_the_net_as_it_is_and_pairs_can_say_anything():
    config = GPTConfig(**SIZES)
    idx = torch.randint(V, (2, T), generator=torch.Generator().manual_seed(5))
    with evaluating(net := BigramGPT(config, seed=3)):
        assert torch.equal(net(idx)[0], GPT(config, seed=3)(idx)[0])
        with torch.no_grad():
            net.pairs_out.weight[int(idx[0, 1]) * V + int(idx[0, 2]), 7] = 2.0
        said = net(idx)[0][0]
    assert said[2, 7] == pytest.approx(15 * math.tanh(2 / 15))
    assert not said[0].any(), "the first token of a row has no neighbour"


def test_the_seed_draws_the_weights():
    config = GPTConfig(**SIZES)
    same = [torch.equal(a, b) for a, b in zip(GPT(config, 1).parameters(), GPT(config, 1).parameters(), strict=True)]
    assert all(same)
    assert not torch.equal(GPT(config, 1).tokens.weight, GPT(config, 2).tokens.weight)


def test_another_second_half_is_a_factory_and_its_penalty_is_passed_on():
    class Priced(FeedForward):
        def penalty(self):
            return torch.tensor(0.25)

    assert GPT(GPTConfig(**SIZES), ffn=Priced).penalty() == pytest.approx(0.5)
    assert GPT(GPTConfig(**SIZES)).penalty() == 0.0


def test_dropout_drops_in_training_only():
    net = shaken(GPT(GPTConfig(**SIZES, dropout=0.5)))
    idx = torch.zeros(1, T, dtype=torch.int64)
    assert torch.equal(net(idx)[0], net(idx)[0])
    net.train()
    assert not torch.equal(net(idx)[0], net(idx)[0])


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="3 heads cannot share a width of 8"):
        GPTConfig(**{**SIZES, "heads": 3})
    net = GPT(GPTConfig(**SIZES))
    with pytest.raises(ValueError, match="7 tokens at a time, got 8"):
        net(torch.zeros(1, T + 1, dtype=torch.int64))
    cache = net.cache()
    net(torch.zeros(1, T, dtype=torch.int64), cache=cache)
    with pytest.raises(ValueError, match="7 tokens at a time, got 8"):
        net(torch.zeros(1, 1, dtype=torch.int64), cache=cache)
