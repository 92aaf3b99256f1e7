"""Faces and style sheets: small, the same every time, with their licences (the colours: test_palette.py)."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError
from sphinx_project import REPOSITORY, Project

from nnfs import plot
from nnfs.site import assets

STATIC = REPOSITORY / "_static"
PACKAGES = REPOSITORY / "interactive" / "node_modules"
PALETTE = (STATIC / "palette.css").read_text(encoding="utf-8")
PAGE = (STATIC / "page.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(
        tmp_path_factory.mktemp("assets"),
        ["myst_parser", "nnfs.site.maths", "nnfs.site.assets"],
        html_static_path=[str(STATIC)],
    )  # fmt: skip
    project.write("index.md", "# Page\n")
    return project.build()


def test_faces_arrive_subset_with_licence_and_rule(built: Project) -> None:
    assert built.warnings == ""
    fonts = built.out / "_static" / "fonts"
    css = built.page("_static/fonts.css")
    for face in assets.FACES:
        font = TTFont(fonts / face.file)
        assert {ord("a"), ord("Z"), ord("0"), ord("–"), ord("’")} <= set(font.getBestCmap())
        assert f"fonts/{face.file}" in css
        assert "SIL Open Font License" in (fonts / f"{face.package}.LICENSE.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("skin", ["chalkboard", "theorem"])
def test_the_faces_of_a_plain_page_stay_within_their_budget(built: Project, skin: str) -> None:
    fonts = built.out / "_static" / "fonts"
    shared = [f for f in assets.FACES if f.package == "jetbrains-mono"]
    own = [f for f in assets.FACES if (f.package == "stix-two-text") == (skin == "theorem") and f not in shared]
    assert sum((fonts / f.file).stat().st_size for f in own + shared if f.style == "normal") <= 66_000


def test_a_face_is_cut_to_the_same_bytes_again_and_cut_once(built: Project, tmp_path: Path) -> None:
    face = next(f for f in assets.FACES if f.package == "jetbrains-mono")
    source = (PACKAGES / face.source).read_bytes()
    again = assets.cached_subset(source, face, tmp_path)
    assert again == (built.out / "_static" / "fonts" / face.file).read_bytes()
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"from the cache")
    assert assets.cached_subset(source, face, tmp_path) == b"from the cache"


def test_code_has_no_ligatures() -> None:
    face = next(f for f in assets.FACES if f.package == "jetbrains-mono")
    font = TTFont(io.BytesIO(assets.subset((PACKAGES / face.source).read_bytes(), face)))
    assert font["GSUB"].table.FeatureList.FeatureRecord == []


def test_each_skin_names_the_faces_of_its_first_screen() -> None:
    context = {"pathto": lambda name, resource: f"../{name}"}
    assets.first_faces(None, "page", "page.html", context, None)  # type: ignore[arg-type]
    assert context["first_faces"] == {
        "chalkboard": ["../_static/fonts/caveat-700.woff2", "../_static/fonts/atkinson-hyperlegible-400.woff2"],
        "theorem": ["../_static/fonts/stix-two-text-400.woff2", "../_static/fonts/stix-two-text-700.woff2"],
    }


def test_our_style_comes_after_the_themes(built: Project) -> None:
    sheets = re.findall(r'href="_static/([\w./-]+\.css)', built.page("index.html"))
    assert sheets[-3:] == ["fonts.css", "palette.css", "page.css"]
    assert re.search(r'<script defer="defer" src="_static/nnfs.js', built.page("index.html"))


def test_a_missing_package_is_named_with_what_to_do(tmp_path: Path) -> None:
    project = Project(tmp_path, ["nnfs.site.maths", "nnfs.site.assets"], nnfs_interactive="nowhere")
    project.write("index.rst", "Page\n====\n")
    with pytest.raises(ExtensionError, match="npm ci --prefix interactive"):
        project.build()


# --- What we wrote ---


def test_every_variable_that_is_used_is_defined() -> None:
    """In a style sheet, or set by the element or the directive that the sheet belongs to."""
    sheets = [*STATIC.glob("*.css"), *(REPOSITORY / "interactive" / "src").rglob("*.css")]
    code = [*(REPOSITORY / "interactive" / "src").rglob("*.ts"), *(REPOSITORY / "nnfs" / "site").glob("*.py")]
    css, scripts = ("\n".join(path.read_text(encoding="utf-8") for path in paths) for paths in (sheets, code))
    defined = set(re.findall(r"(--nn-[\w-]+)\s*:", css)) | set(re.findall(r"--nn-[\w-]+(?=[\":])", scripts))
    used = set(re.findall(r"var\((--nn-[\w-]+)\)", css)) | set(plot.SENTINELS.values())
    assert used <= defined, used - defined


def test_what_we_wrote_is_small() -> None:
    script = (STATIC / "nnfs.js").read_bytes()
    assert len(script) <= 4096
    assert len(gzip.compress((PALETTE + PAGE).encode())) <= 12_000


def test_packages_are_pinned_exactly_with_hashes_and_without_addresses() -> None:
    wanted = json.loads((REPOSITORY / "interactive" / "package.json").read_text(encoding="utf-8"))
    lock = (REPOSITORY / "interactive" / "package-lock.json").read_text(encoding="utf-8")
    versions = wanted["dependencies"] | wanted["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert '"resolved"' not in lock
    installed = {k: v for k, v in json.loads(lock)["packages"].items() if k}
    assert all("integrity" in entry for entry in installed.values())
