"""A toy assistant, for the tests of `nnfs.chat_run`: all stages in seconds, and no file from outside.

It lives in a module of its own because a subprocess imports it. Two speakers stand in for Shakespeare.
"""

from pathlib import Path

from nnfs import chat, chat_run, runs
from nnfs.runs import Arm, Experiment

VERSE = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n\n" * 60
WORDS = ["basket", "apple", "forest", "water", "house", "table", "milk", "bread", "stone", "river", "green", "cloud"]
WORDS += ["window", "garden", "winter", "summer", "candle", "paper", "silver", "golden", "bridge", "meadow", "lamb"]
RATES = {"optimiser": "muon", "lr": 0.02, "weight_decay": 0.1, "warmdown": 1.0, "snapshot_seconds": 0.0}
SFT = {
    "conversations": 80,
    "rows": 4,
    "share": {"sum": 3.0, "greeting": 1.0, "story": 1.0},
    "factor": 1.0,
    "train": RATES,
}
CONFIG = {
    "data": "chat",
    "depth": 1,
    "vocab": 700,
    "context": 128,
    "ratio": 2.0,
    "learnt": 40_000,
    "pretrain": RATES,
    "sft": SFT,
    "mid": SFT,
    "few": {**SFT, "conversations": 20},
    "rl": {"steps": 6, "questions": 2, "samples": 4, "most": 12, "factor": 0.1, "train": RATES, "replay": 2},
    "beside": ["z-score", "no-baseline", "replay", "mid", "few"],
    "ask": "dev",
    "measure": {"sums": 4, "prompts": 2, "tokens": 300},
    "keep": True,
}


def without_files():
    """Put the two speakers in Shakespeare's place, in this process."""
    chat.shakespeare_text = lambda: (VERSE, VERSE[:900])
    chat.spelt = lambda: WORDS


def experiment(run=chat_run.run, **changes):
    """The arm `talk`."""
    return Experiment(
        name="p9.chat",
        title="Does it talk?",
        run=run,
        arms={"talk": Arm({**CONFIG, **changes})},
        columns=("rl/exact",),
        rehearse={"rehearsal": True},
        seeds=1,
        precision="float32",
        trains=True,
        check=chat_run.check,
    )


def cell(base, **changes):
    """Run the arm and write its record."""
    without_files()
    return runs.run_cell(experiment(**changes), "talk", 0, Path(base))
