"""Skins at build time: a section may have a skin of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sphinx_project import REPOSITORY, Project

from nnfs.site import skins

PAGE = """# Page

## One

Text.

## Two

```{section}
:skin: theorem
```

More, and a [link](#one).

### Inside

Deep.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("skins"), ["myst_parser", "nnfs.site.skins"], myst_heading_anchors=3)
    project.write("index.md", PAGE)
    return project.build()


def test_a_marked_section_carries_its_skin_and_keeps_heading_and_place(built: Project) -> None:
    assert built.warnings == ""
    html = built.page("index.html")
    assert html.count("data-skin=") == 1
    section = re.search(r'<section data-skin="theorem" id="two">(.*?)</section>\s*</section>', html, re.S)
    assert section
    assert "<h2>Two" in section[1]
    assert "<h3>Inside" in section[1]
    assert 'href="#two"' in html  # the table of contents knows it


def test_other_builders_show_the_section_as_any_other(built: Project) -> None:
    assert "Two\n===" in built.build("text").page("index.txt")
    built.build()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("## Two\n\n```{section}\n```\n", "needs `:skin:`"),
        ("## Two\n\n```{section}\n:skin: blackboard\n```\n", '"blackboard" unknown'),
        ("```{section}\n:skin: theorem\n```\n", "below a heading of the second level"),
        ("## Two\n\n````{note}\n```{section}\n:skin: theorem\n```\n````\n", "outside other directives"),
    ],
)
def test_a_mark_that_cannot_work_is_refused(tmp_path: Path, body: str, message: str) -> None:
    project = Project(tmp_path, ["myst_parser", "nnfs.site.skins"])
    project.write("index.md", f"# Page\n\n{body}")
    assert message in project.build().warnings


def test_script_and_menu_offer_the_skins_that_there_are() -> None:
    templates = REPOSITORY / "nnfs" / "site" / "templates"
    menu = (templates / "appearance.html").read_text(encoding="utf-8")
    script = (templates / "before-paint.js").read_text(encoding="utf-8")
    assert tuple(re.findall(r'name="skin" value="(\w+)"', menu)) == skins.SKINS
    assert json.dumps(skins.SKINS) in script
