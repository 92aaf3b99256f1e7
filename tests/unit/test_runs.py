"""Sweeps survive what kills them; a record is stale exactly when its rehearsal comes out differently."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import toy_runs

from nnfs import checkpoints, files, records, runs
from nnfs.errors import UserError

HYPOTHESIS = """H1:
  statement: It goes downhill.
  metric: train/loss
  arms: [slow]
  comparison: every <=
  threshold: {threshold}
  min_seeds: 3
  if_not: Look at the sign of the gradient.
"""


def all_records(base):
    """{file: record without the one field that may differ between equal runs}."""
    found = {}
    for file in sorted(base.glob("runs/*/*/seed-*.json")):
        record = json.loads(file.read_text())
        del record["seconds"]
        found[str(file.relative_to(base))] = record
    return found


def fill(experiment, base, **options):
    return runs.sweep(experiment, experiment.cells(stage=1), base, **options)


@pytest.fixture
def cluster():
    """The address of a Dask scheduler on this machine with two single-threaded workers."""
    from distributed import LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": "CRITICAL"}
    with LocalCluster(host="127.0.0.1", **options) as local:
        yield local.scheduler_address


class TestSweep:
    def test_every_arm_has_its_first_seed_before_any_has_its_second(self):
        cells = toy_runs.experiment().cells(stage=1)
        assert cells[:4] == [("slow", 0), ("fast", 0), ("slow", 1), ("fast", 1)]

    def test_a_later_stage_adds_arms(self):
        toy = toy_runs.experiment()
        assert {arm for arm, _ in toy.cells(stage=1)} == {"slow", "fast"}
        assert {arm for arm, _ in toy.cells(stage=2)} == {"slow", "fast", "later"}
        assert len(toy.cells(stage=1, seeds=7)) == 14

    def test_each_cell_leaves_a_record(self, tmp_path):
        outcome = fill(toy_runs.experiment(), tmp_path)
        assert len(outcome.done) == 6
        assert outcome.failed == {}
        record = records.load("p9.toy", "fast", 2, base=tmp_path)
        assert record["config"] == {"steps": 100, "lr": 0.2}
        assert record["loss"]["step"][0] == 1
        assert record["loss"]["step"][-1] == 100
        assert len(record["loss"]["step"]) <= runs.CURVE_POINTS
        assert len(record["rehearsal"]["loss"]) == 20
        assert record["machine"]["cores"] == os.cpu_count()

    def test_two_processes_write_what_one_writes(self, tmp_path):
        fill(toy_runs.experiment(), tmp_path / "one", jobs=1)
        fill(toy_runs.experiment(), tmp_path / "two", jobs=2)
        assert all_records(tmp_path / "one") == all_records(tmp_path / "two")

    def test_a_cell_that_raises_is_named_and_the_others_go_on(self, tmp_path):
        outcome = fill(toy_runs.experiment(toy_runs.descend_one_way_only), tmp_path)
        assert outcome.failed == {"fast/seed-1": "ZeroDivisionError: the hill is too steep"}
        assert len(outcome.done) == 5

    def test_after_the_deadline_no_cell_is_started(self, tmp_path):
        outcome = fill(toy_runs.experiment(), tmp_path, deadline=time.time() - 1)
        assert outcome.done == []
        assert len(outcome.skipped) == 6
        assert all_records(tmp_path) == {}

    def test_a_cell_that_another_sweep_is_at_is_left_to_it(self, tmp_path):
        toy = toy_runs.experiment()
        with files.locked(tmp_path / ".cache/nnfs/locks/p9.toy.slow.seed-0") as mine:
            assert mine
            outcome = fill(toy, tmp_path)
        assert outcome.skipped == ["slow/seed-0"]
        assert len(outcome.done) == 5
        assert fill(toy, tmp_path).done == [f"{arm}/seed-{seed}" for arm, seed in toy.cells(stage=1)]

    def test_a_cell_that_another_sweep_has_finished_meanwhile_is_not_run_again(self, tmp_path):
        toy = toy_runs.experiment()
        fill(toy, tmp_path)
        before = all_records(tmp_path)
        broken = toy_runs.experiment(toy_runs.killed_always)
        assert runs._attempt(broken, "slow", 0, tmp_path, time.time() + 9, "cpu") == ("slow/seed-0", "done", "")
        assert all_records(tmp_path) == before

    def test_a_rehearsal_that_fails_fails_before_the_run(self, tmp_path):
        toy = toy_runs.experiment(toy_runs.without_rehearsal)
        outcome = fill(toy, tmp_path)
        assert outcome.failed["slow/seed-0"] == "ZeroDivisionError: a rehearsal came first"

    def test_where_it_was_trained_is_in_the_record_if_not_on_the_processor(self, tmp_path):
        toy = toy_runs.experiment()
        assert "device" not in runs.run_cell(toy, "slow", 0, tmp_path)["machine"]
        assert runs.run_cell(toy, "slow", 1, tmp_path, device="meta")["machine"]["device"] == "meta"

    def test_a_worker_that_is_killed_costs_a_restart_and_no_record(self, tmp_path):
        toy = toy_runs.experiment(toy_runs.killed_once, marker=str(tmp_path / "killed"))
        outcome = fill(toy, tmp_path, jobs=2)
        assert (tmp_path / "killed").exists()
        assert outcome.failed == {}
        assert len(all_records(tmp_path)) == 6

    def test_a_cell_that_kills_every_worker_ends_the_sweep_with_its_name(self, tmp_path):
        toy = toy_runs.experiment(toy_runs.killed_always, seeds=5)
        outcome = fill(toy, tmp_path, jobs=2)
        assert {"slow/seed-0", "fast/seed-0"} <= outcome.failed.keys()
        assert "killed twice" in outcome.failed["slow/seed-0"]
        assert len(outcome.done) >= 6
        assert set(outcome.done).isdisjoint(outcome.failed)

    def test_a_dask_worker_that_is_killed_costs_its_cell_a_second_try_and_nothing_else(self, tmp_path, cluster):
        toy = toy_runs.experiment(toy_runs.killed_once, marker=str(tmp_path / "killed"))
        seen = []
        outcome = fill(toy, tmp_path / "dask", scheduler=cluster, progress=seen.append)
        assert (tmp_path / "killed").exists()
        assert outcome.failed == {}
        assert len(seen) == len(set(seen)) == 6
        fill(toy, tmp_path / "here")
        assert all_records(tmp_path / "dask") == all_records(tmp_path / "here")

    def test_where_no_scheduler_answers_nothing_is_run(self, tmp_path, monkeypatch):
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "100ms")
        import dask

        dask.config.refresh()
        with pytest.raises(UserError, match=r"no Dask scheduler at 127\.0\.0\.1:1"):
            fill(toy_runs.experiment(), tmp_path, scheduler="127.0.0.1:1")
        assert all_records(tmp_path) == {}

    def test_kill_minus_nine_loses_at_most_the_cell_at_work(self, tmp_path):
        """A sweep killed in its middle and started again leaves what an undisturbed one leaves."""
        script = (
            "import toy_runs; from nnfs import runs; from pathlib import Path;"
            "toy = toy_runs.experiment(seeds=6, sleep=0.1);"
            f"runs.sweep(toy, toy.cells(stage=1), Path({str(tmp_path / 'killed')!r}))"
        )
        victim = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parent)
        while len(all_records(tmp_path / "killed")) < 2 and victim.poll() is None:
            time.sleep(0.01)
        victim.send_signal(signal.SIGKILL)
        assert victim.wait() == -signal.SIGKILL
        left = all_records(tmp_path / "killed")
        assert 2 <= len(left) < 12

        toy = toy_runs.experiment(seeds=6, sleep=0.1)
        fill(toy, tmp_path / "killed", jobs=2)
        fill(toy, tmp_path / "whole", jobs=2)
        finished = all_records(tmp_path / "killed")
        assert finished == all_records(tmp_path / "whole")
        assert {name: finished[name] for name in left} == left


class TestRehearsal:
    @pytest.fixture
    def base(self, tmp_path):
        fill(toy_runs.experiment(), tmp_path)
        return tmp_path

    def examine(self, base, experiment):
        return runs.examine(experiment, records.load("p9.toy", "slow", 0, base=base))

    def test_the_same_code_is_ok(self, base):
        assert self.examine(base, toy_runs.experiment()) == ("ok", "")

    def test_a_changed_configuration_is_stale_and_named(self, base):
        assert self.examine(base, toy_runs.experiment(momentum=0.9)) == (
            "stale",
            "config.momentum was null, is 0.9",
        )

    def test_a_learning_rate_changed_in_the_code_is_stale(self, base):
        state, why = self.examine(base, toy_runs.experiment(toy_runs.descend_with_other_rate))
        assert state == "stale"
        assert why.startswith("its rehearsal differs: loss[1] was ")

    def test_a_changed_data_generator_is_stale(self, base):
        state, why = self.examine(base, toy_runs.experiment(toy_runs.descend_on_other_data))
        assert state == "stale"
        assert "data.points" in why

    def test_a_net_that_is_measured_otherwise_is_stale_though_it_trains_as_it_did(self, base):
        state, why = self.examine(base, toy_runs.experiment(toy_runs.descend_and_measure_otherwise))
        assert state == "stale"
        assert "its rehearsal differs: metrics.other.w was" in why

    def test_another_rehearsal_is_another_promise(self, base):
        assert self.examine(base, toy_runs.experiment(rehearse={"steps": 10}))[0] == "stale"

    def test_an_arm_that_is_gone_is_stale(self, base):
        toy = toy_runs.experiment()
        arms = {name: arm for name, arm in toy.arms.items() if name != "slow"}
        assert self.examine(base, dataclasses.replace(toy, arms=arms)) == (
            "stale",
            "p9.toy declares no arm 'slow'",
        )

    def test_missing_data_is_unavailable_which_is_not_stale(self, base):
        state, why = self.examine(base, toy_runs.experiment(toy_runs.without_its_data))
        assert (state, why) == ("unavailable", "points.csv is not here: fetch it with `nnfs data`")

    def test_without_torch_a_trained_record_is_unavailable(self, base):
        state, why = self.examine(base, toy_runs.experiment(toy_runs.without_torch))
        assert (state, why) == ("unavailable", "torch is not installed: it comes with the extra `train`")

    def test_code_that_no_longer_runs_is_stale(self, base):
        record = records.load("p9.toy", "fast", 1, base=base)
        state, why = runs.examine(toy_runs.experiment(toy_runs.descend_one_way_only), record)
        assert (state, why) == ("stale", "its rehearsal fails: ZeroDivisionError: the hill is too steep")

    def test_without_a_loss_curve_the_metrics_are_the_rehearsal(self, tmp_path):
        toy = toy_runs.experiment(toy_runs.count, rehearse={})
        fill(toy, tmp_path)
        record = records.load("p9.toy", "fast", 1, base=tmp_path)
        assert record["loss"] is None
        assert record["rehearsal"]["metrics"] == {"all": {"solved": 15}}
        assert runs.examine(toy, record) == ("ok", "")
        record["rehearsal"]["metrics"]["all"]["solved"] = 16
        assert runs.examine(toy, record) == (
            "stale",
            "its rehearsal differs: metrics.all.solved was 16, is 15",
        )

    @pytest.mark.parametrize(("factor", "state"), [(1 + 3e-6, "ok"), (1 + 3e-5, "stale")])
    def test_it_may_differ_by_one_part_in_a_hundred_thousand(self, base, factor, state):
        record = records.load("p9.toy", "slow", 0, base=base)
        record["rehearsal"]["norm"] *= factor
        assert runs.examine(toy_runs.experiment(), record)[0] == state

    @pytest.mark.parametrize(("factor", "state"), [(1 + 3e-5, "ok"), (1 + 3e-4, "stale")])
    def test_an_arm_whose_rounding_grows_may_say_how_much(self, base, factor, state):
        toy = toy_runs.experiment()
        wild = {name: dataclasses.replace(arm, tolerance=1e-4) for name, arm in toy.arms.items()}
        record = records.load("p9.toy", "slow", 0, base=base)
        record["rehearsal"]["norm"] *= factor
        assert runs.examine(dataclasses.replace(toy, arms=wild), record)[0] == state


class TestVerify:
    @pytest.fixture
    def base(self, tmp_path):
        fill(toy_runs.experiment(), tmp_path)
        return tmp_path

    def test_one_seed_of_each_arm_is_due_and_another_after_a_commit(self, base):
        due = [set(runs.verify_records([toy_runs.experiment()], base, rotation=r)) for r in (0, 1)]
        assert due[0] == {"p9.toy/slow/seed-0", "p9.toy/fast/seed-1"}
        assert due[1] == {"p9.toy/slow/seed-1", "p9.toy/fast/seed-2"}

    def test_everything_is_every_record_also_beyond_the_declared_seeds(self, base):
        toy = toy_runs.experiment()
        runs.sweep(toy, [("slow", 7)], base)
        found = runs.verify_records([toy], base, everything=True)
        assert len(found) == 7
        assert found["p9.toy/slow/seed-7"] == ("ok", "")

    def test_every_record_of_an_experiment_that_a_post_rests_on_is_due(self, base):
        (base / "posts").mkdir()
        post = base / "posts/09-toy.md"
        post.write_text("---\ntitle: Toy\ndepends:\n  - runs/p9.other\n---\n\n- runs/p9.toy is only prose here\n")
        assert runs.cited(base) == {"p9.other"}
        assert len(runs.verify_records([toy_runs.experiment()], base)) == 2
        post.write_text("---\ntitle: Toy\ndepends:\n  - runs/p9.toy/slow\n---\n\nText.\n")
        assert len(runs.verify_records([toy_runs.experiment()], base)) == 6

    def test_two_processes_find_what_one_finds(self, base):
        records.path("p9.toy", "fast", 2, base=base).write_text("{")
        toy = toy_runs.experiment(toy_runs.descend_on_other_data)
        one = runs.verify_records([toy], base, everything=True)
        assert runs.verify_records([toy], base, everything=True, jobs=2) == one
        assert {state for state, _ in one.values()} == {"stale"}

    def test_what_cannot_have_changed_is_not_run_again(self, base):
        toy = toy_runs.experiment()
        runs.verify_records([toy], base)
        unrunnable = dataclasses.replace(toy, run=toy_runs.without_its_data)  # the same module: the same code
        assert [state for state, _ in runs.verify_records([unrunnable], base).values()] == ["ok", "ok"]
        record = records.load("p9.toy", "slow", 0, base=base)
        records.save({**record, "seconds": 77.0}, base=base)
        again = runs.verify_records([unrunnable], base)
        assert again["p9.toy/slow/seed-0"][0] == "unavailable"
        assert again["p9.toy/fast/seed-1"][0] == "ok"

    def test_an_arm_that_was_changed_where_it_is_declared_is_looked_at_again(self, base):
        """It may be declared in another module than the code that runs it."""
        toy = toy_runs.experiment()
        runs.verify_records([toy], base, everything=True)
        slow = dataclasses.replace(toy.arms["slow"], config={**toy.arms["slow"].config, "lr": 0.3})
        changed = dataclasses.replace(toy, arms={**toy.arms, "slow": slow})
        ledger = runs.read_ledger(base)
        assert runs.state(changed, "slow", 0, base, ledger) == "unverified"
        assert runs.state(changed, "fast", 0, base, ledger) == "ok"
        found = runs.verify_records([changed], base)
        assert found["p9.toy/slow/seed-0"] == ("stale", "config.lr was 0.1, is 0.3")
        assert found["p9.toy/fast/seed-1"][0] == "ok"

    def test_the_ledger_says_what_was_found_about_which_bytes(self, base):
        runs.verify_records([toy_runs.experiment()], base)
        entry = json.loads((base / ".cache/verify.json").read_text())["p9.toy/slow/seed-0"]
        assert entry["state"] == "ok"
        assert entry["digest"] == records.digest(records.path("p9.toy", "slow", 0, base=base))

    def test_a_missing_record_of_stage_one_is_missing_one_of_stage_two_is_planned(self, base):
        records.path("p9.toy", "fast", 2, base=base).unlink()
        toy = toy_runs.experiment()
        found = runs.verify_records([toy], base)
        assert found["p9.toy/fast/seed-2"] == ("missing", "make it with `nnfs run p9.toy`")
        assert not any("later" in name for name in found)
        assert runs.state(toy, "fast", 2, base, {}) == "missing"
        assert runs.state(toy, "later", 0, base, {}) == "planned"

    def test_a_damaged_record_is_stale_not_a_crash(self, base):
        records.path("p9.toy", "slow", 0, base=base).write_text("{")
        state, why = runs.verify_records([toy_runs.experiment()], base)["p9.toy/slow/seed-0"]
        assert state == "stale"
        assert "is no JSON" in why

    def test_a_record_that_no_experiment_declares_is_stale(self, base):
        record = records.load("p9.toy", "slow", 0, base=base)
        records.save({**record, "arm": "forgotten"}, base=base)
        found = runs.verify_records([toy_runs.experiment()], base)
        assert found["p9.toy/forgotten/seed-0"][0] == "stale"

    def test_a_state_holds_for_the_bytes_it_was_found_on(self, base):
        toy = toy_runs.experiment()
        assert runs.state(toy, "slow", 0, base, runs.read_ledger(base)) == "unverified"
        runs.verify_records([toy], base)
        assert runs.state(toy, "slow", 0, base, runs.read_ledger(base)) == "ok"
        record = records.load("p9.toy", "slow", 0, base=base)
        records.save({**record, "seconds": 77.0}, base=base)
        assert runs.state(toy, "slow", 0, base, runs.read_ledger(base)) == "unverified"

    def test_a_damaged_ledger_is_an_empty_one(self, base):
        (base / ".cache").mkdir(exist_ok=True)
        (base / ".cache/verify.json").write_text("[")
        assert runs.read_ledger(base) == {}


class TestCommandLine:
    """The verbs print and return an exit status; a user's mistake is a UserError, which main() prints."""

    @pytest.fixture
    def base(self, tmp_path, monkeypatch):
        toy = toy_runs.experiment()
        monkeypatch.setenv("NNFS_ROOT", str(tmp_path))
        monkeypatch.setattr(runs, "registry", lambda: {"p9.toy": toy})
        (tmp_path / "runs/p9.toy").mkdir(parents=True)
        (tmp_path / "runs/p9.toy/prereg.yaml").write_text(HYPOTHESIS.format(threshold=2))
        return tmp_path

    def test_run_fills_the_first_stage_and_then_has_nothing_to_do(self, base, capsys):
        assert runs.run("p9", jobs=1) == 0
        assert "6 records written" in capsys.readouterr().err
        assert runs.run("p9.toy", jobs=1) == 0
        assert "nothing to do" in capsys.readouterr().err
        assert runs.run("p9.toy", stage=2, jobs=1) == 0
        assert len(all_records(base)) == 9

    def test_run_with_no_minutes_starts_nothing(self, base, capsys):
        assert runs.run("p9.toy", minutes=0, jobs=1) == 0
        assert "0 records written, 6 left for the next time" in capsys.readouterr().err

    def test_run_wants_the_hypotheses_first(self, base):
        (base / "runs/p9.toy/prereg.yaml").unlink()
        with pytest.raises(UserError, match="write the hypotheses down before the first run"):
            runs.run("p9.toy", jobs=1)
        assert all_records(base) == {}

    def test_a_failed_cell_is_told_and_the_status_is_one(self, base, capsys, monkeypatch):
        toy = toy_runs.experiment(toy_runs.descend_one_way_only)
        monkeypatch.setattr(runs, "registry", lambda: {"p9.toy": toy})
        assert runs.run("p9.toy", jobs=1) == 1
        assert "p9.toy/fast/seed-1 failed: ZeroDivisionError" in capsys.readouterr().err

    @pytest.mark.parametrize("verb", [runs.run, runs.status, runs.report, runs.verify])
    def test_an_unknown_experiment_gets_a_near_match(self, base, verb):
        with pytest.raises(UserError, match=r"no experiment 'p9\.tyo'; did you mean p9\.toy"):
            verb("p9.tyo")

    def test_a_name_like_no_other_gets_the_list(self, base):
        with pytest.raises(UserError, match=r"no experiment 'xyz'; there are p9\.toy"):
            runs.status("xyz")

    def test_a_number_that_makes_no_sense_is_refused(self, base):
        with pytest.raises(UserError, match="--jobs"):
            runs.run("p9.toy", jobs=0)

    def test_status_counts_what_is_there(self, base, capsys):
        runs.run("p9.toy", jobs=1, seeds=1)
        runs.verify(jobs=1)
        capsys.readouterr()
        assert runs.status() == 0
        row = next(line for line in capsys.readouterr().out.splitlines() if "p9.toy" in line)
        assert row.split()[-6:] == ["1", "1", "·", "4", "·", "3"]  # ok unverified stale missing unavailable planned

    def test_report_shows_every_seed_and_the_verdicts(self, base, capsys):
        runs.run("p9.toy", jobs=1)
        assert runs.report("p9.toy") == 0
        out = capsys.readouterr().out
        values = [r["metrics"]["train"]["loss"] for r in records.load_all("p9.toy", "slow", base=base)]
        assert all(f"{value:.4g}" in out for value in values)
        assert "H1 supported: It goes downhill." in out
        (base / "runs/p9.toy/prereg.yaml").write_text(HYPOTHESIS.format(threshold=0.1))
        runs.report("p9.toy")
        out = capsys.readouterr().out
        assert "H1 not supported" in out
        assert "Look at the sign of the gradient." in out

    def test_report_json_is_one_object_a_number(self, base, capsys):
        runs.run("p9.toy", jobs=1)
        runs.verify(jobs=1)
        capsys.readouterr()
        assert runs.report("p9.toy", json=True) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        keys = "experiment arm seed data protocol metric value params_total params_active flops seconds stage state"
        assert all(row.keys() == set(keys.split()) for row in rows)
        assert len(rows) == 6 * 2 + 3  # two metrics a record, and the planned cells
        loss = next(r for r in rows if (r["arm"], r["seed"], r["protocol"]) == ("slow", 0, "train"))
        assert (loss["metric"], loss["data"], loss["state"]) == ("loss", "points", "ok")
        assert loss["value"] == records.load("p9.toy", "slow", 0, base=base)["metrics"]["train"]["loss"]
        assert {row["state"] for row in rows if row["arm"] == "later"} == {"planned"}

    def test_report_without_records_says_how_to_get_them(self, base, capsys):
        assert runs.report("p9.toy") == 0
        assert "make them with `nnfs run p9.toy`" in capsys.readouterr().err

    def test_verify_fails_on_stale_records_and_on_missing_ones_that_a_post_needs(self, base, capsys, monkeypatch):
        runs.run("p9.toy", jobs=1)
        assert runs.verify(jobs=1) == 0
        records.path("p9.toy", "fast", 2, base=base).unlink()
        assert runs.verify(jobs=1) == 0
        assert "missing     p9.toy/fast/seed-2" in capsys.readouterr().out
        (base / "posts").mkdir()
        post = "---\ntitle: Toy\nstatus: {}\ndepends:\n  - runs/p9.toy\n---\n"
        (base / "posts/09-toy.md").write_text(post.format("review"))
        assert runs.verify(jobs=1) == 0, "a post in review may wait for its seeds"
        (base / "posts/09-toy.md").write_text(post.format("published"))
        assert runs.verify(jobs=1) == 1
        runs.run("p9.toy", jobs=1)
        monkeypatch.setattr(runs, "registry", lambda: {"p9.toy": toy_runs.experiment(steps=50)})
        assert runs.verify(all=True, jobs=1) == 1
        assert "stale       p9.toy/slow/seed-0  config.steps was 100, is 50" in capsys.readouterr().out

    def test_verify_fails_on_a_checkpoint_that_is_not_what_the_manifest_says(self, base, capsys):
        runs.run("p9.toy", jobs=1)
        checkpoints.save("p9.toy.slow", {"w": np.zeros(3)}, {}, "p9.toy/slow/seed-0", base)
        assert runs.verify(jobs=1) == 0
        (base / "runs/checkpoints/p9.toy.slow.safetensors").write_bytes(b"other")
        assert runs.verify(jobs=1) == 1
        assert "p9.toy.slow.safetensors has other bytes than the manifest says" in capsys.readouterr().out

    def test_run_takes_a_pattern_of_arms_and_leaves_long_ones(self, base, monkeypatch):
        toy = toy_runs.experiment()
        long = dataclasses.replace(toy.arms["slow"], minutes=30.0)
        toy = dataclasses.replace(toy, arms={**toy.arms, "slow": long})
        monkeypatch.setattr(runs, "registry", lambda: {"p9.toy": toy})
        assert toy.cells(stage=1)[:2] == [("fast", 0), ("slow", 0)]  # short runs first
        runs.run("p9.toy", jobs=1, longest=20)
        assert {Path(name).parts[2] for name in all_records(base)} == {"fast"}
        runs.run("p9.toy", jobs=1, seeds=1, arms="s*")
        assert "runs/p9.toy/slow/seed-0.json" in all_records(base)

    def test_an_arm_that_does_not_exist_is_no_reason_to_say_that_all_is_done(self, base):
        with pytest.raises(UserError, match="no arm like 'slwo'; there are slow, fast, later"):
            runs.run("p9.toy", arms="slwo")

    def test_hypotheses_about_an_unknown_arm_are_refused_before_the_run(self, base):
        text = HYPOTHESIS.format(threshold=2).replace("[slow]", "[slow, fats]")
        (base / "runs/p9.toy/prereg.yaml").write_text(text)
        with pytest.raises(UserError, match="H1 names 'fats', which is no arm"):
            runs.run("p9.toy")
        assert all_records(base) == {}

    def test_a_check_without_its_data_is_unavailable_and_one_that_raises_is_stale(self, base):
        runs.run("p9.toy", jobs=1)
        record = {**records.load("p9.toy", "slow", 0, base=base), "checkpoint": "p9.toy.slow.seed-0"}

        def examined(check):
            return runs.examine(dataclasses.replace(toy_runs.experiment(), check=check), record, base)

        def nowhere(*_):
            raise runs.DataUnavailableError("points.csv is not here")

        assert examined(lambda *_: "") == ("ok", "")
        assert examined(nowhere) == ("unavailable", "points.csv is not here")
        assert examined(lambda *_: 1 // 0) == (
            "stale",
            "its check fails: ZeroDivisionError: integer division or modulo by zero",
        )

    def test_unavailable_data_is_no_failure(self, base, capsys, monkeypatch):
        runs.run("p9.toy", jobs=1)
        toy = toy_runs.experiment(toy_runs.without_its_data)
        monkeypatch.setattr(runs, "registry", lambda: {"p9.toy": toy})
        assert runs.verify(all=True, jobs=1) == 0
        assert "6 unavailable" in capsys.readouterr().out


class TestSmallPrint:
    def test_a_thinned_curve_keeps_its_ends_and_its_order(self):
        steps, values = runs.thin(range(1, 5001), np.arange(5000.0))
        assert steps[0] == 1
        assert steps[-1] == 5000
        assert len(steps) <= runs.CURVE_POINTS
        assert values == [step - 1.0 for step in steps]
        assert runs.thin([1, 2, 3], [7, 8, 9]) == ([1, 2, 3], [7, 8, 9])

    def test_numpy_becomes_json_with_so_many_digits(self):
        given = {"a": np.array([1 / 3, 2.0]), 1: np.int64(5), "b": (np.float64(1234.5678), None, "x")}
        assert runs.plain(given, 3) == {"a": [0.333, 2.0], "1": 5, "b": [1230.0, None, "x"]}

    def test_a_digest_sees_values_types_and_shapes(self):
        a = np.arange(6)
        digests = {runs.digest_of(x) for x in (a, a[::-1], a.reshape(2, 3), a.astype(float), "012345", "012346")}
        assert len(digests) == 6
        assert runs.digest_of(a) == runs.digest_of(np.arange(6))

    def test_the_code_digest_follows_imports_and_nothing_else(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(tmp_path)
        package = tmp_path / "pkgdigest"
        package.mkdir()
        files = {
            "__init__.py": "",
            "top.py": "import numpy\nfrom pkgdigest import middle\n",
            "middle.py": "def f():\n    from pkgdigest.leaf import x\n    return x\n",
            "leaf.py": "x = 1\n",
            "stranger.py": "y = 1\n",
        }
        for name, text in files.items():
            (package / name).write_text(text)

        def digest():
            runs.code_digest.cache_clear()
            return runs.code_digest("pkgdigest.top")

        before = digest()
        (package / "stranger.py").write_text("y = 2\n")
        assert digest() == before
        (package / "leaf.py").write_text("x = 2\n")
        assert digest() != before

    def test_outside_git_the_rotation_starts_at_zero(self, tmp_path):
        assert runs.commit_count(tmp_path) == 0


class TestTheSeriesOwnExperiments:
    @pytest.mark.parametrize("experiment", runs.registry().values(), ids=lambda e: e.name)
    def test_hypotheses_speak_of_declared_arms_and_wait_for_all_their_seeds(self, experiment):
        hypotheses = records.prereg(experiment.name, base=Path(runs.__file__).parents[1])
        one_run = experiment.name == "p3.stages"  # a single net photographed as it learns, and told as that
        least = 1 if one_run else 5 if experiment.name[:2] in ("p1", "p2") else 3
        for name, hypothesis in hypotheses.items():
            assert set(hypothesis["arms"]) <= set(experiment.arms), name
            assert hypothesis["min_seeds"] == min(experiment.seeds_of(arm) for arm in hypothesis["arms"]), name
            assert hypothesis["min_seeds"] >= least, name

    def test_a_part_selects_its_experiments_and_nothing_selects_all(self):
        known = runs.registry()
        assert {e.name for e in runs.select("p2", known)} == {"p2.xor-inits", "p2.addition-mlp"}
        assert runs.select("", known) == list(known.values())

    @pytest.mark.parametrize(
        ("experiment", "arm"),
        [
            ("p1.perceptron", "perceptron-01"),
            ("p1.perceptron", "adaline-pm1"),
            ("p1.hopfield", "n-100"),
            ("p1.past-tense", "delta-jump-1986"),
            ("p2.xor-inits", "2-2-1"),
            ("p2.addition-mlp", "scalar-relu.0-9"),
            ("p2.addition-mlp", "linear.held-30"),
        ],
    )
    def test_the_code_still_gives_the_committed_record(self, experiment, arm):
        record = records.load(experiment, arm, 0, base=Path(runs.__file__).parents[1])
        assert runs.examine(runs.registry()[experiment], record) == ("ok", "")

    def test_a_record_is_small(self):
        files = list((Path(runs.__file__).parents[1] / "runs").glob("p[12].*/*/seed-*.json"))
        assert max(file.stat().st_size for file in files) < 60_000
