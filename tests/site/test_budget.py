"""What a page weighs: bytes by kind, counted on the built site against the budgets of the architecture (section 5).

What a page loads is read from its HTML and from the style sheets that it links, not from a browser: everything that
a reader in either skin could have to fetch before touching an interactive. Sizes are those of `gzip -9`.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest

pytestmark = pytest.mark.xdist_group("browser")  # the worker that builds this checkout's site

REPOSITORY = Path(__file__).resolve().parents[2]
OUT = REPOSITORY / "_build" / "html"
PAGES = ["index.html", *sorted(f"posts/{post.stem}.html" for post in (REPOSITORY / "posts").glob("*.md"))]
KB = 1000
SKINS = {  # a page is shown in one of them, and a browser fetches only the faces that it needs
    "chalkboard": {"Caveat", "Atkinson Hyperlegible", "JetBrains Mono"},
    "theorem": {"STIX Two Text", "JetBrains Mono"},
}


class Links(HTMLParser):
    """Addresses that a page fetches by itself, by kind."""

    def __init__(self) -> None:
        super().__init__()
        self.css: list[str] = []
        self.js: list[str] = []
        self.preload: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attributes}
        rel = at.get("rel", "").split()
        if tag == "link" and "stylesheet" in rel:
            self.css.append(at["href"])
        elif tag == "link" and ({"preload", "modulepreload"} & set(rel)):
            self.preload.append(at["href"])
        elif tag == "link" and "icon" in rel:
            self.images.append(at["href"])
        elif tag == "script" and "src" in at:
            self.js.append(at["src"])
        elif tag in {"img", "source", "iframe", "video", "audio"} and at.get("src"):
            self.images.append(at["src"])


@dataclass
class Weight:
    """One page: its own bytes, and the files that it loads."""

    html: str
    style: str  # what of it is style
    css: list[Path]
    js: list[Path]
    images: list[Path]
    faces: dict[str, set[Path]]  # family -> files
    preload: list[Path]

    @property
    def maths(self) -> bool:
        return 'class="katex' in self.html

    def fonts(self, skin: str) -> int:
        files = {file for family in SKINS[skin] for file in self.faces.get(family, ())}
        return sum(file.stat().st_size for file in files)

    @property
    def maths_fonts(self) -> int:
        files = {file for family, files in self.faces.items() if family.startswith("KaTeX") for file in files}
        return sum(file.stat().st_size for file in files)


def packed(*files: Path) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 9, mtime=0)) for file in files)


def local(page: Path, address: str) -> Path:
    """The file behind an address in `page`; an address of another host is a failure."""
    parts = urlsplit(urldefrag(address).url)
    assert not parts.scheme, f"{page} loads {address}"
    assert not parts.netloc, f"{page} loads {address}"
    file = (page.parent / parts.path).resolve()
    assert file.is_file(), f"{page} loads {address}, which is not there"
    return file


def faces(sheet: Path, css: str) -> dict[str, set[Path]]:
    """The font files of `css`, which stands in the file `sheet`, by family."""
    found: dict[str, set[Path]] = {}
    for rule in re.findall(r"@font-face\s*\{([^}]*)\}", css):
        family = re.search(r"font-family:\s*[\"']?([^\"';]+)", rule)
        assert family
        for address in re.findall(r"url\([\"']?([^)\"']+)", rule):
            found.setdefault(family.group(1), set()).add(local(sheet, address))
    return found


@pytest.fixture(scope="session")
def site() -> Path:
    build = subprocess.run([sys.executable, "-m", "nnfs", "build"], cwd=REPOSITORY, capture_output=True, text=True)
    assert build.returncode == 0, build.stderr
    return OUT


@pytest.fixture(params=PAGES)
def weight(request: pytest.FixtureRequest, site: Path) -> Weight:
    page = site / request.param
    text = page.read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    css = [local(page, address) for address in links.css]
    by_family: dict[str, set[Path]] = {}
    inline = "\n".join(re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL))
    for sheet, rules in [(page, inline), *((sheet, sheet.read_text(encoding="utf-8")) for sheet in css)]:
        for family, files in faces(sheet, rules).items():
            by_family.setdefault(family, set()).update(files)
    return Weight(
        html=text,
        style=inline,
        css=css,
        js=[local(page, address) for address in links.js],
        images=[local(page, address) for address in links.images],
        faces=by_family,
        preload=[local(page, address) for address in links.preload],
    )


def test_the_html_of_a_page_is_at_most_120_kb(weight: Weight) -> None:
    assert len(gzip.compress(weight.html.encode(), 9, mtime=0)) <= 120 * KB


def test_style_is_at_most_30_kb_for_both_skins_and_maths(weight: Weight) -> None:
    assert packed(*weight.css) + len(gzip.compress(weight.style.encode(), 9, mtime=0)) <= 30 * KB


def test_a_page_waits_for_one_style_sheet(weight: Weight) -> None:
    assert [sheet.name for sheet in weight.css] == ["site.css"]
    assert (".katex" in weight.style) == weight.maths
    assert (".nn-stage" in weight.style) == ("<nn-" in weight.html)


def test_scripts_before_an_interactive_are_at_most_12_kb(weight: Weight) -> None:
    inline = "".join(re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", weight.html, flags=re.DOTALL))
    assert packed(*weight.js) + len(gzip.compress(inline.encode(), 9, mtime=0)) <= 12 * KB


@pytest.mark.parametrize("skin", SKINS)
def test_faces_are_at_most_66_kb_a_skin_and_those_of_maths_55_kb(weight: Weight, skin: str) -> None:
    assert 0 < weight.fonts(skin) <= 66 * KB
    assert weight.maths_fonts <= 55 * KB
    assert (weight.maths_fonts > 0) == weight.maths


@pytest.mark.parametrize("skin", SKINS)
def test_the_shell_is_at_most_150_kb_and_205_kb_with_maths(weight: Weight, skin: str) -> None:
    """Everything around a text, with 40 KB for its HTML; what is beyond is the post's own, under its own budget."""
    text = min(len(gzip.compress(weight.html.encode(), 9, mtime=0)), 40 * KB)
    shell = text + packed(*weight.css, *weight.js, *weight.images) + weight.fonts(skin) + weight.maths_fonts
    assert shell <= (205 if weight.maths else 150) * KB


def test_what_is_loaded_early_is_loaded_at_all(weight: Weight) -> None:
    loaded = {*weight.css, *weight.js, *(file for files in weight.faces.values() for file in files)}
    assert set(weight.preload) <= loaded


def test_there_is_no_icon_font_and_none_of_the_themes_scripts(weight: Weight, site: Path) -> None:
    text = weight.html + "".join(file.read_text(encoding="utf-8") for file in [*weight.css, *weight.js])
    assert not re.search(r"font-?\s?awesome|\bfa-solid\b|bootstrap|jquery|mathjax", text, flags=re.IGNORECASE)
    published = {file.name for file in site.rglob("*") if file.is_file()}
    assert not {name for name in published if re.search(r"^fa-|fontawesome|bootstrap|\.map$", name)}


def test_the_search_index_is_loaded_by_the_search_page_only(weight: Weight, site: Path) -> None:
    assert not {file.stem for file in weight.js} & {"searchindex", "searchtools", "language_data", "doctools"}
    assert "searchindex.js" in (site / "search.html").read_text(encoding="utf-8")


def test_every_page_has_one_description_one_viewport_and_one_title(weight: Weight) -> None:
    head = weight.html.split("</head>")[0]
    (described,) = re.findall(r'<meta name="description" content="([^"]*)"', head)
    assert 40 <= len(described) <= 200
    assert head.count('name="viewport"') == 1
    assert head.count("<title>") == 1


def test_a_style_sheet_asks_for_nothing_that_is_not_here(weight: Weight) -> None:
    for sheet in weight.css:
        text = sheet.read_text(encoding="utf-8")
        assert "@import" not in text
        for address in re.findall(r"url\([\"']?([^)\"']+)", text):
            if not address.startswith(("data:", "#", "%23")):
                local(sheet, address)
