"""The transformer that every later part changes in one place.

It reads a row of tokens and says, at every place, what comes next. A block lets tokens look at each other (attention)
and then thinks about each by itself (feed-forward); both only add to what flows past them. What differs from the GPT
of 2019 (`gpt2.py`), and where it comes from:

- places by turning queries and keys: RoPE (Su et al. 2024); other schemes in `positions.py`
- RMSNorm without learned scale instead of LayerNorm (Zhang and Sennrich 2019), also on queries and keys (QK-norm:
  Henry et al. 2020), so that no attention score runs away
- the square of ReLU (So et al. 2021) instead of GELU; no biases
- the last matrix of every branch and the head start at zero: at first the net is the identity and every token equally
  likely
- a soft cap on the logits (Gemma 2, 2024)

Parts 4 to 6 hand in another feed-forward factory, loop the blocks or read the logits differently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nnfs import positions
from nnfs.model import LanguageModel, cross_entropy


@dataclass(frozen=True)
class GPTConfig:
    """What a `GPT` is made of. Raises ValueError if the heads do not divide the width."""

    vocab: int  # tokens that exist
    context: int = 128  # tokens that the net reads at most
    layers: int = 4  # blocks
    heads: int = 4  # attention heads in a block
    width: int = 128  # numbers that represent a token; divided among the heads
    ratio: int = 4  # hidden units of the feed-forward part, in widths
    positions: str = "rope"  # see positions.SCHEMES
    digits: tuple[int, ...] = ()  # ids of "0" … "9", for the schemes that look at digits
    longest: int = 0  # most digits a number may have, for those schemes
    shift: int = 0  # largest random shift of their places in training
    qk_norm: bool = True  # bring queries and keys to length √head
    softcap: float = 15.0  # logits stay within ± this; 0: they may go anywhere
    dropout: float = 0.0  # share of numbers dropped after the embedding and after each branch, in training

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads cannot share a width of {self.width}")

    @property
    def head(self) -> int:
        """Numbers in one attention head."""
        return self.width // self.heads


def norm(x: Tensor) -> Tensor:
    """x (…, n) scaled to a root mean square of 1 along its last axis."""
    return functional.rms_norm(x, (x.shape[-1],))


@dataclass
class KeysValues:
    """What one layer remembers of the tokens so far."""

    keys: Tensor | None = None  # (B, heads, S, head)
    values: Tensor | None = None

    def extend(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append k, v (B, heads, T, head); returns all of them, (B, heads, S + T, head)."""
        if self.keys is not None and self.values is not None:
            k, v = torch.cat([self.keys, k], dim=2), torch.cat([self.values, v], dim=2)
        self.keys, self.values = k, v
        return k, v


@dataclass
class Cache:
    """What the net need not compute again when one more token arrives: the tokens, and every layer's keys and values.

    Hand the same cache to `forward` with the new tokens only. At most `context` tokens go in.
    """

    layers: list[KeysValues]
    ids: Tensor | None = None  # (B, S)

    def extend(self, idx: Tensor) -> Tensor:
        """Append idx (B, T); returns all tokens so far (B, S + T)."""
        self.ids = idx if self.ids is None else torch.cat([self.ids, idx], dim=1)
        return self.ids


class Attention(nn.Module):
    """Each token asks (query), every token before it offers (key) and tells (value)."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.heads, self.qk_norm = config.heads, config.qk_norm
        self.query = nn.Linear(config.width, config.width, bias=False)
        self.key = nn.Linear(config.width, config.width, bias=False)
        self.value = nn.Linear(config.width, config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def forward(self, x: Tensor, scheme: positions.NoPE, places: Tensor, past: KeysValues | None) -> Tensor:
        q, k, v = (
            project(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, T, head)
            for project in (self.query, self.key, self.value)
        )
        if self.qk_norm:
            q, k = norm(q), norm(k)
        q, k = scheme.turn(q, places), scheme.turn(k, places)
        if past is not None:
            k, v = past.extend(k, v)  # (B, heads, S, head)
        T, S = q.shape[2], k.shape[2]
        # the new tokens are the last T of S: token i of them sees the S - T old ones and the new ones up to itself
        mask = None if T == S or T == 1 else torch.ones(T, S, dtype=torch.bool, device=x.device).tril(S - T)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=T == S and T > 1)
        return self.out(y.transpose(1, 2).flatten(2))  # (B, T, width)


class FeedForward(nn.Module):
    """Two matrices and, between them, the square of what is positive."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.into = nn.Linear(config.width, config.ratio * config.width, bias=False)
        self.out = nn.Linear(config.ratio * config.width, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.into(x)).square())  # (B, T, ratio * width) → (B, T, width)


FeedForwardFactory = Callable[[GPTConfig], nn.Module]  # Part 4 puts experts here


class Block(nn.Module):
    """Communication, then computation."""

    def __init__(self, config: GPTConfig, ffn: FeedForwardFactory) -> None:
        super().__init__()
        self.attention, self.ffn = Attention(config), ffn(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, scheme: positions.NoPE, places: Tensor, past: KeysValues | None) -> Tensor:
        x = x + self.dropout(self.attention(norm(x), scheme, places, past))  # (B, T, width)
        return x + self.dropout(self.ffn(norm(x)))  # (B, T, width)


class GPT(LanguageModel):
    """Tokens in, logits of the next token out. `seed` draws the weights; `ffn` makes each block's second half."""

    def __init__(self, config: GPTConfig, seed: int = 0, ffn: FeedForwardFactory = FeedForward) -> None:
        super().__init__()
        self.config, self.vocab, self.window = config, config.vocab, config.context
        self.tokens = nn.Embedding(config.vocab, config.width)
        self.scheme = positions.build(
            config.positions, config.context, config.width, config.head, config.digits, config.longest, config.shift
        )
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([Block(config, ffn) for _ in range(config.layers)])
        self.head = nn.Linear(config.width, config.vocab, bias=False)
        self.draw(torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """All initial weights, in one place:

        embeddings      normal, deviation 1 (they are normalised at once)
        `out`, `head`   0
        other matrices  normal, deviation 1 / sqrt(inputs)
        """
        for name, p in self.named_parameters():
            if name.split(".")[-2] in ("out", "head"):
                p.zero_()
            elif self.role(name, p) == "table":
                p.normal_(0.0, 1.0, generator=generator)
            else:
                p.normal_(0.0, p.shape[-1] ** -0.5, generator=generator)

    def forward(
        self, idx: Tensor, targets: Tensor | None = None, cache: Cache | None = None
    ) -> tuple[Tensor, Tensor | None]:
        ids = idx if cache is None else cache.extend(idx)  # (B, S): all tokens so far, idx the last T of them
        T = idx.shape[1]
        if ids.shape[1] > self.window:
            raise ValueError(f"this net reads {self.window} tokens at a time, got {ids.shape[1]}")
        places = self.scheme.places(ids)[..., -T:]  # (T,) or (B, T)
        x = self.dropout(norm(self.scheme.add(self.embed(ids, T), places)))  # (B, T, width)
        for i, block in enumerate(self.blocks):
            x = block(x, self.scheme, places, cache.layers[i] if cache else None)  # (B, T, width)
        logits = self.read(norm(x), ids)  # (B, T, vocab)
        return logits, cross_entropy(logits, targets)

    def embed(self, ids: Tensor, T: int) -> Tensor:
        """The last T of ids (B, S) as vectors (B, T, width)."""
        return self.tokens(ids[:, -T:])

    def read(self, x: Tensor, ids: Tensor) -> Tensor:
        """Logits (B, T, vocab) from the last block's x (B, T, width)."""
        return self.cap(self.head(x))

    def cap(self, logits: Tensor) -> Tensor:
        """Logits squeezed into ± softcap, if there is one."""
        c = self.config.softcap
        return c * torch.tanh(logits.float() / c) if c else logits

    def penalty(self) -> Tensor | float:
        asked = (getattr(block.ffn, "penalty", None) for block in self.blocks)
        return sum((penalty() for penalty in asked if penalty is not None), 0.0)

    def cache(self) -> Cache:
        """An empty cache for sampling."""
        return Cache([KeysValues() for _ in self.blocks])


class BigramGPT(GPT):
    """The transformer relieved of what a table can do: each pair of neighbouring tokens has a vector that is added to
    the embedding, and logits of its own that are added to the net's. Both tables have vocab² rows and start at 0.
    The first token of a row has no neighbour and gets nothing."""

    def __init__(self, config: GPTConfig, seed: int = 0, ffn: FeedForwardFactory = FeedForward) -> None:
        super().__init__(config, seed, ffn)
        self.pairs_in = nn.Embedding(config.vocab**2, config.width)
        self.pairs_out = nn.Embedding(config.vocab**2, config.vocab)
        nn.init.zeros_(self.pairs_in.weight)
        nn.init.zeros_(self.pairs_out.weight)

    def pairs(self, table: nn.Embedding, ids: Tensor, T: int) -> Tensor:
        """The table's rows (B, T, n) for the last T of ids (B, S), each with the token before it."""
        before = functional.pad(ids, (1, 0))[:, :-1]  # (B, S)
        known = torch.arange(ids.shape[1], device=ids.device) > 0  # (S,)
        return (table(before * self.vocab + ids) * known[:, None])[:, -T:]

    def embed(self, ids: Tensor, T: int) -> Tensor:
        return super().embed(ids, T) + self.pairs(self.pairs_in, ids, T)  # (B, T, width)

    def read(self, x: Tensor, ids: Tensor) -> Tensor:
        return self.cap(self.head(x) + self.pairs(self.pairs_out, ids, x.shape[1]))  # (B, T, vocab)
