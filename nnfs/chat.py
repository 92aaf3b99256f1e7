"""nanochat in miniature: the way from text to an assistant that fits on one core, set by one dial.

Karpathy's nanochat (2025) goes from raw text to a model that talks in a few stages, and one number, the depth, decides
everything else. This is the same road at a ten-thousandth of the cost: byte pairs → pretraining → imitation of
conversations (SFT) → reinforcement (`nnfs.reinforce`) → measuring. The net is the transformer of `nnfs.gpt`, unchanged;
what is new stands here: the dial, the chat template with its special tokens, what each stage reads, and what is asked.
`nnfs.chat_run` strings the stages together and leaves a record.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnfs import checkpoints
from nnfs.chat_talk import Exchange, choice_question, conversation
from nnfs.chat_text import document, pairs, pick, weighted
from nnfs.data import shakespeare
from nnfs.data.text import Ints, Text
from nnfs.errors import UserError
from nnfs.evaluate import losses
from nnfs.gpt import GPT, GPTConfig
from nnfs.model import LanguageModel
from nnfs.tokenizers import BPE, Pair

Config = dict[str, Any]
SPECIAL = ("<|bos|>", "<|user|>", "<|assistant|>", "<|end|>")
SHARES = {"stories": 0.5, "shakespeare": 0.2, "facts": 0.1, "sums": 0.2}  # of the tokens of pretraining
REFERENCE_BATCH = 4096  # tokens in a step at depth 4; larger ones wasted tokens (notes/log.md, 2026-11-29)
PASSES = 8  # most passes over natural text
NATURAL = "shakespeare"


# The dial


@dataclass(frozen=True)
class Dial:
    """Everything that follows from the depth. Raises ValueError below 1.

    The rules are nanochat's (karpathy/nanochat, scripts/base_train.py), its reference model replaced by depth 4: tokens
    in proportion to the weights that a token meets, the batch as tokens^0.383, rates as the root of the batch, decay as
    the root of the batch over tokens. Widths are half of its 64 · depth.
    """

    depth: int
    vocab: int = 1024
    context: int = 128
    ratio: float = 12.0  # tokens of pretraining for each weight that a token meets

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ValueError(f"the dial begins at 1, got {self.depth}")

    @property
    def width(self) -> int:
        return 32 * self.depth

    @property
    def heads(self) -> int:
        """Of 16 numbers up to depth 2, of 32 above."""
        return self.width // (16 if self.depth <= 2 else 32)

    @property
    def matrices(self) -> int:
        """Weights of the matrices that a token meets: 12 · width² in each block, and the head."""
        return 12 * self.depth * self.width**2 + self.width * self.vocab

    @property
    def tokens(self) -> int:
        """How many tokens pretraining reads."""
        return round(self.ratio * self.matrices)

    @cached_property
    def relative(self) -> float:
        """Tokens as a multiple of those of depth 4."""
        return self.matrices / Dial(4, self.vocab).matrices

    @property
    def batch(self) -> int:
        """Tokens in a step: a power of two."""
        return 2 ** round(math.log2(REFERENCE_BATCH * self.relative**0.383))

    @property
    def steps(self) -> int:
        return max(1, self.tokens // self.batch)

    @property
    def rate(self) -> float:
        """By what the learning rates of depth 4 are multiplied."""
        return (self.batch / REFERENCE_BATCH) ** 0.5

    @property
    def decay(self) -> float:
        """By what the weight decay of depth 4 is multiplied."""
        return self.rate / self.relative

    @property
    def rows(self) -> int:
        """Rows of a batch."""
        return self.batch // self.context

    def net(self) -> GPTConfig:
        """The transformer of this depth."""
        return GPTConfig(self.vocab, self.context, self.depth, self.heads, self.width)

    def training(self, base: Config) -> Config:
        """Fields of `TrainConfig` for pretraining: those of depth 4, rates and decay turned by the dial."""
        turned = faster(base, self.rate)
        return {**turned, "weight_decay": base["weight_decay"] * self.decay, "steps": self.steps}


def faster(base: Config, factor: float) -> Config:
    """Fields of `TrainConfig` with every learning rate multiplied. Batches of the later stages are the same at all
    depths, so the dial does not turn their rates."""
    return {k: v * factor if k == "lr" or k.endswith("_lr") else v for k, v in base.items()}


# Tokens and the chat template


class ChatTokens:
    """Byte pairs and, as the last ids of the vocabulary, the special tokens, which no text can write.

    A conversation is <|bos|> and then, in turns, <|user|> question <|end|> <|assistant|> reply <|end|>.
    Raises ValueError if the byte pairs leave no room for the special tokens.
    """

    def __init__(self, bpe: BPE, vocab: int = 1024) -> None:
        if bpe.vocab + len(SPECIAL) > vocab:
            raise ValueError(f"{bpe.vocab} byte pairs and {len(SPECIAL)} special tokens do not fit into {vocab}")
        self.bpe, self.vocab = bpe, vocab
        self.bos, self.user, self.assistant, self.end = range(vocab - len(SPECIAL), vocab)

    @classmethod
    def train(cls, text: str, vocab: int = 1024) -> ChatTokens:
        """Learn the byte pairs from a text."""
        return cls(BPE.train(text, vocab - len(SPECIAL)), vocab)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; what looks like a special token in it is spelt out in bytes."""
        return self.bpe.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids, special tokens by their names, ids that mean nothing as U+FFFD."""
        text, plain = "", []
        for i in [*ids, self.bos]:
            if i < self.bpe.vocab:
                plain.append(int(i))
                continue
            text, plain = text + self.bpe.text(plain), []
            special = i - (self.vocab - len(SPECIAL))
            text += SPECIAL[special] if special >= 0 else "\N{REPLACEMENT CHARACTER}"
        return text.removesuffix(SPECIAL[0])

    def prompt(self, question: str, before: Sequence[tuple[str, str]] = ()) -> list[int]:
        """Ids up to where the assistant speaks, after some (question, reply) before."""
        ids = [self.bos]
        for asked, reply in before:
            ids += self.turn(asked) + self.encode(reply) + [self.end]
        return ids + self.turn(question)

    def turn(self, question: str) -> list[int]:
        """Ids of a question and of what says that the assistant is to speak."""
        return [self.user, *self.encode(question), self.end, self.assistant]

    def render(self, said: Sequence[tuple[str, str]]) -> tuple[list[int], list[bool]]:
        """Ids of a conversation of (question, reply), and which of them the assistant says: replies and their ends."""
        ids, own = [self.bos], [False]
        for question, reply in said:
            turn, words = self.turn(question), [*self.encode(reply), self.end]
            ids += turn + words
            own += [False] * len(turn) + [True] * len(words)
        return ids, own

    def n_bytes(self, ids: Ints) -> int:
        """How many bytes of text some ids stand for."""
        sizes = np.zeros(self.vocab, dtype=np.int64)
        sizes[: self.bpe.vocab] = [len(b) for b in self.bpe.bytes]
        return int(sizes[ids].sum())


@cache
def learn_tokens(vocab: int, size: int) -> ChatTokens:
    """The tokens of every cell: learnt from about `size` bytes, mixed as pretraining is. Raises DataError."""
    verse = shakespeare_text()[0][: int(size * SHARES[NATURAL])]
    texts = [verse]
    for kind, share in SHARES.items():
        length, n = 0, 0
        while kind != NATURAL and length < size * share:
            texts.append(document(kind, "tokens", n))
            length, n = length + len(texts[-1]), n + 1
    return ChatTokens.train("\n".join(texts), vocab)


@cache
def shakespeare_text() -> tuple[str, str]:
    """Training and validation part of Shakespeare. Raises DataError if it is not here."""
    learnt, dev, symbols = shakespeare.split()
    first, last = ("".join(symbols[i] for i in text.ids) for text in (learnt, dev))
    return first, last


@cache
def spelt() -> list[str]:
    """Words to spell: of 3 to 7 letters, twice or more in Shakespeare's training part, in alphabetical order."""
    seen: dict[str, int] = {}
    for word in shakespeare_text()[0].split():
        if word.isalpha() and word.islower() and 3 <= len(word) <= 7:
            seen[word] = seen.get(word, 0) + 1
    return sorted(word for word, n in seen.items() if n >= 2)


# What the stages read


@cache
def encoded(tokens: ChatTokens) -> tuple[list[int], list[int]]:
    """The training part of Shakespeare in tokens, and where its speeches begin. Raises DataError."""
    verse, blank = tokens.encode(shakespeare_text()[0]), tokens.encode("\n\n")
    return verse, [0, *(i + 2 for i in range(len(verse) - 2) if verse[i : i + 2] == blank)]


@dataclass(frozen=True)
class Pretraining:
    """Rows of `context` tokens, each from one slice and from a beginning: of a document, or of a speech of Shakespeare.
    A function of the step: idx and targets (rows, context)."""

    tokens: ChatTokens
    rows: int
    context: int
    seed: int
    total: int  # tokens in all: decides how much of them can be natural

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        rows = torch.tensor([self.row(step * self.rows + i) for i in range(self.rows)])  # (rows, context + 1)
        return rows[:, :-1], rows[:, 1:]

    def row(self, n: int) -> list[int]:
        """The n-th row of the run: context + 1 ids, begun by <|bos|>."""
        rng, room = Random(f"row/{self.seed}/{n}"), self.context + 1
        kind, ids = weighted(rng, self.shares), list[int]()
        if kind == NATURAL:
            verse, speeches = encoded(self.tokens)
            begin = pick(rng, speeches[: bisect(speeches, len(verse) - self.context)])
            return [self.tokens.bos, *verse[begin : begin + self.context]]
        for i in range(room):
            ids += [self.tokens.bos, *self.tokens.encode(document(kind, self.seed, n, i))]
            if len(ids) >= room:
                break
        return ids[:room]

    @cached_property
    def shares(self) -> dict[str, float]:
        """Of the slices. Natural text is read PASSES times at most; the stories take what is left."""
        natural = min(SHARES[NATURAL], PASSES * len(encoded(self.tokens)[0]) / self.total)
        return {**SHARES, NATURAL: natural, "stories": SHARES["stories"] + SHARES[NATURAL] - natural}


@dataclass(frozen=True)
class Packed:
    """Rows of whole conversations, in order, pass after pass: idx and targets (rows, context), -1 where nothing is
    learnt."""

    ids: Ints  # (N, context + 1)
    own: Ints  # (N, context + 1) bool: what is learnt
    rows: int

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        at = np.arange(step * self.rows, (step + 1) * self.rows) % len(self.ids)
        idx, own = self.ids[at], self.own[at]
        return torch.from_numpy(idx[:, :-1]), torch.from_numpy(np.where(own, idx, -1)[:, 1:])

    @property
    def steps(self) -> int:
        """Of one pass."""
        return max(1, len(self.ids) // self.rows)


def pack(talks: Iterator[tuple[list[int], list[bool]]], tokens: ChatTokens, context: int, rows: int) -> Packed:
    """Conversations side by side in rows of context + 1; one that does not fit begins the next row, one that is longer
    than a row is left out. The rest of a row is <|bos|>, and not learnt."""
    filled: list[tuple[list[int], list[bool]]] = []
    for ids, own in talks:
        if len(ids) > context + 1:
            continue
        if not filled or len(filled[-1][0]) + len(ids) > context + 1:
            filled.append(([], []))
        filled[-1][0].extend(ids)
        filled[-1][1].extend(own)
    return padded(filled, tokens, context + 1, rows)


def padded(filled: list[tuple[list[int], list[bool]]], tokens: ChatTokens, width: int, rows: int) -> Packed:
    """Ids and what of them is learnt, a row for each pair of lists, filled up to `width` with <|bos|>."""
    all_ids = np.full((len(filled), width), tokens.bos, dtype=np.int64)
    all_own = np.zeros((len(filled), width), dtype=bool)
    for i, (ids, own) in enumerate(filled):
        all_ids[i, : len(ids)], all_own[i, : len(own)] = ids, own
    return Packed(all_ids, all_own, rows)


def imitation(tokens: ChatTokens, context: int, rows: int, n: int, share: dict[str, float], seed: int) -> Packed:
    """What SFT reads: n conversations, kinds by their shares; learnt is what the assistant says."""

    def talks() -> Iterator[tuple[list[int], list[bool]]]:
        for i in range(n):
            said = conversation(Random(f"talk/{seed}/{i}"), spelt(), share)
            yield tokens.render([(exchange.user, exchange.reply) for exchange in said])

    return pack(talks(), tokens, context, rows)


def middle(tokens: ChatTokens, context: int, rows: int, n: int, share: dict[str, float], seed: int) -> Packed:
    """What mid-training reads: n conversations, every second one a multiple choice, and all of it is learnt."""

    def talks() -> Iterator[tuple[list[int], list[bool]]]:
        for i in range(n):
            rng = Random(f"middle/{seed}/{i}")
            said = [choice_question(rng) for _ in range(3)] if i % 2 else conversation(rng, spelt(), share)
            ids, own = tokens.render([(exchange.user, exchange.reply) for exchange in said])
            yield ids, [True] * len(own)

    return pack(talks(), tokens, context, rows)


# What is asked


def held_out(tokens: ChatTokens, size: int) -> dict[str, Text]:
    """{slice: about `size` tokens that no run reads}: the validation part of Shakespeare, documents of other keys."""
    texts = {}
    for kind in SHARES:
        if kind == NATURAL:
            verse = np.array(tokens.encode(shakespeare_text()[1][: 4 * size])[:size])
            texts[kind] = Text(verse, tokens.vocab, before=np.array([tokens.bos]))
            continue
        ids, starts, n = list[int](), list[int](), 0
        while len(ids) < size:
            starts.append(len(ids))
            ids += [tokens.bos, *tokens.encode(document(kind, "held-out", n))]
            n += 1
        texts[kind] = Text(np.array(ids), tokens.vocab, np.array(starts))
    return texts


def bits_per_byte(model: LanguageModel, tokens: ChatTokens, text: Text) -> float:
    """Mean bits for each byte of a text; which bytes a token joins does not matter. Protocol `full`."""
    places, nats = losses(model, text)
    return float(nats.sum() / math.log(2) / tokens.n_bytes(text.whole[places]))


def every_sum(of: str) -> list[Exchange]:
    """Every sum of a part, {a, b} both ways round, each asked in one way."""
    from nnfs.chat_talk import addition

    return [addition(Random(f"sum/{a}/{b}"), a, b) for a, b in pairs(of)]


# Talking


def load(name: str, base: Path | None = None) -> tuple[GPT, ChatTokens]:
    """The net and the tokens of a checkpoint that talks. Raises CheckpointError, and UserError for another kind."""
    config, tensors = checkpoints.read(name, base)
    if config.get("data") != "chat":
        raise UserError(f"{name} does not talk: let it speak with `nnfs sample {name}`")
    tokens = ChatTokens(BPE([(a, b) for a, b in config["merges"]]), config["vocab"])
    model = GPT(Dial(config["depth"], config["vocab"], config["context"]).net())
    try:
        model.load_state_dict({key: torch.from_numpy(array) for key, array in tensors.items()})
    except RuntimeError as error:
        raise checkpoints.CheckpointError(f"{name} does not fit its own configuration: {error}") from None
    return model.eval(), tokens


def header(dial: Dial, tokens: ChatTokens) -> Config:
    """What a checkpoint says about itself: enough to talk without any other file."""
    merges: list[Pair] = list(tokens.bpe.merges)
    return {"data": "chat", "depth": dial.depth, "vocab": dial.vocab, "context": dial.context, "merges": merges}


Reply = Callable[[str], str]


def talker(
    model: GPT, tokens: ChatTokens, temperature: float = 0.0, seed: int = 0, most: int = 100, least: int = 32
) -> Reply:
    """A function from a question to a reply, which remembers the conversation as far as the window reaches.

    `most` tokens are said at most, and at least `least` have room: what was said first is forgotten first. The n-th
    reply draws from [seed, n]. Raises UserError for a question that leaves no such room by itself.
    """
    from nnfs.sample import sample

    past: list[tuple[str, str]] = []
    said = 0

    def reply(question: str) -> str:
        nonlocal said
        fits = list(past)
        while fits and len(tokens.prompt(question, fits)) + min(least, most) > model.window:
            fits.pop(0)
        ids = tokens.prompt(question, fits)
        room = min(most, model.window - len(ids))
        if room < min(least, most):
            raise UserError(f"that is too long for a net that reads {model.window} tokens: say it in fewer words")
        past[:] = fits
        draw = int(np.random.SeedSequence([seed, said]).generate_state(1)[0])
        row = sample(model, ids, room, temperature, seed=draw, stop=tokens.end)[0, len(ids) :].tolist()
        said += 1
        answer = tokens.decode(row[: row.index(tokens.end)] if tokens.end in row else row)
        past.append((question, answer))
        return answer

    return reply
