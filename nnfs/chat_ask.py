"""What an assistant is asked after each stage: bits per byte, form and truth by kind, sums, pass@k.

The questions are the same for every net, and none of them was read by any (`chat_text.part`).
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from nnfs import chat, recipes, reinforce
from nnfs.chat import ChatTokens
from nnfs.chat_talk import KINDS, Exchange, ask
from nnfs.chat_text import pairs
from nnfs.gpt import GPT

Config = dict[str, Any]
AT_ONCE = 4096  # answers that are sampled together
K = (1, 2, 4, 8, 16)
NAMED = ("rejection", "z-score", "no-baseline", "replay")


def replies(
    model: GPT, tokens: ChatTokens, asked: list[Exchange], most: int, samples: int, key: int
) -> list[list[str]]:
    """What the net says to each question: `samples` answers at temperature 1, or its likeliest one if samples is 0.
    An answer that has not ended after `most` tokens, or before the window is full, ends with U+FFFD."""
    n, found = max(1, samples), list[list[str]]()
    for at in range(0, len(asked), AT_ONCE // n):
        prompts = [tokens.prompt(exchange.user) for exchange in asked[at : at + AT_ONCE // n]]
        room = min(most, tokens_left(model, prompts))
        rollouts = reinforce.rollout(model, prompts, n, room, tokens.end, float(samples > 0), (key, at))
        said: list[list[str]] = [[] for _ in prompts]
        for group in rollouts:
            texts = [spoken(tokens, ids) for ids in group.replies(tokens.end)]
            for row, number in enumerate(group.which):
                said[number] = texts[row * n : (row + 1) * n]
        found += said
    return found


def spoken(tokens: ChatTokens, ids: list[int]) -> str:
    """A reply (ids, with -1 behind one that did not end) as text."""
    return tokens.decode([i for i in ids if i >= 0]) + ("\N{REPLACEMENT CHARACTER}" if -1 in ids else "")


def tokens_left(model: GPT, prompts: list[list[int]]) -> int:
    """How many tokens the window leaves after the longest prompt."""
    return model.window - max(map(len, prompts))


def questions(kind: str, n: int, of: str) -> list[Exchange]:
    """The same n different questions of a kind and a part for everybody; all that there are, if they are fewer: the
    facts that are kept for tests make 30 questions."""
    found: dict[str, Exchange] = {}
    for i in range(100 * n):
        exchange = ask(kind, Random(f"question/{kind}/{i}"), of, chat.spelt())
        found.setdefault(exchange.user, exchange)
        if len(found) == n:
            break
    return list(found.values())


def knows(model: GPT, tokens: ChatTokens, of: str) -> float:
    """The share of sums of a part that the net continues rightly as a text, without any conversation."""
    asked = [(a, b) for a, b in pairs(of)]
    prompts = [[tokens.bos, *tokens.encode(f"{a}+{b}=")] for a, b in asked]
    newline = tokens.encode("\n")[0]
    right = 0
    for group in reinforce.rollout(model, prompts, 1, 5, newline, 0.0, (0,)):
        said = [spoken(tokens, ids) for ids in group.replies(newline)]
        right += sum(text == str(sum(asked[i])) for i, text in zip(group.which, said, strict=True))
    return right / len(asked)


def measure(config: Config, model: GPT, tokens: ChatTokens, seed: int) -> dict[str, Any]:
    """Everything that is asked of a net after a stage: {"metrics": {…}, "card": [[kind, question, reply, right], …]}.

    bpb_<slice>; valid_<kind> and right_<kind>, shares of the questions of a kind; valid, the worst kind; exact: greedy
    answers to all sums of the part, exact_1 and exact_2 by digits of the longer operand; text: sums continued outside
    of a conversation; pass_1 … pass_16 from 16 answers to each of some sums.
    """
    asked, of = config["measure"], config["ask"]
    found = {
        f"bpb_{kind}": chat.bits_per_byte(model, tokens, text)
        for kind, text in chat.held_out(tokens, asked["tokens"]).items()
    }
    card = []
    for kind in KINDS:
        every = questions(kind, asked["prompts"], of)
        said = [answers[0] for answers in replies(model, tokens, every, 100 if kind == "story" else 32, 0, 0)]
        judged = list(zip(every, said, strict=True))
        found[f"valid_{kind}"] = float(np.mean([exchange.valid(reply) for exchange, reply in judged]))
        found[f"right_{kind}"] = float(np.mean([exchange.correct(reply) for exchange, reply in judged]))
        card += [[kind, exchange.user, reply, exchange.correct(reply)] for exchange, reply in judged[:5]]
    found["valid"] = min(found[f"valid_{kind}"] for kind in KINDS)
    sums = chat.every_sum(of)
    right = np.array([e.correct(r[0]) for e, r in zip(sums, replies(model, tokens, sums, 12, 0, 0), strict=True)])
    long = np.array([max(pair) > 9 for pair in pairs(of)])
    found |= {"exact": right.mean(), "exact_1": right[~long].mean(), "exact_2": right[long].mean()}
    found["text"] = knows(model, tokens, of)
    some = [sums[i] for i in np.random.default_rng(5).permutation(len(sums))[: asked["sums"]]]
    several = replies(model, tokens, some, 12, 16, seed)
    counts = [sum(e.correct(reply) for reply in said) for e, said in zip(some, several, strict=True)]
    found |= {f"pass_{k}": float(np.mean([reinforce.pass_at_k(16, n, k) for n in counts])) for k in K}
    return {"metrics": {name: float(x) for name, x in found.items()}, "card": card}


def gains(metrics: dict[str, dict[str, float]]) -> dict[str, float]:
    """What RL adds, and how it compares: differences between stages of this cell, share of all sums or of questions.

    pass_1, pass_16: after RL less before; sharpening: the first less the second; format: the worst kind's form after
    SFT less before it; over_<branch>: pass@1 after RL less that after another branch; mid_<stage>: with the stage in
    between less without; few_pass_<k>: of the net that imitated little, after RL less before.
    """
    rl, sft = metrics["rl"], metrics["sft"]
    found = {f"pass_{k}": rl[f"pass_{k}"] - sft[f"pass_{k}"] for k in K}
    found["sharpening"] = found["pass_1"] - found["pass_16"]
    found["format"] = sft["valid"] - metrics["pretrain"]["valid"]
    found |= {f"over_{name}": rl["pass_1"] - metrics[name]["pass_1"] for name in NAMED if name in metrics}
    if "mid-sft" in metrics:
        found["mid_sft"] = metrics["mid-sft"]["pass_1"] - sft["pass_1"]
        found["mid_rl"] = metrics["mid-rl"]["pass_1"] - rl["pass_1"]
    if "few-rl" in metrics:
        found |= {f"few_pass_{k}": metrics["few-rl"][f"pass_{k}"] - metrics["few"][f"pass_{k}"] for k in K}
    return found


def compression(tokens: ChatTokens) -> dict[str, float]:
    """Bytes in a token of each held-out slice."""
    texts = chat.held_out(tokens, recipes.SLICE)
    return {kind: tokens.n_bytes(t.whole[t.predicted]) / len(t.predicted) for kind, t in texts.items()}
