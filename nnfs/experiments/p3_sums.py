"""Arithmetic in transformers: arms as data.

p3.formats  how a sum is written decides how many examples a net needs. metrics test/{exact, digit-0 … (units …),
            carries-0 … (exact among sums with so many)}; train/exact; order/{digit-0 … (first step at which 90 % of
            them are right), units_after_hundreds}; cost/{cpu_seconds, steps, characters (filling included), solved}.
            detail.curve: {step, exact, digit-0 …} on 500 other sums.
p3.length   trained on sums of up to 8 digits, asked up to 24. metrics diagonal/{exact_90 (largest n such that of the
            sums of two numbers of 1 … n digits 90 % each are right), known (8 digits), twice (16)}. detail.diagonal:
            exact for 1 … 24 digits; detail.grid: {lengths, exact by length of the first and of the second number}.
p3.adder    how few trained numbers add two numbers of ten digits. metrics test/{exact (of the 10,010 public sums),
            edge (of the ten with the longest carries)}, cost as above.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnfs.data.arithmetic import DIGITS
from nnfs.experiments.p3 import OURS
from nnfs.records import Record
from nnfs.runs import Arm, Experiment, Place, Result

Config = dict[str, Any]


def learn_sums(config: Config, seed: int, place: Place | None = None) -> Result:
    """A cell that learns arithmetic. (Imported here: who only lists experiments needs no torch.)"""
    from nnfs import sums

    return sums.run(config, seed, place)


def check_checkpoint(record: Record, base: Path, whole: bool) -> str:
    """What is wrong with a record's checkpoint; "" if nothing is."""
    from nnfs import sums

    return sums.check(record, base, whole)


TRAIN = {**OURS, "warmdown": 0.5}
SMALL = {"kind": "gpt", "layers": 2, "heads": 4, "width": 128}  # 0.4 million parameters

# p3.formats: three digits, written in different ways


def written(form: str, samples: int, stage: int = 1, rows: int = 128, minutes: float = 3.0, **task: Any) -> Arm:
    """At most 1,200 steps; until 99 % of 500 other problems are right."""
    return Arm(
        {
            "data": "sums",
            "task": {"kind": "sums", "form": form, "digits": 3, "samples": samples, "test": 2000, **task},
            "model": {**SMALL, "context": 96},
            "rows": rows,
            "probe": 500,
            "every": 50,
            "stop": 0.99,
            "train": {"steps": 1200, **TRAIN},
        },
        stage=stage,
        minutes=minutes,
    )


def every_form() -> dict[str, Arm]:
    arms = {}
    for samples in (1000, 2000, 5000, 20_000):
        stage = 1 if samples < 20_000 else 2
        arms[f"plain-{samples}"] = written("plain", samples, stage)
        arms[f"reversed-{samples}"] = written("reversed", samples, stage)
        arms[f"simplified-{samples}"] = written("simplified", samples, stage, rows=64, minutes=4)
    arms["detailed-1000"] = written("detailed", 1000, rows=32, minutes=5)
    arms["product-5000"] = written("product", 5000, kind="one-operand", top=100)
    arms["root-5000"] = written("root", 5000, kind="one-operand", top=10_000)
    return arms


FORMATS = Experiment(
    name="p3.formats",
    title="Three-digit sums: how they are written decides how many examples it takes",
    run=learn_sums,
    arms=every_form(),
    columns=("test/exact", "train/exact", "cost/steps", "cost/characters", "order/units_after_hundreds"),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
)

# p3.length: longer than ever seen


def reaching(scheme: str, **extra: Any) -> Arm:
    """Trained on numbers of 1 … 8 digits, units first; places for 24."""
    return Arm(
        {
            "data": "sums",
            "task": {"kind": "lengths", "form": "mirrored", "digits": 8, "longest": 24, "test": 128, "stride": 1},
            "model": {**SMALL, "context": 80, "positions": scheme, **extra},
            "rows": 96,
            "probe": 300,
            "every": 100,
            "stop": 2.0,  # never early: the places of long numbers go on being learnt
            "train": {"steps": 1500, **TRAIN},
        },
        minutes=9,
    )


LOOKING: Config = {"digits": list(DIGITS), "longest": 25, "shift": 24}
LENGTH = Experiment(
    name="p3.length",
    title="Sums longer than ever seen: places decide",
    run=learn_sums,
    arms={
        "abacus": reaching("abacus", **LOOKING),
        "coupled": reaching("coupled", **LOOKING),
        "rope": reaching("rope"),
        "nope": reaching("nope"),
        "learned": reaching("roaming"),
    },
    columns=("diagonal/exact_90", "diagonal/known", "diagonal/twice", "cost/cpu_seconds"),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
)

# p3.adder: as few numbers as possible


def tiny(width: int, heads: int, ratio: int) -> Arm:
    """One block, its head the embedding. Digits of one significance share a place; nothing is learnt of places."""
    return Arm(
        {
            "data": "sums",
            "vocab": 13,
            "task": {"kind": "ten-digits"},
            "model": {
                "kind": "tied-gpt",
                "context": 36,
                "layers": 1,
                "heads": heads,
                "width": width,
                "ratio": ratio,
                "positions": "turned",
                "digits": list(DIGITS),
                "longest": 12,
                "qk_norm": False,
                "softcap": 0.0,
            },
            "rows": 64,
            "probe": 1000,
            "every": 500,
            "stop": 0.9995,
            "keep": True,
            "train": {"steps": 20_000, "lr": 0.02, "warmup": 0.05, "warmdown": 0.5, "clip": 1.0},
        },
        minutes=4,
    )


SHAPES = {  # width, heads, hidden units in widths
    "872": (8, 2, 4),
    "294": (6, 3, 1),
    "3280": (16, 2, 4),
    "616": (8, 2, 2),
    "366": (6, 3, 2),
    "244": (4, 2, 4),
    "180": (4, 2, 2),
}
ADDER = Experiment(
    name="p3.adder",
    title="How few trained numbers add two numbers of ten digits?",
    run=learn_sums,
    arms={name: tiny(*shape) for name, shape in SHAPES.items()},
    columns=("test/exact", "test/edge", "cost/steps", "cost/cpu_seconds"),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
    check=check_checkpoint,
)

EXPERIMENTS = [FORMATS, LENGTH, ADDER]
