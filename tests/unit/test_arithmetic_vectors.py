"""The golden vectors that hold the page's forward pass over recorded weights to Python's, for the nets that add.

`python tests/unit/test_arithmetic_vectors.py` writes interactive/src/golden/arithmetic.json; the test makes it again.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nnfs import records
from nnfs.adders import Adder, rounded
from nnfs.files import write_bytes

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "interactive" / "src" / "golden" / "arithmetic.json"
PAIRS = [[7, 5], [0, 0], [19, 19], [37, 2], [39, 39], [37, 58], [150, 150], [1000, 1], [9999, 9999]]


def vectors() -> dict:
    """{model: the recorded weights as a page decodes them (float32), what they say to PAIRS, and to all of 40 × 40}."""
    found = {}
    for model in ("scalar-relu", "scalar-sigmoid"):
        weights = records.load("p2.addition-mlp", f"{model}.0-19", 0, base=ROOT)["detail"]["grid"]["weights"]
        adder, flat = Adder(model, 19, seed=0), []
        for layer, (W, b) in enumerate(zip(weights["W"], weights["b"], strict=True)):
            adder.net.W[layer][:], adder.net.b[layer][:] = np.float32(W), np.float32(b)
            flat += np.column_stack([np.float32(W), np.float32(b)]).ravel().tolist()
        found[model] = {
            "weights": flat,
            "exact": adder.answer(np.array(PAIRS)).tolist(),
            "rounded": rounded(adder, 19).ravel().tolist(),
        }
    return {"pairs": PAIRS, **found}


def test_the_committed_vectors_are_what_python_computes_today():
    kept, now = json.loads(FILE.read_text()), vectors()
    assert kept["pairs"] == now["pairs"]
    for model in ("scalar-relu", "scalar-sigmoid"):
        assert kept[model]["weights"] == now[model]["weights"]
        assert kept[model]["rounded"] == now[model]["rounded"]
        assert kept[model]["exact"] == pytest.approx(now[model]["exact"], rel=1e-12)


if __name__ == "__main__":
    text = json.dumps(vectors(), separators=(",", ":")).replace('"scalar', '\n"scalar').replace('"exact', '\n"exact')
    write_bytes(FILE, (text.replace('"rounded', '\n"rounded') + "\n").encode())
    print(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size:,} bytes")
