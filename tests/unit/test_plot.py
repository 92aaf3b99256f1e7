"""Figures: the same bytes everywhere, only colours that have a role, labels that do not touch."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from nnfs import plot
from nnfs.claims import FIGURE_MIME, POSTER_MIME

DRAW = """
import numpy as np
from nnfs import plot
fig, (left, right) = plot.figure(ncols=2)
x = np.linspace(0, 10, 200)
plot.line(left, x, np.exp(-x), 1, "fast")
plot.line(left, x, np.exp(-x / 2), 2, "slow")
plot.heatmap(right, np.outer(np.arange(8), np.arange(8)), cells=".0f")
left.set(xlabel="epoch", ylabel="loss", yscale="log")
print(plot.show(fig, "fig-twice", caption="Two.", alt="Two."))
"""


def svg(fig: object, name: str = "fig-test") -> str:
    text = plot.show(fig, name, caption="What we find.", alt="What there is.")  # type: ignore[arg-type]
    assert text is not None
    return text


def paths(text: str, colour: str) -> list[str]:
    """The path data of everything filled with `colour`."""
    return re.findall(rf'd="([^"]*)"[^>]*style="fill: {colour}', text)


def test_two_processes_with_different_hash_seeds_write_the_same_bytes() -> None:
    def run(seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", DRAW], capture_output=True, text=True, check=True, env=environment
        ).stdout

    first = run("1")
    assert first == run("2")
    assert "</svg>" in first


def test_importing_plot_does_not_import_matplotlib() -> None:
    code = "import sys, nnfs.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_colour_has_a_role_and_no_date_or_face_of_this_machine_is_written() -> None:
    fig, ax = plot.figure()
    plot.line(ax, [0, 1], [0, 1], 1, "up")
    plot.band(ax, [0, 1], [0, 0], [1, 2], 2)
    plot.bars(ax, [3, 4], [1, 2], 3, values=".1f")
    plot.dots(ax, 6, [1, 2, 3], 4, "seeds")
    text = svg(fig)
    colours = set(re.findall(r"#[0-9a-f]{6}", re.sub(r"\(#\w+\)|\"#\w+\"", "", text)))
    assert colours <= set(plot.SENTINELS)
    assert {plot.S1, plot.S2, plot.S3, plot.S4, plot.MUTED} <= colours
    assert "dc:date" not in text
    assert set(re.findall(r"font-family: ([^;\"]*)", text)) <= {"'DejaVu Sans'", "'DejaVu Sans', sans-serif"}


def test_no_glyph_and_no_font_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    fig, ax = plot.figure()
    plot.line(ax, [1, 2], [1e-9, 1e3], 1, "σ(z) → x₁ × ŷ")
    ax.set(yscale="log", xlabel="epoch", ylabel="loss")
    with caplog.at_level(logging.WARNING, logger="matplotlib"):
        svg(fig)
    assert caplog.records == []


def test_what_is_shown_leaves_the_cell_with_caption_and_alternative_text(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(plot, "publish", lambda mime, payload: sent.append((mime, payload)))
    fig, ax = plot.figure()
    plot.line(ax, [0, 1], [0, 1])
    plot.show(fig, "fig-line", caption="It\n  rises.", alt="A line.")
    mime, payload = sent[0]
    assert mime == FIGURE_MIME
    assert {k: payload[k] for k in ("name", "caption", "alt")} == {
        "name": "fig-line", "caption": "It rises.", "alt": "A line.",
    }  # fmt: skip
    assert payload["svg"].startswith("<?xml")


def test_a_poster_leaves_the_cell_with_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(plot, "publish", lambda mime, payload: sent.append((mime, payload)))
    fig, ax = plot.figure()
    plot.line(ax, [0, 1], [0, 1])
    numbers = (("x", "y"), np.array([[0, 0], [1, 1]]))
    shown = plot.poster(fig, "fig-line", alt="A\n line.", table=numbers, shows={"seed": 1, "net": "3"})
    table = {"columns": ["x", "y"], "rows": [[0, 0], [1, 1]]}
    told = {"svg": shown, "name": "fig-line", "alt": "A line.", "table": table, "shows": {"seed": "1", "net": "3"}}
    assert sent == [(POSTER_MIME, told)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "loss"}, "fig-"),
        ({"alt": " "}, "alt"),
        ({"table": (["x"], [])}, "at least one row"),
        ({"table": (["x", " "], [[1, 2]])}, "a name for each column"),
        ({"table": (["x"], [[1], [1, 2]])}, "row 1 of the table has 2 cells"),
        ({"table": (["x"], [[[1]]])}, "neither a number nor a string"),
        ({"table": (["x"], [[float("nan")]])}, "finite"),
    ],
)
def test_a_poster_without_name_alt_or_a_sound_table_is_refused(change: dict[str, Any], complaint: str) -> None:
    fig, _ = plot.figure()
    with pytest.raises((ValueError, TypeError), match=complaint):
        plot.poster(fig, **({"name": "fig-x", "alt": "A."} | change))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "loss"}, "fig-"),
        ({"name": "fig-Loss"}, "fig-"),
        ({"caption": "  "}, "caption"),
        ({"alt": ""}, "alt"),
    ],
)
def test_a_figure_without_name_caption_or_alt_is_refused(change: dict[str, str], complaint: str) -> None:
    fig, _ = plot.figure()
    with pytest.raises(ValueError, match=complaint):
        plot.show(fig, **({"name": "fig-x", "caption": "C.", "alt": "A."} | change))


def test_a_legend_a_title_and_a_colour_of_its_own_are_refused() -> None:
    fig, ax = plot.figure()
    ax.plot([0, 1], [0, 1], label="line")
    ax.legend()
    with pytest.raises(ValueError, match="legend"):
        svg(fig)
    fig, ax = plot.figure()
    ax.set_title("Loss")
    with pytest.raises(ValueError, match="title"):
        svg(fig)
    fig, ax = plot.figure()
    ax.plot([0, 1], [0, 1], color="red")
    with pytest.raises(ValueError, match="#ff0000"):
        svg(fig)


def test_a_drawing_above_sixty_kilobytes_is_refused() -> None:
    fig, ax = plot.figure()
    rng = np.random.default_rng(0)
    ax.scatter(*rng.random((2, 3000)), color=plot.S1)
    with pytest.raises(ValueError, match="draw fewer"):
        svg(fig)


def test_labels_at_the_ends_keep_their_order_and_do_not_touch() -> None:
    fig, ax = plot.figure()
    for series, height in ((1, 0.500), (2, 0.501), (3, 0.502), (4, 0.9)):
        plot.line(ax, [0, 1], [0, height], series, f"line {series}")
    places = dict(re.findall(r'y="([\d.]+)"[^>]*>(line \d)', svg(fig)))
    y = {name: float(place) for place, name in places.items()}
    assert y["line 4"] < y["line 3"] < y["line 2"] < y["line 1"]  # SVG counts downwards
    gaps = np.diff(sorted(y.values()))
    assert gaps.min() >= plot.LABEL_SIZE


def test_labels_far_apart_stay_beside_their_lines() -> None:
    fig, ax = plot.figure()
    plot.line(ax, [0, 1], [0, 0], 1, "low")
    plot.line(ax, [0, 1], [0, 1], 2, "high")
    svg(fig)
    assert [t.get_position()[1] for t in ax.texts] == pytest.approx([0, 0])


def test_a_line_needs_as_many_x_as_y_and_a_series_from_one_to_five() -> None:
    _, ax = plot.figure()
    with pytest.raises(ValueError, match="as many x as y"):
        plot.line(ax, [1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="1 to 5"):
        plot.line(ax, [1], [1], series=6)
    with pytest.raises(ValueError, match="'end', 'start'"):
        plot.line(ax, [1], [1], label="x", at="middle")


def test_a_label_may_stand_at_the_start_or_above_an_x() -> None:
    fig, ax = plot.figure()
    plot.line(ax, [0, 10], [0, 20], 1, "start", at="start")
    plot.line(ax, [0, 10], [0, 20], 2, "above", at=5)
    svg(fig)
    assert {t.get_text(): t.xy for t in ax.texts} == {"start": (0, 0), "above": (5, 10)}


def test_a_heat_map_costs_bytes_by_its_edges() -> None:
    fig, ax = plot.figure()
    plot.heatmap(ax, np.repeat([[0.0], [1.0]], 40, axis=1), key=False)
    text = svg(fig)
    assert [d.count("M") for c in (plot.SEQ1, plot.SEQ5) for d in paths(text, c)] == [1, 1]  # one run a row
    fig, ax = plot.figure()
    plot.heatmap(ax, np.random.default_rng(0).random((40, 40)))  # the worst case fits too
    assert len(svg(fig)) < plot.MAX_BYTES


def test_cells_of_one_shade_are_merged_across_rows() -> None:
    fig, ax = plot.figure()
    plot.heatmap(ax, np.repeat([[0.0, 1.0], [1.0, 1.0]], 20, axis=0), key=False)
    text = svg(fig)
    assert [d.count("M") for c in (plot.SEQ1, plot.SEQ5) for d in paths(text, c)] == [1, 2]


def test_a_heat_map_has_five_equal_steps_and_leaves_unknown_cells_empty() -> None:
    fig, ax = plot.figure()
    plot.heatmap(ax, [[0.0, 0.19, 0.2, 0.5, 0.99, 1.0, np.nan, 7.0]], 0, 1, key=False)
    runs = {c: sum(d.count("M") for d in paths(svg(fig), c)) for c in plot.SEQ}
    assert runs == {plot.SEQ1: 1, plot.SEQ2: 1, plot.SEQ3: 1, plot.SEQ4: 0, plot.SEQ5: 2}


def test_numbers_in_cells_flip_their_colour_where_the_shade_is_bright() -> None:
    fig, ax = plot.figure()
    plot.heatmap(ax, [[0.0, 0.5, 1.0]], 0, 1, cells=".1f", rows=["r"], columns=["a", "b", "c"], key=False)
    found = dict(re.findall(r"fill: (#\w+)\"[^>]*>(\d\.\d)<", svg(fig)))
    assert found == {plot.INK: "0.0", plot.ON_SEQ3: "0.5", plot.PAPER: "1.0"}


@pytest.mark.parametrize("bad", [np.zeros((41, 2)), np.zeros(3), np.zeros((0, 2)), [[np.nan]]])
def test_a_heat_map_of_the_wrong_shape_is_refused(bad: object) -> None:
    _, ax = plot.figure()
    with pytest.raises(ValueError, match="heat map"):
        plot.heatmap(ax, bad)


def test_a_constant_table_is_the_middle_shade() -> None:
    fig, ax = plot.figure()
    plot.heatmap(ax, np.full((2, 2), 3.0), key=False)
    text = svg(fig)
    assert paths(text, plot.SEQ3)
    assert not paths(text, plot.SEQ1)


def test_a_net_shows_the_sign_of_a_weight_twice_by_colour_and_by_dash() -> None:
    fig, ax = plot.figure()
    plot.network(ax, (2, 1), [np.array([[1.0], [-1.0]])], inputs=("x₁", "x₂"), outputs=("y",))
    text = svg(fig)
    positive = re.findall(rf'style="([^"]*stroke: {plot.POS}[^"]*)"', text)
    negative = re.findall(rf'style="([^"]*stroke: {plot.NEG}[^"]*)"', text)
    assert len(positive) == len(negative) == 1
    assert "dasharray" not in positive[0]
    assert "dasharray" in negative[0]


def test_a_net_without_weights_is_drawn_in_grey_and_a_wrong_shape_is_refused() -> None:
    fig, ax = plot.figure()
    plot.network(ax, (2, 4, 1))
    assert plot.POS not in svg(fig)
    for sizes, options in (
        ((3,), {}),
        ((2, 13), {}),
        ((2, 1), {"inputs": ("x",)}),
        ((2, 1), {"weights": []}),
        ((2, 1), {"weights": [np.zeros((1, 2))]}),
    ):
        with pytest.raises(ValueError, match=r"net|names|matrices|W is"):
            plot.network(ax, sizes, **options)  # type: ignore[arg-type]


def test_dots_show_every_seed_the_range_and_the_median() -> None:
    _, ax = plot.figure()
    plot.dots(ax, 2, [5.0, 1.0, 2.0])
    span, seeds, median = ax.lines
    assert list(span.get_ydata()) == [1, 5]
    assert sorted(seeds.get_ydata()) == [1, 2, 5]
    assert list(median.get_ydata()) == [2]
    with pytest.raises(ValueError, match="finite"):
        plot.dots(ax, 0, [1, np.nan])


def test_bars_need_a_height_each() -> None:
    _, ax = plot.figure()
    with pytest.raises(ValueError, match="as many heights"):
        plot.bars(ax, ["a", "b"], [1])


def test_powers_of_ten_are_plain_text() -> None:
    fig, ax = plot.figure()
    plot.line(ax, [0, 1], [1e-6, 1])
    ax.set(yscale="log", ylim=(1e-6, 1), yticks=[1e-6, 1e-3, 1])
    words = re.findall(r">([^<>\n]+)</text>", svg(fig))
    assert {"10⁻⁶", "0.001", "1"} <= set(words)
    assert "tspan" not in svg(fig)


def test_small_words_are_not_handwritten() -> None:
    fig, axes = plot.figure(ncols=2)
    plot.panel(axes[0], "large")
    plot.panel(axes[1], "small", size=9.5)
    text = svg(fig)
    assert re.search(r"font-style: italic[^>]*>large<", text)
    assert not re.search(r"font-style[^>]*>small<", text)


def test_coordinates_are_rounded_and_words_are_not() -> None:
    fig, ax = plot.figure()
    plot.text(ax, 1 / 3, 1 / 7, "0.0012345 of 0.1428571")
    text = svg(fig)
    assert ">0.0012345 of 0.1428571<" in text
    assert not re.search(r"\d\.\d{3}", text.replace("0.0012345 of 0.1428571", "").partition("</defs>")[2])


def test_a_cell_of_a_map_is_written_by_its_corner_width_and_height():
    drawn = '<path d="M 57.13 117.92 L 66.06 117.92 L 66.06 122.39 L 57.13 122.39 z M 1 2 L 3 2 L 3 4"/>'
    assert plot._shorten(drawn) == '<path d="M57.13 117.92h8.93v4.47h-8.93zM1 2H3V4"/>'
