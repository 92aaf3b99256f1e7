"""Which digits are wrong: a 9 to the right is seen where it stands, and every digit is counted once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs import anatomy, records, sums
from nnfs.experiments.p3_errors import ERRORS
from nnfs.experiments.p3_sums import FORMATS


@given(st.integers(0, 999), st.integers(0, 999))
def test_carries_and_nines_are_those_of_adding_on_paper(a, b):
    carried, nine = anatomy.circumstances(np.array([a]), np.array([b]), 3)
    carry, expected = 0, [(False, False)]
    for k in range(3):
        x, y = int(f"{a:03}"[2 - k]), int(f"{b:03}"[2 - k])
        carry = int(x + y + carry > 9)
        expected.append((carry == 1, x + y == 9))
    assert list(zip(carried[0].tolist(), nine[0].tolist(), strict=True)) == expected


@pytest.mark.parametrize("form", ["plain", "reversed"])
def test_each_digit_but_the_units_is_counted_once_and_a_planted_mistake_is_found(form):
    pairs = [(1, 2), (45, 54), (46, 54), (999, 1), (120, 35), (500, 500)]
    problems = sums.written(form, pairs, 3)
    a, b = np.array(pairs).T
    said = np.ones(problems.idx.shape, dtype=bool)
    rows = anatomy.count(said, problems, a, b, 3)
    assert sum(r["asked"] for r in rows) == sum(len(str(x + y)) - 1 for x, y in pairs)
    assert sum(r["wrong"] for r in rows) == 0
    said[2, np.flatnonzero(problems.place[2] == 2)] = False  # the hundreds of 46 + 54 = 100, whose tens make 9
    (row,) = [r for r in anatomy.count(said, problems, a, b, 3) if r["wrong"]]
    assert {k: row[k] for k in ("place", "carried", "nine", "wrong")} == {
        "place": 2,
        "carried": 1,
        "nine": 1,
        "wrong": 1,
    }
    assert anatomy.share_wrong([row], 2, nine=True, carried=True) == 1 / row["asked"]
    assert anatomy.share_wrong([row], 2, nine=False) == 0


def test_the_task_trains_as_the_one_it_comes_from_and_asks_the_sums_that_it_measures(monkeypatch):
    task = {"kind": "anatomy", "form": "plain", "digits": 1, "samples": 60, "test": 30}
    plain, more = (make(task, 8, 10, 3) for make in (sums.sums, anatomy.anatomy))
    assert plain.digests == more.digests
    assert all((x == y).all() for x, y in zip(plain.data(5), more.data(5), strict=True))
    asked = []

    def right(model, problems):
        asked.append(problems.idx)
        return problems.targets % 3 > 0

    monkeypatch.setattr(sums, "right", right)
    metrics, detail = more.measure(None)
    assert metrics["test"] == plain.measure(None)[0]["test"]
    assert np.array_equal(asked[0], asked[2])
    assert {*metrics["nines"]} == {"carried", "idle", "elsewhere", "excess"}
    assert sum(r["asked"] for r in detail["columns"]) <= 30


def test_its_arms_are_those_of_formats_but_for_the_questions():
    for name, arm in ERRORS.arms.items():
        twin = FORMATS.arms[name].config
        assert {**arm.config, "task": {}} == {**twin, "task": {}}
        assert arm.config["task"]["samples"] == twin["task"]["samples"]


def test_trained_on_the_same_sums_it_solves_about_as_many():
    for arm in ERRORS.arms:
        theirs = records.by_arm(records.load_all("p3.formats", arm), "test/exact")[arm]
        for record in records.load_all("p3.errors", arm):
            if record["seed"] < len(theirs):
                assert abs(records.metric(record, "test/exact") - theirs[record["seed"]]) < 0.02
            asked = sum(row["asked"] for row in record["detail"]["columns"])
            assert asked > 2 * 0.9 * record["config"]["task"]["test"]
