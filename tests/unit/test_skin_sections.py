"""Skins at build time: a section in a skin of its own, and parts of pages compared in all of them."""

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


# --- Comparisons ---

SHOWN = """# Shown

```{figure} picture.png
:name: fig-picture
A caption with a [term](other.md#what).
```

## First

See {numref}`fig-picture`, [the second](#second) and [other](other.md).

## Second

```{literalinclude} code.py
```

$x^2$ <svg id="fig-s"><defs><path id="fig-s-a"/></defs><use href="#fig-s-a" fill="url(#fig-s-a)"/></svg>
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    settings = {"myst_heading_anchors": 3, "numfig": True, "numfig_format": {"figure": "Figure %s"}}
    settings["myst_enable_extensions"] = ["dollarmath"]
    project = Project(tmp_path_factory.mktemp("compared"), ["myst_parser", "nnfs.site.skins"], **settings)
    (project.root / "posts").mkdir()
    (project.root / "posts" / "picture.png").write_bytes(b"")
    project.write("posts/shown.md", SHOWN)
    project.write("posts/other.md", "# Other\n\n## What\n")
    project.write("posts/code.py", "print(1)\n")
    parts = "posts/shown#second\nposts/shown#fig-picture\nposts/shown#first\n#own"
    body = f"# Page\n\n```{{skin-compare}}\n{parts}\n```\n\n## Own\n\nText.\n"
    body += "\n```{skin-compare}\nposts/shown#second\n```\n"  # the same once more, in a comparison of its own
    project.write("board.md", body)
    project.write("index.md", "# Home\n\n```{toctree}\nboard\nposts/shown\nposts/other\n```\n")
    return project.build()


def boards(html: str) -> list[list[str]]:
    """The four boards of each comparison."""
    rows = html.split('<div class="nn-compare')[1:]
    return [re.split(r"(?=<div data-skin=)", row)[1:] for row in rows]


def test_a_part_stands_in_four_boards_once_for_each_variant(compared: Project) -> None:
    assert compared.warnings == ""
    rows = boards(compared.page("board.html"))
    assert [len(row) for row in rows] == [4, 4, 4, 4, 4]
    variants = [re.match(r'<div data-skin="(\w+)" data-mode="(\w+)"', board).groups() for board in rows[0]]  # type: ignore[union-attr]
    assert variants == [(skin, mode) for mode in ("light", "dark") for skin in skins.SKINS]
    assert all(board.count("<h2>Second") == 1 for board in rows[0])
    assert "headerlink" not in "".join(rows[0])


def test_ids_stay_unique_and_what_refers_to_them_follows(compared: Project) -> None:
    html = compared.page("board.html")
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    board = boards(html)[0][1]
    (path,) = re.findall(r'<path id="(fig-s-a[\w-]+)"', board)
    assert f'<use href="#{path}" fill="url(#{path})"' in board


def test_links_lead_where_they_led(compared: Project) -> None:
    figure, first = (row[0] for row in boards(compared.page("board.html"))[1:3])
    assert 'href="posts/other.html#what"' in figure
    assert 'href="posts/other.html"' in first
    assert 'href="posts/shown.html#second"' in first  # not in this part, so on its page


def test_figures_and_sections_keep_the_numbers_of_their_page(compared: Project) -> None:
    second, figure, first, *_ = boards(compared.page("board.html"))
    assert "Figure 1" in figure[0]
    assert "counter-reset:nn-h2 1" in second[0]
    assert "counter-reset:nn-h2 0" in first[0]


def test_a_page_is_made_again_with_the_pages_that_it_shows(compared: Project) -> None:
    compared.write("posts/code.py", "print('changed')\n")  # not a change of that page's text
    assert compared.build().page("board.html").count("changed") == 8


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("shown", "is no page#id"),
        (":cell:\n#page", "no cell around the id 'page'"),
        ("missing#x", "is no page#id"),
        ("#nothing", "nothing with the id 'nothing'"),
    ],
)
def test_a_part_that_is_not_there_is_reported(tmp_path: Path, line: str, message: str) -> None:
    project = Project(tmp_path, ["myst_parser", "nnfs.site.skins"])
    project.write("index.md", f"# Page\n\n```{{skin-compare}}\n{line}\n```\n")
    assert message in project.build().warnings


def test_a_comparison_of_the_section_that_it_stands_in_ends(tmp_path: Path) -> None:
    project = Project(tmp_path, ["myst_parser", "nnfs.site.skins"])
    project.write("index.md", "# Page\n\n## Itself\n\nText.\n\n```{skin-compare}\n#itself\n```\n")
    (row,) = boards(project.build().page("index.html"))
    assert [board.count("Text.") for board in row] == [1, 1, 1, 1]


def test_scripts_elements_are_shown_as_their_posters_and_folds_open() -> None:
    html = skins.still('<nn-playground id="p" data-task="XOR"><details class="nn-data">x</details></nn-playground>')
    assert html == '<div id="p" data-task="XOR"><details open class="nn-data">x</details></div>'
