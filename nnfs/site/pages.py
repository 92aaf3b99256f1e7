"""What the build knows about each page between reading and writing: its key, its numbers, its claims, its failures.

One `Page` a document, kept in Sphinx's environment, so that it survives incremental builds and parallel readers
(`merge`). The rest of `nnfs.site` reads and fills it.
"""

from __future__ import annotations

import dataclasses as dc
import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from nnfs.claims import CITE_MIME, CLAIM_MIME, POSTER_MIME, TRACE_MIME, VALUE_MIME


@dc.dataclass
class Page:
    """One document. `failed` means: its cells did not run through, so its HTML is removed."""

    modules: list[str] = dc.field(default_factory=list)  # what its cells import
    depends: list[str] = dc.field(default_factory=list)  # what its front matter declares
    inputs: str = ""  # digest of everything outside the page that its numbers depend on
    key: str = ""  # digest of inputs and cells: the name of its outputs in the store
    text: str = ""  # digest of the page's own text as it was read
    source: str = ""  # digest of that text and of what it includes
    beside: str = ""  # digest of what is compared with, not computed from: golden values, verified records
    cells_run: int = 0
    failed: bool = False
    values: dict[str, dict[str, Any]] = dc.field(default_factory=dict)
    claims: list[dict[str, Any]] = dc.field(default_factory=list)
    cites: dict[str, str] = dc.field(default_factory=dict)  # record -> digest
    posters: dict[str, dict[str, Any]] = dc.field(default_factory=dict)  # name -> what plot.poster published
    traces: dict[str, dict[str, Any]] = dc.field(default_factory=dict)  # id -> header, data, cell; files when shown
    tags: list[str] = dc.field(default_factory=list)  # elements of its interactives, in order
    hidden: dict[int, str] = dc.field(default_factory=dict)  # sources of the cells that the text does not show
    clashes: list[str] = dc.field(default_factory=list)  # names given to two different values

    def take(self, output: dict[str, Any], cell: int) -> bool:
        """Keep what `output` says to the build; True if that is all it says, so that the page shows nothing."""
        data = output.get("data", {})
        if VALUE_MIME in data:
            new = {**data[VALUE_MIME], "cell": cell}
            old = self.values.setdefault(new["name"], new)
            if old["cell"] != cell or old["value"] != new["value"]:
                self.clashes.append(f"value {new['name']!r} is given in cell {old['cell']} and again in cell {cell}")
        elif CLAIM_MIME in data:
            said = {**data[CLAIM_MIME], "cell": cell}
            self.claims.append(said)
            if said.get("holds") is False:  # its error was caught
                self.clashes.append(f"the claim {said['sentence']!r} of cell {cell} is false")
        elif CITE_MIME in data:
            self.cites[data[CITE_MIME]["record"]] = data[CITE_MIME]["digest"]
        elif POSTER_MIME in data:
            self.keep(self.posters, "poster", data[POSTER_MIME]["name"], {**data[POSTER_MIME], "cell": cell})
        elif TRACE_MIME in data:
            self.keep(self.traces, "trace", data[TRACE_MIME]["header"]["id"], {**data[TRACE_MIME], "cell": cell})
        else:
            return False
        return True

    def keep(self, known: dict[str, dict[str, Any]], what: str, name: str, new: dict[str, Any]) -> None:
        old = known.setdefault(name, new)
        if old is not new:
            self.clashes.append(f"{what} {name!r} is made in cell {old['cell']} and again in cell {new['cell']}")


def all_pages(env: BuildEnvironment) -> dict[str, Page]:
    """Every known page by document name."""
    if not hasattr(env, "nnfs_pages"):
        env.nnfs_pages = {}  # type: ignore[attr-defined]
    return env.nnfs_pages  # type: ignore[attr-defined]


def of(env: BuildEnvironment, docname: str) -> Page:
    """The page of `docname`, made if new."""
    return all_pages(env).setdefault(docname, Page())


def short_name(docname: str) -> str:
    """What people call a post: `posts/02-simpler-than-you-think` is `02`, any other page its last part."""
    name = docname.rsplit("/", 1)[-1]
    numbered = re.match(r"\d+", name)
    return numbered.group() if numbered else name


def matches(docname: str, wanted: str) -> bool:
    """Is `docname` one of the comma-separated short or full names in `wanted`?"""
    names = {name.strip().removesuffix(".md") for name in wanted.split(",") if name.strip()}
    return bool(names & {docname, docname.rsplit("/", 1)[-1], short_name(docname)})


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    all_pages(env).pop(docname, None)


def merge(app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    """Take over what a parallel reader found."""
    theirs = all_pages(other)
    all_pages(env).update({name: theirs[name] for name in docnames if name in theirs})


def setup(app: Sphinx) -> None:
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
