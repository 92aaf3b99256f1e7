"""Numbers and claims on the page: the `{val}` role, the `{claims}` directive, and the golden values.

`` {val}`xor_loss:.4f` `` prints what a cell of this page published under that name, formatted by Python's own format
language, with a card that says which cell, which seed and which tolerance. The value is also compared with
`values/<post>.json` beside the post, so that a number that moves is a diff somebody reviews.
"""

from __future__ import annotations

import difflib
import hashlib
import html
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from nnfs import files, records
from nnfs.site import pages
from nnfs.site.pages import Page

LOGGER = logging.getLogger(__name__)
VERIFIED = Path(".cache") / "verify.json"  # what `nnfs verify` last found, by record
DEFAULT_RTOL = 1e-6  # of value() in nnfs.claims
CLAIMS = "CLAIMS"  # in a golden file: no name of a value is in capitals
NOT_VERIFIED = "not rehearsed again here"


# --- prose -----------------------------------------------------------------------------------------------------------
def near(name: str, known: list[str]) -> str:
    """A hint for a misspelt name."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    return "this page publishes " + (", ".join(sorted(known)) if known else "no values")


def card(value: dict[str, Any]) -> str:
    """The card's text: where a number comes from and how firm it is."""
    parts = [f"Computed in cell {value['cell']} of this page."]
    if value.get("note"):
        parts.append(value["note"].rstrip(".") + ".")
    if value.get("seed") is not None:
        parts.append(f"Seed {value['seed']}.")
    if isinstance(value["value"], float):
        parts.append(f"Full value {value['value']:.10g}; another machine may differ by {value['rtol']:g} of it.")
    return " ".join(parts)


def look_up(page: Page, text: str) -> tuple[dict[str, Any], str]:
    """The value that `` {val}`text` `` names and how it is shown. Raises ValueError, which says what is wrong."""
    name, _, spec = text.partition(":")
    name = name.strip()
    if name not in page.values:
        raise ValueError(f"{{val}}`{text}`: no value named {name!r}; {near(name, list(page.values))}")
    value = page.values[name]
    try:
        return value, format(value["value"], spec)
    except (ValueError, TypeError) as error:
        message = f"{{val}}`{text}`: {value['value']!r} cannot be formatted with {spec!r}: {error}"
        raise ValueError(message) from None


class Val(SphinxRole):
    """`` {val}`name` `` or `` {val}`name:format` ``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        page = pages.of(self.env, self.env.current_document.docname)
        if page.failed:
            return [nodes.Text("?")], []  # the page has reported its failure; this would be an echo
        try:
            value, shown = look_up(page, self.text)
        except ValueError as error:
            LOGGER.error("%s", error, location=self.get_location())
            return [nodes.Text("?")], []
        return [nn_value(shown, shown, card=card(value))], []


def filled(text: str, page: Page, location: Any) -> str:
    """Words that are no prose, an alternative text, with the values that they name."""

    def shown(match: re.Match[str]) -> str:
        try:
            return look_up(page, match[1])[1]
        except ValueError as error:
            LOGGER.error("%s", error, location=location)
            return "?"

    return re.sub(r"\{val\}`([^`]+)`", shown, text)


class nn_value(nodes.inline):  # noqa: N801 (docutils nodes are lower-case)
    """A number with its card; plain text in every builder but HTML."""


def visit_value(self: Any, node: nn_value) -> None:
    count = self.nnfs_values = getattr(self, "nnfs_values", 0) + 1  # one translator a page
    self.body.append(f'<span class="nn-value" tabindex="0" aria-describedby="nn-card-{count}">')
    node["nth"] = count


def depart_value(self: Any, node: nn_value) -> None:
    text = html.escape(node["card"])
    self.body.append(f'<span class="nn-card" role="tooltip" id="nn-card-{node["nth"]}">{text}</span></span>')


class Claims(SphinxDirective):
    """A list of what this page claims, each line checked by the cell that it links to."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        page = pages.of(self.env, self.env.current_document.docname)
        if page.failed:
            return []
        if not page.claims:
            LOGGER.error("{claims}: no cell of this page makes a claim()", location=self.get_location())
            return []
        listing = nodes.bullet_list(classes=["nn-claims"])
        for claim in page.claims:
            line = nodes.paragraph()
            line += nodes.Text(claim["sentence"].rstrip(".") + ". ")
            if claim["numbers"]:
                facts = "; ".join(f"{key.replace('_', ' ')}: {read(x)}" for key, x in claim["numbers"].items())
                line += nodes.inline("", f"{facts}. ", classes=["nn-facts"])
            target = f"cell-{claim['cell']}"
            there = {"refid": target}
            if claim["cell"] in page.hidden:
                name = checks_name(self.env.current_document.docname).rpartition("/")[2]
                there = {"refuri": f"{name}.html#{target}"}
            line += nodes.reference("", f"Cell {claim['cell']}", internal=True, **there)
            listing += nodes.list_item("", line)
        return [listing]


def checks_name(docname: str) -> str:
    """The page beside a post that shows the cells which the post leaves out, a tenth of what it would weigh."""
    return f"{docname}-checks"


def checks(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """For each post that leaves out cells: the page to which its claims link for the code that checks them."""
    for docname, page in sorted(pages.all_pages(app.env).items()):
        if not page.hidden or not page.claims or page.failed or docname not in app.env.titles:
            Path(app.builder.get_outfilename(checks_name(docname))).unlink(missing_ok=True)  # type: ignore[attr-defined]
            continue
        name = app.env.titles[docname].astext()
        back = f'<a href="{docname.rpartition("/")[2]}.html">{html.escape(name)}</a>'
        cells = "".join(
            f'<div class="cell container" id="cell-{number}"><p class="nn-facts">Cell {number}</p>'
            f"{app.builder.highlighter.highlight_block(source, 'ipython3')}</div>"  # type: ignore[attr-defined]
            for number, source in page.hidden.items()
        )
        title = f"What checks “{name}”"
        body = f"<h1>{html.escape(title)}</h1><p>The cells that the text of {back} leaves out, in its order.</p>{cells}"
        yield checks_name(docname), {"title": title, "body": body}, "page.html"


def read(x: Any) -> str:
    """A number as a reader wants it beside a sentence: three significant digits at most, a true minus."""
    if isinstance(x, list):
        return ", ".join(read(item) for item in x[:8]) + (", …" if len(x) > 8 else "")
    if isinstance(x, float):
        return f"{x:.3g}".replace("-", "−")
    return f"{x:,}".replace("-", "−") if isinstance(x, int) and not isinstance(x, bool) else str(x)


def short(x: Any) -> str:
    """A number as a log wants it: six significant digits at most."""
    if isinstance(x, float):
        return f"{x:.6g}"
    if isinstance(x, list):
        inner = [short(item) for item in x[:8]]
        return "[" + ", ".join(inner) + (", …]" if len(x) > 8 else "]")
    return str(x)


# --- golden values ---------------------------------------------------------------------------------------------------
def golden_path(srcdir: Path, docname: str) -> Path:
    folder, _, name = docname.rpartition("/")
    return srcdir / folder / "values" / f"{name}.json"


def close(new: Any, old: Any, rtol: float) -> bool:
    """Equal within `rtol`, elementwise for lists; whole numbers exactly, unless their cell asked for a tolerance."""
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(close(n, o, rtol) for n, o in zip(new, old, strict=True))
    if isinstance(new, bool) or isinstance(old, bool):
        return new is old
    if isinstance(new, int) and isinstance(old, int) and rtol <= DEFAULT_RTOL:
        return new == old
    if isinstance(new, (int, float)) and isinstance(old, (int, float)):
        return math.isclose(new, old, rel_tol=rtol)
    return new == old


def differences(page: Page, golden: dict[str, Any]) -> list[str]:
    """What a reviewer has to know: values that moved, appeared or went away."""
    found = []
    for name, value in page.values.items():
        if name not in golden:
            found.append(f"value {name!r} = {short(value['value'])} is new (cell {value['cell']})")
        elif value["rtol"] != golden[name]["rtol"]:
            was, now = golden[name]["rtol"], value["rtol"]
            found.append(f"value {name!r} has the tolerance {now:g} in cell {value['cell']}, was {was:g}")
        elif not close(value["value"], golden[name]["value"], value["rtol"]):
            was, tolerance = short(golden[name]["value"]), value["rtol"]
            found.append(
                f"value {name!r} is {short(value['value'])} in cell {value['cell']}, "
                f"was {was} (tolerance {tolerance:g})"
            )
    found += [f"value {name!r} is no longer published" for name in golden if name not in page.values]
    return found


def silent_claims(page: Page, known: list[str] | None) -> list[str]:
    """The same for sentences that are claimed: one that is not said any more was perhaps not reached."""
    said = sentences(page)
    if known is None:
        return []
    found = [f"the claim {sentence!r} is new" for sentence in said if sentence not in known]
    return found + [f"the claim {sentence!r} is no longer made" for sentence in known if sentence not in said]


def sentences(page: Page) -> list[str]:
    return sorted({claim["sentence"] for claim in page.claims})


def beside(app: Sphinx) -> Any:
    """A function (docname, page) -> digest of what the page is compared with: golden file, state of its records."""
    srcdir = Path(app.srcdir)

    def digest(docname: str, page: Page) -> str:
        golden = golden_path(srcdir, docname)
        states = [record_state(srcdir, *record) for record in sorted(page.cites.items())]
        seen = (golden.read_bytes() if golden.is_file() else b"") + json.dumps(states).encode()
        return hashlib.sha256(seen).hexdigest()[:16]

    return digest


def record_state(srcdir: Path, record: str, digest: str) -> str:
    """`ok`, `stale`, … as `nnfs verify` last found this very record, `ok` by this library only; or NOT_VERIFIED."""
    try:
        found = json.loads((srcdir / VERIFIED).read_text(encoding="utf-8")).get(record, {})
    except (OSError, ValueError):
        found = {}
    if found.get("digest") != digest or (found.get("state") == "ok" and found.get("library") != records.library()):
        return NOT_VERIFIED
    return str(found.get("state", NOT_VERIFIED))


def check(app: Sphinx, doctree: nodes.document) -> None:
    """Compare a page that has just been read with its golden values and with the state of its records."""
    env, srcdir = app.env, Path(app.srcdir)
    docname = env.current_document.docname
    page = pages.of(env, docname)
    if not page.key or page.failed:
        return
    path = golden_path(srcdir, docname)
    where = path.relative_to(srcdir).as_posix()
    if os.environ.get("NNFS_UPDATE_VALUES"):
        update(path, page)
        print(f"wrote {where}", flush=True)
    try:
        golden = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        claimed = golden.pop(CLAIMS, None)
        golden = {name: {"value": kept["value"], "rtol": float(kept["rtol"])} for name, kept in golden.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        LOGGER.error("%s is damaged (%r); make it again: nnfs verify --update", where, error, location=(docname, 1))
        return
    moved = differences(page, golden) + silent_claims(page, claimed)
    for message in [*page.clashes, *moved]:
        LOGGER.error("%s", message, location=(docname, 1))
    if moved:
        LOGGER.error("if these changes are meant: nnfs verify --update, then commit %s", where, location=(docname, 1))
    for record, digest in sorted(page.cites.items()):
        if record_state(srcdir, record, digest) == "stale":
            message = "record %s is stale: its code no longer gives these numbers; run `nnfs run %s` again"
            LOGGER.error(message, record, record.split("/")[0], location=(docname, 1))
    page.beside = app.nnfs_beside(docname, page)  # type: ignore[attr-defined]


def update(path: Path, page: Page) -> None:
    """Write this page's golden values and claims; a page without any has no file."""
    keep: dict[str, Any] = {name: {"value": v["value"], "rtol": v["rtol"]} for name, v in page.values.items()}
    if page.claims:
        keep[CLAIMS] = sentences(page)
    if keep:
        files.write_text(path, json.dumps(keep, indent=1, sort_keys=True) + "\n")
    else:
        path.unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    app.nnfs_beside = beside(app)  # type: ignore[attr-defined]
    app.add_role("val", Val())
    app.add_directive("claims", Claims)
    plain = (lambda self, node: None, lambda self, node: None)
    app.add_node(nn_value, html=(visit_value, depart_value), latex=plain, text=plain, man=plain, texinfo=plain)
    app.connect("doctree-read", check)
    app.connect("html-collect-pages", checks)
