"""A text as a language model sees it, and how a data file proves that it is the right one.

A list of names and the works of Shakespeare are the same thing to a model: token ids in a row, and places where a
document begins and nothing before it may be looked at. A file from outside counts only if its SHA-256 is the one
written in the code: another file is an error that says what to do, never a quiet substitute.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnfs import files
from nnfs.errors import UserError
from nnfs.records import root

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


class DataError(UserError):
    """A data file that is missing or is not the file it should be; the message names the command that helps."""


@dataclass(frozen=True)
class Text:
    """Documents end to end. Every token is predicted from those before it in its document; the first of a document
    has none and is never predicted, unless `before` gives the first document something to start from.

    Raises ValueError if the documents do not cover the ids, or an id is no symbol of the vocabulary.
    """

    ids: Ints  # (N,) tokens, all documents
    vocab: int  # ids lie in 0 … vocab - 1
    starts: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))  # (D,) where each document begins
    before: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # (M,) looked at, never predicted

    def __post_init__(self) -> None:
        if len(self.ids) == 0 or len(self.starts) == 0 or self.starts[0] != 0:
            raise ValueError("a text has a token, and its first document begins at 0")
        if (np.diff(self.starts) < 1).any() or self.starts[-1] >= len(self.ids):
            raise ValueError("documents begin in ascending order, within the text")
        if self.ids.min() < 0 or self.ids.max() >= self.vocab:
            raise ValueError(f"ids lie in 0 … {self.vocab - 1}, got {self.ids.min()} … {self.ids.max()}")

    @property
    def whole(self) -> Ints:
        """(M + N,) `before` and `ids` in one row: what `reach` and `predicted` speak about."""
        return np.concatenate([self.before, self.ids])

    @property
    def reach(self) -> Ints:
        """(M + N,) how many tokens before each one may be looked at: those of its document."""
        first = np.concatenate([[0], self.starts[1:] + len(self.before)])
        return np.arange(len(self.before) + len(self.ids)) - np.repeat(first, self.lengths)

    @property
    def lengths(self) -> Ints:
        """(D,) tokens of each document, `before` counted with the first."""
        lengths = np.diff(self.starts, append=len(self.ids))
        lengths[0] += len(self.before)
        return lengths

    @property
    def predicted(self) -> Ints:
        """Places in `whole` of the tokens that are predicted, each once, ascending."""
        place = np.arange(len(self.before) + len(self.ids))
        return place[(self.reach > 0) & (place >= len(self.before))]

    @property
    def digest(self) -> str:
        """SHA-256 of what there is to learn: ids, document starts and what stands before them."""
        parts = (np.asarray(part, dtype="<i8").tobytes() for part in (self.ids, self.starts, self.before))
        return hashlib.sha256(b"|".join(parts)).hexdigest()


def as_ids(tokens: ArrayLike) -> Ints:
    """Any sequence of token ids as an int64 array."""
    return np.asarray(tokens, dtype=np.int64)


# Files from outside


@dataclass(frozen=True)
class Source:
    """A file that we may not ship: what it is called here, how to know it, where it comes from."""

    file: str  # its name in NNFS_DATA and in the cache
    sha256: str
    size: int  # bytes
    url: str
    licence: str

    def check(self, data: bytes, where: str) -> bytes:
        """`data`, if it is this file; else DataError."""
        if (found := hashlib.sha256(data).hexdigest()) != self.sha256:
            raise DataError(
                f"{where} is not the file this project was measured on: its SHA-256 is {found[:16]}…, not "
                f"{self.sha256[:16]}… ({len(data):,} bytes against {self.size:,}). Delete it and run `nnfs data`"
            )
        return data

    def find(self) -> Path | None:
        """Where the file lies: in the folder that NNFS_DATA names, else in the cache; None if in neither."""
        given = os.environ.get("NNFS_DATA")
        places = ([Path(given)] if given else []) + [cache()]
        return next((folder / self.file for folder in places if (folder / self.file).is_file()), None)

    def read(self) -> bytes:
        """The file's bytes, checked. Raises DataError if it is missing or altered; never downloads."""
        if (file := self.find()) is None:
            raise DataError(
                f"{self.file} is not here: fetch it with `nnfs data`, or put it into a folder and set NNFS_DATA"
            )
        return self.check(file.read_bytes(), str(file))

    def store(self, data: bytes) -> Path:
        """Check `data` and put it into the cache (under a temporary name, then renamed)."""
        self.check(data, f"what was fetched for {self.file}")
        file = cache() / self.file
        files.write_bytes(file, data)
        return file

    def download(self) -> bytes:
        """The file from its public address, by way of pooch. Raises DataError without a network."""
        import pooch

        folder = cache() / "downloads"
        try:
            return Path(
                pooch.retrieve(self.url, f"sha256:{self.sha256}", self.file, folder, progressbar=False)
            ).read_bytes()
        except (OSError, ValueError) as error:  # no network; pooch's word for a wrong hash is ValueError
            raise DataError(
                f"{self.file} could not be fetched from {self.url} ({error}). Put it into a folder and set NNFS_DATA"
            ) from error


def cache() -> Path:
    """The folder for fetched files, never committed."""
    return root() / ".cache" / "nnfs" / "data"
