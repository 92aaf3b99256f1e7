"""The longer experiments on Shakespeare: arms as data.

p3.shakespeare-best   the best that our transformer does with 0.2 PFLOP of training, and (stage 2) with 0.5. metrics
                      window-256/dev, full/dev, cost/{cpu_seconds, pflop}.
p3.ablation           what each part of the recipe is worth after 1.2 million characters: all arms read the same number.
                      metrics window-64/dev, full/dev, cost/{cpu_seconds, pflop}.
p3.stages             one small net from gibberish to verse. metrics window-64/dev, full/dev; detail.stages: {step,
                      checkpoint, dev (window-64), text (400 characters, the same draws each time)}.
"""

from __future__ import annotations

from typing import Any

from nnfs.experiments.p3 import OURS, check_checkpoint, rung, short, train_model
from nnfs.runs import TOLERANCE, Arm, Experiment

Config = dict[str, Any]

# p3.shakespeare-best: 0.2 PFLOP


def best(steps: int, **model: Any) -> Config:
    """Six blocks of 192 on windows of 256, 4,096 characters a step; 19.5 MFLOP for each."""
    return {
        "data": "shakespeare",
        "measure": {"window-256": ["dev"], "full": ["dev"]},
        **rung(
            {
                "kind": "bigram-gpt",
                "context": 256,
                "layers": 6,
                "heads": 6,
                "width": 192,
                "dropout": 0.1,
                **model,
            },
            {"kind": "windows", "rows": 16, "length": 256, "epochs": True},
            {"steps": steps, **OURS, "weight_decay": 0.1},
        ),
    }


STEPS = {"0.2": 2490, "0.5": 6230}  # of 4,096 characters: as many as the PFLOPs allow

BEST = Experiment(
    name="p3.shakespeare-best",
    title="Shakespeare: the best of 0.2 PFLOP",
    run=train_model,
    arms={
        "pure-0.2": Arm({**best(STEPS["0.2"]), "keep": True}, minutes=100),
        "prior-0.2": Arm({**best(STEPS["0.2"]), "prior": 6}, minutes=110),
        "pure-0.5": Arm(best(STEPS["0.5"]), stage=2, minutes=250),
        "prior-0.5": Arm({**best(STEPS["0.5"]), "prior": 6, "keep": True}, stage=2, minutes=275),
    },
    columns=("window-256/dev", "full/dev", "cost/pflop", "cost/cpu_seconds"),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
    check=check_checkpoint,
)

# p3.ablation: one thing changed at a time


def changed(model: Config | None = None, train: Config | None = None, tolerance: float = TOLERANCE, **rest: Any) -> Arm:
    """The recipe of p3.shakespeare-short with something else."""
    recipe = short(600)
    return Arm(
        {
            "data": "shakespeare",
            "measure": {"window-64": ["dev"], "full": ["dev"]},
            **recipe,
            "model": {**recipe["model"], **(model or {})},
            "train": {**recipe["train"], **(train or {})},
            **rest,
        },
        minutes=3,
        tolerance=tolerance,
    )


ABLATION = Experiment(
    name="p3.ablation",
    title="Shakespeare: what each part of the recipe is worth",
    run=train_model,
    arms={
        "recipe": changed(),
        "adamw-0.003": changed(train={"optimiser": "adamw", "lr": 0.003}),
        # at this rate rounding grows: another instruction set moves twenty losses by 1e-5, in the other arms by 1e-6
        "adamw-0.01": changed(train={"optimiser": "adamw", "lr": 0.01}, tolerance=1e-4),
        "no-tables": changed({"kind": "gpt"}),
        "learned-places": changed({"positions": "learned"}),
        "no-places": changed({"positions": "nope"}),
        "no-qk-norm": changed({"qk_norm": False}),
        "no-softcap": changed({"softcap": 0.0}),
        "prior": changed(prior=6),
        "dropout-0.1": changed({"dropout": 0.1}),
        "ema-0.05": changed(train={"ema": 0.05}),
        "no-warmdown": changed(train={"warmdown": 0.0}),
        "ema-no-warmdown": changed(train={"warmdown": 0.0, "ema": 0.05}),
    },
    columns=("window-64/dev", "full/dev", "cost/cpu_seconds"),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
)

# p3.stages: from gibberish to verse

STAGES = [0, 5, 15, 40, 100, 200, 400, 700, 1100, 1700, 2500]

STAGED = Experiment(
    name="p3.stages",
    title="From gibberish to verse",
    run=train_model,
    arms={
        "browser": Arm(
            {
                "data": "shakespeare",
                "measure": {"window-64": ["dev"], "full": ["dev"]},
                "stages": {"steps": STAGES, "say": 400},
                **rung(
                    {"kind": "gpt", "context": 128, "layers": 3, "heads": 3, "width": 96, "dropout": 0.05},
                    {"kind": "windows", "rows": 32, "length": 128, "epochs": True},
                    {"steps": STAGES[-1], **OURS},
                ),
            },
            seeds=1,
            minutes=25,
        ),
    },
    columns=("window-64/dev", "full/dev", "cost/cpu_seconds"),
    rehearse={"rehearsal": True},
    precision="float32",
    trains=True,
    check=check_checkpoint,
)

EXPERIMENTS = [BEST, ABLATION, STAGED]
