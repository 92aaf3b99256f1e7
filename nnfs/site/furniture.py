"""What stands around a post's text: its header, the anchors of its cells, where its numbers come from, the series list.

All of it is derived: the header from the front matter, the reading time from the words, the provenance from the
page's key and the records it cites.
"""

from __future__ import annotations

import contextlib
import html
import math
import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from nnfs.errors import UserError
from nnfs.site import pages, values

LOGGER = logging.getLogger(__name__)
WORDS_A_MINUTE = 220
SECONDS_A_CELL = 20  # looking at a cell and what it printed


def front_matter(path: Path) -> dict[str, Any]:
    """The YAML block at the top of a Markdown file, {} if there is none.

    Raises UserError, naming the file, if the block is not a mapping or not YAML.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return {}
    try:
        stop = lines.index("---", 1)
        found = yaml.safe_load("\n".join(lines[1:stop]))
    except (ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path.name}: the front matter is not valid YAML: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{path.name}: the front matter must be a mapping of names to values")
    return found


def posts(srcdir: Path) -> list[tuple[str, dict[str, Any]]]:
    """(document name, front matter) of all posts of the series, in order of `part`; unreadable ones are left out."""
    found = []
    for path in (srcdir / "posts").glob("*.md"):
        with contextlib.suppress(UserError, OSError):  # reading the page itself reports it
            matter = front_matter(path)
            if isinstance(matter.get("part"), int):
                found.append((path.relative_to(srcdir).with_suffix("").as_posix(), matter))
    return sorted(found, key=lambda item: item[1]["part"])


def minutes_to_read(doctree: nodes.document) -> int:
    """Reading time in minutes, from words of prose and number of cells; folded code is not read."""
    words = sum(len(p.astext().split()) for p in doctree.findall(nodes.paragraph))
    cells = sum(1 for c in doctree.findall(nodes.container) if c.get("nb_element") == "cell_code")
    return max(1, math.ceil(words / WORDS_A_MINUTE + cells * SECONDS_A_CELL / 60))


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def header(matter: dict[str, Any], minutes: int, author: str) -> list[nodes.Node]:
    """Part, promise, what you need and what you will have; who, when, how long."""
    esc = {key: html.escape(str(matter.get(key, ""))) for key in ("promise", "needs", "gives", "published", "updated")}
    by = html.escape(str(matter.get("author", author)))
    dates = (
        f"first published {esc['published']}" if esc["published"] else html.escape(str(matter.get("status", "draft")))
    )
    if esc["updated"] and esc["updated"] != esc["published"]:
        dates += f", last changed {esc['updated']}"
    rows = "".join(
        f"<div><dt>{label}</dt><dd>{esc[key]}</dd></div>"
        for key, label in (("needs", "You need"), ("gives", "You will have"))
    )
    return [
        raw(
            f'<div class="nn-header"><p class="nn-part">Part {matter["part"]} · Neural Nets from Scratch</p>'
            f'<p class="nn-promise">{esc["promise"]}</p><dl class="nn-needs">{rows}</dl>'
            f'<p class="nn-byline">By {by}, {dates}. {minutes} min.</p></div>'
        )
    ]


def provenance(page: pages.Page, docname: str, srcdir: Path) -> nodes.Node:
    """The last lines of a page: how its numbers were made, and the command that makes them again."""
    again = f"nnfs build --fresh {pages.short_name(docname)}"
    lines = [
        f"The numbers on this page were computed by its own cells, {page.cells_run} in all, when it was built "
        f"(digest <code>{page.key}</code>). Build it again with <code>{again}</code>."
    ]
    if page.cites:
        groups: dict[tuple[str, str], int] = {}
        for record, digest in sorted(page.cites.items()):
            group = (record.split("/")[0], values.record_state(srcdir, record, digest))
            groups[group] = groups.get(group, 0) + 1
        shown = ", ".join(
            f"{count} of <code>{name}</code> ({html.escape(state)})" for (name, state), count in groups.items()
        )
        lines.append(f"It also reads run records: {shown}.")
    return raw('<aside class="nn-provenance"><p>' + " ".join(lines) + "</p></aside>")


WORDY = 32  # characters in a cell of a table, from which on its columns keep room for words on a phone

# What a line should not break: 2-4-1, GPT-2's, 120 + 35, Cell 27, 31 min
TOGETHER = re.compile(
    r"\b[A-Za-z0-9]+(?:-\d+)+(?:[’']s)?|\d+ [+×] \d+(?: = \d+)?|"
    r"\b(?:Cell|Part|Parts|Figure|Table|Listing|Chapter|lecture) \d+|\b\d[\d,.]* (?:min|MB|KB|px|ms|PFLOP)\b"
)


def keep_together(doctree: nodes.document) -> None:
    """Wrap in running text what a line should not break."""
    for text in list(doctree.findall(nodes.Text)):
        parent = text.parent
        if not isinstance(parent, (nodes.paragraph, nodes.emphasis, nodes.strong, nodes.caption)):
            continue
        pieces: list[nodes.Node] = []
        at, words = 0, text.astext()
        for found in TOGETHER.finditer(words):
            pieces += [nodes.Text(words[at : found.start()])] if found.start() > at else []
            pieces.append(nodes.inline("", found[0], classes=["nn-together"]))
            at = found.end()
        if pieces:
            parent.replace(text, [*pieces, *([nodes.Text(words[at:])] if at < len(words) else [])])


def furnish(app: Sphinx, doctree: nodes.document) -> None:
    """Number and anchor the cells, drop cells that show nothing, add header and provenance."""
    env, docname = app.env, app.env.current_document.docname
    page = pages.of(env, docname)
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        anchor = f"cell-{cell['exec_count']}"
        if any(child.children for child in cell.children):
            cell["ids"].append(anchor)
        else:  # a hidden cell that only spoke to the build still needs a place to link to
            cell.replace_self(raw(f'<span id="{anchor}"></span>'))
    for note in list(doctree.findall(nodes.sidebar)):  # stays with the paragraph before it, and begins beside it
        if "margin" in note["classes"] and (home := note.parent) is not None:
            place = home.index(note)
            if place and isinstance(home[place - 1], nodes.paragraph):
                home[place - 1 : place + 1] = [nodes.container("", home[place - 1], note, classes=["nn-noted"])]
    for table in doctree.findall(nodes.table):
        if any(len(entry.astext()) > WORDY for entry in table.findall(nodes.entry)):
            table["classes"].append("nn-words")
    keep_together(doctree)
    if page.failed:
        return
    matter = front_matter(Path(env.doc2path(docname)))
    title = next(iter(doctree.findall(nodes.title)), None)
    if "part" in matter and title is not None and title.parent is not None:
        place = title.parent.index(title) + 1
        title.parent[place:place] = header(matter, minutes_to_read(doctree), app.config.author)
    if page.key:
        section = next(iter(doctree.findall(nodes.section)), doctree)
        section += provenance(page, docname, Path(app.srcdir))


def check_front_matter(app: Sphinx, docname: str, source: list[str]) -> None:
    """A page whose front matter cannot be read is reported and read as an empty page."""
    try:
        front_matter(Path(app.env.doc2path(docname)))
    except UserError as error:
        LOGGER.error("%s", error, location=(docname, 1))
        pages.of(app.env, docname).failed = True
        source[0] = f"# {docname}\n"


class Series(SphinxDirective):
    """All parts of the series with promise and status; the index page is this list and a greeting."""

    def run(self) -> list[nodes.Node]:
        srcdir = Path(self.env.srcdir)
        self.env.note_reread()  # another post's front matter is part of this page
        listing = nodes.enumerated_list(classes=["nn-series"])
        for docname, matter in posts(srcdir):
            link = nodes.reference("", str(matter["title"]), refuri="", internal=True)
            link["refuri"] = docname + ".html" if "/" not in self.env.current_document.docname else f"../{docname}.html"
            status = str(matter.get("status", "draft"))
            entry = nodes.list_item("", nodes.paragraph("", "", link))
            entry[0] += nodes.inline("", f" {status}", classes=["nn-status", f"nn-{status}"])
            entry += nodes.paragraph("", str(matter.get("promise", "")))
            listing += entry
        written = {matter["part"] for _, matter in posts(srcdir)}
        for title, promise in (entry for part, entry in PLANNED.items() if part not in written):
            entry = nodes.list_item("", nodes.paragraph("", title))
            entry[0] += nodes.inline("", " planned", classes=["nn-status", "nn-planned"])
            entry += nodes.paragraph("", promise)
            listing += entry
        return [listing]


# Title and question of each part as the narrative plan has them, shown until its post is there.
PLANNED = {
    3: ("A Tour of Karpathy's Tutorials", "From counting letters to a small chat model, and what each step adds."),
    4: ("Building a Mixture-of-Experts Model", "Many experts, one router: who decides, and do they specialise?"),
    5: ("Adding “Thinking”", "Pauses, loops and halting: does a small model use the extra time?"),
    6: ("Toolformer and the Economics of Tool Use", "When should a model call a calculator, and what is a call worth?"),
    7: ("The Dream State", "An adversary looks for the questions where tool and model disagree."),
}


def continue_numbering(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give Sphinx back the numbers it assigned, so that it sees which ones really changed."""
    env.toc_fignumbers = getattr(env, "nnfs_fignumbers", env.toc_fignumbers)
    return []


def number_per_page(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Figure 1 is the first figure of each post; Sphinx counts through the whole series."""
    env.nnfs_fignumbers = env.toc_fignumbers  # type: ignore[attr-defined]
    env.toc_fignumbers = {
        docname: {
            kind: {name: (rank,) for rank, name in enumerate(sorted(numbers, key=numbers.__getitem__), 1)}
            for kind, numbers in kinds.items()
        }
        for docname, kinds in env.toc_fignumbers.items()
    }
    return []


def copy_cell_styles(app: Sphinx) -> None:
    """MyST-NB copies its style sheet after the pages are written; their `?v=` checksums need it before."""
    from myst_nb.sphinx_ext import add_global_html_resources

    Path(app.outdir, "_static").mkdir(parents=True, exist_ok=True)  # of a first build
    add_global_html_resources(app, None)


def setup(app: Sphinx) -> None:
    app.add_directive("series", Series)
    app.connect("builder-inited", copy_cell_styles)
    app.connect("source-read", check_front_matter)
    app.connect("env-get-updated", continue_numbering, priority=100)
    app.connect("env-get-updated", number_per_page, priority=900)
    app.connect("doctree-read", furnish, priority=600)
