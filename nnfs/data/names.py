"""First names, the text of Part 3 that fits a reader's head: 27 symbols, a document of six letters.

Two lists. The one we ship holds every first name that at least five US newborns of 2018 were given (Social Security
Administration; facts of the US government). It names a girl's Alex and a boy's Alex once each, so it is split *by
distinct name*: what a model is asked about, it has never seen. makemore's list is the same register without that
care, 29,494 names in 32,033 lines, so that 424 of its 3,203 dev names also stand in training; it is here only to
compare with numbers that others published.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nnfs.data.text import DataError, Source, Text, as_ids
from nnfs.rng import Mulberry32

SYMBOLS = ".abcdefghijklmnopqrstuvwxyz"  # "." opens and closes every name
FILE = Path(__file__).with_name("ssa-names-2018.csv")  # name, sex, births
MAKEMORE = Source(
    file="makemore-names.txt",
    sha256="0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    size=228_145,
    url="https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
    licence="MIT (the repository); US Social Security facts",
)


@dataclass(frozen=True)
class Names:
    """A list of names in three parts."""

    train: tuple[str, ...]
    dev: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def dev_unseen(self) -> tuple[str, ...]:
        """The dev names that training does not hold too."""
        known = set(self.train)
        return tuple(name for name in self.dev if name not in known)


def text(names: Iterable[str]) -> Text:
    """Each name as a document ". e m m a .": a name of n letters gives n + 1 predictions, the last one its end.

    Raises ValueError for a name with anything but a … z in it.
    """
    ids: list[int] = []
    starts: list[int] = []
    for name in names:
        if not (name.isascii() and name.isalpha() and name.islower()):
            raise ValueError(f"a name consists of the letters a to z, got {name!r}")
        starts.append(len(ids))
        ids += [0, *(SYMBOLS.index(letter) for letter in name), 0]
    return Text(as_ids(ids), len(SYMBOLS), as_ids(starts))


def decode(ids: Iterable[int]) -> list[str]:
    """The names in a row of ids; the last one may be unfinished."""
    return [name for name in "".join(SYMBOLS[i] for i in ids).split(".") if name]


def distinct() -> list[str]:
    """The 29,693 different names of the Social Security list, in alphabetical order."""
    with FILE.open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["name"] for row in rows})
    if (len(rows), len(names)) != (32_257, 29_693):
        raise DataError(f"{FILE.name} holds {len(rows)} rows and {len(names)} names: install the package again")
    return names


def ssa(seed: int = 0) -> Names:
    """Our split: 80/10/10 of the distinct names, shuffled by Mulberry32(seed)."""
    names = distinct()
    Mulberry32(seed).shuffle(names)
    return Names(tuple(names[:23_754]), tuple(names[23_754:26_723]), tuple(names[26_723:]))


def makemore() -> Names:
    """The split of Karpathy's lectures: Python's random.seed(42), shuffle, 80/10/10 of the lines.

    182,625 / 22,655 / 22,866 predictions. Raises DataError if the list is not on this machine.
    """
    lines = MAKEMORE.read().decode("ascii").splitlines()
    random.Random(42).shuffle(lines)
    n, m = int(0.8 * len(lines)), int(0.9 * len(lines))
    names = Names(tuple(lines[:n]), tuple(lines[n:m]), tuple(lines[m:]))
    found = tuple(sum(len(name) + 1 for name in part) for part in (names.train, names.dev, names.test))
    if found != (182_625, 22_655, 22_866):
        raise DataError(f"the lectures' split has 182,625, 22,655 and 22,866 predictions, this one {found}")
    return names


def fetch() -> str:
    """Make sure that makemore's list is here; returns where it came from. Raises DataError if it cannot be had."""
    if MAKEMORE.find() is not None:
        MAKEMORE.read()
        return "already here"
    MAKEMORE.store(MAKEMORE.download())
    return MAKEMORE.url
