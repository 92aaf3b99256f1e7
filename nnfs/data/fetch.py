"""Bring every data set that we may not ship, and say where each came from: what `nnfs data` prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnfs.data import names, shakespeare
from nnfs.data.text import DataError, Source


@dataclass(frozen=True)
class Arrival:
    """One data set after an attempt to fetch it."""

    source: Source
    where: str  # "already here", an address, or a package; "" if it could not be had
    problem: str  # "" if it is here


SETS: tuple[tuple[Source, Callable[[], str]], ...] = (
    (shakespeare.SHAKESPEARE, shakespeare.fetch),
    (names.MAKEMORE, names.fetch),
)


def fetch_all() -> list[Arrival]:
    """Fetch what is missing and check what is there. A set that cannot be had is a row, not an end: the records that
    rest on it are `unavailable` and everything else goes on."""
    arrivals = []
    for source, fetch in SETS:
        try:
            arrivals.append(Arrival(source, fetch(), ""))
        except DataError as error:
            arrivals.append(Arrival(source, "", str(error)))
    return arrivals


def table(arrivals: list[Arrival]) -> list[tuple[str, str, str, str]]:
    """Rows (file, where it came from or why it is missing, licence, SHA-256), our own names first."""
    rows = [(names.FILE.name, "ships with nnfs", "facts of the US government", "in git")]
    return rows + [(a.source.file, a.where or a.problem, a.source.licence, a.source.sha256) for a in arrivals]
