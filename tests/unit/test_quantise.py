"""Weights in bytes: at most half a step is lost, and a checkpoint is read as the library of its format reads it."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnfs import checkpoints, quantise
from nnfs.checkpoints import CheckpointError
from nnfs.gpt import GPT, BigramGPT, GPTConfig
from nnfs.quantise import Rows, Weights, error
from nnfs.trace import TraceError, decode, finish

NUMBERS = st.floats(-1e6, 1e6, width=32).map(lambda x: x if abs(x) > 1e-20 else 0.0)
MATRICES = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=NUMBERS)
SIZES = {"vocab": 5, "context": 6, "layers": 2, "heads": 2, "width": 8, "ratio": 3}


@given(MATRICES)
def test_no_number_moves_by_more_than_half_a_step_of_its_row(x):
    rows = quantise.quantise(x)
    assert (rows.levels.dtype, rows.levels.shape, rows.steps.shape) == (np.int8, x.shape, (len(x),))
    off = np.abs(rows.matrix.astype(np.float64) - x)
    assert (off <= 0.5 * rows.steps[:, None] * (1 + 1e-4)).all()
    assert error(x, rows)["max"] == off.max()


@given(MATRICES)
def test_the_largest_of_a_row_fills_the_scale_and_zeros_stay_zero(x):
    rows = quantise.quantise(x)
    alive = np.abs(x).max(axis=1) > 0
    assert (np.abs(rows.levels).max(axis=1)[alive] == 127).all()
    assert (rows.levels[x == 0] == 0).all()
    assert (rows.steps[~alive] == 0).all()


@given(MATRICES)
def test_what_was_rounded_once_is_not_rounded_further(x):
    once = quantise.quantise(x)
    twice = quantise.quantise(once.matrix)
    assert (twice.levels == once.levels).all()
    assert twice.steps == pytest.approx(once.steps, rel=1e-6)


@given(MATRICES, st.integers(-8, 8))
def test_a_row_of_another_size_has_other_steps_and_the_same_levels(x, power):
    first, second = quantise.quantise(x), quantise.quantise(x * np.float32(2) ** power)
    assert (first.levels == second.levels).all()
    assert (first.steps * np.float32(2) ** power == second.steps).all()


@given(MATRICES)
def test_a_row_knows_nothing_of_the_others(x):
    alone = [quantise.quantise(row[None]) for row in x]
    assert (np.concatenate([rows.levels for rows in alone]) == quantise.quantise(x).levels).all()


@pytest.mark.parametrize("x", [np.zeros(3), np.zeros((0, 2)), np.array([[1.0, np.nan]]), np.array([[np.inf]])])
def test_what_is_no_matrix_of_numbers_is_refused(x):
    with pytest.raises(ValueError, match="matrix"):
        quantise.quantise(x)


def test_the_error_is_what_a_calculator_says():
    rows = Rows(np.array([[127, 0], [64, -127]], dtype=np.int8), np.array([1.0, 0.5], dtype=np.float32))
    found = error(np.array([[127.0, 1.0], [32.0, -63.0]]), rows)
    assert found["max"] == 1.0
    assert found["rms"] == pytest.approx(np.sqrt(1.25 / (127**2 + 1 + 32**2 + 63**2)))


def trained(kind):
    """Config and float16 tensors of a checkpoint with weights that are all different."""
    net = (BigramGPT if kind == "bigram-gpt" else GPT)(GPTConfig(**SIZES), seed=3)
    for p in net.parameters():
        torch.nn.init.normal_(p, generator=torch.Generator().manual_seed(p.numel()))
    tensors = {key: p.half().numpy() for key, p in net.state_dict().items()}
    model = {"kind": kind, **{key: SIZES[key] for key in ("context", "layers", "heads", "width", "ratio")}}
    return {"data": "toy", "model": model, "vocab": SIZES["vocab"]}, tensors


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A repository with two checkpoints, plain@1 and pairs@1."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "nnfs").mkdir()
    monkeypatch.setenv("NNFS_ROOT", str(tmp_path))
    for name, kind in (("plain@1", "gpt"), ("pairs@1", "bigram-gpt")):
        config, tensors = trained(kind)
        checkpoints.save(name, tensors, config, "toy/toy/seed-0", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["plain@1", "pairs@1"])
def test_a_checkpoint_is_read_as_the_library_reads_it(kept, name):
    ours, theirs = quantise.read(name), checkpoints.read(name)
    assert ours[0] == theirs[0]
    assert ours[1].keys() == theirs[1].keys()
    for key, array in theirs[1].items():
        assert ours[1][key].dtype == array.dtype
        assert (ours[1][key] == array).all()


def test_a_checkpoint_that_is_not_the_right_one_is_refused(kept):
    with pytest.raises(CheckpointError, match="there are pairs@1, plain@1"):
        Weights.of("none@1")
    file = kept / "runs" / "checkpoints" / "plain@1.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="not the file of the manifest"):
        Weights.of("plain@1")
    file.unlink()
    with pytest.raises(CheckpointError, match="is not in runs/checkpoints"):
        Weights.of("plain@1")


def test_a_checkpoint_of_other_numbers_is_refused(kept):
    config, _ = trained("gpt")
    checkpoints.save("whole@1", {"head.weight": np.zeros((2, 2), dtype=np.int64)}, config, "toy/toy/seed-0", kept)
    with pytest.raises(CheckpointError, match="not of I64"):
        Weights.of("whole@1")


@pytest.mark.parametrize("name", ["plain@1", "pairs@1"])
def test_a_recording_holds_the_net_of_which_torch_has_the_rounded_weights(kept, name):
    weights = Weights.of(name)
    made = weights.recorder("nn-toy", "toy", list("abcde"), title="T", summary="S", alt="A", seed=0)
    header = finish(made.header, made.data, post="p", cell=1, digest="0" * 24, command="c", poster="p.html#fig-p")
    trace = decode(header, made.data)
    assert trace.header["checkpoint"]["name"] == name
    assert trace.header["config"] == {
        **SIZES, "softcap": 15.0, "qk_norm": True, "tables": name == "pairs@1",
    }  # fmt: skip
    assert trace.header["axes"][0] == {"name": "vocab", "size": 5, "labels": list("abcde")}
    assert len(trace.arrays) == 2 * len(weights.tensors)
    for key, matrix in weights.rounded.items():
        stored = key.removesuffix(".weight").replace(".", "_")
        levels, steps = trace.arrays[stored], trace.arrays[f"{stored}_step"]
        assert ((levels * steps[:, None]).astype(np.float32) == matrix).all()
    net = (BigramGPT if name == "pairs@1" else GPT)(GPTConfig(**SIZES))
    net.load_state_dict({key: torch.from_numpy(matrix) for key, matrix in weights.rounded.items()})
    assert sum(entry["bytes"] for key, entry in header["arrays"].items() if not key.endswith("_step")) == sum(
        p.numel() for p in net.parameters()
    ), "one byte a number"


@pytest.mark.parametrize(
    ("change", "told"),
    [({"kind": "gpt2"}, "the page runs gpt and bigram-gpt"), ({"positions": "abacus"}, "with RoPE")],
)
def test_a_model_that_the_page_cannot_run_is_refused(change, told):
    config, tensors = trained("gpt")
    with pytest.raises(ValueError, match=told):
        Weights("toy", {**config, "model": {**config["model"], **change}}, tensors)


def test_counts_and_biases_are_refused():
    config, tensors = trained("gpt")
    with pytest.raises(ValueError, match="without counts"):
        Weights("toy", {**config, "prior": 6}, tensors)
    with pytest.raises(ValueError, match="bias is no matrix"):
        Weights("toy", config, {**tensors, "bias": np.zeros(3)})


def test_an_alphabet_of_another_size_is_refused(kept):
    with pytest.raises(TraceError, match="labels"):
        Weights.of("plain@1").recorder("nn-toy", "toy", list("abc"), title="T", summary="S", alt="A", seed=0)


def test_every_matrix_of_the_browsers_net_is_within_one_percent():
    weights = Weights.of("p3.stages.browser.seed-0@2500")
    assert json.loads(json.dumps(weights.shape))["width"] == 96
    for key, rows in weights.rows.items():
        assert error(weights.tensors[key], rows)["rms"] < 0.01
