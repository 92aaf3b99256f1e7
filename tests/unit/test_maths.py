"""Formulas: one call of KaTeX a build, refused ones named with page and line, no script on the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError
from sphinx_project import REPOSITORY, Project

from nnfs.site import maths

PAGE = r"""# Sums

Inline $\sigma(z)$ and again $\sigma(z)$.

$$
a^2 + b^2 = c^2
$$ (eq-sum)

See {eq}`eq-sum`.

$$
x &= 1 \\
y &= 2
$$
"""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[maths.Formula]]:
    """What was asked of KaTeX, call by call."""
    asked: list[list[maths.Formula]] = []
    real = maths.call_katex

    def counted(folder: Path, formulas: list[maths.Formula]) -> list[dict[str, str]]:
        asked.append(formulas)
        return real(folder, formulas)

    monkeypatch.setattr(maths, "call_katex", counted)
    return asked


def make(root: Path, **settings: Any) -> Project:
    project = Project(root, ["myst_parser", "nnfs.site.maths"], **settings)
    project.write("index.md", PAGE + "\n```{toctree}\nplain\nmore\n```\n")
    project.write("plain.md", "# No formula\n")
    project.write("more.md", "# More\n\n$e^x$\n")
    return project


def test_a_build_asks_once_and_the_next_one_not_at_all(tmp_path: Path, calls: list[list[maths.Formula]]) -> None:
    project = make(tmp_path).build()
    assert project.warnings == ""
    page = project.page("index.html")
    assert page.count('class="katex-html"') == 4  # for the eye
    assert page.count("<math ") == 4  # for the ear
    assert len(calls) == 1
    assert len(calls[0]) == 4  # σ(z) is asked once
    project.write("plain.md", "# No formula, still\n")
    project.build()
    assert len(calls) == 1
    project.write("plain.md", "# One\n\n$q$\n")
    project.build()
    assert calls[1:] == [[("q", False)]]


def test_a_comma_stays_on_the_line_of_its_formula_and_is_said_once(tmp_path: Path) -> None:
    project = Project(tmp_path, ["myst_parser", "nnfs.site.maths"])
    project.write("index.md", "# Page\n\nTake $w = 0.5$, and $b$ (or $c$) as they are. Then $d$ alone.\n")
    page = project.build().page("index.html")
    held = re.findall(r'<span class="nn-after">(.)</span></span></span></span></span>', page)
    assert held == [",", ")"]
    text = re.sub(r"<[^>]*>", "", page)
    assert text.count(",") == 1
    assert " and " in text
    plain = project.build("text").page("index.txt")
    assert plain.count(",") == 1


def test_equations_keep_their_numbers_and_lines_are_aligned(tmp_path: Path) -> None:
    page = make(tmp_path).build().page("index.html")
    assert 'id="equation-eq-sum"' in page
    assert '<span class="eqno">(1)' in page
    assert 'href="#equation-eq-sum">(1)</a>' in page
    assert r"\begin{aligned}x &amp;= 1 \\" in page  # in the annotation of the MathML


def test_only_pages_with_formulas_link_the_style_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    project = make(tmp_path).build()
    assert "katex/katex.css" in project.page("index.html")
    assert "katex" not in project.page("plain.html")
    assert "tex-mml" not in project.page("index.html")  # MathJax's script
    assert not re.search(r"<(?:script|link)[^>]*https?://", project.page("index.html"))
    css = project.page("_static/katex/katex.css")
    faces = re.findall(r"url\(([^)]*)\?v=[0-9a-f]{8}\)", css)
    assert faces == re.findall(r"fonts/[\w-]+\.woff2", css)
    assert all((project.out / "_static" / "katex" / face).is_file() for face in faces)
    assert (project.out / "_static" / "katex" / "LICENSE").is_file()


def test_faces_are_those_of_the_formulas_with_their_characters_and_a_new_one_links_the_style_anew(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path, ["myst_parser", "nnfs.site.maths"])
    project.write("index.md", "# Page\n\n$x + 1$\n\n```{toctree}\nother\n```\n")
    project.write("other.md", "# Other\n\n$y$\n")
    fonts = project.build().out / "_static" / "katex" / "fonts"
    assert {face.stem for face in fonts.iterdir()} == {"KaTeX_Main-Regular", "KaTeX_Math-Italic"}
    assert {ord("x"), ord("y")} <= set(TTFont(fonts / "KaTeX_Math-Italic.woff2").getBestCmap()) < set(range(0x80))
    project.write("_build/html/index.html", "a page that links the old style")
    project.write("other.md", "# Other\n\n$\\mathbf{y}, \\mathbb{R}$\n")
    project.build()
    assert {face.stem for face in fonts.iterdir()} >= {"KaTeX_Main-Bold", "KaTeX_AMS-Regular"}
    assert "katex/katex.css" in project.page("index.html")  # written again, though its source is unchanged


def test_a_refused_formula_is_an_error_with_its_page_and_line_and_is_asked_again(
    tmp_path: Path, calls: list[list[maths.Formula]]
) -> None:
    project = make(tmp_path)
    project.write("more.md", "# More\n\nText.\n\n$\\frac{1}{$ and $ok$\n")
    for _ in range(2):
        project.build()
        assert r"more.md:5: ERROR: KaTeX refuses \frac{1}{: " in project.warnings
        project.write("plain.md", "# Changed\n")
    assert calls[1] == [(r"\frac{1}{", False)]
    kept = json.loads((tmp_path / ".cache" / "nnfs" / "katex.json").read_text(encoding="utf-8"))
    assert len(kept) == 4


def test_a_damaged_cache_is_an_empty_one(tmp_path: Path, calls: list[list[maths.Formula]]) -> None:
    project = make(tmp_path).build()
    (tmp_path / ".cache" / "nnfs" / "katex.json").write_text('{"half', encoding="utf-8")
    project.write("plain.md", "# Changed\n")
    assert project.build().warnings == ""
    assert len(calls) == 2


def test_parallel_readers_bring_their_formulas_home(tmp_path: Path) -> None:
    project = make(tmp_path)
    for i in range(6):
        project.write(f"extra{i}.md", f"---\norphan: true\n---\n# Extra\n\n$x^{i}$\n")
    project.build(jobs=2)
    assert project.warnings == ""
    assert all("katex-html" in project.page(f"extra{i}.html") for i in range(6))


def test_without_katex_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match="npm ci --prefix interactive"):
        make(tmp_path, nnfs_interactive="nowhere").build()


def test_without_node_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maths.shutil, "which", lambda *_, **__: None)
    with pytest.raises(ExtensionError, match="make site"):
        maths.node_program()


def test_a_script_that_fails_is_reported_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match="ERR_MODULE_NOT_FOUND"):
        maths.call_katex(tmp_path, [("x", False)])


def test_katex_sees_what_latex_would_refuse() -> None:
    folder = REPOSITORY / "interactive" / "node_modules"
    fine, display, unknown = maths.call_katex(folder, [("x", False), ("x", True), (r"\nonsense", False)])
    assert "katex-display" not in fine["html"]
    assert "katex-display" in display["html"]
    assert "Undefined control sequence" in unknown["error"]


def test_of_katexs_style_sheet_stays_what_the_formulas_use() -> None:
    css = (
        "@font-face{font-family:KaTeX_Main;src:url(x)}.katex{font:normal 1.21em KaTeX_Main}"
        ".katex .mfrac,.katex .sqrt>b{top:.5em}.katex .size1.reset-size2{font-size:.8333em}"
        ".katex svg{width:100%}body{counter-reset:a b}"
    )
    kept = maths.rules_for(css, '<span class="katex"><span class="mfrac x"></span></span>')
    assert kept == (
        "@font-face{font-family:KaTeX_Main;src:url(x)}.katex{font:normal 1.21em KaTeX_Main}.katex .mfrac{top:.5em}"
        ".katex svg{width:100%}body{counter-reset:a b}"
    )
