"""The experiments of Part 3: arms as data, and the run of a net of plain numbers on two moons.

p3.moons              micrograd's demo on `nnfs.scalar`. metrics train/{accuracy, loss, first_right (step at which all
                      points are right, steps + 1 if never)}; detail.boundary: {x, y, score by row y and column x};
                      detail.points: {x, y, label}.
p3.ladder             from counting to a transformer on names. Arms "ssa.…" are the headline: our own list, split by
                      distinct name. Arms "makemore.…" repeat published recipes on the list and split they were
                      published for. metrics full/{train, dev, test}; makemore also full/dev-unseen (dev names that
                      training does not hold); cost/cpu_seconds. Parameters of counts: grams with a count.
p3.shakespeare-short  a minute of training on Shakespeare: nanoGPT's recipe for CPUs as published, ours in the same
                      time, counting alone. metrics window-64/dev, full/dev, cost/{cpu_seconds; ours also
                      beside_cpu_seconds (what nanoGPT's run costs, measured before and after in the same process) and
                      share_of_beside}.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from nnfs.data.moons import moons
from nnfs.records import Record
from nnfs.runs import Arm, Experiment, Place, Result, digest_of
from nnfs.scalar import MLP, Value

Config = dict[str, Any]


def train_model(config: Config, seed: int, place: Place | None = None) -> Result:
    """A cell that counts or trains on text. (Imported here: who only lists experiments needs no torch.)"""
    from nnfs import recipes

    return recipes.run(config, seed, place)


def check_checkpoint(record: Record, base: Path, whole: bool) -> str:
    """What is wrong with a record's checkpoint; "" if nothing is."""
    from nnfs import recipes

    return recipes.check(record, base, whole)


# p3.moons: the smallest net that draws a curve


def moons_run(config: Config, seed: int) -> Result:
    """A net of `hidden` ReLU units a layer, max-margin loss on all points, learning rate falling in a line."""
    X, y = moons(config["points"], config["noise"], seed)
    points, labels = X.tolist(), y.tolist()
    net = MLP(2, [*config["hidden"], 1], seed, activation="relu")
    parameters, losses, right = net.parameters(), [], []
    for step in range(config["steps"]):
        scores = [net(point)[0] for point in points]
        margins = [(1 - label * score).relu() for label, score in zip(labels, scores, strict=True)]
        penalty = sum((p * p for p in parameters), Value(0.0)) * config["decay"]
        loss = sum(margins, Value(0.0)) / len(points) + penalty
        loss.backward()
        rate = 1.0 - 0.9 * step / config["steps"]
        for p in parameters:
            p.data -= rate * p.grad
        losses.append(loss.data)
        right.append(sum((score.data > 0) == (label > 0) for score, label in zip(scores, labels, strict=True)))
    said = [net(point)[0].data for point in points]
    accuracy = sum((score > 0) == (label > 0) for score, label in zip(said, labels, strict=True)) / len(points)
    first = next((step for step, n in enumerate(right) if n == len(points)), config["steps"] + 1)
    detail: dict[str, Any] = {"points": {"x": X[:, 0], "y": X[:, 1], "label": y}}
    if config["grid"]:
        xs = [-1.5 + 4.0 * i / (config["grid"] - 1) for i in range(config["grid"])]
        ys = [-1.0 + 2.5 * i / (config["grid"] - 1) for i in range(config["grid"])]
        rows = [[float(f"{net([a, b])[0].data:.3g}") for a in xs] for b in ys]
        detail["boundary"] = {"x": xs, "y": ys, "score": rows}
    return Result(
        metrics={"train": {"accuracy": accuracy, "loss": losses[-1], "first_right": first}},
        data={"moons": digest_of(X, y)},
        parameters=len(parameters),
        flops=6.0 * len(parameters) * len(points) * config["steps"],
        examples=len(points) * config["steps"],
        loss=(range(1, config["steps"] + 1), losses),
        norm=math.sqrt(sum(p.data**2 for p in parameters)),
        detail=detail,
    )


MOONS = Experiment(
    name="p3.moons",
    title="A net of plain numbers divides two moons",
    run=moons_run,
    arms={
        "16-16": Arm({"points": 100, "noise": 0.1, "hidden": [16, 16], "steps": 100, "decay": 1e-4, "grid": 40}),
        "4": Arm({"points": 100, "noise": 0.1, "hidden": [4], "steps": 100, "decay": 1e-4, "grid": 40}),
        "linear": Arm({"points": 100, "noise": 0.1, "hidden": [], "steps": 100, "decay": 1e-4, "grid": 40}),
    },
    columns=("train/accuracy", "train/loss", "train/first_right"),
    rehearse={"steps": 20, "points": 20, "grid": 0},
)

# p3.ladder: names

# The recipe of Karpathy's lectures: plain gradient descent on 32 examples a step, the rate divided by ten once.
LECTURES = {"optimiser": "sgd", "momentum": 0.0, "lr": 0.1, "schedule": "step", "warmdown": 0.5, "final": 0.1}
LATE = {**LECTURES, "warmdown": 0.25}  # from the fifth lecture on it falls at three quarters
# Ours: Muon for matrices, AdamW for tables and head, a long way down at the end.
OURS = {"optimiser": "muon", "lr": 0.02, "table_lr": 0.01, "head_lr": 0.004, "vector_lr": 0.004, "warmdown": 0.6}
MAKEMORE_ADAM = {"lr": 5e-4, "weight_decay": 0.01, "beta2": 0.99, "warmdown": 0.0}


def examples(context: int, rows: int = 32) -> Config:
    """Single predictions from `context` letters."""
    return {"kind": "examples", "rows": rows, "context": context}


def rung(model: Config, batches: Config, train: Config) -> Config:
    """An arm that trains."""
    return {"model": model, "batches": batches, "train": train}


NETS: dict[str, tuple[Config, dict[str, Any]]] = {  # name: (what, how many seeds and how many minutes)
    "mlp": (rung({"kind": "mlp", "init": "raw"}, examples(3), {"steps": 200_000, **LECTURES}), {"minutes": 8}),
    "mlp-kaiming": (rung({"kind": "mlp"}, examples(3), {"steps": 200_000, **LECTURES}), {"minutes": 8}),
    "batchnorm": (
        rung({"kind": "mlp", "batch_norm": True, "bias": False}, examples(3), {"steps": 200_000, **LECTURES}),
        {"minutes": 9},
    ),
    "by-hand": (
        rung({"kind": "by-hand", "batch_norm": True}, examples(3), {"steps": 200_000, **LECTURES}),
        {"minutes": 10},
    ),
    "context-8": (
        rung(
            {"kind": "mlp", "context": 8, "batch_norm": True, "bias": False, "momentum": 0.1},
            examples(8),
            {"steps": 200_000, **LATE},
        ),
        {"minutes": 9.5},
    ),
    "wavenet": (
        rung({"kind": "wavenet"}, examples(8), {"steps": 200_000, **LATE}),
        {"minutes": 25, "seeds": 1},
    ),
    "transformer": (
        rung(
            {
                "kind": "gpt2",
                "context": 16,
                "layers": 4,
                "heads": 4,
                "width": 64,
                "bias": True,
                "tied": False,
                "tanh_gelu": True,
                "scaled_branches": False,
            },
            {"kind": "documents", "rows": 32},
            {"steps": 20_000, **MAKEMORE_ADAM},
        ),
        {"minutes": 7},
    ),
}
# Ours: whole names, Muon; alone, and averaged with the counts.
NAMES = rung(
    {"kind": "bigram-gpt", "context": 16, "layers": 3, "heads": 4, "width": 64, "dropout": 0.1},
    {"kind": "documents", "rows": 128},
    {"steps": 1500, **OURS},
)
NETS["ours"] = (NAMES, {"minutes": 3})
NETS["ours-mixture"] = ({**NAMES, "prior": 5, "mix": True}, {"minutes": 3})
PARTS = {"ssa": ["train", "dev", "test"], "makemore": ["train", "dev", "dev-unseen", "test"]}


def ladder() -> dict[str, Arm]:
    """Every rung on both lists."""
    arms = {}
    for where, parts in PARTS.items():
        common: Config = {"data": f"names-{where}", "measure": {"full": parts}}
        arms[f"{where}.bigram"] = Arm({**common, "counts": {"kind": "ngram", "context": 1, "add": 1.0}}, seeds=1)
        arms[f"{where}.kneser-ney"] = Arm({**common, "counts": {"kind": "kneser-ney", "context": 5}}, seeds=1)
        arms[f"{where}.bigram-net"] = Arm(
            {
                **common,
                **rung(
                    {"kind": "bigram"}, {"kind": "everything"}, {"steps": 200, **LECTURES, "lr": 50.0, "final": 1.0}
                ),
            },
            seeds=5,
        )
        for name, (what, how) in NETS.items():
            arms[f"{where}.{name}"] = Arm({**common, **what, "keep": True}, **how)
    arms["makemore.bigram-all"] = Arm(
        {
            "data": "names-makemore",
            "fit": "all",
            "measure": {"full": ["all"]},
            "counts": {"kind": "ngram", "context": 1, "add": 1.0},
        },
        seeds=1,
    )
    return arms


LADDER = Experiment(
    name="p3.ladder",
    title="Names: what each rung from counting to a transformer buys",
    run=train_model,
    arms=ladder(),
    columns=("full/dev", "full/dev-unseen", "full/test", "full/train", "full/all", "cost/cpu_seconds"),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
    check=check_checkpoint,
)

# p3.shakespeare-short: a minute

NANOGPT = rung(
    {"kind": "gpt2", "context": 64, "layers": 4, "heads": 4, "width": 128},
    {"kind": "windows", "rows": 12, "length": 64},
    {
        "steps": 2000,
        "lr": 1e-3,
        "weight_decay": 0.1,
        "beta2": 0.99,
        "warmup": 0.05,
        "schedule": "cosine",
        "final": 0.1,
        "clip": 1.0,
    },
)


def short(steps: int) -> Config:
    """Our recipe; so many steps as fit into the processor time of nanoGPT's 2,000."""
    return rung(
        {"kind": "bigram-gpt", "context": 64, "layers": 2, "heads": 4, "width": 128},
        {"kind": "windows", "rows": 32, "length": 64, "epochs": True},
        {"steps": steps, **OURS},
    )


SHORT: Config = {"data": "shakespeare", "measure": {"window-64": ["dev"], "full": ["dev"]}}

SHAKESPEARE_SHORT = Experiment(
    name="p3.shakespeare-short",
    title="Shakespeare in the time of nanoGPT's CPU recipe",
    run=train_model,
    arms={
        "kneser-ney": Arm(
            {
                "data": "shakespeare",
                "measure": {p: ["dev"] for p in ("window-64", "window-32", "window-256", "full")},
                "counts": {"kind": "kneser-ney", "context": 6},
            },
            seeds=1,
        ),
        "nanogpt": Arm({**SHORT, **NANOGPT, "keep": True}, minutes=2),
        "ours": Arm({**SHORT, **short(960), "keep": True, "beside": NANOGPT}, minutes=2),
        # no checkpoint: averaging beats multiplying, and what git holds is limited
        "ours-prior": Arm({**SHORT, **short(700), "beside": NANOGPT, "prior": 6}, minutes=2),
        "ours-mixture": Arm(
            {**SHORT, **short(780), "keep": True, "beside": NANOGPT, "prior": 6, "mix": True}, minutes=2
        ),
    },
    columns=("window-64/dev", "full/dev", "cost/cpu_seconds", "cost/share_of_beside"),
    rehearse={"rehearsal": True},
    seeds=5,
    precision="float32",
    trains=True,
    check=check_checkpoint,
)

EXPERIMENTS = [MOONS, LADDER, SHAKESPEARE_SHORT]
