"""An arm, which is data, becomes a trained net, a record and a checkpoint; kills and slips are seen."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import toy_models

from nnfs import recipes, records, runs
from nnfs.data import names
from nnfs.gpt import GPT, GPTConfig
from nnfs.gpt2 import GPT2, GPT2Config
from nnfs.runs import DataUnavailableError


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    toy = toy_models.experiment()
    runs.sweep(toy, toy.cells(stage=1), folder)
    return folder


def record_of(base, arm="net", seed=0):
    return records.load("p9.names", arm, seed, base=base)


class TestRecord:
    def test_a_record_says_what_was_trained_on_what_and_for_how_much(self, base):
        record = record_of(base)
        assert record["examples"] == 60 * 16 * 2  # inputs read
        assert record["parameters"] == {"total": 27 * 10 + 20 * 16 + 16 + 16 * 27 + 27, "active": 1065}
        per_example = 6 * (20 * 16 + 16 * 27)
        assert record["flops"] == pytest.approx(per_example * 60 * 16, rel=1e-3)
        assert record["versions"]["torch"] == torch.__version__
        assert record["precision"] == "float32"
        assert record["data"].keys() == {"names-ssa/train", "names-ssa/dev"}
        assert len(record["rehearsal"]["loss"]) == 20
        assert 1.5 < record["metrics"]["full"]["dev"] < 4

    def test_a_cell_that_counts_has_no_loss_and_is_rehearsed_smaller(self, base):
        record = record_of(base, "counts")
        assert record["loss"] is None
        assert record["flops"] == 0
        assert 2.0 < record["metrics"]["full"]["dev"] < 2.3
        assert record["rehearsal"]["metrics"]["full"]["dev"] != record["metrics"]["full"]["dev"]

    def test_arms_where_nothing_is_random_have_one_seed(self):
        assert toy_models.experiment().cells(stage=1) == [("net", 0), ("counts", 0), ("net", 1)]
        assert toy_models.experiment().cells(stage=1, seeds=3)[-1] == ("net", 2)

    def test_no_snapshot_is_left_when_the_record_is_written(self, base):
        assert not list((base / ".cache").rglob("step-*"))

    def test_a_kill_loses_at_most_a_snapshot_and_the_record_is_the_same(self, tmp_path):
        program = f"import toy_models; toy_models.slow_cell({str(tmp_path / 'killed')!r}, 300)"
        victim = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parent)
        while not list((tmp_path / "killed").rglob("step-00000002*.json")) and victim.poll() is None:
            time.sleep(0.005)
        victim.send_signal(signal.SIGKILL)
        assert victim.wait() == -signal.SIGKILL
        assert not records.path("p9.names", "net", 0, base=tmp_path / "killed").exists()
        found = {}
        for name in ("killed", "whole"):
            toy_models.slow_cell(tmp_path / name, 300)
            found[name] = record_of(tmp_path / name)
            for timing in ("seconds", "evaluation"):
                del found[name][timing]
            del found[name]["metrics"]["cost"]
        assert found["killed"] == found["whole"]


class TestStale:
    @pytest.mark.parametrize("arm", ["net", "counts"])
    def test_the_same_code_is_ok(self, base, arm):
        assert runs.examine(toy_models.experiment(), record_of(base, arm), base) == ("ok", "")

    @pytest.mark.parametrize(
        ("name", "value"), [("weight_decay", 0.09), ("beta2", 0.98), ("clip", 0.0), ("warmup", 0.2), ("steps", 60)]
    )
    def test_a_slip_in_the_recipe_is_seen_wherever_in_the_run_it_acts(self, base, name, value):
        toy = toy_models.experiment(toy_models.with_other(name, value))
        state, why = runs.examine(toy, record_of(base), base)
        assert state == ("ok" if name == "steps" else "stale"), why
        assert name == "steps" or why.startswith("its rehearsal differs: ")

    def test_data_that_are_not_here_make_it_unavailable(self, base):
        toy = toy_models.experiment(toy_models.without_its_data)
        assert runs.examine(toy, record_of(base), base)[0] == "unavailable"

    def test_a_text_that_is_not_here_is_unavailable_data(self, tmp_path, monkeypatch):
        monkeypatch.setenv("NNFS_DATA", str(tmp_path))
        monkeypatch.setenv("NNFS_ROOT", str(tmp_path))
        with pytest.raises(DataUnavailableError, match="nnfs data"):
            recipes.corpus("names-makemore")

    def test_a_checkpoint_that_scores_otherwise_is_stale(self, base):
        record = record_of(base)
        record["evaluation"]["slice"]["loss"] *= 1.001
        state, why = runs.examine(toy_models.experiment(), record, base)
        assert state == "stale"
        assert "its checkpoint scores" in why

    def test_asked_for_everything_verify_recomputes_what_was_measured(self, base):
        record = record_of(base)
        assert runs.examine(toy_models.experiment(), record, base, whole=True) == ("ok", "")
        record["metrics"]["full"]["dev"] += 0.001
        assert runs.examine(toy_models.experiment(), record, base) == ("ok", "")
        state, why = runs.examine(toy_models.experiment(), record, base, whole=True)
        assert state == "stale"
        assert "on dev (full)" in why


class TestCheckpoint:
    def test_seed_zero_is_kept_and_loads_as_what_was_measured(self, base):
        record = record_of(base)
        assert record["checkpoint"] == "p9.names.net.seed-0"
        assert record_of(base, seed=1)["checkpoint"] is None
        model = runs.load("p9.names.net.seed-0", base)
        dev = recipes.corpus("names-ssa")["dev"]
        assert recipes.evaluate(model, dev).loss == pytest.approx(record["metrics"]["full"]["dev"], rel=1e-6)

    def test_weights_are_stored_in_half_precision_where_that_moves_nothing(self, base):
        entry = json.loads((base / "runs/checkpoints/manifest.json").read_text())["p9.names.net.seed-0"]
        assert entry["record"] == "p9.names/net/seed-0"
        assert 2 * 1065 < entry["bytes"] < 3 * 1065


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    config = {key: value for key, value in toy_models.CONFIG.items() if key != "keep"}
    toy = toy_models.experiment()
    toy.arms["net"] = runs.Arm({**config, "stages": {"steps": [0, 20, 60], "say": 30}})
    runs.run_cell(toy, "net", 0, folder)
    return folder


class TestStages:
    def test_a_run_can_leave_several_checkpoints_and_what_each_says(self, staged):
        record = record_of(staged)
        stages = record["detail"]["stages"]
        assert stages["step"] == [0, 20, 60]
        assert stages["checkpoint"] == [f"p9.names.net.seed-0@{step}" for step in (0, 20, 60)]
        assert stages["dev"][0] > stages["dev"][1] > stages["dev"][2]
        assert [len(text) for text in stages["text"]] == [30, 30, 30]
        assert len(set(stages["text"])) == 3

    def test_the_last_one_is_the_trained_net_and_belongs_to_the_record(self, staged, base):
        record = record_of(staged)
        assert record["checkpoint"] == "p9.names.net.seed-0@60"
        assert record["metrics"]["full"] == record_of(base)["metrics"]["full"], "looking on changed nothing"
        assert record["metrics"]["full"]["dev"] == pytest.approx(record["detail"]["stages"]["dev"][-1], rel=1e-6)
        assert recipes.check(record, staged, whole=True) == ""


class TestSmallPrint:
    def test_a_cut_text_is_its_first_documents(self):
        whole = names.text(["emma", "ava", "mia"])
        short = recipes.cut(whole, 12)
        assert names.decode(short.ids) == ["emma", "ava"]
        assert recipes.cut(whole, 100) is whole

    def test_flops_of_a_transformer_are_those_of_the_formula(self):
        idx = torch.zeros(2, 16, dtype=torch.int64)
        d, layers, vocab, T = 32, 3, 11, 16
        expected = 6 * (layers * 12 * d * d + d * vocab) + 12 * layers * T * d
        for model in (
            GPT(GPTConfig(vocab, T, layers, 4, d)),
            GPT2(GPT2Config(vocab, T, layers, 4, d)),  # its head is tied to a table, and counts all the same
        ):
            assert recipes.flops_per_token(model, (idx, idx)) == expected

    def test_a_smoothed_curve_begins_with_the_first_loss_and_keeps_its_mean(self):
        assert recipes.smooth([3.0, 1.0])[0] == 3.0
        assert recipes.smooth([2.0] * 500) == pytest.approx([2.0] * 500)
