"""The experiments of Part 1: arms as data, and the few lines that turn a run into a record.

p1.perceptron   metrics functions/solved (of 16), and of XOR: for the perceptron xor/{cycle_start, cycle_length
                (epochs), best_right (rows of four, over all weights it ever had)}, for Adaline xor/{mse,
                largest_weight}. detail.functions: [{name, solved, epochs}], epochs null where it never ends
                or where there is no last one.
p1.hopfield     metrics recall/critical_load (where the mean overlap falls through 0.9, interpolated), and
                overlap/{at_0.10, at_0.14, at_0.20}. detail: {load, patterns, overlap, perfect}, means over trials.
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
from nnfs.hopfield import recall_vs_load
from nnfs.perceptron import BOOLEAN_2, train_adaline, train_perceptron, truth_table
from nnfs.rng import Mulberry32
from nnfs.runs import Arm, Experiment, Result, digest_of, thin

# p1.perceptron: sixteen functions of two inputs, one unit

ROWS = truth_table(2)
CODED = {"0/1": ROWS, "±1": 2 * ROWS - 1}


def one_unit(config: dict[str, Any], seed: int) -> Result:
    """Train one unit on every function of two inputs. The seed decides the order in which the perceptron
    sees the rows, and where Adaline's weights start."""
    X = CODED[config["coding"]]
    learn = perceptron_table if config["rule"] == "perceptron" else adaline_table
    functions, xor, epochs = learn(X, config, seed)
    examples = epochs * len(X)
    return Result(
        metrics={"functions": {"solved": sum(row["solved"] for row in functions)}, "xor": xor},
        data={"boolean": digest_of(X, np.array(list(BOOLEAN_2.values())))},
        parameters=3,
        flops=6.0 * 3 * examples,
        examples=examples,
        detail={"functions": functions},
    )


Table = tuple[list[dict[str, Any]], dict[str, float], int]


def perceptron_table(X: np.ndarray, config: dict[str, Any], seed: int) -> Table:
    """({name, solved, epochs} of each function, what XOR did, epochs in all) for the perceptron rule."""
    order = list(range(len(X)))
    Mulberry32(seed).shuffle(order)
    runs = {
        name: train_perceptron(X, np.array(t), max_epochs=config["epochs"], order=order)
        for name, t in BOOLEAN_2.items()
    }
    functions: list[dict[str, Any]] = [
        {"name": name, "solved": run.converged, "epochs": len(run.errors) if run.converged else None}
        for name, run in runs.items()
    ]
    xor, biased = runs["XOR"], np.column_stack([X, np.ones(len(X), dtype=int)])
    right = ((xor.weights @ biased.T > 0) == np.array(BOOLEAN_2["XOR"], dtype=bool)).sum(axis=1)
    start, length = xor.cycle or (0, 0)
    what: dict[str, float] = {"cycle_start": start, "cycle_length": length, "best_right": int(right.max())}
    return functions, what, sum(len(run.errors) for run in runs.values())


def adaline_table(X: np.ndarray, config: dict[str, Any], seed: int) -> Table:
    """The same for Adaline, whose targets are -1 and +1 and whose answer is the sign of its sum."""
    functions, biased = [], np.column_stack([X, np.ones(len(X))])
    for name, t in BOOLEAN_2.items():
        target = 2 * np.array(t) - 1
        run = train_adaline(X, target, lr=config["lr"], epochs=config["epochs"], seed=seed)
        solved = bool(np.all(biased @ run.weights[-1] * target > 1e-6))  # a sum of zero is no answer
        functions.append({"name": name, "solved": solved, "epochs": None})
        if name == "XOR":
            what = {"mse": float(run.mse[-1]), "largest_weight": float(np.abs(run.weights[-1]).max())}
    return functions, what, config["epochs"] * len(BOOLEAN_2)


PERCEPTRON = Experiment(
    name="p1.perceptron",
    title="What can one unit learn of the sixteen functions of two inputs?",
    run=one_unit,
    arms={
        "perceptron-01": Arm({"rule": "perceptron", "coding": "0/1", "epochs": 1000}),
        "perceptron-pm1": Arm({"rule": "perceptron", "coding": "±1", "epochs": 1000}),
        "adaline-pm1": Arm({"rule": "adaline", "coding": "±1", "epochs": 500, "lr": 0.05}),
    },
    columns=(
        "functions/solved",
        "xor/cycle_start",
        "xor/cycle_length",
        "xor/best_right",
        "xor/mse",
        "xor/largest_weight",
    ),
)

# p1.hopfield: how many random patterns fit into N units?


def hopfield(config: dict[str, Any], seed: int) -> Result:
    """Recall from damaged patterns at each load; see `nnfs.hopfield.recall_vs_load`."""
    n, loads = config["units"], config["loads"]
    run = recall_vs_load(n, loads, config["trials"], seed, damage=config["damage"], probes=config["probes"])
    overlap = run.overlap.mean(axis=1)
    below = int(np.argmax(overlap < 0.9))
    critical = float(run.loads[-1])  # if it never falls
    if overlap[below] < 0.9:
        high, low = max(below - 1, 0), below
        part = (overlap[high] - 0.9) / (overlap[high] - overlap[low]) if high != low else 0.0
        critical = float(run.loads[high] + part * (run.loads[low] - run.loads[high]))
    at = {f"at_{load:.2f}": float(np.interp(load, run.loads, overlap)) for load in (0.10, 0.14, 0.20)}
    return Result(
        metrics={"recall": {"critical_load": critical}, "overlap": at},
        data={},  # random patterns, drawn from the seed as the run goes on
        parameters=n * (n - 1) // 2,
        examples=int(run.patterns.sum()) * config["trials"],
        detail={
            "load": run.loads,
            "patterns": run.patterns,
            "overlap": overlap,
            "perfect": run.perfect.mean(axis=1),
        },
    )


LOADS = [0.04, 0.06, 0.08, 0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.20, 0.24]
HOPFIELD = Experiment(
    name="p1.hopfield",
    title="How many random patterns can N units remember?",
    run=hopfield,
    arms={
        f"n-{n}": Arm({"units": n, "loads": LOADS, "trials": 5, "probes": 10, "damage": 0.1})
        for n in (100, 200, 400, 800)
    },
    columns=("recall/critical_load", "overlap/at_0.10", "overlap/at_0.14", "overlap/at_0.20"),
    rehearse={"units": 100, "trials": 2},
)

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

EXPERIMENTS = [PERCEPTRON, HOPFIELD, PAST_TENSE]
