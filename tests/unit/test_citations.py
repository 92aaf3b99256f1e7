"""Two works of one author and year keep apart, in the text and in the bibliography."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pybtex.database import parse_file

from nnfs.site.citations import Labels

ROOT = Path(__file__).resolve().parents[2]
WORKS = parse_file(str(ROOT / "references.bib")).entries


def label(key: str) -> str:
    return Labels().format_label(WORKS[key])


def test_a_label_has_the_year_and_its_letter():
    assert [label("karpathy22makemore"), label("karpathy22zero"), label("su24")] == ["Kar22a", "Kar22b", "SAL+24"]


def test_a_work_without_a_year_keeps_its_label():
    bare = next(entry for entry in WORKS.values() if "year" in entry.fields)
    fields = {**bare.fields}
    year = bare.fields.pop("year")
    try:
        assert not Labels().format_label(bare).endswith(year[-2:])
    finally:
        for name, text in fields.items():
            bare.fields[name] = text


def test_no_two_works_are_cited_alike():
    """As the text cites them: first author, or two, and the year."""
    seen = Counter()
    for entry in WORKS.values():
        people = [
            " ".join(person.last_names) for person in entry.persons.get("author") or entry.persons.get("editor", [])
        ]
        if people:
            who = " and ".join(people) if len(people) < 3 else f"{people[0]} et al."
            seen[who, entry.fields.get("year")] += 1
    assert [twice for twice, n in seen.items() if n > 1] == []
