"""The experiments of Part 2: arms as data, and the few lines that turn a run into a record.

p2.xor-inits       metrics nets/{solved (share), failed (count), epochs_median (of the solved), loss_mean,
                   stuck_at_quarter, stuck_at_sixth, stuck_at_eighth (counts of failed nets whose loss ended within
                   0.005 of 1/4, 1/6, 1/8)}. detail.histogram: {edges (epochs), counts, failed};
                   detail.stuck: {edges (loss), counts}.
p2.addition-mlp    metrics {train, held-out, hole, beyond}/{exact, mae}, protocols that an arm does not ask left
                   out. detail.curves: step, {train, unseen, beyond}_{exact, mae, loss}; detail.answers: {step,
                   asked: [{pair, trained, said}]}; detail.distance: {distance, exact, mae}; detail.heat:
                   {step, error}, |error| by row a and column b, operands 0, step, 2·step, …; detail.grid of seed 0 of
                   the arms ….0-19: {epoch, said}, the rounded answer to every pair at each epoch, see
                   `adders.pack`, and, where numbers go in and come out as sizes, {weights: {W, b}} of the trained net
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nnfs import adders, records
from nnfs.data import addition
from nnfs.mlp import train_many
from nnfs.perceptron import truth_table
from nnfs.records import Record
from nnfs.runs import Arm, Experiment, Result, digest_of

# p2.xor-inits: out of a thousand random starts, how many nets learn XOR?

XOR = [0, 1, 1, 0]
EPOCH_EDGES = np.unique(np.geomspace(10, 5000, 31).round())  # of the histogram, log-spaced
LOSS_EDGES = np.linspace(0.0, 0.3, 31)


def xor_inits(config: dict[str, Any], seed: int) -> Result:
    """Train `nets` nets, net i from the weights of Mulberry seed `seed`·1000 + i, for `epochs` full batches."""
    starts = range(1000 * seed, 1000 * seed + config["nets"])
    X = truth_table(2)
    solved, loss = train_many(
        config["sizes"], X, XOR, starts, config["lr"], config["epochs"], momentum=config["momentum"]
    )
    failed = solved < 0
    stuck = {name: int(np.sum(np.abs(loss[failed] - at) < 0.005)) for name, at in STUCK.items()}
    epochs = {"epochs_median": float(np.median(solved[~failed]))} if not failed.all() else {}
    parameters = sum((a + 1) * b for a, b in pairwise(config["sizes"]))
    updates = len(starts) * config["epochs"] * len(X)
    return Result(
        metrics={
            "nets": {
                "solved": float(np.mean(~failed)),
                "failed": int(failed.sum()),
                "loss_mean": float(loss.mean()),
                **epochs,
                **stuck,
            }
        },
        data={"xor": digest_of(X, np.array(XOR))},
        parameters=parameters,
        flops=6.0 * parameters * updates,
        examples=updates,
        detail={
            "histogram": {
                "edges": EPOCH_EDGES,
                "counts": np.histogram(solved[~failed], EPOCH_EDGES)[0],
                "failed": int(failed.sum()),
            },
            "stuck": {"edges": LOSS_EDGES, "counts": np.histogram(loss[failed], LOSS_EDGES)[0]},
        },
    )


STUCK = {"stuck_at_quarter": 1 / 4, "stuck_at_sixth": 1 / 6, "stuck_at_eighth": 1 / 8}
NETS = {"1-neuron": [2, 1], "2-2-1": [2, 2, 1], "2-4-1": [2, 4, 1]}

# lr 1.0 on the mean squared error of four rows is eta 0.5 of the textbooks (half the sum of squares).
XOR_INITS = Experiment(
    name="p2.xor-inits",
    title="Of 1,000 random starts, how many nets learn XOR?",
    run=xor_inits,
    arms={
        f"{name}{suffix}": Arm({"sizes": sizes, "lr": 1.0, "momentum": momentum, "nets": 1000, "epochs": 5000})
        for name, sizes in NETS.items()
        for suffix, momentum in (("", 0.0), ("-momentum", 0.9))
    },
    columns=(
        "nets/solved",
        "nets/epochs_median",
        "nets/stuck_at_quarter",
        "nets/stuck_at_sixth",
        "nets/stuck_at_eighth",
    ),
    rehearse={"nets": 100, "epochs": 200},
)

# p2.addition-mlp: the same sums in five codes, asked inside and outside the range


def addition_mlp(config: dict[str, Any], seed: int) -> Result:
    """Train one adder and ask it every question; see `nnfs.adders.run`."""
    outcome = adders.run(config, seed)
    model, split, top = outcome["model"], outcome["split"], config["top"]
    tests = {"train": split.train, "held-out": split.held_out, "hole": split.hole, "beyond": split.beyond}
    distances = [0, *(d for d in (1, 2, 3, 5, 10, 20, 30, 50, 70, 100) if d <= top + 1)]
    detail: dict[str, Any] = {"distance": adders.by_distance(model, top, distances)}
    if outcome["curves"]:
        detail["curves"] = outcome["curves"]
        trained = {(a, b) for a, b in split.train.tolist()}
        detail["answers"] = {
            "step": outcome["curves"]["step"],
            "asked": [
                {"pair": list(pair), "trained": tuple(pair) in trained, "said": said}
                for pair, said in zip(config["asked"], zip(*outcome["answers"], strict=True), strict=False)
            ],
        }
    if config["heat"]:
        detail["heat"] = {"step": (2 * top + 2) // 40, "error": adders.heat(model, top)}
    if outcome["grid"]:
        detail["grid"] = outcome["grid"]
        if model.code.heads == "number":
            detail["grid"]["weights"] = {"W": model.net.W, "b": model.net.b}
    weights = [model.w] if isinstance(model, adders.Line) else model.parameters
    parameters = sum(w.size for w in weights)
    passes, rest = divmod(config["steps"], -(-len(split.train) // config["batch"]))
    examples = passes * len(split.train) + rest * config["batch"]
    return Result(
        metrics={name: adders.errors(model.answer(pairs), pairs) for name, pairs in tests.items() if len(pairs)},
        data={"addition": digest_of(split.train, split.held_out, split.hole, split.beyond)},
        parameters=parameters,
        flops=6.0 * parameters * examples,
        examples=examples,
        loss=None if outcome["losses"] is None else (range(1, config["steps"] + 1), outcome["losses"]),
        norm=float(np.sqrt(sum(np.sum(w**2) for w in weights))),
        detail=detail,
    )


def check_grid(record: Record, base: Path, whole: bool) -> str:
    """What is wrong with the answers that a record keeps (detail.grid); "" if nothing is.

    They must be right as often as its metrics say. If `whole` the net is trained again, and at most one answer in a
    hundred may differ: training amplifies the last bit of another machine's arithmetic.
    """
    grid, config = record["detail"].get("grid"), record["config"]
    if grid is None:
        return ""
    top, split = config["top"], addition.split(config["top"], config["held_out"], record["seed"], config["hole"])
    try:
        said = adders.unpack(grid["said"], top)
    except ValueError as error:
        return str(error)
    for name, pairs in (("train", split.train), ("held-out", split.held_out), ("beyond", split.beyond)):
        exact = adders.errors(said[-1][pairs[:, 0], pairs[:, 1]], pairs)["exact"]
        if not np.isclose(exact, records.metric(record, f"{name}/exact"), rtol=1e-6):
            return f"its answers are right on {exact:.4f} of {name}, its metrics say otherwise"
    if whole:
        again = adders.run(config, record["seed"])["grid"]
        if again["epoch"] != grid["epoch"]:
            return "its answers were taken at other epochs"
        differ = float(np.mean(adders.unpack(again["said"], top) != said))
        if differ > 0.01:
            return f"trained again, {differ:.1%} of its answers differ"
    return ""


# Every learned arm chose this rate from the same grid, on seed 99 and held-out pairs (notes/log.md).
BASE: dict[str, Any] = {
    "top": 99,
    "held_out": 0.3,
    "hole": None,
    "steps": 6000,
    "batch": 64,
    "lr": 0.01,
    "heat": False,
    "asked": [],
}
LARGE = [[37, 58], [7, 5], [99, 99], [45, 45], [120, 35], [150, 150]]
SMALL = [[7, 5], [2, 2], [3, 8], [9, 9], [10, 1], [12, 15]]
TASKS: dict[str, dict[str, Any]] = {
    **{f"held-{share}": {"held_out": share / 100} for share in (10, 30, 50, 70, 90)},
    "hole": {"held_out": 0.1, "hole": [40, 49]},
    "0-9": {"top": 9, "held_out": 0.2, "asked": SMALL},
}
TASKS["0-19"] = {"top": 19, "held_out": 0.3, "grid": True}  # what the reader can touch: every pair is a cell
TASKS["held-30"] |= {"heat": True, "asked": LARGE}
OTHER_RATES = {"scalar-sigmoid": (0.03, 0.1), "scalar-relu": (0.003, 0.03, 0.1), "one-hot": (0.03,), "digits": (0.03,)}

ADDITION = Experiment(
    name="p2.addition-mlp",
    title="Which way of writing numbers lets a net add, and how far?",
    run=addition_mlp,
    arms={
        **{
            f"{model}.{task}": Arm({**BASE, "model": model, **changes})
            for task, changes in TASKS.items()
            for model in adders.MODELS
        },
        **{
            f"linear.{task}": Arm({**BASE, "model": "linear", **changes, "steps": 0, "lr": 0.0, "asked": []})
            for task, changes in TASKS.items()
        },
        **{
            f"{model}.lr-{lr}": Arm({**BASE, "model": model, "lr": lr})
            for model, rates in OTHER_RATES.items()
            for lr in rates
        },
    },
    columns=(
        "train/exact",
        "held-out/exact",
        "hole/exact",
        "beyond/exact",
        "held-out/mae",
        "hole/mae",
        "beyond/mae",
    ),
    rehearse={"steps": 20, "heat": False},
    check=check_grid,
)

EXPERIMENTS = [XOR_INITS, ADDITION]
