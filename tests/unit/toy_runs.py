"""A toy experiment for the tests of `nnfs.runs`: gradient descent down a parabola.

It lives in a module of its own because worker processes and a subprocess import it.
"""

import dataclasses
import os
import signal
import time
from pathlib import Path

import numpy as np

from nnfs.runs import Arm, DataUnavailableError, Experiment, Result, digest_of


def descend(config, seed):
    """w ← w − lr·(w − x) towards the mean of ten seeded points. `sleep`: seconds it takes on top."""
    time.sleep(config.get("sleep", 0.0))
    data = np.random.default_rng(seed).normal(config.get("mean", 0.0), 1.0, 10)
    w, losses = 5.0, []
    for _ in range(config["steps"]):
        losses.append(float(np.mean((w - data) ** 2)))
        w -= config["lr"] * float(np.mean(w - data))
    return Result(
        metrics={"train": {"loss": losses[-1]}, "other": {"w": w}},
        data={"points": digest_of(data)},
        parameters=1,
        flops=10.0 * config["steps"],
        examples=10 * config["steps"],
        loss=(range(1, len(losses) + 1), losses),
        norm=abs(w),
        detail={"w": w},
    )


def descend_with_other_rate(config, seed):
    return descend({**config, "lr": config["lr"] * 1.001}, seed)


def descend_on_other_data(config, seed):
    return descend({**config, "mean": 1e-3}, seed)


def descend_and_measure_otherwise(config, seed):
    """The same training; what is said about it has changed."""
    result = descend(config, seed)
    return dataclasses.replace(result, metrics={**result.metrics, "other": {"w": 2 * result.metrics["other"]["w"]}})


def descend_one_way_only(config, seed):
    """Fails for one cell of the grid."""
    if config["lr"] > 0.15 and seed == 1:
        raise ZeroDivisionError("the hill is too steep")
    return descend(config, seed)


def without_its_data(config, seed):
    raise DataUnavailableError("points.csv is not here: fetch it with `nnfs data`")


def without_torch(config, seed):
    raise ModuleNotFoundError("No module named 'torch'", name="torch")


def count(config, seed):
    """No loss, and quick: such an experiment is its own rehearsal."""
    return Result(metrics={"all": {"solved": 14 + seed}})


def killed_once(config, seed):
    """The first process that reaches seed 1 dies of SIGKILL, as if memory had run out."""
    marker = Path(config["marker"])
    if seed == 1 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return descend(config, seed)


def without_rehearsal(config, seed):
    """Its rehearsal, and nothing but it, fails."""
    if config["steps"] == 20:
        raise ZeroDivisionError("a rehearsal came first")
    raise AssertionError("the run came first")


def killed_always(config, seed):
    if seed == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return descend(config, seed)


def experiment(run=descend, *, seeds=3, rehearse=None, **config):
    """Two arms, slow (lr 0.1) and fast (lr 0.2), and a planned one; 100 steps, rehearsed in 20."""
    base = {"steps": 100, **config}
    return Experiment(
        name="p9.toy",
        title="Does it go downhill?",
        run=run,
        arms={
            "slow": Arm({**base, "lr": 0.1}),
            "fast": Arm({**base, "lr": 0.2}),
            "later": Arm({**base, "lr": 0.3}, stage=2),
        },
        columns=("train/loss",),
        rehearse={"steps": 20} if rehearse is None else rehearse,
        seeds=seeds,
    )
