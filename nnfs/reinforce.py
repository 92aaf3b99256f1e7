"""Learning from one's own answers: REINFORCE on sums, as nanochat does it.

The net answers a question sixteen times, a checker says which answers are right, and what was done in the right ones
is made likelier: the gradient of the expected reward is the mean of reward · gradient of log p (Williams 1992).
Subtracting the mean reward of the sixteen changes the gradient in the mean by a factor only, 15/16, as an answer is in
its own mean, and its noise by much: an answer counts by how much it is better than the others to the same question. No
second model holds the net back (no KL), nothing is clipped, since each answer is used once, and every token counts
alike, whatever the length of its answer (as in DAPO: Yu et al. 2025). GRPO (Shao et al. 2024) divides by the deviation,
too; that and doing without the mean are here to compare.
What earns nothing can be lost; imitating some old rows beside each step keeps it (PPO-ptx: Ouyang et al. 2022).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nnfs import train
from nnfs.gpt import GPT, Cache
from nnfs.model import LanguageModel, device_of, evaluating

Floats = NDArray[np.float64]
Reward = Callable[[int, list[int]], float]  # of a reply (its ids, the end left out) to the question of that number
BASELINES = ("mean", "z-score", "none")


def pass_at_k(n: int, right: int, k: int) -> float:
    """The chance that one of k answers is right, from n answers of which so many were: 1 - C(n - right, k) / C(n, k),
    which is unbiased (Chen et al. 2021, equation 1). Raises ValueError unless 0 ≤ right ≤ n and 1 ≤ k ≤ n."""
    if not (0 <= right <= n and 1 <= k <= n):
        raise ValueError(f"cannot say pass@{k} of {n} answers, {right} of them right")
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def advantages(rewards: Floats, baseline: str = "mean") -> Floats:
    """How much better each answer (P, S) was than the others to the same question: reward - mean ("mean"), that over
    the standard deviation ("z-score"), or the reward itself ("none"). Raises ValueError for another baseline."""
    if baseline not in BASELINES:
        raise ValueError(f"baseline {baseline!r}: known are {', '.join(BASELINES)}")
    if baseline == "none":
        return rewards
    better = rewards - rewards.mean(axis=1, keepdims=True)
    return better / (rewards.std(axis=1, keepdims=True) + 1e-6) if baseline == "z-score" else better


# Rollouts


@dataclass(frozen=True)
class Rollouts:
    """Answers of one length of question: S to each of P questions, as rows for one pass of the net."""

    which: list[int]  # (P,) numbers of the questions
    ids: Tensor  # (P · S, T) question and answer, 0 after its end
    given: int  # tokens of the question
    length: Tensor  # (P · S,) tokens of the answer, its end included

    def targets(self) -> Tensor:
        """(P · S, T - 1): at each place the token that the net chose next; -1 where it chose nothing."""
        place = torch.arange(1, self.ids.shape[1], device=self.ids.device)
        own = (place >= self.given) & (place < self.given + self.length[:, None])
        return torch.where(own, self.ids[:, 1:], -1)

    def only(self, rows: list[int]) -> Rollouts:
        """Some of the rows; which question each answers is forgotten."""
        return Rollouts([], self.ids[rows], self.given, self.length[rows])

    def replies(self, end: int) -> list[list[int]]:
        """(P · S) the ids of each answer without its end; one that did not end is followed by -1."""
        rows = zip(self.ids[:, self.given :].tolist(), self.length.tolist(), strict=True)
        said = [row[:n] for row, n in rows]
        return [row[:-1] if row[-1] == end else [*row, -1] for row in said]


def rollout(
    model: GPT, prompts: Sequence[list[int]], samples: int, most: int, end: int, temperature: float, key: Sequence[int]
) -> list[Rollouts]:
    """`samples` answers of at most `most` tokens to each prompt; the draws are a function of `key`, of how many answers
    of how many tokens there are to be, and of the prompt's number. Temperature 0 takes the likeliest token. Prompts of
    one length are answered together."""
    draws = np.random.default_rng(list(key)).random((len(prompts), samples, most))
    found = []
    for given in sorted({len(prompt) for prompt in prompts}):
        which = [i for i, prompt in enumerate(prompts) if len(prompt) == given]
        u = torch.from_numpy(draws[which].reshape(-1, most)).to(device_of(model))  # (P · S, most)
        asked = torch.tensor([prompts[i] for i in which], device=u.device)  # (P, given)
        found.append(Rollouts(which, *answer(model, asked, samples, u, end, temperature)))
    return found


def answer(
    model: GPT, asked: Tensor, samples: int, u: Tensor, end: int, temperature: float
) -> tuple[Tensor, int, Tensor]:
    """The fields `ids`, `given` and `length` of Rollouts for prompts (P, given) and draws u (P · S, most)."""
    rows, most = u.shape
    ids = torch.zeros(rows, asked.shape[1] + most, dtype=torch.int64, device=u.device)
    ids[:, : asked.shape[1]] = asked.repeat_interleave(samples, dim=0)
    length = torch.full((rows,), most, device=u.device)
    alive = torch.arange(rows, device=u.device)  # rows that have not ended
    cache = model.cache()
    with evaluating(model):
        logits = model(asked, cache=cache)[0][:, -1].repeat_interleave(samples, dim=0)  # (P · S, V)
        select(cache, torch.arange(len(asked), device=u.device).repeat_interleave(samples))
        for t in range(most):
            new = choose(logits, u[alive, t], temperature)
            ids[alive, asked.shape[1] + t] = new
            length[alive[new == end]] = t + 1
            going = new != end
            if t + 1 == most or not bool(going.any()):
                break
            if not bool(going.all()):
                alive, new = alive[going], new[going]
                select(cache, torch.nonzero(going)[:, 0])
            logits = model(new[:, None], cache=cache)[0][:, -1]
    return ids, asked.shape[1], length


def choose(logits: Tensor, u: Tensor, temperature: float) -> Tensor:
    """(B,) the token at which the cumulated probability passes u (B,), from logits (B, V)."""
    if temperature == 0:
        return logits.argmax(dim=-1)
    p = functional.softmax(logits.double() / temperature, dim=-1).cumsum(dim=-1)  # (B, V)
    return (p <= u[:, None] * p[:, -1:]).sum(dim=-1)


def select(cache: Cache, rows: Tensor) -> None:
    """Keep these rows of what a net remembers, repeated or not."""
    assert cache.ids is not None
    cache.ids = cache.ids[rows]
    for layer in cache.layers:
        assert layer.keys is not None
        assert layer.values is not None
        layer.keys, layer.values = layer.keys[rows], layer.values[rows]


def judge(rollouts: list[Rollouts], samples: int, end: int, reward: Reward) -> Floats:
    """(P, S) what each answer earns, in the order of the prompts."""
    rewards = np.zeros((sum(len(group.which) for group in rollouts), samples))
    for group in rollouts:
        said = group.replies(end)
        for row, number in enumerate(group.which):
            rewards[number] = [reward(number, said[row * samples + s]) for s in range(samples)]
    return rewards


# Learning


def policy_loss(model: LanguageModel, group: Rollouts, advantage: Tensor, tokens: int) -> Tensor:
    """-Σ advantage · log p over all tokens that the net chose in some answers, advantage (P · S,), over `tokens`."""
    targets = group.targets()
    logits, _ = model(group.ids[:, :-1])
    nats = functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=-1, reduction="none"
    ).view_as(targets)
    return (nats * advantage[:, None].to(nats)).sum() / tokens


Questions = Callable[[int], list[list[int]]]  # step → prompts


@dataclass(frozen=True)
class Practice:
    """What is practised and how."""

    questions: Questions
    reward: Callable[[int, int, list[int]], float]  # of a reply to the question of that number of that step
    samples: int  # answers to a question
    most: int  # tokens of an answer
    end: int  # the token that ends one
    baseline: str = "mean"
    temperature: float = 1.0
    replay: train.Batches | None = None  # step → rows to imitate beside, at the weight of the answers


class Learner(train.Run):
    """A training run whose data are its own answers. `losses` holds the mean reward of each step."""

    def practise(self, practice: Practice) -> dict[str, float]:
        """One update. Returns what came of the answers: the mean reward, their mean length in tokens, and the share of
        the questions that taught something, having answers of different worth."""
        step = self.step
        prompts = practice.questions(step)
        key = (self.config.seed, step, 11)
        model: GPT = self.model  # type: ignore[assignment]
        samples, most, end = practice.samples, practice.most, practice.end
        rollouts = rollout(model, prompts, samples, most, end, practice.temperature, key)
        rewards = judge(rollouts, samples, end, lambda n, reply: practice.reward(step, n, reply))
        better = advantages(rewards, practice.baseline)
        chosen = int(sum(group.length.sum() for group in rollouts))
        for group in rollouts:
            self.tokens += group.ids.numel()
            advantage = torch.from_numpy(better[group.which].reshape(-1))
            if teaching := torch.nonzero(advantage)[:, 0].tolist():  # the others would add nothing
                policy_loss(self.model, group.only(teaching), advantage[teaching], chosen).backward()
        if practice.replay is not None:
            idx, targets = (rows.to(device_of(self.model)) for rows in practice.replay(step))
            self.tokens += idx.numel()
            loss = self.model(idx, targets)[1]
            assert loss is not None
            loss.backward()
        self.targets += chosen
        self.losses[step] = float(rewards.mean())
        self.update()
        self.step += 1
        mixed = float((rewards.std(axis=1) > 0).mean())
        return {"reward": float(rewards.mean()), "length": chosen / rewards.size, "mixed": mixed}


def reinforce(
    model: GPT,
    practice: Practice,
    config: train.TrainConfig,
    snapshot_dir: Path | None = None,
    on_progress: train.OnProgress | None = None,
    watch: Callable[[int, LanguageModel], Any] = lambda step, model: None,
    note: Callable[[int, dict[str, float]], None] = lambda step, seen: None,
) -> train.TrainResult:
    """Practise `config.steps` times, in place. Goes on from the snapshot in `snapshot_dir`, as `train.train` does.

    watch(n, model) is called after n = 0, 1, 2 … steps and may look but not touch; note(n, seen) is told what step n
    gave. The result's losses are mean rewards. Raises TrainError as `train.train` does.
    """
    run = Learner(model, config, snapshot_dir)
    run.start()
    clock = time.monotonic()
    snapped, first, read = clock, run.step, run.tokens
    watch(run.step, model)
    while run.step < config.steps:
        note(run.step, run.practise(practice))
        watch(run.step, model)
        now, over = time.monotonic(), run.step == config.steps
        if run.step % train.LOOK_EVERY == 0 or over:
            run.check()
        if on_progress:
            pace = (run.step - first) / max(now - clock, 1e-9)
            speed = (run.tokens - read) / max(now - clock, 1e-9)
            reward = float(run.losses[run.step - 1])
            on_progress(
                train.Progress(run.step, config.steps, reward, speed, (config.steps - run.step) / pace, "reward")
            )
        if snapshot_dir and (now - snapped > config.snapshot_seconds or over):
            snapped = now
            run.write()
    return run.finish()
