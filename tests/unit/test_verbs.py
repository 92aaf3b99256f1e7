"""The verbs for one model: what they print, and one line for a mistake."""

import subprocess
import sys

import pytest
import toy_models

from nnfs import commands, runs
from nnfs.data import fetch, names
from nnfs.errors import UserError

NAME = "p9.names.net.seed-0"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    runs.run_cell(toy_models.experiment(), "net", 0, folder)
    return folder


@pytest.fixture
def base(trained, monkeypatch):
    monkeypatch.setenv("NNFS_ROOT", str(trained))
    monkeypatch.setattr(runs, "registry", lambda: {"p9.names": toy_models.experiment()})
    return trained


def test_eval_names_its_protocol(base, capsys):
    assert commands.eval(NAME) == 0
    predictions = sum(len(name) + 1 for name in names.ssa().dev)
    assert capsys.readouterr().out.endswith(f"(full, {predictions:,} tokens of dev)\n")


def test_eval_refuses_what_cannot_be_measured(base):
    with pytest.raises(UserError, match="there are train, dev, test"):
        commands.eval(NAME, part="nowhere")
    with pytest.raises(UserError, match="window-64 is for running text"):
        commands.eval(NAME, protocol="window-64")


def test_the_same_seed_says_the_same_names(base, capsys):
    said = []
    for seed in (1, 1, 2):
        commands.sample(NAME, prompt="em", n=40, seed=seed)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]
    assert said[0].startswith("em")


def test_sample_refuses_letters_that_the_model_never_saw(base):
    with pytest.raises(UserError, match="does not know 'Q'"):
        commands.sample(NAME, prompt="Q")


def test_train_leaves_no_record(base, capsys):
    before = sorted(base.rglob("*.json"))
    assert commands.train("p9.names", "net", steps=5) == 0
    assert "full        dev" in capsys.readouterr().out
    assert sorted(base.rglob("*.json")) == before


@pytest.mark.parametrize(("arm", "message"), [("nets", "there are net, counts"), ("counts", "trains no language")])
def test_train_refuses_what_is_no_net(base, arm, message):
    with pytest.raises(UserError, match=message):
        commands.train("p9.names", arm)


@pytest.mark.parametrize("verb", [commands.sample, commands.eval])
def test_a_net_that_adds_knows_no_text(verb):
    with pytest.raises(UserError, match=r"p3\.adder\.616\.seed-0 adds and knows no text; `nnfs report p3\.adder`"):
        verb("p3.adder.616.seed-0")
    with pytest.raises(UserError, match="trains no language model"):
        commands.train("p3.adder", "616")


def test_numbers_that_make_no_sense_are_refused(base):
    for wrong in ({"steps": 0}, {"steps": -3}, {"seed": -1}):
        with pytest.raises(UserError, match="--steps is 1 or more, --seed is 0 or more"):
            commands.train("p9.names", "net", **wrong)
    for wrong in ({"n": -5}, {"seed": -1}):
        with pytest.raises(UserError, match="--n is 1 or more, --seed is 0 or more"):
            commands.sample(NAME, **wrong)


def test_a_text_that_is_not_here_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setenv("NNFS_DATA", str(tmp_path))
    monkeypatch.setattr("nnfs.data.text.cache", lambda: tmp_path)
    with pytest.raises(UserError, match=r"tinyshakespeare\.txt is not here: fetch it with `nnfs data`"):
        commands.sample("p3.shakespeare-best.pure-0.2.seed-0")


def test_calibrate_compares_precisions_on_this_machine(capsys):
    assert commands.calibrate(("XS",), seconds=0.0) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip().startswith("XS")]
    assert [row[1] for row in rows] == ["1", "2"]
    assert {row[-1] for row in rows} <= {"fp32", "bf16"}
    with pytest.raises(UserError, match="no preset 'XXL'"):
        commands.calibrate(("XXL",))


def test_data_says_what_is_missing_and_fails(monkeypatch, capsys):
    source = fetch.SETS[0][0]
    for problem, status in (("", 0), ("no network", 1)):
        arrival = fetch.Arrival(source, "" if problem else "already here", problem)
        monkeypatch.setattr(fetch, "fetch_all", lambda arrival=arrival: [arrival])
        assert commands.data() == status
        assert (problem or "already here") in capsys.readouterr().out


def test_two_processes_of_torchrun_train_the_net_that_one_trains():
    arm = ["train", "p3.ladder", "ssa.bigram-net", "--steps", "12"]
    alone = [sys.executable, "-m", "nnfs", *arm]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "nnfs"]
    said = []
    for command in (alone, [*torchrun, *arm]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append([line.split() for line in done.stdout.splitlines() if " nats" in line])
    assert len(said[0]) == 3, "train, dev and test, said by one of the two"
    assert said[0] == said[1]
