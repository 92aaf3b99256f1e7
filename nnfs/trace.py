"""nnfs-trace/1: what a cell recorded, for an element of the page to replay.

A trace is a JSON header and one little-endian file of arrays. The header says what was recorded, by whom, on which
axes, how far each stored number may lie from the one that was computed, and which sentences of the post it bears
out (`trace.schema.json` is the contract; the page's TypeScript types are made from the same file). The file name
carries the digest of the header, and the header that of the arrays, so a changed trace has a new address.

    recorded = trace.Recorder("nn-arithmetic", "addition", title="…", summary="…", alt="…", seed=0)
    recorded.axis("epoch", 24, scale="log", values=epochs).axis("pair", 100)
    recorded.array("answer", answers, axes=["epoch", "pair"], dtype="u8")
    recorded.table(["epoch", "right of 100"], rows)
    recorded.claim("learned", "In the end all pairs are right.", trace.part("right", -1), "==", 1.0)
    recorded.show()

`show` sends it out of the cell; `nnfs.site` adds post, cell and digest and writes the files. `decode` and `load`
give back what was recorded, and refuse whatever is not exactly that.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.metadata
import json
import math
import operator
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from nnfs import claims
from nnfs.claims import TRACE_MIME, publish

VERSION = "nnfs-trace/1"
SCHEMA = Path(__file__).with_suffix(".schema.json")
DTYPES = {name: np.dtype(kind) for name, kind in
          {"u8": "u1", "i8": "i1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}.items()}  # fmt: skip
LEVELS = {"u8": (0, 255), "i8": (-127, 127), "u16": (0, 65535)}
ALIGNMENT = 4  # bytes; a Float32Array may begin at each array
MAX_BYTES = 60_000  # compressed; an interactive is no download
MAX_MODEL = 1_000_000  # unless the reader asks for one
OPS = {"<": operator.lt, "<=": operator.le, ">=": operator.ge, ">": operator.gt}
WORDS = {"<": "below ", "<=": "at most ", "==": "", ">=": "at least ", ">": "above "}  # in the list of claims


class TraceError(ValueError):
    """A trace that cannot be recorded, or that is not what its header says; the message tells what is wrong."""


# --- Recording -------------------------------------------------------------------------------------------------------


def part(array: str, *index: int, reduce: str | None = None) -> dict[str, Any]:
    """What a claim is about: the element of `array` at `index`, or the min, max or mean of all elements below it."""
    return {"array": array, "index": list(index)} | ({"reduce": reduce} if reduce else {})


class Recorder:
    """Collects one trace; every method returns the recorder.

    kind: the element that shows it. id: lower-case words joined by "-", unique in the series. title, summary (one
    sentence of what happened), alt (what the data look like), limits (what must not be concluded): plain text.
    seed: the seed, or the seeds. config: hyperparameters as the reader sees them. checkpoint, device, torch: where
    a trained net comes from, if one is shown.
    """

    def __init__(
        self, kind: str, id: str, *, title: str, summary: str, alt: str, seed: int | Sequence[int],
        config: Mapping[str, Any] | None = None, limits: str = "",
        checkpoint: Mapping[str, Any] | None = None, device: str | None = None, torch: str | None = None,
    ) -> None:  # fmt: skip
        words = {"title": title, "summary": summary, "alt": alt}
        for name, text in words.items():
            if not text.strip():
                raise TraceError(f"trace {id!r} needs a non-empty {name}")
        made_by = {"seed": claims.plain(seed), "device": device, "torch": torch}
        self.header: dict[str, Any] = {
            "schema": VERSION,
            "kind": kind,
            "id": id,
            **{name: " ".join(text.split()) for name, text in words.items()},
            "made_by": {name: x for name, x in made_by.items() if x is not None},
            "config": claims.plain(dict(config or {})),
            "axes": [],
            "arrays": {},
            "table": None,
            "claims": [],
            "limits": " ".join(limits.split()),
        }
        if checkpoint is not None:
            self.header["checkpoint"] = claims.plain(dict(checkpoint))
        self.data = b""
        self._decoded: dict[str, np.ndarray] = {}

    def axis(
        self, name: str, size: int, *, unit: str | None = None, labels: Sequence[str] | None = None,
        scale: str | None = None, values: Any = None,
    ) -> Self:  # fmt: skip
        """Name one direction of the arrays, with `size` places, before the first array that has it.

        labels, values: one a place. scale: "linear" or "log", how the page spaces the values.
        """
        given = {"unit": unit, "labels": labels, "scale": scale, "values": values}
        axis = {"name": name, "size": claims.plain(size)} | {
            key: claims.plain(x) for key, x in given.items() if x is not None
        }
        _check_axes([*self.header["axes"], axis], self._where)
        self.header["axes"].append(axis)
        return self

    def array(self, name: str, data: Any, axes: Sequence[str], dtype: str) -> Self:
        """Store `data`, one axis for each of its dimensions, as `dtype`: "u8", "i8", "u16", "f16" or "f32".

        Whole numbers that fit are stored as they are; others in steps of (max − min) / 255 for u8, of the same over
        65535 for u16, of max|x| / 127 for i8. How far the result lies from `data` is measured and recorded.
        Raises TraceError for NaN, for numbers beyond the dtype's range, and for a shape that is not the axes'.
        """
        where = f"{self._where}: array {name!r}"
        if dtype not in DTYPES:
            raise TraceError(f"{where} has dtype {dtype!r}; there are {', '.join(DTYPES)}")
        if name in self.header["arrays"]:
            raise TraceError(f"{where} is recorded twice")
        original = np.asarray(data, dtype=np.float64)
        if not np.isfinite(original).all():
            raise TraceError(f"{where} holds {int((~np.isfinite(original)).sum())} numbers that are not finite")
        sizes = {axis["name"]: axis["size"] for axis in self.header["axes"]}
        _check_shape(list(original.shape), list(axes), sizes, where)
        stored, steps = _quantise(original, dtype, where)
        decoded = _dequantise(stored, steps)
        offset = len(self.data) + -len(self.data) % ALIGNMENT
        self.data = self.data.ljust(offset, b"\0") + stored.tobytes()
        self.header["arrays"][name] = {
            "dtype": dtype,
            "shape": list(original.shape),
            "axes": list(axes),
            "offset": offset,
            "bytes": stored.nbytes,
            **steps,
            "max_abs_error": float(np.abs(decoded - original).max()),
        }
        self._decoded[name] = decoded
        return self

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Self:
        """The recording as rows to read, for an interactive whose poster has no table of its own."""
        self.header["table"] = claims.table(columns, rows)
        return self

    def claim(self, id: str, text: str, of: Any, op: str, value: float, tolerance: float = 0.0) -> Self:
        """State a sentence of the post, and check it as the page will: on the decoded numbers.

        of: a number, or `part(array, …)`. op: "<", "<=", "==", ">=" or ">". tolerance: absolute, how far the bar is
        moved in the claim's favour. Raises ClaimError, with the numbers, if the sentence is false.
        """
        if isinstance(of, dict):
            shape = self.header["arrays"].get(of["array"], {}).get("shape", [])
            index = [i + n if i < 0 else i for i, n in zip(of["index"], shape, strict=False)]
            of = {**of, "index": index + of["index"][len(shape) :]}
        bar = {"op": op, "value": claims.plain(value), "tolerance": claims.plain(tolerance)}
        stated = {"id": id, "text": text, "of": claims.plain(of), **bar}
        if op not in (*OPS, "=="):
            raise TraceError(f"{self._where}: claim {id!r} has op {op!r}; there are {' '.join(OPS)} ==")
        if any(other["id"] == id for other in self.header["claims"]):
            raise TraceError(f"{self._where}: claim {id!r} is stated twice")
        measured = _measure(stated, self._decoded, self._where)
        claims.claim(text, _holds(stated, measured), measured=measured, wanted=f"{WORDS[op]}{value:g}")
        self.header["claims"].append(stated)
        return self

    def show(self, limit: int = MAX_BYTES) -> tuple[dict[str, Any], bytes] | None:
        """Send the trace out of the cell; outside a kernel return its header and its arrays.

        Raises TraceError for more than `limit` bytes, compressed: 60 KB for what comes with the page, MAX_MODEL for
        what an element fetches on a click (`:model:` of the directive).
        """
        size = len(gzip.compress(json.dumps(self.header).encode())) + len(gzip.compress(self.data))
        if size > limit:
            raise TraceError(
                f"{self._where} takes {size:,} bytes compressed, more than {limit:,}: "
                "record fewer steps, or a smaller dtype"
            )
        publish(TRACE_MIME, {"header": self.header, "data": base64.b64encode(self.data).decode()})
        return None if claims.in_kernel() else (self.header, self.data)

    @property
    def _where(self) -> str:
        return f"trace {self.header['id']!r}"


def _quantise(original: np.ndarray, dtype: str, where: str) -> tuple[np.ndarray, dict[str, float]]:
    """(what is stored, {"scale", "zero"} for whole numbers)."""
    if dtype not in LEVELS:
        with np.errstate(over="ignore"):
            stored = original.astype(DTYPES[dtype])
        if not np.isfinite(stored).all():
            raise TraceError(f"{where}: {np.abs(original).max():g} is beyond the range of {dtype}")
        return stored, {}
    low, high = LEVELS[dtype]
    least, most = float(original.min()), float(original.max())
    scale, zero = 1.0, 0.0
    whole = bool((original == np.round(original)).all())
    if not (whole and low <= least and most <= high):
        if dtype == "i8":
            scale = max(-least, most) / high
        elif whole and most - least <= high:
            zero = least
        else:
            scale, zero = (most - least) / high, least
        scale = max(scale, sys.float_info.min)  # a constant has no steps
        if not math.isfinite(scale):
            raise TraceError(f"{where} spans from {least:g} to {most:g}, more than float64 can hold")
    stored = np.clip(np.rint((original - zero) / scale), low, high).astype(DTYPES[dtype])
    return stored, {"scale": scale, "zero": zero}


def _dequantise(stored: np.ndarray, entry: Mapping[str, Any]) -> np.ndarray:
    """The float64 numbers that `stored` stands for; the page computes the very same."""
    with np.errstate(over="ignore"):  # what becomes infinite is refused by who asked
        return stored.astype(np.float64) * entry.get("scale", 1.0) + entry.get("zero", 0.0)


def _measure(claim: Mapping[str, Any], arrays: Mapping[str, np.ndarray], where: str) -> float:
    """The number that a claim is about. Raises TraceError if it names none."""
    of = claim["of"]
    if not isinstance(of, Mapping):
        return float(of)
    where = f"{where}: claim {claim['id']!r}"
    if of["array"] not in arrays:
        raise TraceError(f"{where} is about array {of['array']!r}, which is not recorded")
    array, index = arrays[of["array"]], tuple(of["index"])
    if len(index) > array.ndim or not all(0 <= i < n for i, n in zip(index, array.shape, strict=False)):
        raise TraceError(
            f"{where}: index {list(index)} lies outside array {of['array']!r} of shape {list(array.shape)}"
        )
    found, reduce = array[index], of.get("reduce")
    if reduce is None and np.ndim(found):
        raise TraceError(f"{where}: index {list(index)} leaves {np.size(found)} numbers; say which, or reduce them")
    if reduce not in (None, "min", "max", "mean"):
        raise TraceError(f"{where}: {reduce!r} is no reduction; there are min, max and mean")
    return float(getattr(np, reduce)(found) if reduce else found)


def _holds(claim: Mapping[str, Any], measured: float) -> bool:
    value, tolerance = claim["value"], claim["tolerance"]
    if claim["op"] == "==":
        return bool(abs(measured - value) <= tolerance)
    return bool(OPS[claim["op"]](measured, value + tolerance if claim["op"][0] == "<" else value - tolerance))


# --- Files -----------------------------------------------------------------------------------------------------------


def finish(
    header: Mapping[str, Any], data: bytes, *, post: str, cell: int, digest: str, command: str, poster: str
) -> dict[str, Any]:
    """The complete header: what the recorder could not know, and what proves the arrays.

    post, cell: where `show` was called. digest: of the cells and all that they depend on. command: what makes it
    again. poster: page and figure that show it without a script.
    """
    version = importlib.metadata.version("neural-nets-from-scratch")
    origin = {"nnfs": version, "digest": digest, "post": post, "cell": cell, "command": command}
    proof = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "crc32": zlib.crc32(data)}
    return {**header, "made_by": {**header["made_by"], **origin}, "poster": poster, "data": proof}


def files(header: Mapping[str, Any], data: bytes) -> dict[str, bytes]:
    """Name → content of the two files; both names carry the first twelve digits of the header's SHA-256."""
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"
    stem = f"{header['id']}.{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return {f"{stem}.json": text.encode(), f"{stem}.bin": data}


# --- Reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trace:
    """A trace that was found to be what it says. arrays: name → float64, in the shape of the header."""

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]


def load(path: Path | str) -> Trace:
    """Read `….json` and the `….bin` beside it. Raises TraceError for anything that was not written so."""
    path = Path(path)
    try:
        text, data = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    except OSError as error:
        raise TraceError(f"{path.name} cannot be read: {error}") from None
    if path.stem.rpartition(".")[2] != hashlib.sha256(text).hexdigest()[:12]:
        raise TraceError(f"{path.name} is not what its name says: the header was changed or is not whole")
    try:
        header = json.loads(text)
    except ValueError as error:
        raise TraceError(f"{path.name} is not JSON: {error}") from None
    return decode(header, data)


def decode(header: Any, data: bytes) -> Trace:
    """The trace that `header` and `data` make. Raises TraceError if they are not one, whole and unchanged."""
    version = header.get("schema") if isinstance(header, dict) else None
    if version != VERSION:
        raise TraceError(f"this is {version or 'no trace'!r}; this program reads {VERSION!r}")
    _check_finite(header, "header")
    if problem := _problem(header):
        raise TraceError(f"the header does not keep to {VERSION}: {problem}")
    where = f"trace {header['id']!r}"
    proof = header["data"]
    if len(data) != proof["bytes"]:
        raise TraceError(f"{where} is truncated or too long: {len(data)} bytes of data, not {proof['bytes']}")
    if hashlib.sha256(data).hexdigest() != proof["sha256"] or zlib.crc32(data) != proof["crc32"]:
        raise TraceError(f"{where} is corrupted: its data are not those that were recorded")
    _check_axes(header["axes"], where)
    arrays = _arrays(header, data, where)
    table = header["table"]
    if table and any(len(row) != len(table["columns"]) for row in table["rows"]):
        raise TraceError(f"{where}: a row of its table has not as many cells as there are columns")
    for claim in header["claims"]:
        measured = _measure(claim, arrays, where)
        if not _holds(claim, measured):
            raise TraceError(
                f"{where}: {claim['text']!r} is false: {measured:g} is not {claim['op']} {claim['value']:g}"
            )
    return Trace(header, arrays)


def _arrays(header: Mapping[str, Any], data: bytes, where: str) -> dict[str, np.ndarray]:
    sizes = {axis["name"]: axis["size"] for axis in header["axes"]}
    arrays, end, before = {}, 0, ""
    for name, entry in sorted(header["arrays"].items(), key=lambda item: item[1]["offset"]):
        here, kind = f"{where}: array {name!r}", DTYPES[entry["dtype"]]
        _check_shape(entry["shape"], entry["axes"], sizes, here)
        if entry["bytes"] != math.prod(entry["shape"]) * kind.itemsize:
            raise TraceError(f"{here} of shape {entry['shape']} and dtype {entry['dtype']} has {entry['bytes']} bytes")
        if entry["offset"] < end:
            raise TraceError(f"{here} overlaps array {before!r}")
        end, before = entry["offset"] + entry["bytes"], name
        if end > len(data):
            raise TraceError(f"{here} ends at byte {end} of {len(data)}")
        stored = np.frombuffer(data, kind, math.prod(entry["shape"]), entry["offset"])
        arrays[name] = _dequantise(stored, entry).reshape(entry["shape"])
        if not np.isfinite(arrays[name]).all():
            raise TraceError(f"{here} holds numbers that are not finite")
    return arrays


def _check_axes(axes: Sequence[Mapping[str, Any]], where: str) -> None:
    names = [axis["name"] for axis in axes]
    for axis in axes:
        here, size = f"{where}: axis {axis['name']!r}", axis["size"]
        if names.count(axis["name"]) > 1:
            raise TraceError(f"{here} is declared twice")
        for key in ("labels", "values"):
            if key in axis and len(axis[key]) != size:
                raise TraceError(f"{here} has {size} places and {len(axis[key])} {key}")
        if axis.get("scale") == "log" and min(axis.get("values", [1])) <= 0:
            raise TraceError(f"{here} has a logarithmic scale and values that are not positive")


def _check_shape(shape: list[int], axes: list[str], sizes: Mapping[str, int], where: str) -> None:
    unknown = [name for name in axes if name not in sizes]
    if unknown:
        raise TraceError(f"{where} lies on axis {unknown[0]!r}; there are {', '.join(sizes) or 'none'}")
    wanted = [sizes[name] for name in axes]
    if shape != wanted:
        raise TraceError(f"{where} has shape {shape}, its axes {axes} have {wanted}")


def _check_finite(x: Any, where: str) -> None:
    if isinstance(x, float) and not math.isfinite(x):
        raise TraceError(f"{where} holds {x}, which is not finite")
    for key, inner in x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ():
        _check_finite(inner, f"{where}.{key}")


@cache
def _validator() -> Any:
    """The schema, read when the first trace is: a post's cell may not open it, for it is no module."""
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _problem(header: Any) -> str:
    """What does not keep to the schema, with its place, or ""."""
    errors = sorted(_validator().iter_errors(header), key=lambda error: error.json_path)
    return f"{errors[0].json_path}: {errors[0].message}" if errors else ""
