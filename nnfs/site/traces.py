"""Traces on their way from a cell to the page: completed, checked, written.

A cell publishes a trace (`nnfs.trace.Recorder.show`), an `{interactive}` shows it (`interactive.py`), and then it is
completed with what only the build knows: post, cell, digest and poster. When all pages are read, the files of all
traces go to `_static/data/` with a manifest, and nothing else stays there. A trace that no interactive shows has no
poster, which is an error.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.util import logging

from nnfs import trace
from nnfs.site import assets, pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

LOGGER = logging.getLogger(__name__)
FOLDER = "_static/data"


def complete(page: pages.Page, name: str, docname: str, figure: str) -> str:
    """The file name of the page's trace `name`, which the figure `figure` shows. Raises TraceError if it is not sound.

    A trace that two figures show names the first of them as its poster.
    """
    sent = page.traces[name]
    if "files" not in sent:
        sent["files"] = {}
        data = base64.b64decode(sent["data"])
        header = trace.finish(
            sent["header"],
            data,
            post=docname,
            cell=sent["cell"],
            digest=page.key,
            command=f"nnfs build --fresh {pages.short_name(docname)}",
            poster=f"{docname}.html#{figure}",
        )
        trace.decode(header, data)
        sent["files"] = trace.files(header, data)
    return next(iter(sent["files"]), "")


def write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """All pages' traces into the output, with a manifest (id → header) and without those of yesterday."""
    if app.builder.format != "html":
        return []
    folder, wanted, owner = Path(app.outdir, FOLDER), dict[str, bytes](), dict[str, str]()
    manifest: dict[str, str] = {}
    for docname, page in sorted(pages.all_pages(env).items()):
        for name, sent in page.traces.items():
            if "files" not in sent and not page.failed:
                message = "trace %r (cell %s) is shown by no {interactive}, so it has no poster"
                LOGGER.error(message, name, sent["cell"], location=(docname, 1))
            elif owner.setdefault(name, docname) != docname:
                LOGGER.error("trace %r is also the name of one in %s", name, owner[name], location=(docname, 1))
            elif sent.get("files"):
                wanted |= sent["files"]
                manifest[name] = next(iter(sent["files"]))
    if manifest:
        wanted["manifest.json"] = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
    for name, content in wanted.items():
        assets.write(folder / name, content)
    for path in folder.glob("*"):
        if path.name not in wanted:
            path.unlink()
    return []


def setup(app: Sphinx) -> None:
    app.connect("env-updated", write)
