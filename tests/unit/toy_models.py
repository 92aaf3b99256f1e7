"""A toy experiment that trains nets on names, for the tests of `nnfs.recipes`: seconds, and no file from outside.

It lives in a module of its own because a subprocess imports it.
"""

from pathlib import Path

from nnfs import recipes
from nnfs.runs import Arm, DataUnavailableError, Experiment

CONFIG = {
    "data": "names-ssa",
    "model": {"kind": "mlp", "hidden": 16, "context": 2},
    "batches": {"kind": "examples", "rows": 16, "context": 2},
    "train": {"steps": 60, "lr": 0.02, "weight_decay": 0.1, "beta2": 0.99, "clip": 0.05, "warmup": 0.1},
    "measure": {"full": ["dev"]},
    "keep": True,
}
COUNTS = {"data": "names-ssa", "counts": {"kind": "kneser-ney", "context": 2}, "measure": {"full": ["dev"]}}


def with_other(name, value):
    """A run function that trains with something else than its config says: what a slip in the code does."""

    def run(config, seed, place=None):
        return recipes.run({**config, "train": {**config["train"], name: value}}, seed, place)

    return run


def without_its_data(config, seed, place=None):
    raise DataUnavailableError("names.txt is not here: fetch it with `nnfs data`")


def experiment(run=recipes.run, **train):
    """Arms `net`, trained, and `counts`."""
    net = {**CONFIG, "train": {**CONFIG["train"], **train}}
    return Experiment(
        name="p9.names",
        title="Does it learn names?",
        run=run,
        arms={"net": Arm(net), "counts": Arm(COUNTS, seeds=1)},
        columns=("full/dev",),
        rehearse={"rehearsal": True},
        seeds=2,
        precision="float32",
        trains=True,
        check=recipes.check,
    )


def slow_cell(base, steps):
    """A cell that snapshots after every step."""
    from nnfs import runs

    runs.run_cell(experiment(steps=steps, snapshot_seconds=0.0), "net", 0, Path(base))
