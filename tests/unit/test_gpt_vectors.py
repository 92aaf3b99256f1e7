"""The golden vectors that hold `interactive/src/core/gpt.ts` to torch: the same logits, the same text from a seed.

`python tests/unit/test_gpt_vectors.py` writes interactive/src/golden/gpt.json; the test makes it again. Weights are not
in the file: both sides draw whole numbers and steps from the generator that they share, which also tests how they are
put together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnfs.files import write_bytes
from nnfs.gpt import GPT, BigramGPT, GPTConfig
from nnfs.quantise import Rows
from nnfs.rng import Mulberry32
from nnfs.sample import Reader
from nnfs.stages import say

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "interactive" / "src" / "golden" / "gpt.json"
SHAPE = {"vocab": 7, "context": 6, "layers": 2, "heads": 2, "width": 8, "ratio": 4, "softcap": 15.0, "qk_norm": True}
SHAPES = {
    "gpt": {**SHAPE, "tables": False},
    "tables": {**SHAPE, "tables": True},
    "plain": {**SHAPE, "softcap": 0.0, "qk_norm": False, "ratio": 3, "heads": 1, "layers": 1, "tables": False},
    "odd": {**SHAPE, "context": 5, "width": 18, "heads": 3, "layers": 3, "tables": True},  # no multiple of four
}
ROW = 14  # tokens: more than twice what the nets read
SAID = [(1.0, 7, 5), (0.7, 3, 5), (1.6, 7, 9), (0.0, 7, 0)]  # temperature, top-k, seed


def drawn(shape: dict[str, Any], seed: int) -> GPT:
    """A net whose matrices are whole numbers and steps from `nnfs.rng`, matrix by matrix in the order of their names:
    levels from −127 to 127 row by row, then the steps."""
    rng = Mulberry32(seed)
    fields = {key: value for key, value in shape.items() if key != "tables"}
    net = (BigramGPT if shape["tables"] else GPT)(GPTConfig(**fields))
    state = {}
    for key, tensor in sorted(net.state_dict().items()):
        levels = np.array([rng.below(255) - 127 for _ in range(tensor.numel())], dtype=np.int8)
        steps = np.array([(1 + rng.random()) / 256 for _ in range(len(tensor))], dtype=np.float32)
        state[key] = torch.from_numpy(Rows(levels.reshape(tensor.shape), steps).matrix)
    net.load_state_dict(state)
    return net.eval()


def vectors() -> dict[str, Any]:
    """{name: shape, seed, row, the logits after each of its beginnings, and what is said from its first token}."""
    found = {}
    for seed, (name, shape) in enumerate(SHAPES.items(), start=1):
        net, rng = drawn(shape, seed), Mulberry32(seed)
        row = [rng.below(shape["vocab"]) for _ in range(ROW)]
        reader = Reader(net)
        logits = [reader.logits(np.array([row[: n + 1]]))[0].tolist() for n in range(ROW)]
        said = [
            {"temperature": t, "top_k": k, "seed": s, "ids": say(net, row[:2], 40, temperature=t, top_k=k, seed=s)}
            for t, k, s in SAID
        ]
        found[name] = {"shape": shape, "seed": seed, "row": row, "logits": logits, "said": said}
    return found


def test_the_committed_vectors_are_what_python_computes_today():
    kept, now = json.loads(FILE.read_text()), vectors()
    assert kept.keys() == now.keys()
    for name, case in now.items():
        assert {k: v for k, v in kept[name].items() if k != "logits"} == {
            k: v for k, v in case.items() if k != "logits"
        }
        assert np.array(kept[name]["logits"]) == pytest.approx(np.array(case["logits"]), abs=1e-4)


def test_the_vectors_are_worth_comparing():
    """Nets that say the same whatever they read, or are sure of everything, would prove nothing."""
    for case in vectors().values():
        logits = np.array(case["logits"])
        assert np.ptp(logits, axis=0).min() > 0.2
        assert len({tuple(said["ids"]) for said in case["said"]}) == len(SAID)


if __name__ == "__main__":
    rounded = json.loads(json.dumps(vectors()), parse_float=lambda text: round(float(text), 6))
    text = json.dumps(rounded, separators=(",", ":")).replace('"said"', '\n"said"').replace('"logits"', '\n"logits"')
    write_bytes(FILE, (text.replace('},"', '},\n"') + "\n").encode())
    print(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size:,} bytes")
