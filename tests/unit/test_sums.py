"""An arm that calculates: right in one pass is right when it writes by itself, and a kill changes nothing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from nnfs import recipes, records, runs, sums
from nnfs.data import arithmetic
from nnfs.data.arithmetic import DIGITS, SYMBOLS
from nnfs.model import n_parameters
from nnfs.runs import Arm, Experiment
from nnfs.sample import sample

SUMS = {"kind": "sums", "form": "reversed", "digits": 1, "samples": 60, "test": 30}
NET = {"kind": "gpt", "context": 24, "layers": 1, "heads": 2, "width": 16}


def config(task=SUMS, model=NET, steps=40, **rest):
    return {
        "data": "sums",
        "task": task,
        "model": model,
        "rows": 16,
        "probe": 10,
        "every": 10,
        "stop": 2.0,
        "train": {"steps": steps, "lr": 0.01, "snapshot_seconds": 0.0},
        "keep": True,
        **rest,
    }


def experiment(**changes):
    return Experiment(
        name="p9.sums",
        title="Does it add?",
        run=sums.run,
        arms={"net": Arm(config(**changes))},
        columns=("test/exact",),
        rehearse={"rehearsal": True},
        seeds=1,
        precision="float32",
        trains=True,
        check=sums.check,
    )


def cell(base, steps):
    runs.run_cell(experiment(steps=steps), "net", 0, Path(base))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sums")
    cell(folder, 40)
    return folder


def test_a_record_says_what_was_right_and_when(base):
    record = records.load("p9.sums", "net", base=base)
    assert record["metrics"]["test"].keys() == {"exact", "digit-0", "digit-1", "carries-0", "carries-1"}
    assert record["detail"]["curve"]["step"] == [0, 10, 20, 30, 40]
    assert record["metrics"]["cost"]["steps"] == 40
    assert record["examples"] == 40 * 16 * 6  # "9+9=81"
    assert record["data"].keys() == {"train", "test"}


def test_the_same_code_is_ok_and_a_checkpoint_solves_what_its_record_says(base):
    record = records.load("p9.sums", "net", base=base)
    assert runs.examine(experiment(), record, base) == ("ok", "")
    assert runs.examine(experiment(), record, base, whole=True) == ("ok", "")
    record["metrics"]["test"]["exact"] += 0.1
    state, why = runs.examine(experiment(), record, base, whole=True)
    assert (state, why[:23]) == ("stale", "its checkpoint solves 0")


def test_a_changed_rate_is_stale(base):
    changed = experiment()
    changed.arms["net"].config["train"] = {**changed.arms["net"].config["train"], "lr": 0.0101}
    assert runs.examine(changed, records.load("p9.sums", "net", base=base), base)[0] == "stale"


def test_right_in_one_pass_is_right_when_it_writes_by_itself():
    task = sums.TASKS["sums"]({**SUMS, "form": "simplified"}, 32, 10, 0)
    model = recipes.make_model({"model": NET}, len(SYMBOLS), 0)
    settings = recipes.train.TrainConfig(steps=150, lr=0.01)
    recipes.train.train(model, task.data, settings)
    problems = task.data.problems
    solved = sums.exact(sums.right(model, problems), problems)
    assert 0.1 < solved.mean() < 1.0, "some right and some wrong, or this shows nothing"
    for i in np.flatnonzero(solved)[:5].tolist() + np.flatnonzero(~solved)[:5].tolist():
        given = int(np.argmax(problems.targets[i] >= 0)) + 1
        wanted = problems.targets[i][problems.targets[i] >= 0]
        said = sample(model, problems.idx[i, :given], len(wanted), temperature=0)[0, given:]
        assert np.array_equal(said, wanted) == solved[i]


def test_a_run_ends_when_enough_is_right_and_stays_ended():
    found = sums.run(config(stop=0.0), 0)
    assert found.metrics["cost"]["steps"] == 0
    assert found.metrics["cost"]["solved"] == 1.0


def test_when_each_digit_was_learnt():
    curve = {
        "step": [0, 10, 20],
        "exact": [0, 0, 1],
        "digit-0": [0, 0.5, 0.9],
        "digit-1": [0, 0, 0],
        "digit-2": [0, 1, 1],
    }
    found = sums.learnt_at(curve, never=30)
    assert found == {"digit-0": 20.0, "digit-1": 30.0, "digit-2": 10.0, "units_after_hundreds": 10.0}


KILLED = "import sys; sys.path.insert(0, sys.argv[1]); import test_sums; test_sums.cell(sys.argv[2], 60)"


def test_a_kill_loses_nothing_of_the_curve(tmp_path):
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path / "killed")]
    victim = subprocess.Popen(command)
    while not list((tmp_path / "killed").rglob("step-00000002*.json")) and victim.poll() is None:
        time.sleep(0.005)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    found = {}
    for name in ("killed", "whole"):
        cell(tmp_path / name, 60)
        found[name] = records.load("p9.sums", "net", base=tmp_path / name)
        for timing in ("seconds", "evaluation"):
            del found[name][timing]
        del found[name]["metrics"]["cost"]["cpu_seconds"]
    assert found["killed"] == found["whole"]


@pytest.mark.parametrize(
    "task",
    [
        {"kind": "one-operand", "form": "product", "top": 10, "samples": 60, "test": 20},
        {"kind": "one-operand", "form": "root", "top": 100, "samples": 60, "test": 20},
        {"kind": "ten-digits"},
        {"kind": "lengths", "form": "mirrored", "digits": 2, "longest": 4, "test": 16, "stride": 2},
    ],
)
def test_every_task_trains_and_is_asked(task):
    coupled = {**NET, "context": 40, "positions": "turned", "digits": list(DIGITS), "longest": 12}
    model = coupled if task["kind"] == "ten-digits" else {**NET, "context": 40}
    found = sums.run(config(task, model, steps=2, vocab=len(SYMBOLS)), 0)
    assert all(0 <= x <= 4 for name in ("test", "diagonal") for x in found.metrics.get(name, {}).values())
    assert len(found.data) >= 1
    if task["kind"] == "lengths":
        assert len(found.detail["diagonal"]) == 4
        assert found.detail["grid"]["lengths"] == [1, 3]


def test_small_adders_are_named_after_their_size():
    from nnfs.experiments.p3_sums import ADDER

    for name, arm in ADDER.arms.items():
        assert n_parameters(recipes.make_model(arm.config, arm.config["vocab"], 0)) == int(name)


def test_a_tied_head_is_counted_once():
    fields = {"context": 36, "layers": 1, "heads": 2, "width": 4, "ratio": 2, "positions": "turned"}
    fields |= {"digits": list(DIGITS), "longest": 12, "qk_norm": False, "softcap": 0.0}
    model = recipes.make_model({"model": {"kind": "tied-gpt", **fields}}, 13, 0)
    assert n_parameters(model) == 13 * 4 + 4 * 16 + 2 * 2 * 16
    problems = arithmetic.padded_rows(*arithmetic.long_carries(4, 10, np.random.default_rng(0)))
    logits, _ = model(torch.from_numpy(problems.idx))
    assert logits.shape == (4, 36, 13)
