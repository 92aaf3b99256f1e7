"""A trace gives back what was recorded, within the error that it states, and nothing that was changed on the way."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_trace import GOLDEN, golden, patched
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnfs import trace
from nnfs.claims import ClaimError
from nnfs.site import typescript
from nnfs.trace import TraceError, part

MADE = {"post": "posts/02-x", "cell": 3, "digest": "d1", "command": "nnfs build --fresh 02", "poster": "p.html#fig-x"}
INTEGERS = {"u8": (0, 255), "i8": (-127, 127), "u16": (0, 65535)}


def recorder(**change: Any) -> trace.Recorder:
    words = {"title": "Loss", "summary": "It falls.", "alt": "A line.", "seed": 7}
    return trace.Recorder("nn-toy", "toy", **(words | change))


def finished(recorded: trace.Recorder) -> tuple[dict[str, Any], bytes]:
    shown = recorded.show()
    assert shown is not None
    return trace.finish(*shown, **MADE), shown[1]


def sample() -> tuple[dict[str, Any], bytes]:
    made = recorder(config={"rate": 0.5, "sizes": [2, 4, 1]}).axis("epoch", 3, scale="log", values=[1, 10, 100])
    made.axis("unit", 2, labels=["a", "b"])
    made.array("loss", [0.5, 0.25, 0.01], ["epoch"], "f32").array("weight", np.eye(3, 2), ["epoch", "unit"], "u8")
    made.table(["epoch", "loss"], [[1, 0.5], [100, 0.01]])
    made.claim("falls", "The loss falls below 0.02.", part("loss", -1), "<", 0.02)
    return finished(made)


def proven(header: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The header with a true proof of `data`, as a forger would write it."""
    return {
        **header,
        "data": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "crc32": zlib.crc32(data)},
    }


# --- round trip ------------------------------------------------------------------------------------------------------

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, max_side=6)


@settings(deadline=None)
@given(dtype=st.sampled_from(sorted(trace.DTYPES)), data=st.data())
def test_every_number_comes_back_within_the_error_that_the_header_states(dtype: str, data: st.DataObject) -> None:
    widest = {"f16": 65504.0, "f32": 3.4e38}.get(dtype, 1e300)
    original = data.draw(hnp.arrays(np.float64, SHAPES, elements=st.floats(-widest, widest)))
    made = recorder()
    for i, size in enumerate(original.shape):
        made.axis(f"a{i}", size)
    made.array("x", original, [f"a{i}" for i in range(original.ndim)], dtype)
    header, stored = finished(made)
    entry, decoded = header["arrays"]["x"], trace.decode(header, stored).arrays["x"]
    assert decoded.shape == original.shape
    assert np.abs(decoded - original).max() == entry["max_abs_error"]
    largest = float(np.abs(original).max())
    if dtype in INTEGERS:
        assert entry["max_abs_error"] <= entry["scale"] / 2 + 4 * np.spacing(largest)
    else:
        digits, tiny = {"f16": (11, 2.0**-25), "f32": (24, 2.0**-150)}[dtype]
        assert entry["max_abs_error"] <= max(largest * 2.0**-digits, tiny)


@settings(deadline=None)
@given(dtype=st.sampled_from(sorted(INTEGERS)), data=st.data())
def test_whole_numbers_that_fit_are_stored_as_they_are(dtype: str, data: st.DataObject) -> None:
    low, high = INTEGERS[dtype]
    original = data.draw(hnp.arrays(np.int64, st.integers(1, 20), elements=st.integers(low, high)))
    header, stored = finished(recorder().axis("i", len(original)).array("x", original, ["i"], dtype))
    assert header["arrays"]["x"] | {"scale": 1.0, "zero": 0.0, "max_abs_error": 0.0} == header["arrays"]["x"]
    assert trace.decode(header, stored).arrays["x"].tolist() == original.tolist()


@pytest.mark.parametrize("dtype", sorted(trace.DTYPES))
def test_a_constant_has_no_error_worth_a_step(dtype: str) -> None:
    header, stored = finished(recorder().axis("i", 4).array("x", np.full(4, 0.25), ["i"], dtype))
    assert np.abs(trace.decode(header, stored).arrays["x"] - 0.25).max() < 1e-15


def test_files_written_and_loaded_are_the_trace_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    header, data = sample()
    names = trace.files(header, data)
    assert names == trace.files(*sample())
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    name = next(iter(names))
    assert name.split(".")[1] == hashlib.sha256(names[name]).hexdigest()[:12]
    loaded = trace.load(tmp_path / name)
    assert loaded.header == header
    assert loaded.arrays["weight"].tolist() == np.eye(3, 2).tolist()


def test_the_header_says_who_made_it_and_when_is_nobodys_business() -> None:
    header, _ = sample()
    assert header["made_by"] == {
        "nnfs": header["made_by"]["nnfs"], "post": "posts/02-x", "cell": 3, "digest": "d1", "seed": 7,
        "command": "nnfs build --fresh 02",
    }  # fmt: skip
    assert not [key for key in json.dumps(header).split('"') if "time" in key or "date" in key]


def test_arrays_begin_where_a_typed_array_may() -> None:
    made = recorder().axis("i", 3).array("a", [1, 2, 3], ["i"], "u8").array("b", [1, 2, 3], ["i"], "f32")
    header, data = finished(made)
    assert [header["arrays"][name]["offset"] for name in "ab"] == [0, 4]
    assert len(data) == 16


# --- what may not be recorded ----------------------------------------------------------------------------------------


def with_axis() -> trace.Recorder:
    return recorder().axis("i", 2).array("x", [0.0, 1.0], ["i"], "u8")


@pytest.mark.parametrize(
    ("attempt", "complaint"),
    [
        (lambda r: r.array("y", [1, math.nan], ["i"], "f32"), "1 numbers that are not finite"),
        (lambda r: r.array("y", [1, math.inf], ["i"], "u8"), "not finite"),
        (lambda r: r.array("y", [1, 2, 3], ["i"], "u8"), r"shape \[3\], its axes \['i'\] have \[2\]"),
        (lambda r: r.array("y", [1, 2], ["j"], "u8"), "lies on axis 'j'; there are i"),
        (lambda r: r.array("y", [1, 2], ["i"], "f64"), "dtype 'f64'; there are u8"),
        (lambda r: r.array("x", [1, 2], ["i"], "u8"), "'x' is recorded twice"),
        (lambda r: r.array("y", [1, 70000], ["i"], "f16"), "70000 is beyond the range of f16"),
        (lambda r: r.array("y", [1, 1e39], ["i"], "f32"), "beyond the range of f32"),
        (lambda r: r.array("y", [-1.7e308, 1.7e308], ["i"], "u8"), "more than float64 can hold"),
        (lambda r: r.axis("i", 3), "'i' is declared twice"),
        (lambda r: r.axis("j", 3, labels=["a"]), "3 places and 1 labels"),
        (lambda r: r.axis("j", 2, values=[0, 1], scale="log"), "not positive"),
        (lambda r: r.claim("c", "C.", part("y", 0), "<", 1), "array 'y', which is not recorded"),
        (lambda r: r.claim("c", "C.", part("x", 2), "<", 1), r"index \[2\] lies outside"),
        (lambda r: r.claim("c", "C.", part("x", -3), "<", 1), r"index \[-1\] lies outside"),
        (lambda r: r.claim("c", "C.", part("x"), "<", 1), "leaves 2 numbers"),
        (lambda r: r.claim("c", "C.", part("x", reduce="median"), "<", 1), "'median' is no reduction"),
        (lambda r: r.claim("c", "C.", 1.0, "!=", 2), "has op '!='"),
        (lambda r: r.claim("c", "C.", 1.0, "<", 2).claim("c", "C.", 1.0, "<", 2), "stated twice"),
        (lambda r: recorder(summary=" "), "non-empty summary"),
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_is_refused(attempt: Callable[[trace.Recorder], Any], complaint: str) -> None:
    with pytest.raises(TraceError, match=complaint):
        attempt(with_axis())


def test_more_than_an_interactive_may_load_is_refused() -> None:
    noise = np.random.default_rng(0).normal(size=40_000)
    with pytest.raises(TraceError, match="more than 60,000"):
        recorder().axis("i", 40_000).array("x", noise, ["i"], "f16").show()
    assert recorder().axis("i", 40_000).array("x", noise, ["i"], "f16").show(trace.MAX_MODEL)


# --- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "op", "value", "tolerance", "holds"),
    [
        (part("x", 1), "==", 1.0, 0, True),
        (part("x", 1), "==", 1.1, 0.05, False),
        (part("x", 1), "==", 1.1, 0.11, True),
        (part("x", reduce="mean"), "==", 0.5, 0, True),
        (part("x", reduce="max"), ">", 1.0, 0, False),
        (part("x", reduce="max"), ">", 1.0, 0.1, True),
        (part("x", reduce="min"), ">=", 0.0, 0, True),
        (part("x", 0), "<", 0.0, 0, False),
        (3.0, "<=", 3.0, 0, True),
    ],
)
def test_a_claim_holds_or_is_not_recorded(of: Any, op: str, value: float, tolerance: float, holds: bool) -> None:
    if holds:
        header, data = finished(with_axis().claim("c", "C.", of, op, value, tolerance))
        assert trace.decode(header, data).header["claims"][0]["op"] == op
    else:
        with pytest.raises(ClaimError, match=r"'C\.'.*measured"):
            with_axis().claim("c", "C.", of, op, value, tolerance)


def test_a_claim_is_about_the_numbers_that_the_page_will_have() -> None:
    made = recorder().axis("i", 3).array("x", [0.0, 0.4, 100.0], ["i"], "u8")
    with pytest.raises(ClaimError):
        made.claim("c", "The second is positive and below a half.", part("x", 1), "==", 0.4)


# --- what is not a trace ---------------------------------------------------------------------------------------------


def forged(change: Callable[[dict[str, Any]], Any]) -> tuple[dict[str, Any], bytes]:
    header, data = sample()
    header = copy.deepcopy(header)
    change(header)
    return header, data


@settings(deadline=None)
@given(place=st.integers(0, 17), flip=st.integers(1, 255))
def test_one_changed_byte_is_seen(place: int, flip: int) -> None:
    header, data = sample()
    changed = bytearray(data)
    changed[place] ^= flip
    with pytest.raises(TraceError, match="corrupted"):
        trace.decode(header, bytes(changed))


@settings(deadline=None)
@given(length=st.integers(0, 40).filter(lambda n: n != 18))
def test_one_missing_or_added_byte_is_seen(length: int) -> None:
    header, data = sample()
    with pytest.raises(TraceError, match="truncated or too long"):
        trace.decode(header, data.ljust(length, b"\0")[:length])


@pytest.mark.parametrize("infinity", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused_wherever_they_stand(infinity: float) -> None:
    header, data = sample()
    data = np.float32(infinity).tobytes() + data[4:]
    with pytest.raises(TraceError, match="'loss' holds numbers that are not finite"):
        trace.decode(proven(header, data), data)
    with pytest.raises(TraceError, match=r"header\.arrays\.weight\.zero"):
        trace.decode(*forged(lambda h: h["arrays"]["weight"].update(zero=infinity)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda h: h.update(schema="nnfs-trace/2"), "this is 'nnfs-trace/2'; this program reads 'nnfs-trace/1'"),
        (lambda h: h.pop("schema"), "'no trace'"),
        (lambda h: h.pop("poster"), "'poster' is a required property"),
        (lambda h: h["made_by"].pop("cell"), "'cell' is a required property"),
        (lambda h: h.update(extra=1), "'extra' was unexpected"),
        (lambda h: h["arrays"]["loss"].update(scale=1.0), "loss: False schema"),
        (lambda h: h["arrays"]["weight"].pop("zero"), "'zero' is a required property"),
        (lambda h: h["arrays"]["loss"].update(dtype="f64"), "'f64' is not one of"),
        (lambda h: h["arrays"]["loss"].update(shape=[4]), r"shape \[4\], its axes"),
        (lambda h: h["arrays"]["loss"].update(axes=["unit"]), r"its axes \['unit'\] have \[2\]"),
        (lambda h: h["arrays"]["loss"].update(bytes=16), "has 16 bytes"),
        (lambda h: h["arrays"]["weight"].update(offset=8), "'weight' overlaps array 'loss'"),
        (lambda h: h["arrays"]["weight"].update(offset=16), "ends at byte 22 of 18"),
        (lambda h: h["arrays"]["weight"].update(offset=13), "multiple of 4"),
        (lambda h: h["axes"][1].update(labels=["a"]), "2 places and 1 labels"),
        (lambda h: h["table"].update(rows=[[1]]), "not as many cells"),
        (lambda h: h["claims"][0].update(value=0.001), "is false: 0.01 is not < 0.001"),
        (lambda h: h["data"].update(crc32=1), "corrupted"),
    ],
)  # fmt: skip
def test_a_header_that_does_not_fit_is_refused(change: Callable[[dict[str, Any]], Any], complaint: str) -> None:
    with pytest.raises(TraceError, match=complaint):
        trace.decode(*forged(change))


@pytest.mark.parametrize("header", [None, [], "nnfs-trace/1", {}])
def test_what_is_no_header_at_all_is_refused(header: Any) -> None:
    with pytest.raises(TraceError, match="no trace"):
        trace.decode(header, b"")


def test_a_file_is_what_its_name_says(tmp_path: Path) -> None:
    names = trace.files(*sample())
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / next(iter(names))
    path.write_bytes(path.read_bytes().replace(b"0.02", b"0.05"))
    with pytest.raises(TraceError, match="not what its name says"):
        trace.load(path)
    broken = tmp_path / f"toy.{hashlib.sha256(b'{').hexdigest()[:12]}.json"
    broken.write_bytes(b"{")
    broken.with_suffix(".bin").write_bytes(b"")
    with pytest.raises(TraceError, match="is not JSON"):
        trace.load(broken)
    path.with_suffix(".bin").unlink()
    with pytest.raises(TraceError, match="cannot be read"):
        trace.load(path)


# --- the page's side -------------------------------------------------------------------------------------------------


def test_the_golden_trace_that_the_page_is_tested_with_is_what_python_writes() -> None:
    written = GOLDEN.read_text(encoding="utf-8")
    assert written == golden(), "run: python tests/unit/golden_trace.py"


def test_the_pages_types_are_those_of_the_schema() -> None:
    assert typescript.TARGET.read_text(encoding="utf-8") == typescript.text(), "run: python -m nnfs.site.typescript"


def test_python_refuses_the_same_forgeries_as_the_page() -> None:
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert len(kept["refused"]) > 10
    for case in kept["refused"]:
        with pytest.raises(TraceError):
            trace.decode(*patched(kept, case))
