"""From an arm that calculates to a trained transformer and its record: the twin of `nnfs.recipes` for arithmetic.

An arm says which problems, how they are written, the model and how it trains:

    task     {"kind": a key of TASKS, "form": see `nnfs.data.arithmetic`, …fields of the task}
    model    {"kind": a key of recipes.MODELS, …fields of its configuration}
    vocab    how many of the symbols the model knows, if not all
    rows     problems in a step                train  fields of TrainConfig
    every    steps between two looks at problems that training does not hold ("probe" of them); the run ends early when
             so many as `stop` says are right
    keep     true: the weights of seed 0 become a checkpoint

Only what has to follow a problem is learnt and asked. `exact` is the share of problems of which every character that
has to follow (working, answer, end) is the likeliest one after the right ones before it. That is the same as letting
the net write by itself, always taking the likeliest character, and comparing all that it wrote; and it takes one pass.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnfs import files, progress, recipes, train
from nnfs.data import arithmetic
from nnfs.data.arithmetic import Rows
from nnfs.model import LanguageModel, device_of, evaluating, n_parameters
from nnfs.records import Record
from nnfs.runs import Place, Result, digest_of

Config = dict[str, Any]
TOKENS_AT_ONCE = 32_768  # when problems are asked
UNITS_FIRST = ("reversed", "mirrored", "mirrored-padded", "product", "root")
Bools = NDArray[np.bool_]
Metrics = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Task:
    """What is learnt and what is asked."""

    data: train.Batches
    probe: Rows  # asked on the way
    measure: Callable[[LanguageModel], tuple[Metrics, dict[str, Any]]]  # asked at the end: metrics and detail
    digests: dict[str, str]


def written(form: str, pairs: list[tuple[int, int]], width: int = 0) -> Rows:
    """Problems in one form as rows."""
    return arithmetic.rows([arithmetic.write(form, a, b, width) for a, b in pairs], form in UNITS_FIRST)


# What each step reads


@dataclass(frozen=True)
class Drawn:
    """Random rows of a finite set of problems."""

    problems: Rows
    rows: int
    seed: int

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        chosen = np.random.default_rng([self.seed, step]).integers(len(self.problems), size=self.rows)
        return torch.from_numpy(self.problems.idx[chosen]), torch.from_numpy(self.problems.targets[chosen])


@dataclass(frozen=True)
class Endless:
    """New problems at each step."""

    draw: Callable[[np.random.Generator], Rows]
    seed: int

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        problems = self.draw(np.random.default_rng([self.seed, step, 3]))
        return torch.from_numpy(problems.idx), torch.from_numpy(problems.targets)


# Asking


def right(model: LanguageModel, problems: Rows) -> Bools:
    """(n, T) bool: where the likeliest next character is the target."""
    said, device = np.zeros(problems.idx.shape, dtype=bool), device_of(model)
    many = max(1, TOKENS_AT_ONCE // problems.idx.shape[1])
    with evaluating(model):
        for at in range(0, len(problems), many):
            logits, _ = model(torch.from_numpy(problems.idx[at : at + many]).to(device))
            said[at : at + many] = logits.argmax(dim=-1).cpu().numpy() == problems.targets[at : at + many]
    return said


def exact(said: Bools, problems: Rows) -> Bools:
    """(n,) bool: which problems are solved, working and end included."""
    return np.all(said | (problems.targets < 0), axis=1)


def by_digit(said: Bools, problems: Rows) -> dict[str, float]:
    """{"digit-0": share of units of the final answer that are right, "digit-1": of tens, …}."""
    return {f"digit-{k}": float(said[problems.place == k].mean()) for k in range(problems.place.max() + 1)}


# Tasks


def sums(task: Config, rows: int, probe: int, seed: int) -> Task:
    """A finite number of sums, balanced by digits and carries; asked uniform ones that are not among them."""
    form, digits = task["form"], task["digits"]
    learnt = arithmetic.balanced(task["samples"], digits, seed)
    asked = arithmetic.uniform(probe + task["test"], digits, seed, set(learnt))
    known, ways, test = (written(form, pairs, digits) for pairs in (learnt, asked[:probe], asked[probe:]))
    carried = np.array([arithmetic.carries(a, b, digits) for a, b in asked[probe:]])

    def measure(model: LanguageModel) -> tuple[Metrics, dict[str, Any]]:
        said = right(model, test)
        solved = exact(said, test)
        by_carries = {f"carries-{k}": float(solved[carried == k].mean()) for k in range(digits + 1)}
        fitted = float(exact(right(model, known), known).mean())
        return {
            "test": {"exact": float(solved.mean()), **by_digit(said, test), **by_carries},
            "train": {"exact": fitted},
        }, {}

    digests = {"train": digest_of(known.idx, known.targets), "test": digest_of(test.idx, test.targets)}
    return Task(Drawn(known, rows, seed), ways, measure, digests)


def one_operand(task: Config, rows: int, probe: int, seed: int) -> Task:
    """Products of two numbers below `top`, or roots of numbers below it: some are learnt, of the others some asked."""
    form, top = task["form"], task["top"]
    every = [(a, b) for a in range(top) for b in range(top)] if form == "product" else [(a, 0) for a in range(top)]
    order = np.random.default_rng([seed, 5]).permutation(len(every))
    mixed = [every[i] for i in order[: task["samples"] + probe + task["test"]].tolist()]
    n = task["samples"]
    known, ways, test = (written(form, pairs) for pairs in (mixed[:n], mixed[n : n + probe], mixed[n + probe :]))

    def measure(model: LanguageModel) -> tuple[Metrics, dict[str, Any]]:
        said = right(model, test)
        fitted = float(exact(right(model, known), known).mean())
        return {
            "test": {"exact": float(exact(said, test).mean()), **by_digit(said, test)},
            "train": {"exact": fitted},
        }, {}

    digests = {"train": digest_of(known.idx, known.targets), "test": digest_of(test.idx, test.targets)}
    return Task(Drawn(known, rows, seed), ways, measure, digests)


def lengths(task: Config, rows: int, probe: int, seed: int) -> Task:
    """Endless sums of numbers of 1 … `digits` digits; asked on a grid of lengths up to `longest`, the diagonal more."""
    digits, longest, form = task["digits"], task["longest"], task["form"]

    def draw(rng: np.random.Generator, n: int = rows) -> Rows:
        size = rng.integers(1, digits + 1, size=(n, 2)).tolist()
        return written(form, [(arithmetic.number(i, rng), arithmetic.number(j, rng)) for i, j in size])

    def ask(model: LanguageModel, i: int, j: int, n: int) -> float:
        problems = written(form, arithmetic.of_length(n, i, j, np.random.default_rng([seed, i, j, 6])))
        return float(exact(right(model, problems), problems).mean())

    def measure(model: LanguageModel) -> tuple[Metrics, dict[str, Any]]:
        diagonal = [ask(model, n, n, task["test"]) for n in range(1, longest + 1)]
        short = next((n for n, share in enumerate(diagonal) if share < 0.9), longest)
        steps = range(1, longest + 1, task["stride"])
        grid = [[ask(model, i, j, task["test"] // 8) for j in steps] for i in steps]
        reach = {"exact_90": float(short), "known": diagonal[digits - 1], "twice": diagonal[2 * digits - 1]}
        return {"diagonal": reach}, {"diagonal": diagonal, "grid": {"lengths": list(steps), "exact": grid}}

    first = draw(np.random.default_rng([seed, 0, 3]))
    digests = {"train": digest_of(first.idx, first.targets)}
    return Task(Endless(draw, seed), draw(np.random.default_rng([seed, 7]), probe), measure, digests)


def ten_digits(task: Config, rows: int, probe: int, seed: int) -> Task:
    """Endless sums of numbers of ten digits, half of them with long carries; asked the 10,010 public ones."""
    a, b = (arithmetic.digits_units_first(operand, 10) for operand in zip(*arithmetic.ten_digits(), strict=True))
    test = arithmetic.padded_rows(a, b)

    def draw(rng: np.random.Generator, n: int = rows) -> Rows:
        return arithmetic.padded_rows(*arithmetic.long_carries(n, 10, rng))

    def measure(model: LanguageModel) -> tuple[Metrics, dict[str, Any]]:
        said = right(model, test)
        solved = exact(said, test)
        return {"test": {"exact": float(solved.mean()), "edge": float(solved[:10].mean())}}, {}

    first = draw(np.random.default_rng([seed, 0, 3]))
    digests = {"train": digest_of(first.idx, first.targets), "test": digest_of(test.idx, test.targets)}
    return Task(Endless(draw, seed), draw(np.random.default_rng([seed, 7]), probe), measure, digests)


TASKS: dict[str, Callable[[Config, int, int, int], Task]] = {
    "sums": sums,
    "one-operand": one_operand,
    "lengths": lengths,
    "ten-digits": ten_digits,
}


# A cell


class Curve:
    """What was seen on the way, in a file beside the snapshots: a resumed run has what was seen before the kill."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.points: dict[int, dict[str, float]] = {}
        if file is not None and file.is_file():
            self.points = {int(step): point for step, point in json.loads(file.read_text()).items()}

    def look(self, step: int, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
        """What `measure` says at this step, or said."""
        if step not in self.points:
            self.points[step] = measure()
            if self.file is not None:
                files.write_text(self.file, json.dumps(self.points))
        return self.points[step]

    def columns(self) -> dict[str, list[float]]:
        """{"step": […], "exact": […], …}."""
        steps = sorted(self.points)
        names = self.points[steps[0]] if steps else []
        return {"step": list(steps), **{name: [self.points[s][name] for s in steps] for name in names}}


def run(config: Config, seed: int, place: Place | None = None) -> Result:
    """Train, ask, keep. With `rehearsal` in the config: twenty steps, no questions."""
    task = TASKS[config["task"]["kind"]](config["task"], config["rows"], config["probe"], seed)
    settings = train.TrainConfig(seed=seed, **config["train"])
    vocab = config.get("vocab", len(arithmetic.SYMBOLS))
    make = partial(recipes.make_model, config, vocab, seed)
    if config.get("rehearsal"):
        losses, norm = train.rehearse(make, task.data, settings)
        return Result(metrics={}, data=task.digests, loss=(range(1, len(losses) + 1), losses), norm=norm)
    if place is not None:
        settings = replace(settings, device=place.device)
    if settings.device == "cpu":
        torch.set_num_threads(1)
    snapshots = place.snapshots if place is not None else None
    model, seen = make(), Curve(snapshots / "curve.json" if snapshots else None)

    def watch(step: int, model: LanguageModel) -> bool:
        if step % config["every"] and step != settings.steps:
            return False
        return seen.look(step, partial(look, model, task.probe))["exact"] >= config["stop"]

    done = train.train(model, task.data, settings, snapshots, progress.reporter(place) if place else None, watch)
    started = time.perf_counter()
    kept = None
    if config.get("keep") and seed == 0 and place is not None:
        kept = recipes.keep(model, config, place, vocab, partial(error, model, task.probe))
    metrics, detail = task.measure(model)
    curve = seen.columns()
    metrics["order"] = learnt_at(curve, settings.steps + config["every"])
    solved = float(max(curve["exact"]) >= config["stop"])
    metrics["cost"] = {
        "cpu_seconds": done.cpu_seconds,
        "steps": done.steps,
        "characters": done.tokens,
        "solved": solved,
    }
    return Result(
        metrics=metrics,
        data=task.digests,
        parameters=n_parameters(model),
        flops=recipes.flops_per_token(model, task.data(0)) * done.tokens,
        examples=done.tokens,
        loss=(range(1, done.steps + 1), recipes.smooth(done.losses)),
        norm=done.norm,
        detail={**detail, "curve": curve},
        seconds=done.seconds,
        evaluation={"seconds": round(time.perf_counter() - started, 2), "slice": None},
        checkpoint=kept,
        versions={"torch": torch.__version__},
        precision=settings.precision,
    )


def look(model: LanguageModel, problems: Rows) -> dict[str, float]:
    """A point of the curve."""
    said = right(model, problems)
    return {"exact": float(exact(said, problems).mean()), **by_digit(said, problems)}


def learnt_at(curve: dict[str, list[float]], never: int) -> dict[str, float]:
    """{"digit-0": the first step at which 90 % of the units were right, …} and how much later than the hundreds (or
    the highest digit below) the units came; `never` stands for a digit that did not get there."""
    found = {}
    for name in sorted(curve):
        if name.startswith("digit-"):
            pairs = zip(curve["step"], curve[name], strict=True)
            found[name] = float(next((step for step, share in pairs if share >= 0.9), never))
    return {**found, "units_after_hundreds": found["digit-0"] - found.get("digit-2", found["digit-0"])}


def error(model: LanguageModel, problems: Rows) -> float:
    """Mean loss on problems: what half precision may move."""
    with evaluating(model):
        device = device_of(model)
        loss = model(torch.from_numpy(problems.idx).to(device), torch.from_numpy(problems.targets).to(device))[1]
    assert loss is not None
    return float(loss)


def check(record: Record, base: Path, whole: bool = False) -> str:
    """What is wrong with a record's checkpoint: "" if it solves as many problems as the record says."""
    if not whole:
        recipes.load(record["checkpoint"], base)
        return ""
    config = record["config"]
    task = TASKS[config["task"]["kind"]](config["task"], config["rows"], config["probe"], record["seed"])
    found = task.measure(recipes.load(record["checkpoint"], base))[0]["test"]["exact"]
    stored = record["metrics"]["test"]["exact"]
    return "" if abs(found - stored) < 1e-9 else f"its checkpoint solves {found:.4f} of the problems, not {stored:.4f}"
