"""The purge takes nothing away: every construct has the computed styles that it has under the whole style sheets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from sphinx.cmd.build import build_main

from nnfs.site import diet

pytestmark = pytest.mark.xdist_group("browser")

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]

CONF = f"""
import runpy
globals().update(runpy.run_path({str(REPOSITORY / "conf.py")!r}))
html_static_path = [{str(REPOSITORY / "_static")!r}]
nnfs_interactive = {str(REPOSITORY / "interactive")!r}
html_favicon = None
exclude_patterns = ["_build", ".cache"]
redirects = {{}}
"""
BIB = "@book{key, author = {Minsky, Marvin}, title = {Perceptrons}, year = {1969}, publisher = {MIT Press}}\n"
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><circle cx="20" cy="20" r="9"/></svg>\n'

# What the style sheets can set, of every element of the text and of what stands before and after it. The first call
# keeps it, the second gives what is different: ["element part property: before / after"].
LOOKS = """() => {
  const set = (rules) => [...rules].flatMap((rule) => [...(rule.style ?? []), ...set(rule.cssRules ?? [])]);
  globalThis.names ??= [...new Set([...document.styleSheets].flatMap((sheet) => set(sheet.cssRules)))]
    .filter((name) => !name.startsWith("--")); // a variable shows in what uses it
  const text = ":is(html, body, .bd-main, .bd-content, .bd-article-container, .bd-article, .bd-article *)";
  const elements = [...document.querySelectorAll(text)].filter((element) => !element.closest("svg, .katex"));
  const looks = elements.map((element) => ["", "::before", "::after"].map((part) => {
    const style = getComputedStyle(element, part);
    const there = !part || !["none", "normal"].includes(style.content);
    return there ? names.map((name) => `${name}: ${style.getPropertyValue(name)}`) : [];
  }));
  const before = globalThis.looks;
  globalThis.looks = looks;
  if (!before) return [elements.length, names.length];
  return looks.flatMap((parts, i) => parts.flatMap((lines, part) => {
    const pairs = lines.map((now, k) => [before[i][part][k], now]).filter(([then, now]) => then !== now);
    return pairs.map(([then, now]) => `${elements[i].tagName}.${elements[i].className} ${part} ${then} / ${now}`);
  }));
}"""
FOLLOWS = re.compile(r" (?:(?:block|inline)-size|height|width|[a-z-]*origin|inset|top|bottom)[a-z-]*: ")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The kitchen sink, built; and the style that it would have without the purge."""
    root = tmp_path_factory.mktemp("sink")
    (root / "posts" / "values").mkdir(parents=True)
    (root / "conf.py").write_text(CONF, encoding="utf-8")
    (root / "references.bib").write_text(BIB, encoding="utf-8")
    (root / "posts" / "dot.svg").write_text(DOT, encoding="utf-8")
    (root / "index.md").write_text("# Index\n\n```{toctree}\nposts/01-kitchen-sink\n```\n", encoding="utf-8")
    golden = {"half": {"value": 0.5, "rtol": 1e-6}}
    (root / "posts" / "values" / "01-kitchen-sink.json").write_text(json.dumps(golden), encoding="utf-8")
    text = (HERE / "kitchen-sink.md").read_text(encoding="utf-8")
    (root / "posts" / "01-kitchen-sink.md").write_text(text, encoding="utf-8")
    given: list[tuple[str, str]] = []
    real = diet.squeeze

    def noted(packages: Path, theirs: str, ours: str, cache: Path) -> bytes:
        given.append((theirs, ours))
        return real(packages, theirs, ours, cache)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diet, "squeeze", noted)
        assert build_main(["-q", str(root), str(root / "_build" / "html")]) == 0
    ((theirs, ours),) = given
    return root / "_build" / "html", theirs + "\n" + ours


def link_style(page: Page, address: str) -> None:
    """Replace the one style sheet, and wait until it and its faces are there."""
    page.evaluate(
        """(address) => new Promise((loaded) => {
          const link = document.querySelector('link[href*="site.css"], link[href*="whole.css"]');
          link.addEventListener("load", () => document.fonts.ready.then(() => loaded(null)), { once: true });
          link.href = address;
        })""",
        address,
    )


@pytest.mark.parametrize(
    ("width", "scheme", "media"), [(360, "light", "screen"), (1280, "dark", "screen"), (800, "light", "print")]
)
def test_nothing_in_a_text_loses_its_looks(
    page: Page, whole: tuple[Path, str], width: int, scheme: Any, media: Any
) -> None:
    out, style = whole
    (out / "_static" / "whole.css").write_text(style, encoding="utf-8")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(media=media, color_scheme=scheme, reduced_motion="reduce")
    page.route("http://sink/**", lambda route: route.fulfill(path=out / urlsplit(route.request.url).path[1:]))
    page.goto("http://sink/posts/01-kitchen-sink.html", wait_until="load")
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    purged = page.evaluate("document.querySelector('link[href*=\"site.css\"]').getAttribute('href')")
    link_style(page, "../_static/whole.css")  # whose properties are all that could differ
    elements, properties = page.evaluate(LOOKS)
    assert elements > 400
    assert properties > 150
    link_style(page, purged)
    differences = sorted(page.evaluate(LOOKS), key=lambda line: bool(FOLLOWS.search(line)))  # causes first
    assert differences[:20] == []
