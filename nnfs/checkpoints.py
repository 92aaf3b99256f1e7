"""Trained weights as files that prove what they are.

A checkpoint is a safetensors file, `runs/checkpoints/<name>.safetensors`: numbers and nothing that could run. Its
header says how to build the model; `manifest.json` beside it says which bytes are the right ones and which record they
belong to. Files too large for the repository lie elsewhere and are fetched by the same hash. No torch is needed here:
`nnfs.recipes` turns what is read into a model.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfs import files, records
from nnfs.errors import UserError

Tensors = dict[str, NDArray[Any]]
NAME = re.compile(r"[a-z0-9][a-z0-9.-]*(@[0-9]+)?\Z")


class CheckpointError(UserError):
    """A checkpoint that is not here or is not what the manifest says; the message says what to do."""


def folder(base: Path | None = None) -> Path:
    """Where checkpoints lie in the repository."""
    return (base or records.root()) / "runs" / "checkpoints"


def manifest(base: Path | None = None) -> dict[str, dict[str, Any]]:
    """{name: {"sha256", "bytes", "record"}}; {} if there is none yet. Raises CheckpointError for a damaged one."""
    file = folder(base) / "manifest.json"
    if not file.is_file():
        return {}
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        sound = all({"sha256", "bytes", "record"} == entry.keys() for entry in entries.values())
    except (ValueError, AttributeError):
        sound = False
    if not sound:
        raise CheckpointError(f"runs/checkpoints/{file.name} is damaged: restore it with `git checkout`")
    return entries


def save(name: str, tensors: Mapping[str, NDArray[Any]], config: dict[str, Any], record: str, base: Path) -> str:
    """Write a checkpoint and its line of the manifest; returns its SHA-256. Raises CheckpointError for a bad name."""
    from safetensors.numpy import save as pack

    if not NAME.match(name):
        raise CheckpointError(f"{name!r} names no checkpoint: use lower-case letters, digits, '-', '.' and @step")
    arrays = {key: np.ascontiguousarray(array) for key, array in tensors.items()}
    data = pack(arrays, metadata={"config": json.dumps(config, sort_keys=True)})
    file = folder(base) / f"{name}.safetensors"
    files.write_bytes(file, data)
    sha256 = hashlib.sha256(data).hexdigest()
    entry = {"sha256": sha256, "bytes": len(data), "record": record}
    with files.locked(base / ".cache" / "nnfs" / "manifest.lock"):  # two processes of a sweep may finish together
        entries = {**manifest(base), name: entry}
        files.write_text(file.parent / "manifest.json", json.dumps(entries, indent=1, sort_keys=True) + "\n")
    return sha256


def read(name: str, base: Path | None = None) -> tuple[dict[str, Any], Tensors]:
    """(config, tensors) of a checkpoint, from the repository or else from NNFS_CHECKPOINTS_URL.

    Raises CheckpointError if it is unknown, cannot be had, has other bytes than the manifest says or is no safetensors
    file (a pickle is never opened: it could run anything).
    """
    entries = manifest(base)
    if name not in entries:
        raise CheckpointError(f"no checkpoint {name!r}; there are {', '.join(sorted(entries)) or 'none yet'}")
    entry, file = entries[name], folder(base) / f"{name}.safetensors"
    data = file.read_bytes() if file.is_file() else fetch(name, entry, base).read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != entry["sha256"]:
        raise CheckpointError(
            f"{file.name} is not the file of the manifest: its SHA-256 is {found[:16]}…, not {entry['sha256'][:16]}… "
            f"({len(data):,} bytes against {entry['bytes']:,}). Delete it, then restore it with `git checkout`, or "
            f"train it again: it belongs to {entry['record']}"
        )
    return unpack(data, file.name)


def unpack(data: bytes, name: str) -> tuple[dict[str, Any], Tensors]:
    """(config, tensors) of a safetensors file in memory. Raises CheckpointError if it is not one of ours."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack_tensors

    try:
        tensors = unpack_tensors(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return json.loads(header["__metadata__"]["config"]), tensors
    except (SafetensorError, ValueError, KeyError) as error:
        pickled = " (a pickle, which is never opened)" if data[:1] == b"\x80" or data[:2] == b"PK" else ""
        raise CheckpointError(f"{name} is no safetensors file with a config{pickled}: {error}") from None


def fetch(name: str, entry: dict[str, Any], base: Path | None = None) -> Path:
    """A checkpoint that is not in the repository, from NNFS_CHECKPOINTS_URL or the cache, by its hash."""
    kept = (base or records.root()) / ".cache" / "nnfs" / "checkpoints"
    cached = kept / f"{name}.safetensors"
    if cached.is_file() and hashlib.sha256(cached.read_bytes()).hexdigest() == entry["sha256"]:
        return cached
    address = os.environ.get("NNFS_CHECKPOINTS_URL", "").rstrip("/")
    if not address:
        raise CheckpointError(
            f"{name}.safetensors is not in runs/checkpoints: set NNFS_CHECKPOINTS_URL to where it can be fetched, "
            f"or train it again (`nnfs run {entry['record'].partition('/')[0]}` after deleting its record)"
        )
    import pooch

    try:
        return Path(
            pooch.retrieve(
                f"{address}/{name}.safetensors", f"sha256:{entry['sha256']}", cached.name, kept, progressbar=False
            )
        )
    except (OSError, ValueError) as error:  # no network; pooch's word for a wrong hash is ValueError
        raise CheckpointError(f"{name}.safetensors could not be fetched from {address}: {error}") from None


def problems(base: Path | None = None) -> dict[str, str]:
    """{name: what is wrong} of the files in the repository: other bytes than the manifest says, or not in it."""
    entries, found = manifest(base), {}
    for file in sorted(folder(base).glob("*.safetensors")):
        entry = entries.get(file.stem)
        if entry is None:
            found[file.stem] = "is not in the manifest"
        elif hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
            found[file.stem] = "has other bytes than the manifest says"
    return found
