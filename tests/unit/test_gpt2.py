"""The block of 2019 is what it was: layer by layer the one that PyTorch ships, weights as published."""

import math

import pytest
import torch
from torch import nn

from nnfs.gpt2 import GPT2, GPT2Config, makemore


def as_torch(net):
    """The same net out of torch.nn's own transformer layers."""
    c = net.config
    layers = []
    for block in net.blocks:
        layer = nn.TransformerEncoderLayer(
            c.width, c.heads, 4 * c.width, 0.0, nn.GELU("tanh" if c.tanh_gelu else "none"), batch_first=True,
            norm_first=True, bias=c.bias,
        )  # fmt: skip
        layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias = block.qkv.weight, block.qkv.bias
        layer.self_attn.out_proj, layer.linear1, layer.linear2 = block.attention_out, block.into, block.mlp_out
        layer.norm1, layer.norm2 = block.norm1, block.norm2
        layers.append(layer)

    def logits(idx):
        T = idx.shape[1]
        x = net.tokens(idx) + net.places(torch.arange(T))
        mask = nn.Transformer.generate_square_subsequent_mask(T)
        for layer in layers:
            x = layer(x, src_mask=mask, is_causal=True)
        return net.head(net.norm(x))

    return logits


@pytest.mark.parametrize("config", [GPT2Config(11, 8, 2, 2, 8), makemore(11, 8)], ids=["nanoGPT", "makemore"])
def test_logits_equal_those_of_torchs_own_layers(config):
    net = GPT2(config)
    generator = torch.Generator().manual_seed(0)
    for p in net.parameters():
        nn.init.normal_(p, std=0.4, generator=generator)
    idx = torch.randint(11, (3, 8), generator=generator)
    assert torch.allclose(net(idx)[0], as_torch(net)(idx), atol=1e-5)


def test_weights_start_as_published():
    net = GPT2(GPT2Config(65, 64, 4, 4, 128))
    assert net.head.weight is net.tokens.weight
    for name, p in net.named_parameters():
        if "norm" in name:
            assert torch.equal(p, torch.ones_like(p))
        else:
            expected = 0.02 / math.sqrt(8) if "_out" in name else 0.02
            assert p.std().item() == pytest.approx(expected, rel=0.03), name


def test_makemores_net_has_a_head_of_its_own_biases_of_zero_and_no_smaller_branches():
    net = GPT2(makemore())
    assert net.head.weight is not net.tokens.weight
    assert all(not p.any() for name, p in net.named_parameters() if name.endswith("bias"))
    assert net.blocks[0].mlp_out.weight.std().item() == pytest.approx(0.02, rel=0.03)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="3 heads"):
        GPT2Config(11, heads=3)
    with pytest.raises(ValueError, match="64 tokens at a time, got 65"):
        GPT2(GPT2Config(11))(torch.zeros(1, 65, dtype=torch.int64))
