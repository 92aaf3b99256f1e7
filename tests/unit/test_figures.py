"""Figures on the page: colours and faces by style sheet, ids of their own, numbers and captions by Sphinx."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from sphinx_project import Project

from nnfs import plot
from nnfs.claims import CITE_MIME, CLAIM_MIME, FIGURE_MIME, VALUE_MIME
from nnfs.site.figures import themed_svg

CAPTION, ALT = "The loss falls, $L$ **below** 0.01.", "One line that falls & stays <low>."


def drawing() -> str:
    fig, (left, right) = plot.figure(ncols=2)
    plot.line(left, [0, 1, 2], [3, 2, 1], 2, "x₁ of y₁₂")
    plot.heatmap(right, np.eye(3))
    left.set(xlabel="epoch", ylabel="loss")
    svg = plot.show(fig, "fig-loss", caption=CAPTION, alt=ALT)
    assert svg is not None
    return svg


@pytest.fixture(scope="module")
def themed() -> str:
    return themed_svg(drawing(), "fig-loss", "The loss falls.", ALT)


def test_colours_are_variables_of_the_palette(themed: str) -> None:
    assert "var(--nn-s2)" in themed
    assert "var(--nn-seq5)" in themed
    assert not re.search(r"#[0-9a-f]{6}\b(?!\w)", re.sub(r"#fig-loss-\w+", "", themed))


def test_faces_and_sizes_are_left_to_the_page(themed: str) -> None:
    root = ET.fromstring(themed)
    assert "font-family" not in themed
    assert {"width", "height"}.isdisjoint(root.attrib)
    assert root.get("viewBox") == "0 0 460.8 259.2"
    assert "calc(14px*var(--nn-label-text,1))" in themed
    assert "calc(9.5px*var(--nn-figure-text,1))" in themed


def test_handwriting_is_marked_and_its_subscripts_are_lowered(themed: str) -> None:
    hand = [e for e in ET.fromstring(themed).iter() if e.get("class") == "nn-hand"]
    assert ["".join(e.itertext()) for e in hand] == ["epoch", "x1 of y12", "loss"]
    lowered = [(e.text, e.tail or "") for e in hand[1]]
    assert lowered == [("1", " of y"), ("12", "")]


def test_a_style_sheet_that_would_reach_the_whole_page_is_gone(themed: str) -> None:
    assert "<style" not in themed
    assert "<metadata" not in themed
    assert 'stroke-linejoin="round"' in themed


def test_the_drawing_says_what_it_is(themed: str) -> None:
    root = ET.fromstring(themed)
    names = {e.get("id"): e.text for e in root.iter()}
    assert root.get("role") == "img"
    assert [names[i] for i in (root.get("aria-labelledby") or "").split()] == ["The loss falls.", ALT]


def test_every_reference_meets_an_id_with_the_figures_name(themed: str) -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', themed))
    used = set(re.findall(r"url\(#([^)]+)\)", themed)) | set(re.findall(r'href="#([^"]+)"', themed))
    assert used
    assert used <= ids
    assert all(i.startswith("fig-loss-") for i in ids)
    other = themed_svg(drawing(), "fig-other", "T", "D")
    assert ids.isdisjoint(re.findall(r'\bid="([^"]+)"', other))


def test_the_same_drawing_gives_the_same_bytes(themed: str) -> None:
    assert themed == themed_svg(drawing(), "fig-loss", "The loss falls.", ALT)


def test_what_is_no_svg_is_refused() -> None:
    with pytest.raises(ValueError, match="fig-x"):
        themed_svg("<svg", "fig-x", "", "")
    with pytest.raises(ValueError, match="viewBox"):
        themed_svg("<p/>", "fig-x", "", "")


def notebook(*outputs: dict[str, Any]) -> str:
    """A notebook that was run elsewhere, with one cell that left `outputs`."""
    made = [nbformat.v4.new_output("display_data", data=data) for data in outputs]
    cells = [
        nbformat.v4.new_markdown_cell("# Page\n\nSee {numref}`fig-loss`."),
        nbformat.v4.new_code_cell("draw()", outputs=made, execution_count=1),
    ]
    language = {"language_info": {"name": "python", "pygments_lexer": "python"}}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=language))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("figures"), ["myst_nb", "nnfs.site.figures"])
    payload = {"svg": drawing(), "name": "fig-loss", "caption": CAPTION, "alt": ALT}
    project.write(
        "page.ipynb",
        notebook({FIGURE_MIME: payload}, *({m: {"secret": 1}} for m in (VALUE_MIME, CLAIM_MIME, CITE_MIME))),
    )
    project.write("index.md", "# Index\n\n{numref}`fig-loss` is on another page.\n\n```{toctree}\npage\n```\n")
    return project.build()


def test_a_cells_drawing_becomes_a_numbered_figure_that_other_pages_can_cite(built: Project) -> None:
    assert built.warnings == ""
    page = built.page("page.html")
    assert re.search(r'<figure class="nn-figure[^"]*" id="fig-loss">\s*<svg', page)
    assert 'href="page.html#fig-loss"><span class="std std-numref">Fig. 1' in built.page("index.html")


def test_the_caption_is_myst_and_its_plain_words_are_the_title(built: Project) -> None:
    page = built.page("page.html")
    assert "<strong>below</strong> 0.01." in page
    assert '<title id="fig-loss-title">The loss falls, L below 0.01.</title>' in page
    assert "One line that falls &amp; stays &lt;low&gt;.</desc>" in page


def test_what_only_the_build_reads_is_not_on_the_page(built: Project) -> None:
    assert "secret" not in built.page("page.html")


def test_two_figures_of_one_name_are_reported(tmp_path: Path) -> None:
    project = Project(tmp_path, ["myst_nb", "nnfs.site.figures"])
    payload = {"svg": drawing(), "name": "fig-loss", "caption": CAPTION, "alt": ALT}
    project.write("index.ipynb", notebook({FIGURE_MIME: payload}, {FIGURE_MIME: payload}))
    assert "fig-loss" in project.build().warnings
