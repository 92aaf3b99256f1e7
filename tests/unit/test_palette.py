"""The palette: two skins in two modes, complete, readable, and told apart by every kind of colour vision."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from sphinx_project import REPOSITORY

PALETTE = (REPOSITORY / "_static" / "palette.css").read_text(encoding="utf-8")
PAGE = (REPOSITORY / "_static" / "page.css").read_text(encoding="utf-8")
VARIANTS = [(skin, mode) for skin in ("chalkboard", "theorem") for mode in ("light", "dark")]
each_variant = pytest.mark.parametrize(("skin", "mode"), VARIANTS, ids=map("-".join, VARIANTS))

# What the design computed for its own colours (WCAG 2, two decimals), by surface and role.
DESIGN = {
    ("chalkboard", "dark", "board"): """text 12.78 muted 8.59 rule 1.59 border 4.47 link 8.90 visited 8.19 focus 11.82
        keyword 7.87 string 9.68 number 8.84 class 11.25 error 7.30 mark 11.25
        s1 13.36 s2 6.74 s3 6.68 s4 9.68 s5 8.75 neg 7.59 pos 8.25""",
    ("chalkboard", "dark", "sunken"): """text 14.10 muted 9.47 border 4.93 link 9.81 visited 9.03 focus 13.04
        keyword 8.68 string 10.68 number 9.75 class 12.41 comment 7.14 error 8.05""",
    ("chalkboard", "light", "board"): """text 15.30 muted 6.84 rule 1.32 border 3.60 link 7.09 visited 7.54 focus 6.16
        string 6.31 number 6.04 class 6.67 error 6.30
        s1 15.30 s2 4.66 s3 6.04 s4 5.67 s5 7.54 neg 4.69 pos 7.09""",
    ("chalkboard", "light", "sunken"): """text 14.11 muted 6.31 border 3.32 link 6.54 visited 6.95 focus 5.68
        keyword 6.56 string 5.82 number 5.57 class 6.15 comment 5.46 error 5.81""",
    ("theorem", "light", "board"): """text 17.93 muted 7.62 border 3.91 link 9.95 visited 9.81 focus 6.33
        accent 10.18 s2 7.77 error 7.42 string 6.37 s3 6.26""",
    ("theorem", "dark", "board"): """text 14.25 muted 7.56 border 4.79 link 8.44 visited 8.69 focus 12.93
        accent 8.41 error 8.26 string 9.96 number 9.94""",
}

# Who stands on what. Words of 15 px and more; on the dark board chalk needs more.
PROSE = ("text", "muted", "link", "visited", "accent", "string", "class", "error")
SYNTAX = ("text", "keyword", "link", "visited", "class", "string", "number", "comment", "error")
OUTPUT = ("text", "muted", "error", "link")
CONTROLS = ("border", "focus")
DATA = ("s1", "s2", "s3", "s4", "s5", "pos", "neg", "error", "muted")  # lines and bars, and the names written on them


def block(opening: str) -> dict[str, str]:
    """The custom properties of the first rule that begins with `opening`, without `--nn-`."""
    body = PALETTE.split(opening, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--nn-([\w-]+):\s*([^;]+);", re.sub(r"/\*.*?\*/", "", body, flags=re.S)))


BASE = block(":root, [data-skin] {")  # theorem, and what both share
BOARD = block('[data-skin="chalkboard"] {')


def colours(skin: str, mode: str) -> dict[str, str]:
    """Role → #RRGGBB in one variant."""
    found = {}
    for role, value in (BASE | (BOARD if skin == "chalkboard" else {})).items():
        pair = re.fullmatch(r"light-dark\((#\w{6}), (#\w{6})\)", value)
        if pair:
            found[role] = pair[1 if mode == "light" else 2]
        elif re.fullmatch(r"#\w{6}", value):
            found[role] = value
    return found


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_skin_says_every_colour_itself() -> None:
    pairs = {role for role, value in BASE.items() if "light-dark(" in value}
    own = {role for role, value in BOARD.items() if "light-dark(" in value}
    assert own - {"lines"} == pairs  # the ruled lines are part of the board's texture
    for skin, mode in VARIANTS:
        assert {*PROSE, *SYNTAX, *OUTPUT, *CONTROLS, *DATA} <= colours(skin, mode).keys()


def test_a_skin_says_every_manner_itself_but_the_sizes_that_both_share() -> None:
    assert BASE.keys() - BOARD.keys() == {"mark", "on-mark", "mono", "size", "small"}


@each_variant
def test_text_is_readable_on_every_surface_where_it_stands(skin: str, mode: str) -> None:
    c = colours(skin, mode)
    least = 7 if (skin, mode) == ("chalkboard", "dark") else 4.5
    found = {(role, "board"): contrast(c[role], c["board"]) for role in PROSE}
    found |= {(role, "sunken"): contrast(c[role], c["sunken"]) for role in SYNTAX}
    assert not {where: round(x, 2) for where, x in found.items() if x < least}
    assert not {role for role in OUTPUT if contrast(c[role], c["raised"]) < 4.5}
    assert contrast(c["on-mark"], c["mark"]) >= 4.5


@each_variant
def test_controls_and_the_focus_ring_are_seen(skin: str, mode: str) -> None:
    c = colours(skin, mode)
    for role, surface in itertools.product(CONTROLS, ("board", "raised", "sunken")):
        assert contrast(c[role], c[surface]) >= 3, (role, surface)


@each_variant
def test_data_and_the_names_on_it_are_readable(skin: str, mode: str) -> None:
    c = colours(skin, mode)
    assert not {role: contrast(c[role], c["board"]) for role in DATA if contrast(c[role], c["board"]) < 4.5}


@each_variant
def test_the_ramp_is_monotone_in_lightness_and_numbers_on_it_are_readable(skin: str, mode: str) -> None:
    c = colours(skin, mode)
    ramp = [luminance(c[f"seq{i}"]) for i in range(1, 6)]
    assert ramp == sorted(ramp, reverse=mode == "light")
    for step, ink in enumerate(("text", "text", "on-seq3", "board", "board"), start=1):  # as plot.heatmap writes
        assert contrast(c[ink], c[f"seq{step}"]) >= 4.5, step


@pytest.mark.parametrize(("skin", "mode", "surface"), DESIGN, ids=map("-".join, DESIGN))
def test_the_contrasts_are_those_of_the_design(skin: str, mode: str, surface: str) -> None:
    c = colours(skin, mode)
    words = DESIGN[skin, mode, surface].split()
    wanted = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    assert {role: contrast(c[role], c[surface]) for role in wanted} == pytest.approx(wanted, abs=0.011)


# Machado, Oliveira and Fernandes 2009: severity 1.0, on linear RGB.
VISION = {
    "all three cones": np.eye(3),
    "no long cones": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "no middle cones": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "no short cones": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}
XYZ = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])  # from linear sRGB


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* of linear RGB under D65."""
    t = XYZ @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(shades: list[str]) -> float:
    """The smallest distance (CIE76) of two of them, over normal vision and three dichromacies."""
    return min(
        float(np.linalg.norm(lab(eyes @ linear(a)) - lab(eyes @ linear(b))))
        for eyes in map(np.asarray, VISION.values())
        for a, b in itertools.combinations(shades, 2)
    )


@each_variant
def test_three_series_and_both_signs_stay_apart_for_every_kind_of_colour_vision(skin: str, mode: str) -> None:
    c = colours(skin, mode)
    assert closest([c["s1"], c["s2"], c["s3"]]) >= 35
    assert closest([c["s1"], c["s2"], c["s3"], c["s4"]]) >= 20  # with dash and label
    assert closest([c["pos"], c["neg"]]) >= 60


def test_only_the_palette_names_colours() -> None:
    outside = re.sub(r'url\("data:[^"]*"\)', "", PAGE)
    assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b|rgb\([^)]*\)", outside)) <= {"rgb(0 0 0 / 25%)"}  # a card's shadow
