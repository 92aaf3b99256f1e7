"""An interactive is a figure that is complete without its script, and a build error when something of it is missing."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import Site
from test_failures import assert_fails_twice, line_of

from nnfs import trace

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
TRACED = """
from nnfs import plot, trace
fig, ax = plot.figure()
plot.line(ax, [1, 2], [0.5, 0.25])
plot.poster(fig, "fig-traced-poster", alt="It falls.")
made = trace.Recorder("nn-toy", "falling", title="T", summary="It falls.", alt="A line.", seed=3, config={"a": "<b>"})
made.axis("epoch", 2).array("loss", [0.5, 0.25], ["epoch"], "u8").table(["epoch", "loss"], [[1, 0.5], [2, 0.25]])
made.claim("falls", "The trace falls", trace.part("loss", -1), "<", 0.3)
made.show()
"""
SHOWN = """```{interactive} nn-toy
:name: fig-traced
:poster: fig-traced-poster
:trace: falling
It falls.
```

```{claims}
```
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
    site.write("posts/02-two.md", site.post(2, "Two", TRACED) + SHOWN)
    return site


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, executed_cells: Path) -> Site:
    root = tmp_path_factory.mktemp("interactive")
    shutil.copytree(executed_cells, root / ".cache")
    site = with_interactive(root)
    done = site.build(**POSTERS)
    assert (done.status, sorted(done.ran)) == (0, ["01-one", "02-two"]), done.output
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
    assert "interactive.css" not in built.read("_build/html/index.html")


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


def test_a_program_brings_its_text_and_what_it_printed(another):
    another.write("posts/listings/toy.bas", '10 PRINT "A<B"\n20 REM & END\n')
    cell = 'from nnfs.claims import transcript\ntranscript("A<B  \\n&\\n\\n", "fig-toy-poster")\nvalue("x", 1.5)\n'
    another.edit("posts/01-one.md", CELL, "\nfrom nnfs.claims import value\n" + cell)
    another.edit("posts/01-one.md", ":ratio: 4 / 3\n", ":listing: listings/toy.bas\n")
    assert another.build(**POSTERS).status == 0
    shown = another.page("01-one")
    assert '<div class="nn-poster"><pre class="nn-screen">A&lt;B\n&amp;</pre></div></nn-toy>' in shown
    assert 'data-program="10 PRINT &quot;A&lt;B&quot;\n20 REM &amp; END\n"' in shown
    another.edit("posts/listings/toy.bas", "END", "FINISH")
    assert another.build(**POSTERS).status == 0
    assert "20 REM &amp; FINISH" in another.page("01-one")
    (another.root / "posts/listings/toy.bas").unlink()
    assert_fails_twice(another, "{interactive} fig-toy cannot read listings/toy.bas")


def test_a_name_is_given_once(another):
    text = another.read("posts/01-one.md")
    another.write("posts/01-one.md", text + text[text.index("```{interactive}") :])
    assert_fails_twice(another, "fig-toy", "posts/01-one.md")


def test_what_comes_alive_is_what_the_poster_shows(another):
    another.edit("posts/01-one.md", "table=([", 'shows={"start-at": 7}, table=([')
    assert another.build(**POSTERS).status == 0
    another.edit("posts/01-one.md", ":start-at: 7", ":start-at: 8")
    assert_fails_twice(another, "poster 'fig-toy-poster' shows start-at 7, and :start-at: is 8")
    another.edit("posts/01-one.md", ":start-at: 8\n", "")
    assert_fails_twice(another, "poster 'fig-toy-poster' shows start-at 7, and :start-at: is not given")


def test_a_poster_is_drawn_once_and_needs_its_table(another):
    again = "plot.poster(fig, 'fig-toy-poster', alt='Again.')\nvalue("
    another.edit("posts/01-one.md", "value(", again)
    assert_fails_twice(another, "poster 'fig-toy-poster' is made in cell 1 and again in cell 1")
    another.edit("posts/01-one.md", again, "value(")
    another.edit("posts/01-one.md", ', table=(["epoch", "loss <u>"], rows)', "")
    assert_fails_twice(another, "poster 'fig-toy-poster' has no table of its numbers")


def test_of_a_page_whose_cells_failed_nothing_else_is_reported(another):
    another.edit("posts/01-one.md", "from nnfs import plot", "1 / 0")
    said = assert_fails_twice(another, "ZeroDivisionError")
    assert "{interactive}" not in said
    assert "fig-toy" not in said


# --- traces ----------------------------------------------------------------------------------------------------------


def data_files(site: Site) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (site.root / "_build/html/_static/data").iterdir()}


def test_a_trace_is_two_files_named_by_their_content_and_an_entry_in_the_manifest(built):
    files = data_files(built)
    name = json.loads(files["manifest.json"])["falling"]
    assert set(files) == {"manifest.json", name, name.replace(".json", ".bin")}
    assert name == f"falling.{hashlib.sha256(files[name]).hexdigest()[:12]}.json"
    read = trace.load(built.root / "_build/html/_static/data" / name)
    assert np.abs(read.arrays["loss"] - [0.5, 0.25]).max() <= read.header["arrays"]["loss"]["max_abs_error"]


def test_the_header_says_which_cell_made_it_and_which_figure_stands_in_for_it(built):
    header = trace.load(next((built.root / "_build/html/_static/data").glob("falling.*.json"))).header
    made_by = header["made_by"]
    assert (made_by["post"], made_by["cell"], made_by["seed"]) == ("posts/02-two", 1, 3)
    assert made_by["command"] == "nnfs build --fresh 02"
    assert made_by["digest"] in built.page("02-two")
    assert header["poster"] == "posts/02-two.html#fig-traced"


def test_the_element_gets_the_traces_address_and_the_figure_its_table(built):
    page = built.page("02-two")
    name = json.loads(data_files(built)["manifest.json"])["falling"]
    assert f'data-trace="../_static/data/{name}"' in page
    assert '<tr><th scope="row">2</th><td>0.25</td></tr>' in page


def test_a_recording_that_is_fetched_on_a_click_has_an_address_of_its_own(another):
    large = """large = trace.Recorder("nn-toy", "large", title="T", summary="S.", alt="A.", seed=0)
large.axis("i", 70_000).array("x", np.random.default_rng(0).normal(size=70_000), ["i"], "i8").show(trace.MAX_MODEL)
"""
    another.edit("posts/02-two.md", "made.show()", "made.show()\nimport numpy as np\n" + large)
    another.edit("posts/02-two.md", ":trace: falling\n", ":trace: falling\n:model: large\n")
    assert another.build(**POSTERS).status == 0
    names = json.loads(data_files(another)["manifest.json"])
    for option, name in (("trace", "falling"), ("model", "large")):
        assert f'data-{option}="../_static/data/{names[name]}"' in another.page("02-two")
    assert '<tr><th scope="row">2</th><td>0.25</td></tr>' in another.page("02-two"), "the table is the trace's"


def test_what_a_trace_claims_is_a_claim_of_the_page(built):
    assert re.search(r"The trace falls\. .*measured: 0\.25; wanted: below 0\.3", built.page("02-two"))


def test_a_page_from_the_store_has_the_same_traces(another, built):
    assert another.build(**POSTERS).ran == []
    assert data_files(another) == data_files(built)


def test_a_rebuild_keeps_the_traces_and_drops_those_of_yesterday(another):
    assert another.build(**POSTERS).status == 0
    before = data_files(another)
    another.edit("posts/01-one.md", "Some words.", "Other words.")
    assert another.build(**POSTERS).status == 0
    assert data_files(another) == before
    another.edit("posts/02-two.md", '"falling", title="T"', '"falling", title="U"')
    assert another.build(**POSTERS).ran == ["02-two"]
    after = data_files(another)
    assert set(after) & set(before) == {"manifest.json"}
    assert json.loads(after["manifest.json"])["falling"] in another.page("02-two")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (":trace: falling", ":trace: fallin", "no trace 'fallin'; did you mean 'falling'"),
        (":trace: falling", ":trace: falling\n:model: felling", "no trace 'felling'; did you mean 'falling'"),
        (":trace: falling\n", "", "trace 'falling' (cell 1) is shown by no {interactive}"),
        ("made.show()", "made.header['extra'] = 1; made.show()", "'extra' was unexpected"),
        ("made.show()", "made.header['claims'][0]['value'] = 0.1; made.show()", "'The trace falls' is false"),
        ("made.show()", "made.show(); made.show()", "trace 'falling' is made in cell 1 and again in cell 1"),
        ('"nn-toy", "falling"', '"nn-other", "falling"', "trace 'falling' was recorded for nn-other"),
    ],
)
def test_a_trace_that_is_not_sound_is_an_error(another, old, new, complaint):
    another.edit("posts/02-two.md", old, new)
    assert_fails_twice(another, complaint, "posts/02-two.md")


def test_two_pages_may_not_record_one_trace(another):
    another.write("posts/01-one.md", another.post(1, "One", TRACED) + SHOWN.replace("fig-traced\n", "fig-other\n"))
    (another.root / "posts/values/01-one.json").unlink()
    assert_fails_twice(another, "trace 'falling' is also the name of one in posts/01-one")
