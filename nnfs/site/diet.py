"""What a page loads, kept small: one style sheet, no script that is not ours, no icon font, one description.

The theme brings 380 KB of style and 1.6 MB of scripts. Our templates (`templates/`) replace its frame, so that none
of its scripts is needed. Of its style sheets stays what can match a page of ours: `NAMES` and the words of our
templates say what that is, PurgeCSS takes out the rest, esbuild makes it and our own sheets one small file. That
happens before Sphinx takes the checksum for the page's link, once for each change of the style (`.cache/nnfs/css/`).
A page with a class that the theme styles and that is not in `NAMES` is reported, so nothing loses its looks quietly.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from docutils import nodes
from pygments.token import STANDARD_TYPES
from sphinx.errors import ExtensionError
from sphinx.util import logging

from nnfs.site import maths
from nnfs.site.assets import write
from nnfs.site.furniture import front_matter

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).parent
SCRIPT = HERE / "diet.mjs"
TEMPLATES = HERE / "templates"
SHEET = "site.css"
THEME = "sphinx_book_theme"  # whose frame our templates replace; under another theme all of this rests
THEIR_SCRIPTS = ("/documentation_options.js", "/doctools.js", "/sphinx_highlight.js", "/sphinx-book-theme.js")
# the theme's icons are glyphs of a font that is not here
ICON = re.compile(r"(?<=[{;])(?:content|font):\s*var\(--(?:pst-icon|fa)[^)]*\)(?:;|(?=\}))")

# What can stand in a text of ours, for PurgeCSS. A new construct is reported with its class; add it here.
NAMES = {
    "tags": """html body main article section header footer nav aside div span p h1 h2 h3 h4 h5 h6 a em strong i b s
        small sub sup mark abbr cite q code kbd samp var pre blockquote ul ol li dl dt dd table caption colgroup col
        thead tbody tfoot tr th td figure figcaption img svg details summary hr br wbr button input label select
        option textarea fieldset legend form output progress iframe video audio canvas dialog""",
    "classes": """bd-main bd-content bd-article-container bd-article
        admonition admonition-title attention caution danger error hint important note seealso tip warning
        align-left align-right align-center align-default text-left text-right text-center
        simple arabic loweralpha lowerroman upperalpha upperroman compound docutils container
        field-list field-name field-body field-odd field-even option-list line-block
        epigraph pull-quote highlights attribution centered rubric topic topic-title contents
        footnote footnote-reference footnote-list citation citation-list brackets label backrefs
        reference headerlink external xref guilabel menuselection
        figure caption caption-number caption-text legend table dataframe pst-scrollable-table-container row
        sidebar sidebar-title margin margin-caption full-width
        highlight hll gp linenos literal literal-block-wrapper code-block-caption code pre
        math eqno glossary
        cell cell_input cell_output output text_plain text_html stream stderr traceback hide collapsed
        expanded above-input below-input
        tag_margin tag_full-width tag_scroll-input tag_output_scroll tag_scroll-output
        versionmodified versionadded versionchanged versionremoved added changed deprecated removed
        indextable genindex-jumpbox toctree-wrapper toctree-l1 toctree-l2 toctree-l3 toctree-l4
        search context highlighted""",
    "ids": "search-results",
    "attributes": "type class href src title hidden open disabled readonly controls role tabindex data-theme",
    "values": "button submit reset search number range radio checkbox text light dark highlight- page",
}


KEPT_CLASSES = set(NAMES["classes"].split())


def names() -> dict[str, Any]:
    """`NAMES` as PurgeCSS wants them."""
    kept = {key: words.split() for key, words in NAMES.items()}
    attributes = {"names": kept.pop("attributes"), "values": kept.pop("values")}
    return {**kept, "attributes": attributes, "undetermined": []}


# --- One style sheet ---------------------------------------------------------------------------------------------


def is_theirs(sheet: str) -> bool:
    """Is this sheet, a path under `_static`, of the theme or of MyST-NB?"""
    return sheet == "basic.css" or sheet.startswith(("styles/", "mystnb."))


def selectors(css: str) -> set[frozenset[str]]:
    """The classes of each selector of a style sheet."""
    heads = re.sub(r"/\*.*?\*/|\{[^{}]*\}", ",", css, flags=re.S).replace("{", ",").split(",")
    return {frozenset(re.findall(r"\.(-?[A-Za-z_][\w-]*)", head)) for head in heads}


def squeeze(packages: Path, theirs: str, ours: str, cache: Path) -> bytes:
    """`theirs` without what no page uses, then `ours`, minified; from `cache` when the same was asked before.

    Raises ExtensionError, with what to do, if a package is missing or Node fails.
    """
    versions = []
    for package in ("purgecss", "esbuild"):
        manifest = packages / package / "package.json"
        if not manifest.is_file():
            raise ExtensionError(f"{package} is not in {packages}: {maths.FIX}")
        versions.append(json.loads(manifest.read_text(encoding="utf-8"))["version"])
    request = json.dumps({"theirs": theirs, "ours": ours, "names": names()})
    digest = hashlib.sha256(json.dumps([versions, SCRIPT.read_text(encoding="utf-8"), request]).encode()).hexdigest()
    kept = cache / f"{digest[:24]}.css"
    if not kept.is_file():
        command = [maths.node_program(), str(SCRIPT), str(packages)]
        run = subprocess.run(command, input=request, capture_output=True, encoding="utf-8", timeout=120)
        if run.returncode:
            raise ExtensionError(f"the style sheet could not be made ({maths.FIX}):\n{run.stderr.strip()[-1500:]}")
        write(kept, run.stdout.encode())
    return kept.read_bytes()


def note_sheets(app: Sphinx) -> None:
    """The sheets that every page links. One that a page links for itself later stays a file of its own."""
    if on_diet(app):
        known = sorted(app.builder._css_files, key=lambda css: css.priority)  # type: ignore[attr-defined]
        app.nnfs_sheets = [name_of(css) for css in known]  # type: ignore[attr-defined]


def name_of(css: Any) -> str:
    """The path under `_static` of a sheet that a page links."""
    return PurePosixPath(css.filename).relative_to("_static").as_posix()


@dataclass
class Style:
    """What `site.css` was made of."""

    sheets: set[str]  # paths under _static that it replaces
    dropped: set[frozenset[str]]  # classes of the theme's selectors that it does not have any more
    coloured: set[str]  # classes that our sheets name, those of the syntax among them


def style(app: Sphinx) -> Style:
    """Make the sheet from what Sphinx has copied into the output; once in a build, with its first page."""
    if not hasattr(app, "nnfs_style"):
        static = Path(app.outdir, "_static")
        sheets = [sheet for sheet in app.nnfs_sheets if sheet not in {SHEET, "pygments.css"}]  # type: ignore[attr-defined]
        sheets = ["basic.css", "styles/pydata-sphinx-theme.css", *sheets]  # these two the theme links by hand
        text = {sheet: (static / sheet).read_text(encoding="utf-8") for sheet in sheets}
        theirs = ICON.sub("", "\n".join(css for sheet, css in text.items() if is_theirs(sheet)))
        ours = "\n".join(css for sheet, css in text.items() if not is_theirs(sheet))
        write(static / SHEET, squeeze(maths.modules(app), theirs, ours, Path(app.confdir, ".cache", "nnfs", "css")))
        app.nnfs_style = Style(  # type: ignore[attr-defined]
            sheets={*sheets, "pygments.css"},
            dropped={classes for classes in selectors(theirs) if classes - KEPT_CLASSES},
            coloured=set().union(*selectors(ours)),
        )
    found: Style = app.nnfs_style  # type: ignore[attr-defined]
    return found


# --- Each page -----------------------------------------------------------------------------------------------------


def trim(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """One style sheet, our scripts only, one viewport, a description; no spans for code that has no colour."""
    if not on_diet(app):
        return
    made = style(app)
    sheets = [css for css in context["css_files"] if name_of(css) not in made.sheets]
    context["css_files"] = [css for css in sheets if name_of(css) == SHEET]
    own = [
        within(Path(app.outdir, "_static"), name_of(css), context["pathto"]) for css in sheets if name_of(css) != SHEET
    ]
    context["script_files"] = [
        js
        for js in context["script_files"]
        if not str(js.filename).endswith(THEIR_SCRIPTS) and "DOCUMENTATION_OPTIONS" not in js.attributes.get("body", "")
    ]
    metatags = re.sub(r'<meta name="viewport"[^>]*>\s*', "", context.get("metatags", ""))
    if doctree is not None:
        metatags += f'<meta name="description" content="{html.escape(description(app, page, doctree))}">\n'
    context["metatags"] = metatags + "".join(f"<style>{css}</style>\n" for css in own)
    if "body" in context:
        lost = lost_classes(context["body"], made.dropped)
        if lost:
            what, where = ", ".join(lost), Path(__file__)
            LOGGER.warning("the theme styles %s, site.css does not: add it to NAMES in %s", what, where, location=page)
        body = context["body"].replace(' aria-label="Toggle hidden content"', "")  # the summary says what it does
        context["body"] = plain_spans(body, made.coloured)


def within(static: Path, sheet: str, pathto: Any) -> str:
    """A small sheet of some pages only, to stand in the page itself: a phone on a slow connection waits for each
    file that it has to ask for. Its addresses become the page's."""

    def address(match: re.Match[str]) -> str:
        path, mark, query = match[1].partition("?")
        return f"url({pathto((PurePosixPath('_static', sheet).parent / path).as_posix(), resource=True)}{mark}{query})"

    css = re.sub(r"/\*.*?\*/|\s*\n\s*", " ", (static / sheet).read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"url\((?!data:)([\w./?=-]+)\)", address, css.strip())


def lost_classes(body: str, dropped: set[frozenset[str]]) -> list[str]:
    """Classes that the theme has a rule for, this body uses, and the purged sheet does not have."""
    used = {name for found in re.findall(r"""class=["']([^"']*)""", body) for name in found.split()}
    used |= {name for name in KEPT_CLASSES if name.startswith("bd-")}  # what our frame has around it
    return sorted({name for classes in dropped if classes <= used for name in classes} - KEPT_CLASSES)


def description(app: Sphinx, page: str, doctree: nodes.document) -> str:
    """What search engines and previews show: the post's promise, else the first paragraph up to 160 characters."""
    promise = front_matter(Path(app.env.doc2path(page))).get("promise")
    first = next((p.astext() for p in doctree.findall(nodes.paragraph)), app.config.html_title)
    return str(promise) if promise else textwrap.shorten(first, 160, placeholder=" …")


def plain_spans(body: str, coloured: set[str]) -> str:
    """`body` without the spans of code whose class no sheet colours: names, brackets, blanks; half of all of them."""
    plain = "|".join(sorted({name for name in STANDARD_TYPES.values() if name} - coloured, key=len, reverse=True))
    span = re.compile(rf'<span class="(?:{plain})">([^<]*)</span>')
    return re.sub(r"<pre>.*?</pre>", lambda code: span.sub(r"\1", code.group()), body, flags=re.S)


# --- Around the build ------------------------------------------------------------------------------------------------


def on_diet(app: Sphinx) -> bool:
    return app.builder.format == "html" and app.config.html_theme == THEME


def use_templates(app: Sphinx, config: Config) -> None:
    """Our frame before the theme's; a changed style or script makes every page be written again, for its checksum."""
    if config.html_theme == THEME:
        config.templates_path = [str(TEMPLATES), *config.templates_path]  # the list itself is every build's default
        files = [file for path in config.html_static_path for file in sorted(Path(app.confdir, path).glob("*.[cj]s*"))]
        config.nnfs_shell = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def leave_out(app: Sphinx, exception: Exception | None) -> None:
    """Take out of the output what no page loads: 5 MB of the theme's scripts, maps, fonts and catalogues."""
    if exception is not None or not on_diet(app):
        return
    static = Path(app.outdir, "_static")
    for folder in ("scripts", "styles", "vendor", "locales", "images"):
        shutil.rmtree(static / folder, ignore_errors=True)
    for sheet in getattr(app, "nnfs_style", Style(set(), set(), set())).sheets:
        (static / sheet).unlink(missing_ok=True)
    for pattern in ("*.html", "*.png", "*-stemmer.js"):
        for file in static.glob(pattern):
            file.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("nnfs_shell", "", "html", types=str)
    app.add_css_file(SHEET, priority=900)
    app.add_css_file("frame.css", priority=865)
    app.add_js_file("frame.js", loading_method="defer")
    app.connect("config-inited", use_templates)
    app.connect("builder-inited", note_sheets, priority=990)
    app.connect("html-page-context", trim, priority=990)
    app.connect("build-finished", leave_out, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
