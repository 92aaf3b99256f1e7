"""Faces and style: small, the same every time, with their licences; every colour by role and with contrast."""

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
BOARD = (STATIC / "chalkboard.css").read_text(encoding="utf-8") + (STATIC / "frame.css").read_text(encoding="utf-8")


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


def test_the_faces_of_a_plain_page_stay_within_their_budget(built: Project) -> None:
    fonts = built.out / "_static" / "fonts"
    assert sum((fonts / f.file).stat().st_size for f in assets.FACES if f.style == "normal") <= 66_000


def test_a_face_is_cut_to_the_same_bytes_again_and_cut_once(built: Project, tmp_path: Path) -> None:
    face = assets.FACES[-1]
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


def test_the_faces_of_the_first_screen_are_asked_for_first(built: Project) -> None:
    links = re.findall(r'<link rel="preload" href="_static/fonts/([\w.-]+)" as="font"', built.page("index.html"))
    assert links == ["caveat-700.woff2", "atkinson-hyperlegible-400.woff2"]


def test_our_style_comes_after_the_themes(built: Project) -> None:
    sheets = re.findall(r'href="_static/([\w./-]+\.css)', built.page("index.html"))
    assert sheets[-3:] == ["fonts.css", "palette.css", "chalkboard.css"]
    assert re.search(r'<script defer="defer" src="_static/nnfs.js', built.page("index.html"))


def test_a_missing_package_is_named_with_what_to_do(tmp_path: Path) -> None:
    project = Project(tmp_path, ["nnfs.site.maths", "nnfs.site.assets"], nnfs_interactive="nowhere")
    project.write("index.rst", "Page\n====\n")
    with pytest.raises(ExtensionError, match="npm ci --prefix interactive"):
        project.build()


# --- What we wrote ---


def test_every_variable_that_is_used_is_in_the_palette() -> None:
    defined = set(re.findall(r"(--nn-[\w-]+)\s*:", PALETTE + BOARD)) | {"--nn-figure-text"}
    used = set(re.findall(r"var\((--nn-[\w-]+)", PALETTE + BOARD)) | set(plot.SENTINELS.values())
    assert used <= defined


def test_only_the_palette_names_colours() -> None:
    outside = re.sub(r'url\("data:[^"]*"\)', "", BOARD)
    named = re.findall(r"#[0-9A-Fa-f]{3,8}\b|rgb\([^)]*\)", outside)
    assert set(named) <= {"#1E2326", "rgb(0 0 0 / 25%)", "rgb(0 0 0 / 50%)"}  # text on a mark, shadows, behind a drawer


def pairs() -> dict[str, tuple[str, str]]:
    """Role → (whiteboard, board)."""
    found = re.findall(r"(--nn-[\w-]+): light-dark\((#\w{6}), (#\w{6})\)", PALETTE)
    return {role: (light, dark) for role, light, dark in found}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["whiteboard", "board"])
def test_text_is_readable_on_every_surface_and_controls_and_lines_are_seen(mode: int) -> None:
    colours = {role: pair[mode] for role, pair in pairs().items()}
    words = ("text", "muted", "link", "visited", "keyword", "string", "number", "class", "comment", "error")
    for surface in ("board", "raised", "sunken"):
        ground = colours[f"--nn-{surface}"]
        ratios = {w: contrast(colours[f"--nn-{w}"], ground) for w in words}
        assert min(ratios.values()) >= 4.5, ratios
    for role in ("border", "focus", "s1", "s2", "s3", "s4", "s5", "pos", "neg"):
        assert contrast(colours[f"--nn-{role}"], colours["--nn-board"]) >= 3, role


@pytest.mark.parametrize("mode", [0, 1], ids=["whiteboard", "board"])
def test_the_ramp_is_monotone_in_lightness_and_numbers_on_it_are_readable(mode: int) -> None:
    colours = {role: pair[mode] for role, pair in pairs().items()}
    ramp = [luminance(colours[f"--nn-seq{i}"]) for i in range(1, 6)]
    assert ramp == sorted(ramp, reverse=mode == 0)
    on = ("--nn-text", "--nn-text", "--nn-on-seq3", "--nn-board", "--nn-board")
    for step, ink in enumerate(on, start=1):
        assert contrast(colours[ink], colours[f"--nn-seq{step}"]) >= 4.5, step


def test_what_we_wrote_is_small() -> None:
    script = (STATIC / "nnfs.js").read_bytes()
    assert len(script) <= 4096
    assert len(gzip.compress((PALETTE + BOARD).encode())) <= 12_000


def test_packages_are_pinned_exactly_with_hashes_and_without_addresses() -> None:
    wanted = json.loads((REPOSITORY / "interactive" / "package.json").read_text(encoding="utf-8"))
    lock = (REPOSITORY / "interactive" / "package-lock.json").read_text(encoding="utf-8")
    versions = wanted["dependencies"] | wanted["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert '"resolved"' not in lock
    installed = {k: v for k, v in json.loads(lock)["packages"].items() if k}
    assert all("integrity" in entry for entry in installed.values())
