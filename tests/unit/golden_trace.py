"""The trace by which page and library are held to each other: run this file to write it again.

`interactive/src/golden/trace.json` holds one trace, the numbers that it stands for, and forgeries that both sides
refuse. `tests/unit/test_trace.py` checks that it is what Python writes today, `trace.test.ts` that the page reads it
to the last bit.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from nnfs import trace
from nnfs.trace import part

GOLDEN = Path(__file__).resolve().parents[2] / "interactive" / "src" / "golden" / "trace.json"
HALVES = [0.0, -0.0, 1.0, -2.0, 0.1, 65504.0, -65504.0, 2.0**-14, 2.0**-24, -3 * 2.0**-24, 1 / 3]  # and subnormal ones


def recorded() -> tuple[dict[str, Any], bytes]:
    """A trace with every dtype, and with text that must stay text."""
    step, place = np.arange(3.0), np.arange(4.0)
    waves = np.sin(step[:, None] + place)
    made = trace.Recorder(
        "nn-toy", "golden", title="A <b>toy</b>", summary="Waves & halves.", alt="Three waves.", seed=[1, 2],
        config={"rate": 0.1, "sizes": [2, 4, 1], "note": "</script>"}, limits="Nothing follows.",
    )  # fmt: skip
    made.axis("step", 3, scale="log", values=[1, 10, 100], unit="epochs")
    made.axis("place", 4, labels=["<img src=x onerror=alert(1)>", "b", "c", "d"]).axis("half", len(HALVES))
    made.array("half", HALVES, ["half"], "f16")
    made.array("byte", waves, ["step", "place"], "u8").array("sign", waves, ["step", "place"], "i8")
    made.array("word", 1e6 + waves, ["step", "place"], "u16").array("single", waves, ["step", "place"], "f32")
    made.array("count", [0, 1, 255], ["step"], "u8").array("one", 0.1, [], "f32")
    made.table(["step", "wave <i>"], [[1, 0.5], [10, "</table>"]])
    made.claim("least", "No wave falls below minus one.", part("single", reduce="min"), ">=", -1)
    made.claim("mean", "The mean of the second is small.", part("byte", 1, reduce="mean"), "<", 0.4, 0.1)
    made.claim("given", "Two is two.", 2, "==", 2)
    shown = made.show()
    assert shown is not None
    header = trace.finish(
        *shown, post="posts/00-toy", cell=1, digest="0" * 24, command="nnfs build --fresh 00", poster="toy.html#fig-toy"
    )
    header["made_by"]["nnfs"] = "0"  # whatever the version, the numbers are the same
    return header, shown[1]


def forgeries(data: bytes) -> list[dict[str, Any]]:
    """Changes {path: value} of the header and of the data; "proof": what a forger would also mend."""
    flipped = bytes([data[0] ^ 1]) + data[1:]
    nan, infinite = np.float16(np.nan).tobytes() + data[2:], np.float16(np.inf).tobytes() + data[2:]
    return [
        {"name": "another version", "set": {"schema": "nnfs-trace/2"}},
        {"name": "no version", "set": {"schema": None}},
        {"name": "another kind of array", "set": {"arrays.half.dtype": "f64"}},
        {"name": "truncated", "data": data[:-1]},
        {"name": "empty", "data": b""},
        {"name": "too long", "data": data + b"\0"},
        {"name": "corrupted", "data": flipped},
        {"name": "another digest", "set": {"data.sha256": "0" * 64, "data.crc32": 0}},
        {"name": "not a number", "data": nan, "proof": True},
        {"name": "infinite", "data": infinite, "proof": True},
        {"name": "an infinite step", "set": {"arrays.byte.scale": 1e308, "arrays.byte.zero": 1e308}},
        {"name": "no step", "set": {"arrays.byte.scale": None}},
        {"name": "another shape", "set": {"arrays.byte.shape": [4, 3]}},
        {"name": "more numbers than bytes", "set": {"arrays.half.shape": [400], "axes.2.size": 400}},
        {"name": "an unknown axis", "set": {"arrays.half.axes": ["whole"]}},
        {"name": "overlapping", "set": {"arrays.byte.offset": 20}},
        {"name": "beyond the end", "set": {"arrays.one.offset": len(data)}},
        {"name": "between the words", "set": {"arrays.one.offset": len(data) - 3}},
        {"name": "before the beginning", "set": {"arrays.half.offset": -4}},
        {"name": "labels for other places", "set": {"axes.1.labels": ["a"]}},
        {"name": "a table with a hole", "set": {"table.rows": [[1]]}},
        {"name": "a false claim", "set": {"claims.0.value": 1}},
        {"name": "a claim about nothing", "set": {"claims.0.of": {"array": "nothing", "index": []}}},
        {"name": "a claim about too much", "set": {"claims.0.of": {"array": "byte", "index": [0]}}},
        {"name": "a claim about too little", "set": {"claims.0.of": {"array": "byte", "index": [0, 4]}}},
    ]


def golden() -> str:
    """The file's text, the same in every process."""
    header, data = recorded()
    arrays = trace.decode(header, data).arrays
    refused = [
        {key: base64.b64encode(x).decode() if isinstance(x, bytes) else x for key, x in case.items()}
        for case in forgeries(data)
    ]
    content = {
        "header": header,
        "data": base64.b64encode(data).decode(),
        "numbers": {name: array.ravel().tolist() for name, array in sorted(arrays.items())},
        "refused": refused,
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def patched(kept: dict[str, Any], case: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Header and data of a forgery."""
    header, data = copy.deepcopy(kept["header"]), base64.b64decode(case.get("data", kept["data"]))
    for path, value in case.get("set", {}).items():
        *way, last = path.split(".")
        place = header
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        place[last] = value
    if case.get("proof"):
        header["data"] = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "crc32": zlib.crc32(data),
        }
    return header, data


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(golden(), encoding="utf-8")
