"""From the dial to an assistant: what a record says, that a kill changes nothing, and that the checkpoint talks."""

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import toy_chat

from nnfs import chat, chat_ask, chat_run, chat_talk, checkpoints, commands, reinforce, runs
from nnfs.chat_text import pair_part
from nnfs.errors import UserError
from nnfs.gpt import GPT

NAME = "p9.chat.talk.seed-0"


@pytest.fixture(autouse=True)
def verse(monkeypatch):
    monkeypatch.setattr(chat, "shakespeare_text", lambda: (toy_chat.VERSE, toy_chat.VERSE[:900]))
    monkeypatch.setattr(chat, "spelt", lambda: toy_chat.WORDS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat")
    before = chat.shakespeare_text, chat.spelt
    try:
        record = toy_chat.cell(folder)
    finally:
        chat.shakespeare_text, chat.spelt = before
    return folder, record


def test_a_record_has_every_stage_and_what_it_cost(trained):
    _, record = trained
    metrics = record["metrics"]
    assert set(metrics) == {
        *("pretrain", "sft", "rl", "z-score", "no-baseline", "replay", "mid", "mid-sft", "mid-rl", "few", "few-rl"),
        *("gain", "cost"),
    }
    for name in set(metrics) - {"gain", "cost"}:
        stage = metrics[name]
        assert 0 <= stage["pass_1"] <= stage["pass_2"] <= stage["pass_16"] <= 1
        assert 0 <= stage["valid"] <= min(stage[f"valid_{kind}"] for kind in chat_talk.KINDS)
        assert all(stage[f"right_{kind}"] <= stage[f"valid_{kind}"] for kind in chat_talk.KINDS)
        assert stage["tokens"] > 0
        assert stage["pflop"] > 0
        assert stage["usd"] == pytest.approx(stage["seconds"] / 3600 * chat_run.RENT["usd_per_hour"], rel=1e-6)
    road = [metrics[name] for name in ("pretrain", "sft", "rl")]
    assert metrics["cost"]["tokens"] == sum(stage["tokens"] for stage in road)
    assert metrics["gain"]["pass_1"] == pytest.approx(metrics["rl"]["pass_1"] - metrics["sft"]["pass_1"])
    assert metrics["gain"]["over_z-score"] == pytest.approx(metrics["rl"]["pass_1"] - metrics["z-score"]["pass_1"])
    assert record["detail"]["rent"]["date"] < "2026-12"


def test_gains_compare_the_stages_that_they_name():
    at = {"pretrain": 0.0, "sft": 0.5, "rl": 0.75, "few": 0.125, "few-rl": 0.25}
    told = {name: {"valid": x, **{f"pass_{k}": x for k in chat_ask.K}} for name, x in at.items()}
    found = chat_ask.gains(told)
    assert (found["pass_4"], found["few_pass_4"]) == (0.25, 0.125)
    without = chat_ask.gains({name: told[name] for name in ("pretrain", "sft", "rl")})
    assert not [key for key in without if key.startswith(("few", "mid", "over"))]


def test_a_short_imitation_reads_the_first_conversations_of_the_long_one():
    cell = chat_run.begin(toy_chat.CONFIG, 0, None)
    long, short = cell.conversations("sft", 4), cell.conversations("few", 4)
    whole = len(short.ids) - 1  # the last row may not be full
    assert whole > 0
    assert np.array_equal(short.ids[:whole], long.ids[:whole])
    assert np.array_equal(short.own[:whole], long.own[:whole])


def test_an_arm_that_keeps_what_it_never_makes_is_refused_at_once():
    with pytest.raises(ValueError, match="keep: 'relpay' is no stage of this arm: few, few-rl, mid, "):
        chat_run.run({**toy_chat.CONFIG, "keep": "relpay"}, 0)


def test_the_card_and_the_frozen_sums_are_in_the_record(trained):
    _, record = trained
    for card in record["detail"]["card"].values():
        assert {kind for kind, *_ in card} == set(chat_talk.KINDS)
    curves = record["detail"]["curves"]
    assert curves["rl"]["step"] == list(range(6))
    assert curves["rl"]["frozen_step"] == [0, 1, 2, 3, 4, 5, 6]
    assert all(0 <= n <= 16 for n in curves["rl"]["frozen_0"])
    assert set(curves["pretrain"]) == {"step", "loss"}


def test_branches_begin_with_the_same_net(trained):
    """So their first rewards are equal: the same questions, the same draws but for the stage's own seed."""
    _, record = trained
    curves = record["detail"]["curves"]
    frozen = [[curves[name][f"frozen_{i}"][0] for i in range(20)] for name in ("rl", "z-score", "no-baseline")]
    assert frozen[0] == frozen[1] == frozen[2]


def test_the_same_code_is_ok_and_a_changed_rate_of_the_last_stage_is_stale(trained):
    folder, record = trained
    assert runs.examine(toy_chat.experiment(), record, folder, whole=True) == ("ok", "")

    def slipped(config, seed, place=None):
        return chat_run.run({**config, "rl": {**config["rl"], "factor": 0.11}}, seed, place)

    state, why = runs.examine(toy_chat.experiment(run=slipped), record, folder)
    assert (state, why[:22]) == ("stale", "its rehearsal differs:")


def test_what_is_kept_may_be_a_branch(tmp_path):
    record = toy_chat.cell(tmp_path, beside=["replay"], keep="replay")
    assert chat_run.check(record, tmp_path, whole=True) == ""
    model, tokens = chat.load(record["checkpoint"], tmp_path)
    bits = chat.bits_per_byte(model, tokens, chat.held_out(tokens, 300)[chat.NATURAL])
    assert bits == pytest.approx(record["metrics"]["replay"]["bpb_shakespeare"], rel=1e-6)
    assert bits != pytest.approx(record["metrics"]["rl"]["bpb_shakespeare"], rel=1e-6)
    for stage, wrong in (("rl", ""), ("replay", "its checkpoint solves")):
        told = {**record["metrics"], stage: {**record["metrics"][stage], "exact": 0.5}}
        assert chat_run.check({**record, "metrics": told}, tmp_path, whole=True)[:21] == wrong


def test_a_checkpoint_that_no_longer_reads_as_it_did_is_found(trained):
    folder, record = trained
    record = {**record, "evaluation": {**record["evaluation"]}}
    record["evaluation"]["slice"] = {**record["evaluation"]["slice"], "loss": 1.0}
    assert "bits per byte, not 1.0" in chat_run.check(record, folder)


def test_no_sum_of_a_test_is_practised():
    cell = chat_run.begin(toy_chat.CONFIG, 0, None)
    practised = [exchange.reply for step in range(200) for exchange in cell.exchanges(step)]
    for reply in practised:
        a, b = reply.partition("=")[0].split("+")
        assert pair_part(int(a), int(b)) == "train"


def test_questions_of_a_kind_are_different_and_the_same_for_all():
    for kind in chat_talk.KINDS:
        asked = [exchange.user for exchange in chat_ask.questions(kind, 3, "dev")]
        assert len(set(asked)) == len(asked) == 3
        assert asked == [exchange.user for exchange in chat_ask.questions(kind, 3, "dev")]


def test_rejection_imitates_right_answers_only(monkeypatch):
    cell = chat_run.begin(toy_chat.CONFIG, 0, None)
    model = GPT(cell.dial.net())
    seen = []

    def answers(model, tokens, asked, most, samples, key):
        return [[exchange.reply + "0", exchange.reply, "1+1=3"] for exchange in asked[:1]] + [
            ["1+1=3"] * 3 for exchange in asked[1:]
        ]

    monkeypatch.setattr(chat_run, "replies", answers)
    monkeypatch.setattr(cell, "learn", lambda name, model, data, config: seen.append(data))
    cell.stages["rejection"] = chat_run.Stage(0.0, 0, 0.0)
    cell.reject(model, "rejection")
    rows = seen[0].of
    assert cell.stages["rejection"].curve["kept"] == [0.5]
    for step, ids in enumerate(rows.ids):
        exchange = cell.exchanges(step)[0]
        assert cell.tokens.decode(ids).replace("<|bos|>", "") == (
            f"<|user|>{exchange.user}<|end|><|assistant|>{exchange.reply}<|end|>"
        )
    assert rows.rows == 2 * 4, "as many rows in an update as RL has answers"


def test_without_a_right_answer_there_is_nothing_to_imitate(monkeypatch):
    cell = chat_run.begin(toy_chat.CONFIG, 0, None)
    monkeypatch.setattr(chat_run, "replies", lambda model, tokens, asked, *rest: [["?"] for _ in asked])
    before = GPT(cell.dial.net(), 1)
    after = cell.reject(before, "rejection")
    assert all(torch.equal(a, b) for a, b in zip(after.parameters(), before.parameters(), strict=True))
    stage = cell.stages["rejection"]
    assert stage.curve == {"kept": [0.0]}
    assert stage.tokens > 0
    assert stage.flops > 0


def test_an_answer_that_did_not_end_is_not_right():
    tokens = chat_run.begin(toy_chat.CONFIG, 0, None).tokens
    exchange = chat.every_sum("dev")[0]
    ids = tokens.encode(exchange.reply)
    assert exchange.correct(chat_ask.spoken(tokens, ids))
    assert not exchange.correct(chat_ask.spoken(tokens, [*ids, -1]))


def test_pass_at_k_of_a_net_that_says_the_answer_half_the_time(monkeypatch):
    cell = chat_run.begin(toy_chat.CONFIG, 0, None)

    def half(model, tokens, asked, most, samples, key):
        n = max(1, samples)
        return [[e.reply if s % 2 else "?" for s in range(n)] for e in asked]

    monkeypatch.setattr(chat_ask, "replies", half)
    monkeypatch.setattr(chat_ask, "knows", lambda *rest: 0.0)
    found = chat_ask.measure(toy_chat.CONFIG, GPT(cell.dial.net()), cell.tokens, 0)["metrics"]
    assert found["exact"] == 0.0
    for k in chat_ask.K:
        assert found[f"pass_{k}"] == pytest.approx(reinforce.pass_at_k(16, 8, k))


KILLED = "import sys; sys.path.insert(0, sys.argv[1]); import toy_chat; toy_chat.cell(sys.argv[2], beside=[])"


def test_a_kill_in_the_last_stage_loses_nothing(tmp_path):
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path / "killed")]
    victim = subprocess.Popen(command)
    while not list((tmp_path / "killed").rglob("rl/step-00000000[2-9].json")) and victim.poll() is None:
        time.sleep(0.005)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    found = {}
    for name in ("killed", "whole"):
        found[name] = toy_chat.cell(tmp_path / name, beside=[])
        del found[name]["seconds"], found[name]["evaluation"]["seconds"]
        for stage in found[name]["metrics"].values():
            stage.pop("seconds", None)
            stage.pop("usd", None)
    assert found["killed"] == found["whole"]


class TestTheVerb:
    @pytest.fixture
    def base(self, trained, monkeypatch):
        monkeypatch.setenv("NNFS_ROOT", str(trained[0]))
        return trained[0]

    def test_it_answers_a_question_and_the_same_seed_says_the_same(self, base, capsys):
        said = []
        for seed in (1, 1, 2):
            assert commands.chat(("What", "is", "3+4?"), NAME, temperature=1.0, seed=seed) == 0
            said.append(capsys.readouterr().out)
        assert said[0] == said[1] != said[2]

    def test_it_answers_what_is_piped_in_line_by_line(self, base, capsys, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("Hello, I am Tess.\n\nWhat is 3+4?\n"))
        assert commands.chat(name=NAME) == 0
        assert capsys.readouterr().out.count("\n") >= 2

    def test_too_long_a_question_ends_nothing(self, base, capsys, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("why " * 200 + "\nWhat is 3+4?\n"))
        assert commands.chat(name=NAME) == 0
        out, error = capsys.readouterr()
        assert "fewer words" in error
        assert out

    def test_a_missing_checkpoint_is_one_clear_line(self, base):
        with pytest.raises(UserError, match=r"no checkpoint 'p3.chat.depth-4.seed-0': make it with"):
            commands.chat(("Hello",))

    def test_impossible_wishes_are_refused(self, base):
        with pytest.raises(UserError, match="temperature is 0 or more"):
            commands.chat(("Hello",), NAME, temperature=-1.0)

    @pytest.mark.parametrize("verb", [commands.sample, commands.eval])
    def test_other_verbs_send_one_to_this_one(self, base, verb):
        with pytest.raises(UserError, match="nnfs chat --name"):
            verb(NAME)

    def test_it_needs_no_file_but_the_checkpoint(self, base, monkeypatch):
        def missing():
            raise AssertionError("Shakespeare was asked for")

        monkeypatch.setattr(chat, "shakespeare_text", missing)
        model, tokens = chat.load(NAME, base)
        assert isinstance(chat.talker(model, tokens)("Hello"), str)

    def test_a_checkpoint_is_half_precision(self, base):
        config, tensors = checkpoints.read(NAME, base)
        assert {tensor.dtype.name for tensor in tensors.values()} == {"float16"}
        assert config["depth"] == 1

    def test_another_kind_of_checkpoint_does_not_talk(self, base, tmp_path):
        checkpoints.save("p9.other", {"w": torch.zeros(1).numpy()}, {"data": "names-ssa"}, "p9/other/0", tmp_path)
        with pytest.raises(UserError, match=r"nnfs sample p9\.other"):
            chat.load("p9.other", tmp_path)
