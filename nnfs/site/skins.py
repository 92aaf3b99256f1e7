"""Sections in a skin of their own, and parts of pages in every skin side by side.

A skin is a set of CSS variables (`_static/palette.css`) on whatever element carries `data-skin`: the whole page, by the
reader's choice (`templates/before-paint.js`, `_static/frame.js`), or a part of it. Nothing is executed or rendered
again for it.

    ## Whom to blame

    ```{section}
    :skin: theorem
    ```

    ```{skin-compare}
    posts/02-simpler-than-you-think#whom-to-blame
    #fig-four-by-four
    ```

A comparison shows what already stands on a page: sections, figures, cells, by their ids. Each is rendered once, as that
page renders it, and the HTML is copied into four boards. A page with comparisons is read again when a page is that it
shows.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

LOGGER = logging.getLogger(__name__)
SKINS = ("chalkboard", "theorem")
MODES = ("light", "dark")


class Section(SphinxDirective):
    """Says how the section that it stands in is shown. `skin`: chalkboard or theorem, in the reader's mode."""

    option_spec: ClassVar[dict[str, Any]] = {"skin": lambda text: directives.choice(text, SKINS)}

    def run(self) -> list[nodes.Node]:
        if "skin" not in self.options:
            raise self.error(f"{{section}} needs `:skin:`, one of {', '.join(SKINS)}")
        section = self.state_machine.node
        if not isinstance(section, nodes.section) or not isinstance(section.parent, nodes.section):
            raise self.error("{section} stands below a heading of the second level or lower, outside other directives")
        section["nnfs_skin"] = self.options["skin"]
        return []


class nn_section(nodes.section):  # noqa: N801 (docutils nodes are lower-case)
    """A section with `data-skin`; made after everything that looks for sections has run."""


def dress(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for section in list(doctree.findall(nodes.section)):
        if "nnfs_skin" in section:
            dressed = nn_section("", *section.children, **section.attributes)
            section.replace_self(dressed)


def _visit(self: Any, node: nn_section) -> None:
    self.visit_section(node)
    self.body[-1] = self.body[-1].replace("<section", f'<section data-skin="{node["nnfs_skin"]}"', 1)


def _depart(self: Any, node: nn_section) -> None:
    self.depart_section(node)


def _visit_plain(self: Any, node: nn_section) -> None:
    self.visit_section(node)


# --- Comparisons -------------------------------------------------------------------------------------------


class nn_compare(nodes.General, nodes.Element):  # noqa: N801
    """Where a comparison goes. `parts`: (document name, id) of each."""


class Compare(SphinxDirective):
    """Parts of pages in all skins and modes; one `page#id` a line, `#id` for this page.

    cell: show the whole cell that a part came from, code and all (a cell's own number moves with the post).
    """

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"cell": directives.flag}

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        parts = []
        for line in filter(None, map(str.strip, self.content)):
            docname, mark, target = line.partition("#")
            docname = docname or self.env.current_document.docname
            if not mark or docname not in self.env.found_docs:
                raise self.error(f"{{skin-compare}}: {line!r} is no page#id; the page is a document name or empty")
            self.env.note_dependency(self.env.doc2path(docname))
            parts.append((docname, target))
        node = nn_compare(parts=parts, cell="cell" in self.options)
        self.set_source_info(node)
        return [node]


def read_with(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Read a page again with the pages that it shows: their numbers may move without a change of their text."""
    read = {str(env.doc2path(docname)) for docname in docnames}
    for docname, files in env.dependencies.items():
        if docname not in docnames and docname in env.found_docs and read & set(map(str, files)):
            docnames.append(docname)


def render(translator: Any, docname: str, target: str, cell: bool) -> tuple[str, int] | None:
    """The HTML of the element `target` of a page, as that page has it; how many sections precede it. None: no such."""
    builder = translator.builder
    doctree = builder.env.get_and_resolve_doctree(docname, builder, tags=builder.tags)
    found = next((n for n in doctree.findall(nodes.Element) if target in n.get("ids", ())), None)
    if found is None:
        return None
    if cell:
        while found.get("nb_element") != "cell_code":
            if not isinstance(found.parent, nodes.Element):
                return None
            found = found.parent
    for inner in list(found.findall(nn_compare)):  # a part may hold a comparison, even the one that shows it
        inner.replace_self([])
    above = []  # the sections around it, which decide the level of its headings
    place: Any = found.parent
    while place is not None:
        above += [place] if isinstance(place, nodes.section) else []
        place = place.parent
    doctree.settings = builder.docsettings
    writer = builder.create_translator(doctree, builder)
    writer.section_level = len(above)
    numbers, builder.fignumbers = builder.fignumbers, builder.env.toc_fignumbers.get(docname, {})
    try:
        found.walkabout(writer)
    finally:
        builder.fignumbers = numbers
    sections = [n for n in found.parent.children[: found.parent.index(found)] if isinstance(n, nodes.section)]
    return "".join(writer.body), len(sections)


OWN = re.compile(r'\b(id|for|headers|aria-(?:labelledby|describedby|controls|details))="([^"]*)"')
LINK = re.compile(r'\b((?:xlink:)?href|data-[\w-]+)="((?:\.\./|#)[^"]*|[\w./-]+\.html(?:#[^"]*)?)"')


def copy(html: str, suffix: str, elsewhere: Callable[[str], str]) -> str:
    """`html` with ids of its own. Links to what it holds stay inside; `elsewhere` says where the others lead."""
    ids = set(re.findall(r'\bid="([^"]*)"', html))

    def own(match: re.Match[str]) -> str:
        names = (name + suffix if name in ids else name for name in match[2].split())
        return f'{match[1]}="{" ".join(names)}"'

    def link(match: re.Match[str]) -> str:
        inside = match[2][:1] == "#" and match[2][1:] in ids
        return f'{match[1]}="{match[2] + suffix if inside else elsewhere(match[2])}"'

    html = LINK.sub(link, OWN.sub(own, html))
    return re.sub(r"url\(#([^)]*)\)", rf"url(#\1{suffix})", html)


def still(html: str) -> str:
    """Without permalinks; folds open; elements of the page's scripts as their posters."""
    html = re.sub(r'<a class="headerlink".*?</a>', "", html, flags=re.S)
    html = re.sub(r"<details(?! open)", "<details open", html)
    return re.sub(r"<(/?)nn-[\w-]+", r"<\1div", html)


def _visit_compare(self: Any, node: nn_compare) -> None:
    builder = self.builder
    here = builder.get_target_uri(builder.current_docname)
    for docname, target in node["parts"]:
        number = self.nnfs_compared = getattr(self, "nnfs_compared", 0) + 1  # one translator a page
        rendered = render(self, docname, target, node["cell"])
        if rendered is None:
            what = "no cell around" if node["cell"] else "nothing with"
            LOGGER.error("{skin-compare}: %s has %s the id %r", docname, what, target, location=node)
            continue
        there = builder.get_target_uri(docname)

        def elsewhere(address: str, there: str = there) -> str:
            path, mark, fragment = address.partition("#")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(there), path)) if path else there
            return relative_uri(here, path) + mark + fragment

        html, before = still(rendered[0]), rendered[1]
        self.body.append(
            '<div class="nn-compare full-width" tabindex="0" role="group" aria-label="The same in four variants">\n'
        )
        for mode, skin in itertools.product(MODES, SKINS):
            suffix = f"-{number}-{skin}-{mode}"
            self.body.append(
                f'<div data-skin="{skin}" data-mode="{mode}" style="counter-reset:nn-h2 {before}">'
                f'<p class="nn-variant">{skin}, {mode}</p>\n{copy(html, suffix, elsewhere)}</div>\n'
            )
        self.body.append("</div>\n")
    raise nodes.SkipNode


def _skip(self: Any, node: nn_compare) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("section", Section)
    app.add_directive("skin-compare", Compare)
    app.add_node(nn_compare, html=(_visit_compare, None), text=(_skip, None))
    app.connect("env-before-read-docs", read_with)
    app.add_node(nn_section, html=(_visit, _depart), text=(_visit_plain, _depart))
    app.connect("doctree-resolved", dress, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
