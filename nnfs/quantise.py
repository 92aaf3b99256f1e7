"""Trained weights small enough for a page: one byte each, with a step of its own for every row.

A matrix keeps its shape. Row i becomes whole numbers from −127 to 127 and one step, so that `levels[i] * steps[i]` lies
within half a step of what was trained: symmetric quantisation by row, as for weights in Jacob et al. (2018,
arXiv:1712.05877) but without a zero point. `interactive/src/core/gpt.ts` reads what `Weights.record` wrote and runs
the net of `gpt.py` on it; `benchmarks/generator.py` measures what the rounding costs.

    weights = Weights.of("p3.stages.browser.seed-0@2500")
    weights.recorder("nn-shakespeare", "p3-browser", symbols, title="…", summary="…", alt="…").show(limit=…)

Neither torch nor safetensors is needed here: a build of the site has neither.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nnfs import checkpoints
from nnfs.checkpoints import CheckpointError, Tensors
from nnfs.trace import Recorder

LEVELS = 127  # on either side of zero
MODELS = {"gpt": False, "bigram-gpt": True}  # kinds that the page can run → have they tables of pairs?
DEFAULTS = {"ratio": 4, "softcap": 15.0, "qk_norm": True}  # of gpt.GPTConfig, which a checkpoint need not repeat
FLOATS = {"F16": "<f2", "F32": "<f4"}  # safetensors' names for what we save


@dataclass(frozen=True)
class Rows:
    """A matrix in whole numbers."""

    levels: NDArray[np.int8]  # (rows, n), −127 … 127
    steps: NDArray[np.float32]  # (rows,), at least 0; 0 where a row is 0

    @property
    def matrix(self) -> NDArray[np.float32]:
        """(rows, n): the numbers that the levels stand for. The page computes the very same."""
        return self.levels.astype(np.float32) * self.steps[:, None]


def quantise(matrix: NDArray[Any]) -> Rows:
    """Whole numbers for `matrix` (rows, n): a row's step is its largest magnitude / 127, rounded to float32.

    Raises ValueError for what is no matrix or holds numbers that are not finite.
    """
    x = np.asarray(matrix, dtype=np.float64)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"a matrix has rows and columns, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{int((~np.isfinite(x)).sum())} numbers of the matrix are not finite")
    steps = (np.abs(x).max(axis=1) / LEVELS).astype(np.float32)
    exact = np.where(steps > 0, steps, 1).astype(np.float64)[:, None]
    levels = np.clip(np.rint(x / exact), -LEVELS, LEVELS) * (steps > 0)[:, None]
    return Rows(levels.astype(np.int8), steps)


def error(matrix: NDArray[Any], rows: Rows) -> dict[str, float]:
    """What rounding did to `matrix`: {"max": largest difference, "rms": root mean square of the differences over that
    of the numbers; 0 for a matrix of zeros}."""
    x = np.asarray(matrix, dtype=np.float64)
    off = rows.matrix.astype(np.float64) - x
    size = math.sqrt(float(np.square(x).mean()))
    return {
        "max": float(np.abs(off).max()),
        "rms": math.sqrt(float(np.square(off).mean())) / size if size else 0.0,
    }


@dataclass(frozen=True)
class Weights:
    """The matrices of a `gpt.GPT` or `gpt.BigramGPT`, as trained and as whole numbers.

    Raises ValueError for a model that the page cannot run.
    """

    name: str  # of the checkpoint
    config: dict[str, Any]  # the checkpoint's
    tensors: Tensors  # as saved, by torch's names

    def __post_init__(self) -> None:
        model = self.config["model"]
        other = model.get("positions", "rope") != "rope" or self.config.get("prior") is not None
        if model["kind"] not in MODELS or other:
            raise ValueError(f"{self.name}: the page runs {' and '.join(MODELS)} with RoPE and without counts")
        if odd := [key for key, tensor in self.tensors.items() if tensor.ndim != 2]:
            raise ValueError(f"{self.name}: {odd[0]} is no matrix")

    @classmethod
    def of(cls, name: str, base: Path | None = None) -> Self:
        """The checkpoint `name` of the repository. Raises CheckpointError if it is not there or is not the one that
        the manifest names, ValueError for a model that the page cannot run."""
        return cls(name, *read(name, base))

    @property
    def rows(self) -> dict[str, Rows]:
        """The matrices as whole numbers, by torch's names."""
        return {key: quantise(self.tensors[key]) for key in sorted(self.tensors)}

    @property
    def rounded(self) -> dict[str, NDArray[np.float32]]:
        """The matrices as the page has them: what `load_state_dict` takes to make the page's net in torch."""
        return {key: rows.matrix for key, rows in self.rows.items()}

    @property
    def shape(self) -> dict[str, Any]:
        """What `gpt.ts` has to know of the net besides its matrices."""
        model = self.config["model"]
        return {
            "vocab": self.config["vocab"],
            **{key: model[key] for key in ("context", "layers", "heads", "width")},
            **{key: model.get(key, default) for key, default in DEFAULTS.items()},
            "tables": MODELS[model["kind"]],
        }

    def record(self, recorder: Recorder) -> Recorder:
        """Put the matrices into a recording that has an axis "vocab": `blocks.0.ffn.out.weight` becomes the levels
        `blocks_0_ffn_out` and the steps `blocks_0_ffn_out_step`."""
        shape = self.shape
        sizes = {"width": shape["width"], "hidden": shape["ratio"] * shape["width"], "vocab": shape["vocab"]}
        if shape["tables"]:
            sizes["pairs"] = shape["vocab"] ** 2
        for axis in ("width", "hidden", "pairs"):
            if axis in sizes:
                recorder.axis(axis, sizes[axis])
        for key, rows in self.rows.items():
            name = key.removesuffix(".weight").replace(".", "_")
            axes = axes_of(name)
            recorder.array(name, rows.levels, axes, "i8").array(f"{name}_step", rows.steps, axes[:1], "f32")
        return recorder

    def recorder(self, kind: str, id: str, symbols: Sequence[str], **words: Any) -> Recorder:
        """A recording of the whole net, with its alphabet as the labels of the axis "vocab".

        kind, id, words (title, summary, alt, limits, seed): see `trace.Recorder`.
        """
        entry = checkpoints.manifest()[self.name]
        proof = {"name": self.name, "sha256": entry["sha256"], "bytes": entry["bytes"]}
        made = Recorder(kind, id, config=self.shape, checkpoint=proof, **words)
        return self.record(made.axis("vocab", self.shape["vocab"], labels=list(symbols)))


def axes_of(name: str) -> list[str]:
    """The directions of a matrix of `gpt.py`, rows first, by its name in a recording."""
    ends = {
        "ffn_into": ["hidden", "width"],
        "ffn_out": ["width", "hidden"],
        "tokens": ["vocab", "width"],
        "head": ["vocab", "width"],
        "pairs_in": ["pairs", "width"],
        "pairs_out": ["pairs", "vocab"],
    }
    return next((axes for end, axes in ends.items() if name.endswith(end)), ["width", "width"])


def read(name: str, base: Path | None = None) -> tuple[dict[str, Any], Tensors]:
    """(config, tensors) of a checkpoint that lies in the repository, by its own eyes: the format is a JSON header of
    so many bytes, and the numbers after it. Raises CheckpointError as `checkpoints.read` does, which needs safetensors
    and can fetch as well."""
    entries = checkpoints.manifest(base)
    if name not in entries:
        raise CheckpointError(f"no checkpoint {name!r}; there are {', '.join(sorted(entries)) or 'none yet'}")
    file = checkpoints.folder(base) / f"{name}.safetensors"
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{file.name} is not in runs/checkpoints") from None
    if hashlib.sha256(data).hexdigest() != entries[name]["sha256"]:
        raise CheckpointError(f"{file.name} is not the file of the manifest: restore it with `git checkout`")
    start = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8:start])
    config = json.loads(header.pop("__metadata__")["config"])
    return config, {key: tensor(data[start:], entry) for key, entry in header.items()}


def tensor(data: bytes, entry: Mapping[str, Any]) -> NDArray[Any]:
    """One array out of safetensors' block of numbers. Raises CheckpointError for a kind that we never save."""
    if entry["dtype"] not in FLOATS:
        raise CheckpointError(f"a checkpoint of {', '.join(FLOATS)}, not of {entry['dtype']}")
    first, end = entry["data_offsets"]
    return np.frombuffer(data[first:end], FLOATS[entry["dtype"]]).reshape(entry["shape"])
