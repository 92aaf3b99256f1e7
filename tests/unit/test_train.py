"""The loop: it learns, it can be killed anywhere, it says what is wrong, and its rehearsal notices what changed."""

import json
import math
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from nnfs import optim
from nnfs.batches import Windows
from nnfs.charmlp import BigramNet, CharMLP, CharMLPConfig
from nnfs.data.text import Text
from nnfs.gpt import GPT, GPTConfig
from nnfs.train import Progress, TrainConfig, TrainError, newest, parameter_norm, progress_bar, rehearse, train

V = 12
TEXT = Text(np.random.default_rng(0).integers(3, size=400).cumsum() % V, V)
DATA = Windows(TEXT, rows=4, length=8, seed=0)
# everything that has a state: dropout, both optimisers, an average, a schedule with both ends, clipping
CONFIG = TrainConfig(
    steps=24, optimiser="muon", lr=0.02, table_lr=0.01, head_lr=0.01, weight_decay=0.1, warmup=0.2, clip=0.5, ema=0.2,
    snapshot_seconds=0.0, seed=3,
)  # fmt: skip
ADAM = TrainConfig(steps=24, lr=3e-3, weight_decay=0.1, warmup=0.1, snapshot_seconds=0.0)


def make(seed=1):
    return GPT(GPTConfig(vocab=V, context=8, layers=1, heads=2, width=16, dropout=0.1), seed)


def make_normed():
    return CharMLP(CharMLPConfig(vocab=V, width=4, hidden=8, batch_norm=True))


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def fingerprint(model):
    """A digest of every byte that training left in a model."""
    parts = (name.encode() + t.detach().numpy().tobytes() for name, t in model.state_dict().items())
    return sha256(b"".join(parts)).hexdigest()


class KilledError(Exception):
    """Stands in for a kill, inside one process."""


def kill_at(step):
    def watch(n, _model):
        if n == step:
            raise KilledError

    return watch


# Learning


@pytest.mark.parametrize(("maker", "config"), [(make, CONFIG), (make, ADAM), (make_normed, replace(ADAM, lr=0.02))])
def test_the_loss_falls(maker, config):
    result = train(maker(), DATA, replace(config, steps=60))
    assert len(result.losses) == result.steps == 60
    assert np.mean(result.losses[-5:]) < np.mean(result.losses[:5]) - 0.3


def test_the_same_run_ends_with_the_same_bytes_and_another_seed_with_others():
    models = [make() for _ in range(3)]
    results = [train(m, DATA, replace(CONFIG, seed=s)) for m, s in zip(models, (3, 3, 4), strict=True)]
    assert fingerprint(models[0]) == fingerprint(models[1]) != fingerprint(models[2])
    assert results[0].losses == results[1].losses
    assert results[0].norm == parameter_norm(models[0])


def test_what_was_read_is_counted():
    idx, targets = DATA(0)
    targets = targets.clone()
    targets[:, :5] = -1
    result = train(make(), lambda step: (idx, targets), replace(CONFIG, steps=3))
    assert (result.tokens, result.targets) == (3 * 32, 3 * 12)


def test_a_plain_step_is_the_one_in_the_textbook():
    """Gradient descent with a penalty, and clipping, against the formula."""
    net, config = BigramNet(V, decay=0.3), TrainConfig(1, lr=0.5, optimiser="sgd", momentum=0.0, clip=0.01)
    before = net.W.detach().clone().requires_grad_()
    idx, targets = DATA(0)
    loss = torch.nn.functional.cross_entropy(before[idx].flatten(0, 1), targets.flatten()) + 0.3 * (before**2).mean()
    (slope,) = torch.autograd.grad(loss, before)
    assert slope.norm() > 0.01
    train(net, DATA, config)
    assert torch.allclose(net.W, before - 0.5 * 0.01 * slope / slope.norm(), atol=1e-6)


def test_the_average_of_the_weights_is_what_remains():
    seen = []
    model = make()
    train(model, DATA, CONFIG, watch=lambda n, m: seen.append(m.tokens.weight.detach().clone()))
    average, weight = seen[0], 1 / (CONFIG.ema * CONFIG.steps)
    for weights in seen[1:]:
        average = average + weight * (weights - average)
    assert torch.allclose(model.tokens.weight, average, atol=1e-6)
    assert len(seen) == CONFIG.steps + 1


def test_watching_sees_every_step_and_progress_ends_at_the_end():
    steps, said = [], []
    train(make(), DATA, ADAM, on_progress=said.append, watch=lambda n, _m: steps.append(n))
    assert steps == list(range(25))
    assert isinstance(said[-1], Progress)
    assert (said[-1].step, said[-1].steps, said[-1].seconds_left) == (24, 24, 0.0)
    assert said[-1].tokens_per_second > 0


def test_a_run_ends_early_when_who_watches_says_so_and_stays_ended(tmp_path):
    for _ in range(2):  # the second finds the snapshot of the first
        result = train(make(), DATA, ADAM, tmp_path, watch=lambda n, _m: n == 7)
        assert (result.steps, len(result.losses)) == (7, 7)


def test_the_progress_bar_says_loss_speed_and_time_left(capsys):
    with progress_bar("names") as show:
        show(Progress(5, 10, 1.25, 12_345.0, 65.0))
    line = capsys.readouterr().out
    assert all(word in line for word in ("names", "1.2500", "12,345 tokens/s", "1:05 left"))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("linear", [1 / 3, 2 / 3, 1, 1, 1, 1, 0.82, 0.64, 0.46, 0.28]),
        ("step", [1 / 3, 2 / 3, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1]),
        ("cosine", [1 / 3, 2 / 3, *(0.1 + 0.45 * (1 + math.cos(math.pi * i / 8)) for i in range(8))]),
    ],
)
def test_rates_climb_and_fall_in_shares_of_the_run(schedule, expected):
    config = TrainConfig(10, warmup=0.2, warmdown=0.5, final=0.1, schedule=schedule)
    assert [config.rate(step) for step in range(10)] == pytest.approx(expected)


def test_each_group_is_stepped_at_its_own_rate(monkeypatch):
    seen, original = [], optim.build

    def spy(*arguments):
        seen.extend(original(*arguments))
        return seen

    monkeypatch.setattr(optim, "build", spy)
    config = replace(CONFIG, steps=4, warmup=0.0, warmdown=1.0)
    train(make(), DATA, config)
    rates = [group["lr"] for optimiser in seen for group in optimiser.param_groups]
    assert rates == pytest.approx([0.02 / 4, 0.01 / 4, 0.01 / 4])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"warmup": 1.5}, "warmup is a share"),
        ({"final": -0.1}, "final is a share"),
        ({"schedule": "exponential"}, "known are linear, cosine, step"),
        ({"precision": "float16"}, "known are float32, bfloat16"),
        ({"steps": 0}, "a step or more"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**{"steps": 10, **changes})


def test_a_batch_without_targets_is_refused():
    idx, targets = DATA(0)
    with pytest.raises(ValueError, match="the batch of step 0 has no targets"):
        train(make(), lambda step: (idx, torch.full_like(targets, -1)), ADAM)


def test_bfloat16_learns_too():
    result = train(make(), DATA, replace(ADAM, steps=40, precision="bfloat16"))
    assert np.mean(result.losses[-5:]) < result.losses[0] - 0.2


# KilledError and resumed


@pytest.mark.parametrize(
    ("maker", "config"),
    [(make, CONFIG), (make, ADAM), (make_normed, replace(ADAM, optimiser="sgd", momentum=0.9, lr=0.1))],
    ids=["muon", "adamw", "sgd-batchnorm"],
)
def test_a_run_that_stops_and_goes_on_ends_with_the_same_bytes(maker, config, tmp_path):
    whole = maker()
    expected = train(whole, DATA, config)
    for step in (5, 11, 20):
        with pytest.raises(KilledError):
            train(maker(), DATA, config, tmp_path, watch=kill_at(step))
    resumed = maker()
    result = train(resumed, DATA, config, tmp_path)
    assert fingerprint(resumed) == fingerprint(whole)
    assert result.losses == expected.losses
    assert (result.tokens, result.targets) == (expected.tokens, expected.targets)
    assert len(list(tmp_path.iterdir())) == 4, "two snapshots of two files, nothing else"


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import torch
import test_train as t
import nnfs.files
torch.set_num_threads(1)
folder, where, count = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
if where == "writing":  # after the tensors of a snapshot, before the file that names them
    put, calls = nnfs.files.write_bytes, []
    def dying(file, data):
        calls.append(file)
        if len(calls) == 2 * count:
            die()
        put(file, data)
    nnfs.files.write_bytes = dying
t.train(t.make(), t.DATA, t.CONFIG, folder, watch=lambda n, m: die() if where == "step" and n == count else None)
"""


@pytest.mark.parametrize(("where", "count"), [("step", 13), ("writing", 9)])
def test_a_run_that_is_killed_ends_with_the_same_bytes(where, count, tmp_path):
    here = str(Path(__file__).parent)
    program = [sys.executable, "-c", KILLED, here, str(tmp_path), where, str(count)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == -signal.SIGKILL, done.stderr
    lost = json.loads(newest(tmp_path).read_text())["step"]
    assert lost == (12 if where == "step" else 8)
    whole, resumed = make(), make()
    train(whole, DATA, CONFIG)
    train(resumed, DATA, CONFIG, tmp_path)
    assert fingerprint(resumed) == fingerprint(whole)


def test_a_finished_run_is_not_run_again(tmp_path):
    first, second = make(), make()
    expected = train(first, DATA, CONFIG, tmp_path)
    again = train(second, lambda step: pytest.fail("trained again"), CONFIG, tmp_path)
    assert fingerprint(first) == fingerprint(second)
    assert again.losses == expected.losses


def test_time_adds_up_over_a_kill_and_what_is_only_watched_costs_no_processor_time(tmp_path):
    def watch(step, model):
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass
        if step == 20:
            raise KilledError

    with pytest.raises(KilledError):
        train(make(), DATA, CONFIG, tmp_path, watch=watch)
    before = json.loads(newest(tmp_path).read_text())["spent"]
    assert before[0] > before[1], "19 steps were watched for 0.38 s of the processor in all"
    assert before[0] > 0.38
    done = train(make(), DATA, CONFIG, tmp_path)
    assert done.seconds > before[0]
    assert before[1] < done.cpu_seconds < before[1] + (done.seconds - before[0]) * 1.5 + 0.05
    again = train(make(), DATA, CONFIG, tmp_path)
    assert again.cpu_seconds == pytest.approx(done.cpu_seconds, abs=0.3), "a finished run costs nothing more"


def test_snapshots_are_written_when_it_is_time(tmp_path):
    with pytest.raises(KilledError):
        train(make(), DATA, replace(CONFIG, snapshot_seconds=3600.0), tmp_path, watch=kill_at(20))
    assert newest(tmp_path) is None


# What goes wrong


@pytest.fixture
def stopped(tmp_path):
    """A folder with the snapshots of steps 8 and 9."""
    with pytest.raises(KilledError):
        train(make(), DATA, CONFIG, tmp_path, watch=kill_at(10))
    assert [json.loads(f.read_text())["step"] for f in sorted(tmp_path.glob("*.json"))] == [8, 9]
    return tmp_path


def test_a_damaged_snapshot_is_named_and_the_one_before_it_still_serves(stopped):
    note = newest(stopped)
    tensors = note.with_suffix(".safetensors")
    data = bytearray(tensors.read_bytes())
    data[len(data) // 2] ^= 1
    tensors.write_bytes(data)
    with pytest.raises(TrainError, match=r"step-000000009\.json are not those that were written. Delete"):
        train(make(), DATA, CONFIG, stopped)
    note.unlink()
    whole, resumed = make(), make()
    train(whole, DATA, CONFIG)
    train(resumed, DATA, CONFIG, stopped)
    assert fingerprint(resumed) == fingerprint(whole)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"step": 9}'])
def test_a_damaged_note_is_named(stopped, damage):
    newest(stopped).write_bytes(damage)
    with pytest.raises(TrainError, match=r"step-000000009\.json cannot be read"):
        train(make(), DATA, CONFIG, stopped)


def test_a_snapshot_without_its_tensors_is_named(stopped):
    newest(stopped).with_suffix(".safetensors").unlink()
    with pytest.raises(TrainError, match="cannot be read"):
        train(make(), DATA, CONFIG, stopped)


class Exploit:
    """Unpickled, it would leave a file behind."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_a_pickle_is_refused_and_never_opened(stopped):
    note, trap = newest(stopped), stopped / "trap"
    data = pickle.dumps(Exploit(trap))
    note.with_suffix(".safetensors").write_bytes(data)
    told = json.loads(note.read_text())
    note.write_text(json.dumps({**told, "sha256": sha256(data).hexdigest()}))
    with pytest.raises(TrainError, match="is not a safetensors file"):
        train(make(), DATA, CONFIG, stopped)
    assert not trap.exists()


@pytest.mark.parametrize("changes", [{"lr": 0.01}, {"steps": 30}, {"seed": 4}])
def test_a_snapshot_of_another_run_is_refused(stopped, changes):
    with pytest.raises(TrainError, match="another configuration or model"):
        train(make(), DATA, replace(CONFIG, **changes), stopped)


def test_a_snapshot_of_another_model_is_refused(stopped):
    with pytest.raises(TrainError, match="another configuration or model"):
        train(GPT(GPTConfig(vocab=V, context=8, layers=2, heads=2, width=16)), DATA, CONFIG, stopped)


def test_a_full_disk_is_said_and_costs_nothing(stopped):
    """The limit on the size of a file stands in for the disk: the write fails half-way."""
    before = {file.name: file.read_bytes() for file in stopped.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(TrainError, match="step 10 could not be written: File too large"):
            train(make(), DATA, CONFIG, stopped)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {file.name: file.read_bytes() for file in stopped.iterdir()} == before, "and no half file is left"
    whole, resumed = make(), make()
    train(whole, DATA, CONFIG)
    train(resumed, DATA, CONFIG, stopped)
    assert fingerprint(resumed) == fingerprint(whole)


class Diverging(BigramNet):
    """Its loss is no number from step 7 on."""

    calls = 0

    def forward(self, idx, targets=None):
        logits, loss = super().forward(idx, targets)
        self.calls += 1
        return logits, loss if self.calls <= 7 else loss * math.nan


def test_a_diverged_run_says_so_and_keeps_its_last_sound_state(tmp_path):
    with pytest.raises(TrainError, match=r"loss of step 7 is nan.*step-000000007\.json holds the last sound state"):
        train(Diverging(V), DATA, ADAM, tmp_path)
    with pytest.raises(TrainError, match=r"loss of step 7 is nan.*Nothing is kept"):
        train(Diverging(V), DATA, ADAM)


class Exploding(BigramNet):
    """Its loss is a number at every step; the gradient of the last one is none."""

    calls = 0

    def forward(self, idx, targets=None):
        logits, loss = super().forward(idx, targets)
        self.calls += 1
        return logits, loss if self.calls < ADAM.steps else loss + (loss - loss.detach()).sqrt()


def test_weights_that_are_no_numbers_after_the_last_step_are_noticed(tmp_path):
    message = f"after step {ADAM.steps - 1} a weight is not a number: the run has diverged"
    with pytest.raises(TrainError, match=message):
        train(Exploding(V), DATA, ADAM)
    with pytest.raises(TrainError, match=message):
        train(Exploding(V), DATA, ADAM, tmp_path)
    assert json.loads(newest(tmp_path).read_text())["step"] < ADAM.steps


# Rehearsal


def distance(a, b):
    """The largest relative difference between two rehearsals."""
    (losses, norm), (others, other) = a, b
    return max(abs(x - y) / abs(y) for x, y in zip([*losses, norm], [*others, other], strict=True))


LONG = replace(ADAM, steps=5000, beta2=0.99, clip=0.0, final=0.05, ema=0.1)


def test_a_rehearsal_is_the_whole_run_in_twenty_steps_and_repeats_itself():
    first = rehearse(make, DATA, LONG)
    assert len(first[0]) == 20
    assert distance(first, rehearse(make, DATA, LONG)) == 0.0
    whole = train(model := make(), DATA, replace(LONG, steps=20))
    assert (whole.losses, parameter_norm(model)) == first


@pytest.mark.parametrize(
    "changes",
    [
        {"weight_decay": 0.0}, {"beta2": 0.95}, {"beta1": 0.8}, {"clip": 0.2}, {"warmup": 0.0}, {"warmdown": 0.3},
        {"final": 0.0}, {"schedule": "cosine"}, {"ema": 0.0}, {"lr": 3.1e-3}, {"head_lr": 1e-3}, {"optimiser": "muon"},
        {"seed": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_changed_recipe_is_noticed(changes):
    assert distance(rehearse(make, DATA, LONG), rehearse(make, DATA, replace(LONG, **changes))) > 1e-5


def test_a_changed_model_or_text_is_noticed():
    first = rehearse(make, DATA, LONG)
    assert distance(first, rehearse(lambda: make(2), DATA, LONG)) > 1e-5
    assert distance(first, rehearse(make, Windows(TEXT, 4, 8, seed=1), LONG)) > 1e-5


def test_where_and_how_fast_it_was_trained_does_not_matter():
    there = replace(LONG, precision="bfloat16", snapshot_seconds=1.0, device="nowhere")
    assert distance(rehearse(make, DATA, LONG), rehearse(make, DATA, there)) == 0.0


def test_a_rehearsal_reads_few_tokens_and_leaves_the_threads_alone():
    torch.set_num_threads(2)
    read = []

    def wide(step):
        idx, targets = Windows(TEXT, rows=2000, length=8, seed=0)(step)
        return idx, targets

    class Spy(BigramNet):
        def forward(self, idx, targets=None):
            read.append((idx.numel(), torch.get_num_threads()))
            return super().forward(idx, targets)

    rehearse(lambda: Spy(V), wide, LONG)
    assert read == [(4096, 1)] * 20
    assert torch.get_num_threads() == 2


# Two processes

WORKER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import torch
from dataclasses import replace
from torch import distributed
import test_train as t
torch.set_num_threads(1)
rank = int(sys.argv[3])
distributed.init_process_group("gloo", init_method=f"file://{sys.argv[2]}/meet", rank=rank, world_size=2)
model = t.GPT(t.GPTConfig(vocab=t.V, context=8, layers=1, heads=2, width=16))
result = t.train(model, t.ragged, t.CONFIG)
print(json.dumps({"losses": result.losses, "norm": result.norm, "tokens": result.tokens}))
distributed.destroy_process_group()
"""


def ragged(step):
    """Rows with different numbers of targets, so that a mean of means would be wrong."""
    idx, targets = DATA(step)
    targets = targets.clone()
    for row in range(len(targets)):
        targets[row, : (row + step) % 7] = -1
    return idx, targets


def test_two_processes_give_the_loss_curve_of_one_with_all_rows(tmp_path):
    here = str(Path(__file__).parent)
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, here, str(tmp_path), str(rank)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]  # fmt: skip
    said = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said[0][1] + said[1][1]
    results = [json.loads(out.splitlines()[-1]) for out, _ in said]
    alone = train(GPT(GPTConfig(vocab=V, context=8, layers=1, heads=2, width=16)), ragged, CONFIG)
    for result in results:
        assert result["losses"] == pytest.approx(alone.losses, rel=1e-4)
        assert result["norm"] == pytest.approx(alone.norm, rel=1e-4)
        assert result["tokens"] == alone.tokens
