"""From the dial to an assistant and its record: the twin of `nnfs.recipes` for `nnfs.chat`.

One cell goes through all stages, and each stage begins with the weights that the one before it left:

    pretrain → sft → rl            and, from the same sft or the same pretrained net, whatever "beside" names:
                   → z-score       RL whose advantages are divided by their deviation (GRPO)
                   → no-baseline   RL that learns from rewards as they are
                   → replay        RL with some rows of sft read again beside each step
                   → rejection     no RL: as many answers are sampled once, the right ones imitated in as many updates
             → mid → mid-sft → mid-rl    with a mid-training stage in between
             → few → few-rl              sft with fewer conversations, so that rl has something left to find

An arm is a dictionary:

    depth     the dial                    vocab, context, ratio   of `chat.Dial`
    learnt    bytes of text from which the byte pairs are learnt
    pretrain  fields of TrainConfig at depth 4; the dial turns them
    sft       {"conversations", "rows", "share": {kind: weight}, "factor": of the rates, "train": fields of
              TrainConfig, which the dial does not turn}
    mid, few  the same, for the stage in between and for the shorter one
    rl        {"steps", "questions" a step, "samples" to each, "most" tokens, "factor", "train", "replay": rows}
    beside    names of branches              ask    "test", or "dev" while one is still choosing
    measure   {"sums": for pass@k, "prompts" of each kind, "tokens" of each slice}
    keep      true for "rl", or the name of a stage: the weights of seed 0 after it become a checkpoint

A finished stage is not run again after a kill (but for the sampling of "rejection"): its last snapshot is there, and
what was measured after it stands in `reports.json` beside it. FLOPs of RL are counted as if every answer taught. The
seed draws weights, rows, conversations and answers.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from nnfs import chat, checkpoints, files, progress, recipes, reinforce, train
from nnfs.chat import ChatTokens, Dial
from nnfs.chat_ask import compression, gains, measure, questions, replies, spoken
from nnfs.chat_talk import Exchange, addition
from nnfs.chat_text import draw_pair
from nnfs.data.text import DataError
from nnfs.gpt import GPT
from nnfs.model import LanguageModel, n_parameters
from nnfs.records import Record
from nnfs.runs import DataUnavailableError, Place, Result, digest_of
from nnfs.sums import Curve

Config = dict[str, Any]
FROZEN = 20  # sums that are asked again and again while RL goes on
LOOKS = 10  # how often
BASELINE = {
    "rl": "mean",
    "mid-rl": "mean",
    "few-rl": "mean",
    "replay": "mean",
    "z-score": "z-score",
    "no-baseline": "none",
}
# two cores (m7g.large, on demand, us-east-1) for 0.0816 dollars an hour; a cell uses one of them
RENT = {
    "usd_per_hour": 0.0816 / 2,
    "what": "one of the two cores of an m7g.large, on demand, us-east-1",
    "source": "factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026",
    "date": "2026-06-17",
}


@dataclass(frozen=True)
class Stage:
    """What a stage leaves besides weights."""

    seconds: float
    tokens: int
    flops: float
    curve: dict[str, list[float]] = field(default_factory=dict)
    losses: tuple[float, ...] = ()
    norm: float = 0.0


# Stages


@dataclass
class Cell:
    """A cell at work: where it is and what it has found."""

    config: Config
    seed: int
    place: Place | None
    tokens: ChatTokens
    dial: Dial
    stages: dict[str, Stage] = field(default_factory=dict)
    asked: dict[int, list[Exchange]] = field(default_factory=dict)  # the sums of the last step of RL

    def folder(self, stage: str) -> Path | None:
        """Where the snapshots of a stage lie, if anywhere."""
        return self.place.snapshots / stage if self.place else None

    def settings(self, stage: str, fields: Config) -> train.TrainConfig:
        """How a stage trains; each has a seed of its own."""
        number = int(np.random.SeedSequence([self.seed, *stage.encode()]).generate_state(1)[0])
        config = train.TrainConfig(seed=number, **fields)
        return replace(config, device=self.place.device) if self.place else config

    def tell(self, stage: str) -> train.OnProgress | None:
        """Who is told how far a stage is."""
        return progress.reporter(self.place, stage) if self.place else None

    def learn(self, name: str, model: GPT, data: train.Batches, config: train.TrainConfig) -> None:
        """A stage that reads."""
        done = train.train(model, data, config, self.folder(name), self.tell(name))
        flops = recipes.flops_per_token(model, data(0)) * done.tokens
        steps = [float(step) for step in range(1, done.steps + 1)]
        curve = {"step": steps, "loss": recipes.smooth(done.losses)}
        self.stages[name] = Stage(done.seconds, done.tokens, flops, curve, tuple(done.losses), done.norm)

    def pretrain(self) -> GPT:
        dial = self.dial
        model = GPT(dial.net(), self.seed)
        rows = chat.Pretraining(self.tokens, dial.rows, dial.context, self.seed, dial.tokens)
        self.learn("pretrain", model, rows, self.settings("pretrain", dial.training(self.config["pretrain"])))
        return model

    def conversations(self, part: str, rows: int) -> chat.Packed:
        """What SFT ("sft", "few") or mid-training ("mid") reads, so many rows at once."""
        how, read = self.config[part], chat.middle if part == "mid" else chat.imitation
        return read(self.tokens, self.dial.context, rows, how["conversations"], how["share"], self.seed)

    def imitate(self, model: GPT, name: str, part: str) -> GPT:
        """A copy of the net after SFT ("sft", "few") or mid-training ("mid")."""
        how, model = self.config[part], copy.deepcopy(model)
        rows = self.conversations(part, how["rows"])
        fields = {**chat.faster(how["train"], how["factor"]), "steps": rows.steps}
        self.learn(name, model, rows, self.settings(name, fields))
        return model

    def exchanges(self, step: int) -> list[Exchange]:
        """The sums of a step of RL."""
        if step not in self.asked:
            rng = Random(f"practice/{self.seed}/{step}")
            self.asked = {step: [addition(rng, *draw_pair(rng)) for _ in range(self.config["rl"]["questions"])]}
        return self.asked[step]

    def reinforce(self, model: GPT, name: str) -> GPT:
        """A copy of the net after RL, with the baseline that belongs to the name."""
        how, model, tokens = self.config["rl"], copy.deepcopy(model), self.tokens
        reward: Callable[[int, int, list[int]], float] = self.truth
        if self.config.get("rehearsal"):  # hardly any answer is right after a few steps: something all can differ in
            reward = evenness
        practice = reinforce.Practice(
            lambda step: [tokens.prompt(exchange.user) for exchange in self.exchanges(step)],
            reward,
            how["samples"],
            how["most"],
            tokens.end,
            BASELINE[name],
            replay=self.conversations("sft", how["replay"]) if name == "replay" else None,
        )
        config = self.settings(name, {**chat.faster(how["train"], how["factor"]), "steps": how["steps"]})
        folder = self.folder(name)
        seen = Curve(folder / "curve.json" if folder else None)
        looks = Curve(folder / "looks.json" if folder else None)

        def note(step: int, told: dict[str, float]) -> None:
            seen.points.pop(step, None)  # a step that is done again after a kill
            seen.look(step, lambda: told)

        def watch(step: int, model: LanguageModel) -> None:
            if step in look_at(how["steps"]) and not self.config.get("rehearsal"):
                looks.look(step, partial(self.look, model))

        done = reinforce.reinforce(model, practice, config, folder, self.tell(name), watch, note)
        forward = recipes.flops_per_token(model, sum_batch(tokens)) / 3
        written = done.tokens - (how["steps"] * how["replay"] * self.dial.context if name == "replay" else 0)
        flops = forward * (3 * done.tokens + written)  # what is learnt from is read, and answers are written before
        curve = {**seen.columns(), **{f"frozen_{key}": list(x) for key, x in looks.columns().items()}}
        self.stages[name] = Stage(done.seconds, done.tokens, flops, curve, tuple(done.losses), done.norm)
        return model

    def truth(self, step: int, number: int, reply: list[int]) -> float:
        """1 for a right answer to a sum of a step, else 0."""
        return float(self.exchanges(step)[number].correct(spoken(self.tokens, reply)))

    def look(self, model: LanguageModel) -> dict[str, float]:
        """How many of 16 answers to each of the frozen sums are right, as {"0": …, "1": …}."""
        assert isinstance(model, GPT)
        frozen = questions("sum", FROZEN, self.config["ask"])
        several = replies(model, self.tokens, frozen, 12, 16, self.seed)
        return {str(i): float(sum(map(e.correct, r))) for i, (e, r) in enumerate(zip(frozen, several, strict=True))}

    def reject(self, model: GPT, name: str) -> GPT:
        """A copy of the net that imitates its own right answers: the questions of all steps of RL, as many answers to
        each, sampled once; of each question the first right answer; as many updates of as many rows at the same rates.
        """
        how, model, tokens = self.config["rl"], copy.deepcopy(model), self.tokens
        started = time.perf_counter()
        kept: list[tuple[list[int], list[bool]]] = []
        read = 0
        for step in range(how["steps"]):
            exchanges, key = self.exchanges(step), self.seed * 1_000_000 + step
            answers = replies(model, tokens, exchanges, how["most"], how["samples"], key)
            for exchange, said in zip(exchanges, answers, strict=True):
                read += how["samples"] * (len(tokens.prompt(exchange.user)) + how["most"])
                right = next(filter(exchange.correct, said), None)
                if right is not None:
                    kept.append(tokens.render([(exchange.user, right)]))
        sampling = time.perf_counter() - started
        forward = recipes.flops_per_token(model, sum_batch(tokens)) / 3 * read
        share = {"kept": [len(kept) / (how["steps"] * how["questions"])]}
        if not kept:  # nothing to imitate: the net stays as it is
            self.stages[name] = Stage(sampling, read, forward, share)
            return model
        width = max(len(ids) for ids, _ in kept)
        rows = Redrawn(chat.padded(kept, tokens, width, how["questions"] * how["samples"]), self.seed)
        fields = {**chat.faster(how["train"], how["factor"]), "steps": how["steps"]}
        self.learn(name, model, rows, self.settings(name, fields))
        stage = self.stages[name]
        seconds, flops, curve = stage.seconds + sampling, stage.flops + forward, {**stage.curve, **share}
        self.stages[name] = replace(stage, seconds=seconds, tokens=stage.tokens + read, flops=flops, curve=curve)
        return model


@dataclass(frozen=True)
class Redrawn:
    """Rows of a pack in random order, with repeats."""

    of: chat.Packed
    seed: int

    def __call__(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        at = np.random.default_rng([self.seed, step, 13]).integers(len(self.of.ids), size=self.of.rows)
        return chat.Packed(self.of.ids[at], self.of.own[at], self.of.rows)(0)


def sum_batch(tokens: ChatTokens) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of the size of a sum, to count FLOPs with."""
    rows = torch.full((2, 24), tokens.bos)
    return rows, rows


def evenness(step: int, number: int, reply: list[int]) -> float:
    """The reward of a rehearsal: the share of even ids in a reply."""
    return sum(i % 2 == 0 for i in reply) / max(1, len(reply))


def look_at(steps: int) -> list[int]:
    """At which steps of RL the frozen sums are asked: LOOKS of them, first and last included."""
    return sorted({round(i * steps / (LOOKS - 1)) for i in range(LOOKS)})


# A cell


def small(config: Config) -> Config:
    """The rehearsal: the same depth and the same stages, a few steps of a few rows."""
    rl = {**config["rl"], "steps": 2, "questions": 2, "samples": 4}
    sft = {**config["sft"], "conversations": 24, "rows": 2}
    short: Config = {part: {**config[part], "conversations": 8, "rows": 2} for part in ("mid", "few") if part in config}
    return {**config, "learnt": 60_000, "rl": rl, "sft": sft, **short}


def begin(config: Config, seed: int, place: Place | None) -> Cell:
    """A cell before its first stage. Raises DataUnavailableError."""
    try:
        tokens = chat.learn_tokens(config["vocab"], config["learnt"])
    except DataError as error:
        raise DataUnavailableError(str(error)) from error
    return Cell(config, seed, place, tokens, Dial(config["depth"], config["vocab"], config["context"], config["ratio"]))


def rehearse(config: Config, seed: int) -> Result:
    """Made small: 20 steps of pretraining on 4 rows, a little of the others; not rejection, nor what follows mid."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        cell = begin(small(config), seed, None)
        dial = cell.dial
        settings = cell.settings("pretrain", {**dial.training(config["pretrain"]), "steps": train.REHEARSAL_STEPS})
        rows = chat.Pretraining(cell.tokens, 4, dial.context, seed, dial.tokens)
        model = GPT(dial.net(), seed)
        losses = train.train(model, rows, settings).losses
        sft = cell.imitate(model, "sft", "sft")
        branches = [cell.reinforce(sft, "rl")]
        branches += [cell.reinforce(sft, name) for name in config["beside"] if name in BASELINE]
        if "mid" in config["beside"]:
            branches.append(cell.imitate(model, "mid", "mid"))
        if "few" in config["beside"]:
            branches.append(cell.reinforce(cell.imitate(model, "few", "few"), "few-rl"))
        for stage in cell.stages.values():
            losses += stage.losses
        norm = sum(train.parameter_norm(branch) for branch in [model, sft, *branches])
    finally:
        torch.set_num_threads(threads)
    return Result(metrics={}, data=digests(cell), loss=(range(1, len(losses) + 1), losses), norm=norm)


def digests(cell: Cell) -> dict[str, str]:
    """Of what is read: first rows of pretraining, first conversations, all sums that are held back."""
    rows = [chat.Pretraining(cell.tokens, 1, cell.dial.context, cell.seed, cell.dial.tokens).row(n) for n in range(8)]
    talks = chat.imitation(cell.tokens, cell.dial.context, 1, 8, cell.config["sft"]["share"], cell.seed)
    asked = "\n".join(exchange.user for exchange in chat.every_sum(cell.config["ask"]))
    return {
        "pretraining": digest_of(np.array(rows)),
        "conversations": digest_of(talks.ids, talks.own),
        "asked": digest_of(asked),
        "shakespeare": digest_of(*chat.shakespeare_text()),
    }


def run(config: Config, seed: int, place: Place | None = None) -> Result:
    """All stages, one after the other, measured each. With `rehearsal` in the config: the same, small."""
    kept_stage(config)
    if config.get("rehearsal"):
        return rehearse(config, seed)
    cell = begin(config, seed, place)
    if place is None or place.device == "cpu":
        torch.set_num_threads(1)
    reports = Reports(place.snapshots / "reports.json" if place else None)
    kept: tuple[str, GPT] | None = None

    def measured(stage: str, model: GPT) -> GPT:
        nonlocal kept
        if stage == kept_stage(config) and seed == 0 and place is not None:
            kept = keep(cell, model, place), model
        reports.look(stage, lambda: measure(config, model, cell.tokens, seed))
        return model

    base = measured("pretrain", cell.pretrain())
    sft = measured("sft", cell.imitate(base, "sft", "sft"))
    last = measured("rl", cell.reinforce(sft, "rl"))
    for name in config["beside"]:
        if name == "mid":
            mid = measured("mid", cell.imitate(base, "mid", "mid"))
            mid_sft = measured("mid-sft", cell.imitate(mid, "mid-sft", "sft"))
            measured("mid-rl", cell.reinforce(mid_sft, "mid-rl"))
        elif name == "few":
            few_sft = measured("few", cell.imitate(base, "few", "few"))
            measured("few-rl", cell.reinforce(few_sft, "few-rl"))
        else:
            measured(name, cell.reject(sft, name) if name == "rejection" else cell.reinforce(sft, name))
    metrics = {name: report["metrics"] for name, report in reports.found.items()}
    metrics["gain"] = gains(metrics)
    for name, stage in cell.stages.items():
        usd = stage.seconds / 3600 * float(str(RENT["usd_per_hour"]))
        metrics[name] |= {"tokens": stage.tokens, "pflop": stage.flops / 1e15, "seconds": stage.seconds, "usd": usd}
    road = [cell.stages[name] for name in ("pretrain", "sft", "rl")]
    metrics["cost"] = {
        "tokens": sum(stage.tokens for stage in road),
        "pflop": sum(stage.flops for stage in road) / 1e15,
        "seconds": sum(stage.seconds for stage in road),
        "usd": sum(metrics[name]["usd"] for name in ("pretrain", "sft", "rl")),
    }
    done = cell.stages["pretrain"]
    known = None
    if kept is not None:
        text = chat.held_out(cell.tokens, recipes.SLICE)[chat.NATURAL]
        bits = chat.bits_per_byte(kept[1], cell.tokens, text)
        known = {"protocol": "bits per byte", "tokens": recipes.SLICE, "loss": bits}
    detail = {
        "card": {name: report["card"] for name, report in reports.found.items()},
        "curves": {name: thinned(stage.curve) for name, stage in cell.stages.items()},
        "rent": RENT,
        "natural": chat.Pretraining(cell.tokens, 1, cell.dial.context, seed, cell.dial.tokens).shares[chat.NATURAL],
        "bytes_per_token": compression(cell.tokens),
    }
    return Result(
        metrics=metrics,
        data=digests(cell),
        parameters=n_parameters(last),
        flops=sum(stage.flops for stage in cell.stages.values()),
        examples=sum(stage.tokens for stage in cell.stages.values()),
        loss=(range(1, len(done.losses) + 1), recipes.smooth(list(done.losses))),
        norm=done.norm,
        detail=detail,
        seconds=sum(stage.seconds for stage in cell.stages.values()),
        evaluation={"seconds": round(reports.seconds, 2), "slice": known},
        checkpoint=kept and kept[0],
        versions={"torch": torch.__version__},
    )


class Reports:
    """What was measured after each stage, in a file, so that nothing is measured twice."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        told = json.loads(file.read_text(encoding="utf-8")) if file is not None and file.is_file() else {}
        self.found: dict[str, Any] = told.get("found", {})
        self.seconds: float = told.get("seconds", 0.0)

    def look(self, stage: str, measure: Callable[[], dict[str, Any]]) -> None:
        """Measure, unless it was done before."""
        if stage in self.found:
            return
        started = time.perf_counter()
        self.found[stage] = measure()
        self.seconds += time.perf_counter() - started
        if self.file is not None:
            files.write_text(self.file, json.dumps({"found": self.found, "seconds": self.seconds}))


def thinned(curve: dict[str, list[float]], most: int = 60) -> dict[str, list[float]]:
    """A curve of at most so many points, evenly spaced, the last kept."""
    found = {}
    for name, values in curve.items():
        at = np.unique(np.linspace(0, max(0, len(values) - 1), most).round().astype(int)).tolist()
        found[name] = [values[i] for i in at if i < len(values)]
    return found


# The checkpoint


def kept_stage(config: Config) -> str:
    """After which stage the weights become a checkpoint; "" if after none. Raises ValueError for none of the arm's."""
    stage = "rl" if config["keep"] is True else config["keep"] or ""
    beside = {"few": ("few", "few-rl"), "mid": ("mid", "mid-sft", "mid-rl")}
    known = {"", "pretrain", "sft", "rl"}.union(*(beside.get(name, (name,)) for name in config["beside"]))
    if stage not in known:
        raise ValueError(f"keep: {stage!r} is no stage of this arm: {', '.join(sorted(known - {''}))}")
    return stage


def keep(cell: Cell, model: GPT, place: Place) -> str:
    """Save the weights as recipes.keep does, in float16 if that hardly matters; the model becomes what was saved."""
    name = recipes.checkpoint_name(place)
    text = chat.held_out(cell.tokens, recipes.SLICE)[chat.NATURAL]
    arrays = recipes.rounded(model, lambda: chat.bits_per_byte(model, cell.tokens, text))
    checkpoints.save(name, arrays, chat.header(cell.dial, cell.tokens), place.record, place.base)
    return name


def check(record: Record, base: Path, whole: bool = False) -> str:
    """What is wrong with a record's checkpoint: "" if it reads its slice as well as it did and, if `whole`, solves as
    many sums. Raises CheckpointError, and DataUnavailableError where Shakespeare is not here."""
    model, tokens = chat.load(record["checkpoint"], base)
    known = record["evaluation"]["slice"]
    try:
        text = chat.held_out(tokens, known["tokens"])[chat.NATURAL]
    except DataError as error:
        raise DataUnavailableError(str(error)) from error
    if abs((found := chat.bits_per_byte(model, tokens, text)) - known["loss"]) > 1e-5 * known["loss"]:
        return f"its checkpoint reads Shakespeare at {found:.6f} bits per byte, not {known['loss']:.6f}"
    if whole:
        sums = chat.every_sum(record["config"]["ask"])
        said = replies(model, tokens, sums, 12, 0, 0)
        solved = float(np.mean([e.correct(r[0]) for e, r in zip(sums, said, strict=True)]))
        if abs(solved - (stored := record["metrics"][kept_stage(record["config"])]["exact"])) > 1e-9:
            return f"its checkpoint solves {solved:.4f} of the sums, not {stored:.4f}"
    return ""
