"""A Sphinx extension for tests of the bundler: `{toy} nn-a` puts an element with a poster on the page, and says so."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from nnfs.site import pages


class Toy(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        tag = self.arguments[0]
        pages.of(self.env, self.env.current_document.docname).tags.append(tag)
        poster = f'<div class="nn-poster">poster of {tag}</div>'
        figure = f'<figure class="nn-figure nn-interactive"><{tag} id="x">{poster}</{tag}></figure>'
        return [nodes.raw("", figure, format="html")]


def setup(app: Any) -> dict[str, Any]:
    pages.setup(app)
    app.add_config_value("nnfs_interactive", "interactive", "env", types=str)  # as nnfs.site.maths does
    app.add_directive("toy", Toy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
