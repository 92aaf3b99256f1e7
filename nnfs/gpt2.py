"""The block of 2019, kept as it was: GPT-2 (Radford et al. 2019), as small as nanoGPT and makemore made it known.

LayerNorm before each branch, GELU, one learned vector for each place, dropout, weights of deviation 0.02. It is here
to reproduce published numbers, so nothing in it is improved; what improved since is `gpt.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nnfs.model import LanguageModel, cross_entropy


@dataclass(frozen=True)
class GPT2Config:
    """As nanoGPT sets it; `makemore()` is the other recipe. Raises ValueError if the heads do not divide the width."""

    vocab: int  # tokens that exist
    context: int = 64  # tokens that the net reads at most
    layers: int = 4
    heads: int = 4
    width: int = 128
    dropout: float = 0.0  # on attention, after each branch and after the embedding
    bias: bool = False  # in the linear layers and LayerNorms (GPT-2 has them)
    tied: bool = True  # the head uses the token embedding
    tanh_gelu: bool = False  # GPT-2's approximation of GELU instead of the exact one
    scaled_branches: bool = True  # each branch's last matrix starts smaller, by 1 / sqrt(number of branches)

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads cannot share a width of {self.width}")


def makemore(vocab: int = 27, context: int = 16) -> GPT2Config:
    """The transformer of makemore.py with its default sizes: biases, a head of its own, all weights alike at first."""
    return GPT2Config(vocab, context, 4, 4, 64, bias=True, tied=False, tanh_gelu=True, scaled_branches=False)


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        d, bias = config.width, config.bias
        self.heads, self.p = config.heads, config.dropout
        self.norm1, self.norm2 = nn.LayerNorm(d, bias=bias), nn.LayerNorm(d, bias=bias)
        self.qkv, self.attention_out = nn.Linear(d, 3 * d, bias=bias), nn.Linear(d, d, bias=bias)
        self.into, self.mlp_out = nn.Linear(d, 4 * d, bias=bias), nn.Linear(4 * d, d, bias=bias)
        self.gelu = nn.GELU(approximate="tanh" if config.tanh_gelu else "none")
        self.dropout = nn.Dropout(config.dropout)

    def attention(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, T, head) each
        p = self.p if self.training else 0.0
        y = functional.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        return self.attention_out(y.transpose(1, 2).flatten(2))  # (B, T, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x)))  # (B, T, width)
        return x + self.dropout(self.mlp_out(self.gelu(self.into(self.norm2(x)))))  # (B, T, width)


class GPT2(LanguageModel):
    """Tokens in, logits of the next token out; `seed` draws the weights."""

    def __init__(self, config: GPT2Config, seed: int = 0) -> None:
        super().__init__()
        self.config, self.vocab, self.window = config, config.vocab, config.context
        self.tokens = nn.Embedding(config.vocab, config.width)
        self.places = nn.Embedding(config.context, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(config.width, bias=config.bias)
        self.head = nn.Linear(config.width, config.vocab, bias=False)
        if config.tied:
            self.head.weight = self.tokens.weight
        self.draw(torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Normal weights of deviation 0.02, smaller at the end of each branch; biases 0; LayerNorms as they come."""
        branches = 2 * self.config.layers
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                p.zero_()
            elif "norm" not in name:
                scaled = self.config.scaled_branches and "_out" in name
                p.normal_(0.0, 0.02 / (branches**0.5 if scaled else 1.0), generator=generator)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        if idx.shape[1] > self.window:
            raise ValueError(f"this net reads {self.window} tokens at a time, got {idx.shape[1]}")
        x = self.dropout(self.tokens(idx) + self.places.weight[: idx.shape[1]])  # (B, T, width)
        for block in self.blocks:
            x = block(x)  # (B, T, width)
        logits = self.head(self.norm(x))  # (B, T, vocab)
        return logits, cross_entropy(logits, targets)
