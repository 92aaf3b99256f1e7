"""Sections in a skin of their own.

A skin is a set of CSS variables (`_static/palette.css`) on whatever element carries `data-skin`: the whole page, by the
reader's choice (`templates/before-paint.js`, `_static/frame.js`), or a part of it. Nothing is executed or rendered
again for it.

    ## Whom to blame

    ```{section}
    :skin: theorem
    ```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SKINS = ("chalkboard", "theorem")


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


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("section", Section)
    app.add_node(nn_section, html=(_visit, _depart), text=(_visit_plain, _depart))
    app.connect("doctree-resolved", dress, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
