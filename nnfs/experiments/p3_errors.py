"""Where nets that add go wrong: arms as data.

p3.errors  two arms of p3.formats trained again and asked 20,000 other sums. metrics as there, and nines/{carried, idle:
           share of wrong hundreds where the tens make 9 and do, or do not, receive a carry; elsewhere: where they make
           anything else; excess: carried minus elsewhere}. detail.columns: {place, carried, nine, asked, wrong} of each
           kind of digit.
"""

from __future__ import annotations

from typing import Any

from nnfs.experiments.p3_sums import FORMATS
from nnfs.runs import Arm, Experiment, Place, Result

Config = dict[str, Any]


def learn_and_ask(config: Config, seed: int, place: Place | None = None) -> Result:
    """A cell that learns sums and is asked which it gets wrong. (Who only lists experiments needs no torch.)"""
    from nnfs import anatomy

    return anatomy.run(config, seed, place)


def asked_more(arm: str) -> Arm:
    """An arm of p3.formats with ten times the questions at the end."""
    config = FORMATS.arms[arm].config
    return Arm({**config, "task": {**config["task"], "kind": "anatomy", "test": 20_000}}, minutes=3)


ERRORS = Experiment(
    name="p3.errors",
    title="Three-digit sums: which digits come out wrong",
    run=learn_and_ask,
    arms={arm: asked_more(arm) for arm in ("plain-5000", "reversed-5000")},
    columns=("test/exact", "nines/carried", "nines/idle", "nines/elsewhere", "nines/excess"),
    rehearse={"rehearsal": True},
    seeds=3,
    precision="float32",
    trains=True,
)

EXPERIMENTS = [ERRORS]
