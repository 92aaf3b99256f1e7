"""The `{interactive}` directive: a figure that comes alive, and that is complete before it does.

    ```{interactive} nn-playground
    :name: fig-playground
    :poster: fig-playground-poster
    :task: XOR
    What the figure shows, in MyST; it states the finding.
    ```

The page gets a numbered figure: inside the custom element the poster that a cell of the post drew
(`plot.poster`) and, folded, the numbers behind it; below, the caption. That is all there is on paper, in a feed
and without a script. Where scripts run, the element's code takes the poster's place, in a box of the same shape
(`:ratio: 4/3`, at least `:height: 34rem`, and `:ratio-narrow:` and `:height-narrow:` on phones), so that nothing
moves. `:trace: id` names a recording of the post (`nnfs.trace`); the element gets its address. So does `:model: id`,
which the element fetches when the reader asks for it. `:listing: FILE` brings the file's text along as `data-program`;
the poster of a program is what it printed (`claims.transcript`), and needs no table. Any other option reaches the
element as `data-…`. An element is known when `src/entries/` in the folder of the page's packages has a file of its
name.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from nnfs.plot import NAME
from nnfs.site import figures, pages, traces
from nnfs.site.values import filled, near, short
from nnfs.trace import TraceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)
SUMMARY = "Data of this figure"
RATIO = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*\Z")
HEIGHT = re.compile(r"\d+(\.\d+)?rem\Z")
OPTION = re.compile(r"[a-z][a-z0-9-]*\Z")  # what may follow data- in HTML


def known_tags(packages: Path) -> list[str]:
    """The elements there are: the entry files of the page's scripts, apart from the loader and the workers."""
    entries = (packages / "src" / "entries").glob("nn-*.ts")
    return sorted(path.stem for path in entries if "." not in path.stem)


def height(text: str) -> str:
    """A height in rem, "34rem": what grows with the reader's type, as controls do."""
    if not HEIGHT.match(text or ""):
        raise ValueError("a height is a number of rem, such as 34rem")
    return text


def ratio(text: str) -> str:
    """Width to height, "4/3"."""
    match = RATIO.match(text or "")
    if not match or not float(match[1]) or not float(match[2]):
        raise ValueError("a ratio is width/height, such as 4/3")
    return f"{match[1]}/{match[2]}"


RECORDED = ("trace", "model")  # options that name a recording
SHAPE = {"ratio": ratio, "ratio-narrow": ratio, "height": height, "height-narrow": height}


class _Options(dict):
    """An option_spec that has every name: what is not ours is the element's."""

    def __missing__(self, name: str) -> Callable[[str], str]:
        if not OPTION.match(name):
            raise KeyError(name)
        return lambda text: (text or "").strip()


class nn_live(nodes.General, nodes.Element):  # noqa: N801 (docutils nodes are lower-case)
    """The custom element. `tag`, `name` of its figure, `shape`, `data` and `traces`: what becomes its attributes.

    Children: poster and table (`table`: the trace's, for a poster without).
    """


class nn_data(nodes.General, nodes.Element):  # noqa: N801
    """The numbers behind a figure. `columns`, `rows`, `caption`; its child is the table for other builders."""


class nn_screen(nodes.General, nodes.Element):  # noqa: N801
    """A poster of text, what a program printed. `text`; its child is the same for other builders."""


class Interactive(SphinxDirective):
    """One interactive; see the top of the file. Whatever is missing is an error at the directive's line."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = _Options(name=directives.unchanged, poster=directives.unchanged, **SHAPE)

    def run(self) -> list[nodes.Node]:
        page, options = pages.of(self.env, self.env.current_document.docname), dict(self.options)
        name, poster = (options.pop(key, None) or "" for key in ("name", "poster"))
        tag, recorded = self.arguments[0], {key: options.pop(key) for key in RECORDED if key in options}
        if not NAME.match(name):
            raise self.error(f"{{interactive}} {tag} needs a :name: of 'fig-' and lower-case words joined by '-'")
        content = self.parse_content_to_nodes()
        if len(content) != 1 or not isinstance(content[0], nodes.paragraph):
            raise self.error(f"{{interactive}} {name} needs a caption of one paragraph that states the finding")
        caption = content[0]
        live = nn_live(tag=tag, name=name, traces={}, table=None)
        live["shape"] = {key: options.pop(key) for key in SHAPE if key in options}
        live["data"] = {f"data-{key}": text for key, text in options.items()}
        if listing := options.get("listing"):  # a file that the element needs as it stands
            within, path = self.env.relfn2path(listing)
            self.env.note_dependency(within)
            try:
                live["data"]["data-program"] = Path(path).read_text(encoding="utf-8")
            except OSError as wrong:
                raise self.error(f"{{interactive}} {name} cannot read {listing}: {wrong.strerror}") from wrong
        if not page.failed:  # of a page whose cells failed there is nothing to show, and the build has said so
            problems = [self.check_tag(page, tag)]
            problems += [self.take_trace(live, page, key, recorded[key]) for key in recorded]
            problems += [self.take_poster(live, page, poster, figures.spoken(caption))]
            for problem in filter(None, problems):
                LOGGER.error("{interactive} %s: %s", name, problem, location=self.get_location())
        return [figures.numbered(self.state.document, name, self.lineno, live, caption.children, "nn-interactive")]

    # Each of these returns what is wrong, or None.

    def check_tag(self, page: pages.Page, tag: str) -> str | None:
        known = known_tags(Path(self.env.srcdir, self.config.nnfs_interactive))
        if tag not in known:
            return f"no element {tag!r}; src/entries/ of the page's scripts has {', '.join(known) or 'none'}"
        page.tags.append(tag)
        return None

    def take_trace(self, live: nn_live, page: pages.Page, key: str, name: str) -> str | None:
        """Give the element the address of a recording, and the table that comes with its trace."""
        if name not in page.traces:
            hint = near(name, list(page.traces)) if page.traces else "no cell of this page records one"
            return f"no trace {name!r}; {hint} (Recorder(…, {name!r}, …).show())"
        header = page.traces[name]["header"]
        if header["kind"] != live["tag"]:
            return f"trace {name!r} was recorded for {header['kind']}"
        live["table"] = live["table"] or header["table"]
        try:
            live["traces"][key] = traces.complete(page, name, self.env.current_document.docname, live["name"])
        except TraceError as error:
            return str(error)
        return None

    def take_poster(self, live: nn_live, page: pages.Page, poster: str, caption: str) -> str | None:
        """Put the poster and the table into the element."""
        drawn = page.posters.get(poster)
        if drawn is None:
            hint = near(poster, list(page.posters)) if page.posters else "no cell of this page draws one"
            return f"no poster {poster!r}; {hint} (plot.poster(fig, name, alt=…), then :poster: name)"
        for key, text in drawn.get("shows", {}).items():
            if (given := live["data"].get(f"data-{key}")) != text:
                return f"poster {poster!r} shows {key} {text}, and :{key}: is {given or 'not given'}"
        if "text" in drawn:
            text = drawn["text"]
            live += nn_screen("", nodes.literal_block(text, text, language="text"), text=text)
            return None
        alt = filled(drawn["alt"], page, self.get_location())
        svg = figures.themed_svg(drawn["svg"], live["name"], caption, alt)
        live["shape"].setdefault("ratio", "/".join(re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0]))
        live += nodes.raw("", f'<div class="nn-poster">{svg}</div>', format="html")
        table = drawn["table"] or live["table"]
        if table is None:
            return f"poster {poster!r} has no table of its numbers (plot.poster(…, table=(columns, rows)))"
        live += data_table(caption=caption, **table)
        return None


def data_table(columns: list[str], rows: list[list[Any]], caption: str) -> nn_data:
    """The node for a table of published cells; other builders than HTML see a plain table."""
    shown = [[short(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(columns))
    for part, lines in ((nodes.thead(), [columns]), (nodes.tbody(), shown)):
        part += [nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in line)) for line in lines]
        group += part
    return nn_data("", nodes.table("", group), columns=columns, rows=shown, caption=caption)


# --- HTML ------------------------------------------------------------------------------------------------------------


def visit_live(self: Any, node: nn_live) -> None:
    style = ";".join(f"--nn-{key}:{value}" for key, value in node["shape"].items())
    attributes = {"id": f"{node['name']}-live", "style": style, **node["data"]}
    here = self.builder.get_target_uri(self.builder.current_docname)
    for key, file in node["traces"].items():
        attributes[f"data-{key}"] = relative_uri(here, f"{traces.FOLDER}/{file}")
    shown = "".join(f' {key}="{html.escape(text)}"' for key, text in attributes.items())
    self.body.append(f"<{node['tag']}{shown}>")


def depart_live(self: Any, node: nn_live) -> None:
    self.body.append(f"</{node['tag']}>\n")


def visit_screen(self: Any, node: nn_screen) -> None:
    self.body.append(f'<div class="nn-poster"><pre class="nn-screen">{html.escape(node["text"])}</pre></div>')
    raise nodes.SkipNode


def visit_data(self: Any, node: nn_data) -> None:
    """A fold with a table that scrolls inside itself; the first column names its row."""

    def cells(tags: list[str], line: list[str]) -> str:
        return (
            "<tr>"
            + "".join(f"<{t}>{html.escape(c)}</{t.split()[0]}>" for t, c in zip(tags, line, strict=True))
            + "</tr>"
        )

    more = len(node["columns"]) - 1
    head = cells(['th scope="col"'] * (more + 1), node["columns"])
    body = "".join(cells(['th scope="row"', *["td"] * more], row) for row in node["rows"])
    self.body.append(
        f'<details class="nn-data"><summary>{SUMMARY}</summary>'
        f'<div class="nn-table" role="group" tabindex="0" aria-label="{SUMMARY}"><table class="table">'
        f"<caption>{html.escape(node['caption'])}</caption><thead>{head}</thead><tbody>{body}</tbody>"
        "</table></div></details>"
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("interactive", Interactive)
    plain = (lambda self, node: None, lambda self, node: None)
    others: dict[str, Any] = {builder: plain for builder in ("latex", "text", "man", "texinfo")}
    app.add_node(nn_live, html=(visit_live, depart_live), **others)
    app.add_node(nn_data, html=(visit_data, lambda self, node: None), **others)
    app.add_node(nn_screen, html=(visit_screen, lambda self, node: None), **others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
