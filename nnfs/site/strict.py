"""Strict, and sticky: any warning fails the build, and it fails again until its page builds clean.

Stock Sphinx exits 0 after a warning unless told otherwise, and even with `-W` saves what it read, so that the same
command passes the second time. Here a bare `sphinx-build` is as strict as `make site`: every warning makes the exit
status 1; the pages it belongs to are remembered in `nnfs-unclean.json` beside the doctrees and read again by the
next build; and the HTML of a page whose cells failed is removed, so that nobody publishes it by mistake.
A build that was killed counts as unclean in all its pages. So does one that finds doctrees and output of two different
builds, as after a build with another doctree folder or another builder.
"""

from __future__ import annotations

import hashlib
import json
import logging as std_logging
import os
import re
import uuid
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from nnfs import files
from nnfs.site import deps, pages, values

LOGGER = logging.getLogger(__name__)
EVERYTHING = "*"
BUILD = ".nnfs-build"  # in the doctrees and in the output: which build wrote them
INPUTS = ".nnfs-inputs"  # in the output: the digest of what its last clean build read (build.py)


class Collector(std_logging.Handler):
    """Notes for each warning the page it belongs to, or EVERYTHING when it names none."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__(std_logging.WARNING)
        self.app, self.unclean = app, set[str]()

    def emit(self, record: std_logging.LogRecord) -> None:
        if not getattr(record, "repeats", False):  # what every build finds anew is of no page
            self.unclean.add(self.docname(getattr(record, "location", None)) or EVERYTHING)

    def docname(self, location: Any) -> str | None:
        """The document that a Sphinx log location (node, (docname, line), or "path:line") lies in."""
        env = self.app.env
        if isinstance(location, tuple):
            location = location[0]
            if env and location in env.found_docs:
                return str(location)
        if isinstance(location, nodes.Node):
            location = getattr(location, "source", None)
        if not isinstance(location, str) or env is None:
            return None
        if location in env.found_docs:
            return location
        path = re.sub(r":\d*$", "", location.split(":docstring of ")[0])
        name = env.path2doc(path) if Path(path).is_file() else None
        return name if name in env.found_docs else None  # what is included belongs to whatever includes it


def marker(app: Sphinx) -> Path:
    return Path(app.doctreedir) / "nnfs-unclean.json"


def unclean_before(app: Sphinx) -> set[str]:
    """Documents that the previous build left unclean; EVERYTHING if it did not come to its end."""
    try:
        return set(json.loads(marker(app).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return set()
    except ValueError:
        return {EVERYTHING}


def token(folder: str | os.PathLike[str]) -> str:
    """The name of the build that last wrote this folder, or ""."""
    try:
        return (Path(folder) / BUILD).read_text(encoding="utf-8")
    except OSError:
        return ""


def begin(app: Sphinx) -> None:
    """Take over what the last build left unclean; read everything if doctrees and output are not of one build."""
    same = token(app.doctreedir) == token(app.outdir)
    app.nnfs_unclean = unclean_before(app) if same else {EVERYTHING}  # type: ignore[attr-defined]
    files.write_text(marker(app), json.dumps([EVERYTHING]))
    (Path(app.outdir) / INPUTS).unlink(missing_ok=True)
    this = uuid.uuid4().hex
    for folder in (app.doctreedir, app.outdir):
        files.write_text(Path(folder) / BUILD, this)


def source_digest(env: BuildEnvironment, docname: str) -> str:
    """Digest of the page's text and of the files that it shows; modification times can lie."""
    paths = [Path(env.doc2path(docname)), *(Path(env.srcdir) / name for name in env.dependencies.get(docname, ()))]
    contents = [path.read_bytes() if path.is_file() else b"" for path in sorted(set(paths))]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def note_text(app: Sphinx, docname: str, source: list[str]) -> None:
    """What is about to be read: cells run for minutes, and the file may be another one when they are done."""
    pages.of(app.env, docname).text = hashlib.sha256(source[0].encode()).hexdigest()


def note_source(app: Sphinx, doctree: nodes.document) -> None:
    docname = app.env.current_document.docname
    page = pages.of(app.env, docname)
    page.source = source_digest(app.env, docname)
    now = Path(app.env.doc2path(docname)).read_text(encoding="utf-8-sig")
    if page.text and page.text != hashlib.sha256(now.encode()).hexdigest():
        LOGGER.error("was edited while it was read; build again", location=(docname, 1))


def orphans(app: Sphinx, env: BuildEnvironment) -> None:
    """Golden values without cells that publish them are leftovers of a page that was renamed or emptied."""
    srcdir = Path(app.srcdir)
    for golden in sorted((srcdir / "posts" / "values").glob("*.json")):
        page = pages.all_pages(env).get(f"posts/{golden.stem}")
        if page is None or not (page.key or page.failed):
            name = golden.relative_to(srcdir).as_posix()
            LOGGER.error("%s belongs to no post with cells; delete it, or bring the post back", name)


def remove(app: Sphinx, docname: str) -> None:
    """Take a page out of the output, and with it the page of its checks."""
    for name in (docname, values.checks_name(docname)):
        Path(app.builder.get_outfilename(name)).unlink(missing_ok=True)  # type: ignore[attr-defined]


def outdated(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Pages to read although their own file is unchanged: unclean ones, and those whose inputs changed."""
    before: set[str] = app.nnfs_unclean  # type: ignore[attr-defined]
    again = set(env.found_docs) if EVERYTHING in before else before & set(env.found_docs)
    srcdir = Path(app.srcdir)
    if app.builder.format == "html":
        for docname in removed:
            remove(app, docname)
        if EVERYTHING in before or added >= set(env.found_docs):  # all pages are about to be written: none may be older
            for page_file in Path(app.outdir).rglob("*.html"):
                page_file.unlink()
    for docname, page in pages.all_pages(env).items():
        if docname in env.found_docs and page.source and page.source != source_digest(env, docname):
            again.add(docname)
        if page.key and docname in env.found_docs and docname not in again:
            try:
                same = page.inputs == deps.inputs_digest(page.modules, page.depends, srcdir)
            except (deps.DependsError, SyntaxError):
                same = False  # reading the page will say what is wrong
            if not same or page.beside != app.nnfs_beside(docname, page) or wants_fresh(docname):  # type: ignore[attr-defined]
                again.add(docname)
    return sorted(again - added - removed)


def wants_fresh(docname: str) -> bool:
    return pages.matches(docname, os.environ.get("NNFS_FRESH", ""))


def end(app: Sphinx, exception: Exception | None) -> None:
    """Fail on any warning, remember its pages, and remove the HTML of pages whose cells failed."""
    collector: Collector = app.nnfs_collector  # type: ignore[attr-defined]
    std_logging.getLogger("sphinx").removeHandler(collector)
    unclean = set(collector.unclean)
    if app.env is not None:
        failed = {name for name, page in pages.all_pages(app.env).items() if page.failed}
        unclean |= failed
        for docname in failed:
            if app.builder.format == "html":
                remove(app, docname)
    if exception is not None:
        unclean.add(EVERYTHING)
    if unclean:
        app.statuscode = 1
        files.write_text(marker(app), json.dumps(sorted(unclean)))
    else:
        marker(app).unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    app.nnfs_collector = Collector(app)  # type: ignore[attr-defined]
    std_logging.getLogger("sphinx").addHandler(app.nnfs_collector)  # type: ignore[attr-defined]
    app.connect("builder-inited", begin, priority=100)
    app.connect("env-get-outdated", outdated)
    app.connect("env-updated", orphans)
    app.connect("source-read", note_text, priority=100)  # before anything changes the text
    app.connect("doctree-read", note_source, priority=950)
    app.connect("build-finished", end, priority=900)
