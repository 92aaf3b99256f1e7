"""The experiments of Part 1: arms as data, and the few lines that turn a run into a record.

p1.past-tense   metrics irregular/{depth, recovery, first_final, final}, overregularised/{first_peak, peak,
                final}, regular/final, wug/final. `depth` is how far the curve of the eight first irregular
                verbs falls below its running maximum, `recovery` how far it rises again from its lowest later
                point. detail.curves: `epoch`, `vocabulary` and every curve of `nnfs.pasttense.curves`;
                detail.sample: `nnfs.pasttense.sample`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfs import pasttense
from nnfs.runs import Arm, Experiment, Result, digest_of, thin

# p1.past-tense: is the U in the net or in the vocabulary?


def past_tense(config: dict[str, Any], seed: int) -> Result:
    """Train one past-tense net; see `nnfs.pasttense.simulate`."""
    history = pasttense.simulate(config, seed)
    curve = pasttense.curves(history)
    first = curve["first"]
    lowest = int(np.argmax(np.maximum.accumulate(first) - first))
    weights = history.model.weights()
    presentations = sum(history.size)
    touched = 4 * pasttense.N_OUT  # the delta rule moves the rows of three active inputs, and the bias
    parameters = sum(w.size for w in weights)
    epochs = list(range(1, len(first) + 1))
    kept = thin(epochs, range(len(first)))[1]
    return Result(
        metrics={
            "irregular": {
                "depth": pasttense.depth(first),
                "recovery": float(first[-1] - first[lowest]),
                "first_final": float(first[-1]),
                "final": float(curve["irregular"][-1]),
            },
            "overregularised": {
                "first_peak": float(curve["first_overregularised"].max()),
                "peak": float(curve["overregularised"].max()),
                "final": float(curve["overregularised"][-1]),
            },
            "regular": {"final": float(curve["regular"][-1])},
            "wug": {"final": float(curve["wug"][-1])},
        },
        data={"verbs": digest_of(*(f"{v.root} {v.past}\n" for v in history.verbs + history.wugs))},
        parameters=parameters,
        flops=6.0 * presentations * (touched if config["model"] == "delta" else parameters),
        examples=presentations,
        loss=(epochs, history.loss),
        norm=float(np.sqrt(sum(np.sum(w**2) for w in weights))),
        detail={
            "curves": {
                "epoch": [epochs[i] for i in kept],
                "vocabulary": [history.size[i] for i in kept],
                **{name: np.round(values[list(kept)], 4) for name, values in curve.items()},
            },
            "sample": pasttense.sample(history),
        },
    )


DELTA = {"model": "delta", "epochs": 200, "lr": 0.1, "temperature": 1.0, "zipf": 0.0}
HIDDEN = {"model": "mlp", "epochs": 200, "lr": 0.1, "hidden": 64, "zipf": 0.0}

PAST_TENSE = Experiment(
    name="p1.past-tense",
    title="Does irregular past tense dip because the vocabulary jumps?",
    run=past_tense,
    arms={
        **{f"delta-{schedule}": Arm({**DELTA, "schedule": schedule}) for schedule in pasttense.SCHEDULES},
        **{f"mlp-{schedule}": Arm({**HIDDEN, "schedule": schedule}) for schedule in pasttense.SCHEDULES},
        **{
            f"delta-{schedule}-zipf": Arm({**DELTA, "schedule": schedule, "zipf": 1.0})
            for schedule in pasttense.SCHEDULES
        },
    },
    columns=(
        "irregular/depth",
        "irregular/first_final",
        "irregular/final",
        "overregularised/first_peak",
        "overregularised/peak",
        "regular/final",
        "wug/final",
    ),
    rehearse={"epochs": 20},
)

EXPERIMENTS = [PAST_TENSE]
