"""The golden vectors that hold `interactive/src/nn-engine.ts` to Python: fresh, and true of two independent nets.

`python tests/unit/test_engine_vectors.py` writes interactive/src/golden/engine.json; the test computes it again.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from nnfs.data.moons import moons
from nnfs.files import write_bytes
from nnfs.mlp import MLP
from nnfs.rng import Mulberry32

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "interactive" / "src" / "golden" / "engine.json"
EPOCHS = (0, 1, 10, 1000, 5000)
COUNT, NOISE, SEED = 40, 0.1, 1  # the moons of the playground

# Trained by the functions of posts/listings/net.py: task, sizes, seed, rate.
LISTED = [
    ("AND", [2, 1], 1, 5.0),
    ("OR", [2, 1], 1, 5.0),
    ("XOR", [2, 1], 1, 5.0),
    ("XOR", [2, 3, 1], 1, 5.0),
    ("XOR", [2, 2, 1], 6, 5.0),
    ("XOR", [2, 4, 1], 2, 5.0),
    ("XOR", [2, 5, 4, 3, 1], 999, 2.0),
]
# Trained by nnfs.mlp: task, sizes, seed, rate, momentum, options; init "listing" takes the weights of net.py.
LAYERED = [
    ("XOR", [2, 4, 1], 7, 1.0, 0.9, {}),
    ("moons", [2, 8, 1], 1, 5.0, 0.0, {"init": "listing"}),
    ("moons", [2, 4, 4, 1], 3, 0.5, 0.0, {"hidden": "tanh", "init": "he"}),
    ("moons", [2, 6, 1], 5, 0.2, 0.5, {"hidden": "relu", "init": "he"}),
    ("sums", [2, 8, 1], 0, 0.2, 0.7, {"output": "linear"}),
]


def data_of(task: str, net_py: dict) -> tuple[np.ndarray, np.ndarray]:
    """Rows X (N, 2) and targets Y (N,) of a task."""
    if task == "moons":
        X, y = moons(COUNT, NOISE, SEED)
        return X, (y + 1) / 2
    if task == "sums":  # of two numbers from 0 to 3, as the post writes sums
        X = np.array([(a, b) for a in range(4) for b in range(4)], dtype=float)
        return X / 3, X.sum(axis=1) / 6
    return np.array([x for x, _ in net_py[task]], dtype=float), np.array([y for _, y in net_py[task]], dtype=float)


def flat_of(net: list[list[list[float]]]) -> list[float]:
    return [float(w) for layer in net for neuron in layer for w in neuron]


def run_listing(net_py: dict, task: str, sizes: list[int], seed: int, rate: float) -> dict:
    net, data, marks = net_py["make_net"](sizes, seed), net_py[task], []
    for epoch in range(max(EPOCHS) + 1):
        if epoch in EPOCHS:
            marks.append({"epoch": epoch, "loss": net_py["loss"](net, data), "parameters": flat_of(net)})
        net_py["update"](net, net_py["backprop"](net, data), rate)
    return {"by": "net.py", "task": task, "sizes": sizes, "seed": seed, "rate": rate, "init": "listing", "marks": marks}


def run_layered(
    net_py: dict, task: str, sizes: list[int], seed: int, rate: float, momentum: float, options: dict
) -> dict:
    listing = options.get("init") == "listing"
    net = MLP(sizes, seed, **({} if listing else options))
    if listing:
        drawn = net_py["make_net"](sizes, seed)
        net.restore(([np.array(layer)[:, :-1] for layer in drawn], [np.array(layer)[:, -1] for layer in drawn]))
    X, Y = data_of(task, net_py)
    marks = []
    for before, epoch in zip((0, *EPOCHS), EPOCHS, strict=False):
        net.train(X, Y, rate, epoch - before, momentum=momentum)
        layers = [np.column_stack([W, b]).tolist() for W, b in zip(net.W, net.b, strict=True)]
        marks.append({"epoch": epoch, "loss": net.loss(X, Y), "parameters": flat_of(layers)})
    return {
        "by": "nnfs.mlp", "task": task, "sizes": sizes, "seed": seed, "rate": rate, "momentum": momentum,
        **options, "marks": marks,
    }  # fmt: skip


def vectors() -> dict:
    """Everything that the page's twin has to repeat."""
    net_py = runpy.run_path(str(ROOT / "posts" / "listings" / "net.py"))
    rng, draws = Mulberry32(42), {}
    draws["uint32"] = [rng.uint32() for _ in range(6)]
    draws["uniform"] = [rng.uniform(-1, 1) for _ in range(4)]
    draws["normal"] = [rng.normal() for _ in range(6)]
    draws["below"] = [rng.below(10) for _ in range(8)]
    listed = {str(seed): net_py["numbers"](seed) for seed in (0, 1, 999, 70000)}
    tasks = {task: data_of(task, net_py) for task in ("AND", "OR", "XOR", "moons", "sums")}
    return {
        "mulberry32": {"seed": 42, **draws},
        "numbers": {seed: [next(draw) for _ in range(6)] for seed, draw in listed.items()},
        "moons": {"n": COUNT, "noise": NOISE, "seed": SEED},
        "tasks": {task: {"X": X.ravel().tolist(), "Y": Y.tolist()} for task, (X, Y) in tasks.items()},
        "cases": [run_listing(net_py, *case) for case in LISTED] + [run_layered(net_py, *case) for case in LAYERED],
    }


@pytest.fixture(scope="module")
def computed() -> dict:
    return vectors()


@pytest.fixture(scope="module")
def kept() -> dict:
    return json.loads(FILE.read_text())


def test_the_committed_vectors_are_what_python_computes_today(computed, kept):
    assert (computed["numbers"], computed["moons"]) == (kept["numbers"], kept["moons"])
    assert computed["mulberry32"] == {key: pytest.approx(found, rel=1e-14) for key, found in kept["mulberry32"].items()}
    assert computed["tasks"].keys() == kept["tasks"].keys()
    for task, data in computed["tasks"].items():
        assert data == {key: pytest.approx(found, rel=1e-14, abs=1e-14) for key, found in kept["tasks"][task].items()}
    for ours, theirs in zip(computed["cases"], kept["cases"], strict=True):
        assert {k: v for k, v in ours.items() if k != "marks"} == {k: v for k, v in theirs.items() if k != "marks"}
        for now, then in zip(ours["marks"], theirs["marks"], strict=True):
            assert now["epoch"] == then["epoch"]
            assert now["loss"] == pytest.approx(then["loss"], rel=1e-9)
            assert now["parameters"] == pytest.approx(then["parameters"], rel=1e-9, abs=1e-9)


def test_the_vectors_reach_the_epochs_and_the_tasks_that_the_playground_offers(kept):
    assert {mark["epoch"] for case in kept["cases"] for mark in case["marks"]} >= {1, 10, 1000, 5000}
    assert {case["task"] for case in kept["cases"]} >= {"AND", "OR", "XOR", "moons"}
    assert [2, 3, 1] in [case["sizes"] for case in kept["cases"] if case["by"] == "net.py"]


def written(found: dict) -> str:
    """JSON with a line for every part and for every mark of a case, so that a changed number is a changed line."""
    flat = json.dumps(found, separators=(",", ":"))
    for start in ('"tasks":', '"cases":', '{"by":', '{"epoch":', '"numbers":', '"moons":', '"AND":', '"XOR":'):
        flat = flat.replace(start, "\n" + start)
    return flat + "\n"


if __name__ == "__main__":
    write_bytes(FILE, written(vectors()).encode())
    print(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size:,} bytes")
