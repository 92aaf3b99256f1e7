"""Run records are small, strict JSON files: what goes in comes out, and nothing else gets in."""

import json
from types import SimpleNamespace

import pytest

from nnfs import claims, records
from nnfs.records import RecordError


def sound(**changes):
    """A record that `save` accepts, with some fields replaced."""
    return {
        "schema": records.SCHEMA,
        "experiment": "p9.toy",
        "arm": "wide-2.0",
        "seed": 3,
        "stage": 1,
        "config": {"lr": 0.1, "sizes": [2, 2, 1]},
        "data": {"toy": "ab" * 32},
        "parameters": {"total": 9, "active": 9},
        "flops": 1e9,
        "examples": 400,
        "seconds": 1.5,
        "machine": {"cpu": "some processor", "cores": 2},
        "versions": {"python": "3.11.7", "numpy": "2.4.6"},
        "precision": "float64",
        "loss": {"step": [1, 2], "value": [0.5, 0.25]},
        "metrics": {"held-out": {"exact": 0.75}},
        "detail": {"curve": [1, 2, 3]},
        "rehearsal": {"overrides": {}, "data": {}, "loss": [0.5], "norm": 1.0, "metrics": None},
        "code": "cd" * 32,
        "checkpoint": None,
        **changes,
    }


class TestRoundTrip:
    def test_a_saved_record_is_loaded_unchanged(self, tmp_path):
        file = records.save(sound(), base=tmp_path)
        assert file == tmp_path / "runs/p9.toy/wide-2.0/seed-3.json"
        assert records.load("p9.toy", "wide-2.0", 3, base=tmp_path) == sound()

    def test_equal_records_are_equal_bytes_whatever_the_order_of_keys(self, tmp_path):
        first = records.save(sound(), base=tmp_path / "a").read_bytes()
        second = records.save(dict(reversed(sound().items())), base=tmp_path / "b").read_bytes()
        assert first == second

    def test_a_curve_is_one_line_and_a_metric_is_one_line(self, tmp_path):
        lines = records.save(sound(), base=tmp_path).read_text().splitlines()
        assert '  "value": [0.5,0.25]' in lines
        assert '   "exact": 0.75' in lines

    def test_load_all_sorts_by_arm_and_by_seed_as_a_number(self, tmp_path):
        for arm, seed in [("b", 10), ("b", 9), ("a", 0)]:
            records.save(sound(arm=arm, seed=seed), base=tmp_path)
        assert [(r["arm"], r["seed"]) for r in records.load_all("p9.toy", base=tmp_path)] == [
            ("a", 0),
            ("b", 9),
            ("b", 10),
        ]
        assert [r["arm"] for r in records.load_all("p9.toy", "a*", base=tmp_path)] == ["a"]

    def test_a_failed_write_leaves_the_old_record_and_no_rubbish(self, tmp_path, monkeypatch):
        file = records.save(sound(), base=tmp_path)
        before = file.read_bytes()

        def full_disk(*_):
            raise OSError("no space left")

        monkeypatch.setattr(records.os, "replace", full_disk)
        with pytest.raises(OSError, match="no space"):
            records.save(sound(seconds=9.0), base=tmp_path)
        assert file.read_bytes() == before
        assert [f.name for f in file.parent.iterdir()] == [file.name]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"schema": "nnfs-record/0"}, "schema 'nnfs-record/0'"),
            ({"written": "today"}, "unknown fields: written"),
            ({"seed": "3"}, "field 'seed' is a str"),
            ({"stage": True}, "field 'stage' is a bool"),
            ({"metrics": {"held-out": {"exact": float("nan")}}}, "held-out/exact must be a finite number"),
            ({"metrics": {"held-out": {"exact": "0.7"}}}, "held-out/exact must be a finite number"),
            ({"metrics": {"held-out": 0.7}}, "protocol 'held-out' must hold metrics"),
            ({"arm": "../elsewhere"}, "names no experiment or arm"),
        ],
    )
    def test_save_names_what_is_wrong(self, tmp_path, changes, message):
        with pytest.raises(RecordError, match=message):
            records.save(sound(**changes), base=tmp_path)
        assert list(tmp_path.rglob("*.json")) == []

    def test_a_missing_field_is_named(self, tmp_path):
        record = sound()
        del record["loss"], record["code"]
        with pytest.raises(RecordError, match="lacks code, loss"):
            records.save(record, base=tmp_path)

    def test_a_nan_deep_in_a_record_is_refused_too(self, tmp_path):
        with pytest.raises(RecordError, match="infinite or none"):
            records.save(sound(detail={"curve": [float("inf")]}), base=tmp_path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "is no JSON"),
            ('{"metrics": NaN}', "NaN is not a number"),
            ("[1, 2]", "holds a list"),
        ],
    )
    def test_a_damaged_file_is_named_without_a_path_of_this_machine(self, tmp_path, text, message):
        records.save(sound(), base=tmp_path).write_text(text)
        with pytest.raises(RecordError, match=message) as error:
            records.load("p9.toy", "wide-2.0", 3, base=tmp_path)
        assert "runs/p9.toy/wide-2.0/seed-3.json" not in str(tmp_path)
        assert "p9.toy/wide-2.0/seed-3.json" in str(error.value)
        assert str(tmp_path) not in str(error.value)

    def test_a_record_in_another_ones_place_is_noticed(self, tmp_path):
        file = records.save(sound(), base=tmp_path)
        other = file.with_name("seed-4.json")
        file.rename(other)
        with pytest.raises(RecordError, match=r"calls itself p9\.toy/wide-2\.0/seed-3"):
            records.load("p9.toy", "wide-2.0", 4, base=tmp_path)

    def test_a_missing_record_names_the_command_that_makes_it(self, tmp_path):
        with pytest.raises(RecordError, match=r"seed-0\.json: make it with `nnfs run p9\.toy`"):
            records.load("p9.toy", "wide-2.0", 0, base=tmp_path)
        with pytest.raises(RecordError, match=r"no records of p9\.toy: make them with `nnfs run p9\.toy`"):
            records.load_all("p9.toy", base=tmp_path)


class TestWhereRecordsAre:
    def test_the_root_is_what_nnfs_root_says(self, tmp_path, monkeypatch):
        monkeypatch.setenv("NNFS_ROOT", str(tmp_path))
        assert records.root() == tmp_path

    def test_else_it_is_the_checkout_around_the_current_folder(self, tmp_path, monkeypatch):
        monkeypatch.delenv("NNFS_ROOT", raising=False)
        for folder in ("runs", "nnfs", "posts/listings"):
            (tmp_path / folder).mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "posts/listings")
        assert records.root() == tmp_path

    def test_else_it_is_the_checkout_of_the_package(self, tmp_path, monkeypatch):
        monkeypatch.delenv("NNFS_ROOT", raising=False)
        monkeypatch.chdir(tmp_path)
        assert (records.root() / "nnfs" / "records.py").is_file()


def test_loading_a_record_cites_it_with_the_digest_of_its_bytes(tmp_path, monkeypatch):
    cited = []
    monkeypatch.setattr(claims, "publish", lambda mime, payload: cited.append((mime, payload)))
    file = records.save(sound(), base=tmp_path)
    records.load("p9.toy", "wide-2.0", 3, base=tmp_path)
    assert cited == [(claims.CITE_MIME, {"record": "p9.toy/wide-2.0/seed-3", "digest": records.digest(file)})]


class TestLookingUp:
    def test_metric_by_protocol_and_name(self):
        assert records.metric(sound(), "held-out/exact") == 0.75

    def test_an_unknown_metric_lists_those_there_are(self):
        with pytest.raises(RecordError, match=r"no metric 'held-out/exakt'; it has held-out/exact"):
            records.metric(sound(), "held-out/exakt")

    def test_by_arm_gathers_seeds_and_median_seed_picks_one(self):
        found = [sound(seed=s, metrics={"t": {"x": x}}) for s, x in enumerate([0.9, 0.1, 0.5, 0.5])]
        assert records.by_arm(found, "t/x") == {"wide-2.0": [0.9, 0.1, 0.5, 0.5]}
        assert records.median_seed(found, "t/x")["seed"] == 2


class TestHypotheses:
    """prereg.yaml is written before the runs; the records decide."""

    def judge(self, tmp_path, comparison, threshold, arms=("a",), min_seeds=3):
        values = {"a": [0.9, 0.7, 0.8], "b": [0.5, 0.6, 0.9]}
        for arm, numbers in values.items():
            for seed, x in enumerate(numbers):
                record = sound(arm=arm, seed=seed, metrics={"held-out": {"exact": x}})
                records.save(record, base=tmp_path)
        hypothesis = {
            "statement": "A is good.",
            "metric": "held-out/exact",
            "arms": list(arms),
            "comparison": comparison,
            "threshold": threshold,
            "min_seeds": min_seeds,
            "if_not": "It is not.",
        }
        (tmp_path / "runs/p9.toy/prereg.yaml").write_text(json.dumps({"H1": hypothesis}))
        return SimpleNamespace(**records.verdicts("p9.toy", base=tmp_path)[0])

    @pytest.mark.parametrize(
        ("comparison", "threshold", "verdict"),
        [
            ("every >=", 0.7, "supported"),
            ("every >", 0.7, "not supported"),
            ("median >=", 0.8, "supported"),
            ("median <", 0.8, "not supported"),
            ("every ==", 0.8, "not supported"),
        ],
    )
    def test_of_one_arm(self, tmp_path, comparison, threshold, verdict):
        assert self.judge(tmp_path, comparison, threshold).verdict == verdict

    def test_differences_are_taken_seed_by_seed(self, tmp_path):
        found = self.judge(tmp_path, "median difference >=", 0.09, arms=("a", "b"))
        assert found.verdict == "supported"
        assert found.values["a − b"] == pytest.approx([0.4, 0.1, -0.1])
        assert self.judge(tmp_path, "every difference >", 0, arms=("a", "b")).verdict == "not supported"

    def test_too_few_seeds_are_inconclusive_whatever_they_say(self, tmp_path):
        assert self.judge(tmp_path, "every >=", 0.0, min_seeds=5).verdict == "inconclusive"
        assert self.judge(tmp_path, "every >=", 0.0, arms=("nobody",)).verdict == "inconclusive"

    def test_a_difference_counts_the_seeds_that_both_arms_have(self, tmp_path):
        self.judge(tmp_path, "every >=", 0.0)
        for seed in (0, 1, 2):
            records.path("p9.toy", "b", seed, base=tmp_path).unlink()
            record = sound(arm="b", seed=seed + 3, metrics={"held-out": {"exact": 0.1}})
            records.save(record, base=tmp_path)
        text = (tmp_path / "runs/p9.toy/prereg.yaml").read_text()
        for comparison in ("every difference >", "median difference >"):
            hypothesis = {**json.loads(text)["H1"], "arms": ["a", "b"], "comparison": comparison}
            (tmp_path / "runs/p9.toy/prereg.yaml").write_text(json.dumps({"H1": hypothesis}))
            found = records.verdicts("p9.toy", base=tmp_path)[0]
            assert found["verdict"] == "inconclusive"
            assert found["values"] == {"a − b": []}

    def test_a_record_without_the_metric_does_not_count_and_hides_no_other_hypothesis(self, tmp_path):
        self.judge(tmp_path, "every >=", 0.0)
        record = sound(arm="a", seed=3, metrics={"held-out": {"exact": 0.9, "later": 1.0}})
        records.save(record, base=tmp_path)
        text = (tmp_path / "runs/p9.toy/prereg.yaml").read_text()
        both = json.loads(text) | {"H2": {**json.loads(text)["H1"], "metric": "held-out/later"}}
        (tmp_path / "runs/p9.toy/prereg.yaml").write_text(json.dumps(both))
        assert [v["verdict"] for v in records.verdicts("p9.toy", base=tmp_path)] == ["supported", "inconclusive"]
        both["H2"]["metric"] = "held-out/latter"
        (tmp_path / "runs/p9.toy/prereg.yaml").write_text(json.dumps(both))
        with pytest.raises(RecordError, match="no metric 'held-out/latter'"):
            records.verdicts("p9.toy", base=tmp_path)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("threshold", "1e-3"), ("threshold", True), ("arms", "a"), ("arms", []), ("min_seeds", 0), ("metric", 3)],
    )
    def test_a_field_of_the_wrong_kind_is_named(self, tmp_path, field, value):
        self.judge(tmp_path, "every >=", 0.0)
        file = tmp_path / "runs/p9.toy/prereg.yaml"
        file.write_text(json.dumps({"H1": {**json.loads(file.read_text())["H1"], field: value}}))
        with pytest.raises(RecordError, match=f"H1 has the {field} "):
            records.prereg("p9.toy", base=tmp_path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("H1: {statement: too little}", "H1 needs exactly the fields"),
            ("", "holds no hypotheses"),
            ("H1: [", "is not YAML"),
        ],
    )
    def test_a_malformed_file_is_refused(self, tmp_path, text, message):
        records.save(sound(), base=tmp_path)
        (tmp_path / "runs/p9.toy/prereg.yaml").write_text(text)
        with pytest.raises(RecordError, match=message):
            records.prereg("p9.toy", base=tmp_path)

    def test_a_difference_needs_two_arms_and_a_known_comparison(self, tmp_path):
        with pytest.raises(RecordError, match="names two arms"):
            self.judge(tmp_path, "every difference >", 0)
        with pytest.raises(RecordError, match="comparison 'mostly >'"):
            self.judge(tmp_path, "mostly >", 0)

    def test_an_experiment_without_hypotheses_says_so(self, tmp_path):
        with pytest.raises(RecordError, match=r"no runs/p9\.toy/prereg\.yaml"):
            records.prereg("p9.toy", base=tmp_path)
