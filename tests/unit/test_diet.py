"""The purge: what can match stays, what cannot goes, and a page that would lose its looks is reported."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx_project import REPOSITORY

from nnfs.site import diet

PACKAGES = REPOSITORY / "interactive" / "node_modules"
THEIRS = """
:root { --used: red; --unused: blue; --bs-blue: blue; }
.admonition, .carousel { color: var(--used) }
.bd-article .carousel { top: 0 }
.carousel:hover { top: 0 }
.admonition:not(.carousel) { left: 0 }
div[class*="highlight-"] { left: 1px }
input[type="button"] { left: 2px }
table { left: 3px }
marquee { left: 4px }
@media print { .carousel { top: 0 } .admonition { right: 0 } }
@keyframes spin { to { rotate: 1turn } }
@font-face { font-family: Icons; src: url(icons.woff2) }
"""
OURS = ".nn-anything { color: var(--bs-blue) }"


def test_what_no_page_can_have_is_taken_out_and_ours_stays_whole(tmp_path: Path) -> None:
    css = diet.squeeze(PACKAGES, THEIRS, OURS, tmp_path).decode()
    assert css.rstrip() == (
        ":root{--used: red;--bs-blue: blue}.admonition{color:var(--used)}.admonition:not(.carousel){left:0}"
        "div[class*=highlight-]{left:1px}input[type=button]{left:2px}table{left:3px}"
        "@media print{.admonition{right:0}}.nn-anything{color:var(--bs-blue)}"
    )


def test_the_same_style_is_squeezed_once(tmp_path: Path) -> None:
    diet.squeeze(PACKAGES, THEIRS, OURS, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"from the cache")
    assert diet.squeeze(PACKAGES, THEIRS, OURS, tmp_path) == b"from the cache"
    assert diet.squeeze(PACKAGES, THEIRS, OURS + ".nn-more{top:0}", tmp_path) != b"from the cache"


def test_a_style_sheet_with_a_mistake_and_a_missing_package_are_errors_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match=r"could not be made.*\n.*Unclosed block"):
        diet.squeeze(PACKAGES, ".a { top: 0", "", tmp_path)
    with pytest.raises(ExtensionError, match="npm ci --prefix interactive"):
        diet.squeeze(tmp_path, THEIRS, OURS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_class_of_the_theme_that_the_sheet_lost_is_reported_where_its_rule_would_apply() -> None:
    dropped = {classes for classes in diet.selectors(THEIRS + ".sig .k { top: 0 }") if classes - diet.KEPT_CLASSES}
    assert diet.lost_classes('<div class="carousel nn-x">', dropped) == ["carousel"]
    assert diet.lost_classes("<table class='dataframe'><td class=\"text-right\">", dropped) == []
    assert diet.lost_classes('<span class="k">', dropped) == []  # its rule is for signatures only
    assert diet.lost_classes('<p class="sig"><span class="k">', dropped) == ["k", "sig"]


def test_code_keeps_only_the_spans_that_have_a_colour() -> None:
    body = (
        '<pre><span class="k">if</span> <span class="n">x</span><span class="p">:</span></pre><span class="n">y</span>'
    )
    assert diet.plain_spans(body, {"k"}) == '<pre><span class="k">if</span> x:</pre><span class="n">y</span>'
    assert diet.plain_spans(body, {"k", "n", "p"}) == body


def test_the_sheet_of_some_pages_stands_in_them_with_addresses_from_there(tmp_path: Path) -> None:
    (tmp_path / "katex").mkdir()
    css = """/* what it is */
        .a { background: url(data:image/png;base64,AA==) }
        @font-face { src: url(fonts/Main.woff2?v=0f) }"""
    (tmp_path / "katex" / "katex.css").write_text(css)

    def pathto(address: str, resource: bool) -> str:
        return f"../{address}"

    assert diet.within(tmp_path, "katex/katex.css", pathto) == (
        ".a { background: url(data:image/png;base64,AA==) } "
        "@font-face { src: url(../_static/katex/fonts/Main.woff2?v=0f) }"
    )


def test_one_build_leaves_the_next_in_the_same_process_its_own_frame(tmp_path: Path) -> None:
    """Sphinx hands the same default list to every build of a process."""
    first, second = Config(), Config()
    first.add("html_theme", diet.THEME, "env", ())
    first.add("html_static_path", [], "html", ())
    app = SimpleNamespace(confdir=tmp_path)
    diet.use_templates(app, first)  # type: ignore[arg-type]
    assert first.templates_path == [str(diet.TEMPLATES)]
    assert second.templates_path == []
