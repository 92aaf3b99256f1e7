"""An interactive is a figure that is complete without its script, and a build error when something of it is missing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import Site
from test_failures import assert_fails_twice, line_of

CELL = """
from nnfs import plot
from nnfs.claims import value
fig, ax = plot.figure()
plot.line(ax, [1, 2, 3], [0.5, 0.25, 0.125], label="loss <b>")
ax.set(xlabel="epoch", ylabel="loss")
rows = [[1, 0.5], [2, 0.25], ["3 <i>&", 0.123456789]]
plot.poster(fig, "fig-toy-poster", alt="The loss <halves>.", table=(["epoch", "loss <u>"], rows))
value("x", 1.5)
"""
DIRECTIVE = """{numref}`fig-toy` shows it.

```{interactive} nn-toy
:name: fig-toy
:poster: fig-toy-poster
:ratio: 4 / 3
:task: XOR "quoted" <script>
:start-at: 7
The loss *halves*, from {val}`x:.1f` on.
```
"""
POSTERS = {"NNFS_INTERACTIVE": "posters"}  # no scripts are needed here


def with_interactive(root: Path) -> Site:
    """A site whose first post has one interactive of a made-up element."""
    site = Site(root)
    site.write("interactive/src/entries/nn-toy.ts", "export {};\n")
    site.write("interactive/src/entries/loader.ts", "export {};\n")
    site.write("interactive/src/entries/nn-other.worker.ts", "export {};\n")
    site.write("posts/01-one.md", site.post(1, "One", CELL) + DIRECTIVE)
    return site


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, executed_cells: Path) -> Site:
    root = tmp_path_factory.mktemp("interactive")
    shutil.copytree(executed_cells, root / ".cache")
    site = with_interactive(root)
    done = site.build(**POSTERS)
    assert (done.status, done.ran) == (0, ["01-one"]), done.output
    return site


@pytest.fixture(scope="module")
def html(built: Site) -> str:
    return built.page("01-one")


@pytest.fixture
def another(tmp_path: Path, built: Site) -> Site:
    """The same site on another machine that shares the store: nothing has to run."""
    shutil.copytree(built.root / ".cache", tmp_path / ".cache")
    return with_interactive(tmp_path)


def test_the_figure_holds_the_element_and_the_element_the_poster_and_the_numbers(html):
    assert re.search(
        r'<figure class="nn-figure nn-interactive[^"]*" id="fig-toy">\s*<nn-toy id="fig-toy-live"[^>]*>'
        r'<div class="nn-poster"><svg .*?</svg></div><details class="nn-data">.*?</details></nn-toy>\s*<figcaption>',
        html,
        re.S,
    )


def test_it_is_numbered_and_cited_like_any_figure(html):
    assert '<span class="caption-number">Fig. 1 </span>' in html
    assert '<a class="reference internal" href="#fig-toy"><span class="std std-numref">Fig. 1</span></a>' in html
    assert "The loss <em>halves</em>, from" in html


def test_the_poster_follows_the_palette_and_its_ids_are_the_figures(html):
    svg = re.search(r"<svg .*?</svg>", html, re.S)[0]
    assert "var(--nn-s1)" in svg
    assert '<title id="fig-toy-title">The loss halves, from 1.5' in svg
    assert '<desc id="fig-toy-desc">The loss &lt;halves&gt;.</desc>' in svg
    assert all(name.startswith("fig-toy-") for name in re.findall(r'\bid="([^"]+)"', svg))


def test_options_reach_the_element_as_text(html):
    tag = re.search(r"<nn-toy [^>]*>", html)[0]
    assert 'data-task="XOR &quot;quoted&quot; &lt;script&gt;"' in tag
    assert 'data-start-at="7"' in tag
    assert 'style="--nn-ratio:4/3"' in tag


def test_the_numbers_are_a_table_with_heads_and_nothing_in_it_is_markup(html):
    table = re.search(r"<table.*?</table>", html, re.S)[0]
    assert "<caption>The loss halves, from 1.5" in table
    assert '<div class="nn-table" role="group" tabindex="0" aria-label="Data of this figure"><table' in html
    assert '<thead><tr><th scope="col">epoch</th><th scope="col">loss &lt;u&gt;</th></tr></thead>' in table
    assert '<tr><th scope="row">3 &lt;i&gt;&amp;</th><td>0.123457</td></tr>' in table
    assert "loss <b>" not in html
    assert "<script>" not in table


def test_a_page_from_the_store_has_its_poster_too(another, html):
    assert another.build(**POSTERS).ran == []
    figure = r'<figure class="nn-figure.*?</figure>'
    assert re.search(figure, another.page("01-one"), re.S)[0] == re.search(figure, html, re.S)[0]


def test_only_pages_with_an_interactive_link_its_style(built, html):
    assert "interactive.css" in html
    assert "interactive.css" not in built.page("02-two")


def test_without_a_ratio_the_box_has_the_posters_shape(another):
    another.edit("posts/01-one.md", ":ratio: 4 / 3", ":ratio-narrow: 3/5\n:height: 30.5rem")
    assert another.build(**POSTERS).status == 0
    assert 'style="--nn-ratio-narrow:3/5;--nn-height:30.5rem;--nn-ratio:460.8/259.2"' in another.page("01-one")


def test_other_builders_get_caption_and_table(another):
    out = another.root / "_build" / "text"
    assert another.sphinx(["-q", "-b", "text", str(another.root), str(out)], **POSTERS).status == 0
    text = (out / "posts/01-one.txt").read_text()
    assert "The loss *halves*, from 1.5 on." in text
    assert re.search(r"\| 2 +\| 0\.25 +\|", text)
    assert "nn-toy" not in text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("} nn-toy", "} nn-tory", "no element 'nn-tory'; src/entries/ of the page's scripts has nn-toy\n"),
        (":poster: fig-toy-poster", ":poster: fig-toy-poser", "did you mean 'fig-toy-poster'"),
        (":poster: fig-toy-poster\n", "", "no poster ''"),
        (":name: fig-toy\n", "", "needs a :name:"),
        (":name: fig-toy\n", ":name: Toy!\n", "needs a :name:"),
        ("The loss *halves*, from {val}`x:.1f` on.\n", "", "needs a caption"),
        (":ratio: 4 / 3", ":ratio: 4:3", "such as 4/3"),
        (":ratio: 4 / 3", ":height: 300px", "such as 34rem"),
        (":start-at: 7", ":on click: 7", "Unknown option key: 'on click'"),
    ],
)
def test_what_is_missing_is_an_error_with_its_line(another, old, new, complaint):
    another.edit("posts/01-one.md", old, new)
    said = assert_fails_twice(another, complaint)
    line = line_of(another, "posts/01-one.md", "{interactive}")
    assert re.search(rf"posts/01-one\.md:({'|'.join(str(line + i) for i in range(6))}): ", said)


def test_a_name_is_given_once(another):
    text = another.read("posts/01-one.md")
    another.write("posts/01-one.md", text + text[text.index("```{interactive}") :])
    assert_fails_twice(another, "fig-toy", "posts/01-one.md")


def test_a_poster_is_drawn_once_and_needs_its_table(another):
    again = "plot.poster(fig, 'fig-toy-poster', alt='Again.')\nvalue("
    another.edit("posts/01-one.md", "value(", again)
    assert_fails_twice(another, "poster 'fig-toy-poster' is drawn in cell 1 and again in cell 1")
    another.edit("posts/01-one.md", again, "value(")
    another.edit("posts/01-one.md", ', table=(["epoch", "loss <u>"], rows)', "")
    assert_fails_twice(another, "poster 'fig-toy-poster' has no table of its numbers")


def test_of_a_page_whose_cells_failed_nothing_else_is_reported(another):
    another.edit("posts/01-one.md", "from nnfs import plot", "1 / 0")
    said = assert_fails_twice(another, "ZeroDivisionError")
    assert "{interactive}" not in said
    assert "fig-toy" not in said
