"""Figures that follow the reader's light: one drawing for every skin and for both modes.

A post draws with matplotlib, but never with a colour of its own. Each role (first series, ink, "positive
weight", third step of a heat map …) has a *sentinel*: a near-black hex value that stands for a CSS variable.
The site puts the SVG into the page and replaces sentinels by variables (`nnfs.site.figures`), so that a new
palette redraws nothing and executes nothing. Text stays text; the style sheet gives it a face.

    fig, ax = plot.figure()
    plot.line(ax, epochs, loss, series=1, label="4 hidden")
    ax.set(xlabel="epoch", ylabel="loss")
    plot.show(fig, "fig-xor-loss", caption="Four hidden units learn XOR; …", alt="Loss over 5,000 epochs: …")

House rules that `show` enforces: labels on the lines (no legend), no title in the axes, sentinel colours
only, a caption that states the finding, an alternative text that says what the data look like.
matplotlib is imported when the first figure is made, without pyplot: no global state, nothing to close.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs import claims
from nnfs.claims import FIGURE_MIME, POSTER_MIME, publish

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The one table of colours: what a figure writes, what the page reads.
S1, S2, S3, S4, S5 = "#010101", "#020202", "#030303", "#040404", "#050505"
INK, MUTED, RULE, PAPER = "#060606", "#070707", "#080808", "#090909"
POS, NEG, ERR = "#0a0a0a", "#0b0b0b", "#0c0c0c"
SEQ1, SEQ2, SEQ3, SEQ4, SEQ5 = "#111111", "#121212", "#131313", "#141414", "#151515"
ON_SEQ3 = "#161616"  # text on the middle step of the ramp, where neither ink nor paper has enough contrast

SENTINELS: dict[str, str] = {
    S1: "--nn-s1",  # series by colour: three at most carry meaning alone, 4 and 5 need dash and label
    S2: "--nn-s2",
    S3: "--nn-s3",
    S4: "--nn-s4",
    S5: "--nn-s5",
    INK: "--nn-text",  # what is said
    MUTED: "--nn-muted",  # axes, ticks, names of axes
    RULE: "--nn-rule",  # grid lines and other help for the eye
    PAPER: "--nn-board",  # the board itself: gaps, text on dark cells
    POS: "--nn-pos",  # diverging: positive weight, solid
    NEG: "--nn-neg",  # diverging: negative weight, dashed
    ERR: "--nn-error",  # what went wrong
    SEQ1: "--nn-seq1",  # sequential ramp, low to high, monotone in lightness
    SEQ2: "--nn-seq2",
    SEQ3: "--nn-seq3",
    SEQ4: "--nn-seq4",
    SEQ5: "--nn-seq5",
    ON_SEQ3: "--nn-on-seq3",
}
SERIES = (S1, S2, S3, S4, S5)
SEQ = [SEQ1, SEQ2, SEQ3, SEQ4, SEQ5]
DASHES: tuple[Any, ...] = (  # in line widths; a dot is a round cap on almost nothing
    "solid",
    (0, (4.4, 2.4)),
    (0, (0.05, 1.9)),
    (0, (4.4, 2.0, 0.05, 2.0)),
    (0, (2.0, 1.8)),
)
MARKERS = ("o", "s", "^", "D", "v")

TICK_SIZE = 9.5  # points; a figure is 461 points wide and about 620 px on the page: 13 px
LABEL_SIZE = 14.0  # 19 px of Caveat
HAND_SIZE = 12.0  # the smallest handwriting
HAND_WIDTH = 0.8  # how wide Caveat runs, a third larger for phones, beside the DejaVu Sans that measures it
MAX_CELLS = 40  # a heat map with more rows or columns is an image, not a drawing
MAX_BYTES = 60_000
NAME = re.compile(r"fig-[a-z0-9]+(-[a-z0-9]+)*\Z")


def style() -> None:
    """Set matplotlib's defaults to the series' style (`figure` calls this; idempotent)."""
    import matplotlib
    from cycler import cycler

    matplotlib.rcdefaults()
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "nnfs",
            "figure.dpi": 72,  # one unit of the SVG is one point
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "font.family": "DejaVu Sans",  # ships with matplotlib; the page replaces it
            "font.size": TICK_SIZE,
            "text.color": INK,
            "axes.labelsize": LABEL_SIZE,
            "axes.labelcolor": MUTED,
            "axes.edgecolor": MUTED,
            "axes.linewidth": 1.2,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=list(SERIES)),
            "grid.color": RULE,
            "grid.linewidth": 0.8,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelsize": TICK_SIZE,
            "ytick.labelsize": TICK_SIZE,
            "xtick.major.size": 4,
            "ytick.major.size": 4,
            "xtick.major.pad": 6,  # numbers grow on a phone, upwards
            "xtick.minor.size": 0,
            "ytick.minor.size": 0,
            "lines.linewidth": 2.2,
            "lines.solid_capstyle": "round",
            "lines.dash_capstyle": "round",
            "lines.solid_joinstyle": "round",
            "lines.markersize": 6,
            "patch.edgecolor": "none",
            "patch.facecolor": S1,
            "hatch.color": MUTED,
        }
    )


def figure(
    width: float = 6.4, height: float = 3.6, ncols: int = 1, nrows: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure of `width` × `height` inches; with more than one panel the axes come as an array.

    subplots: passed to `Figure.subplots` (`sharex=True`, `width_ratios=[2, 1]` …).
    """
    style()
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(fig)
    return fig, fig.subplots(nrows, ncols, **subplots)


# --- Drawing -----------------------------------------------------------------------------------------------


def _series(series: int) -> int:
    if series not in range(1, 6):
        raise ValueError(f"series is 1 to 5 (and more than 3 in one figure are hard to tell apart), got {series!r}")
    return series - 1


def text(ax: Axes, x: float, y: float, words: str, series: int | None = None, **options: Any) -> Any:
    """Write `words` at the data point (x, y) in the colour of `series` or in ink.

    options: what `Axes.text` takes. Words of 12 points and more are handwritten, smaller ones would not be
    legible. Italics are the drawing's word for handwriting: the page sets them in Caveat, upright.
    """
    colour = INK if series is None else SERIES[_series(series)]
    style = "italic" if options.get("size", LABEL_SIZE) >= HAND_SIZE else "normal"
    defaults: dict[str, Any] = {
        "color": colour,
        "size": LABEL_SIZE,
        "style": style,
        "va": "center",
        "clip_on": False,
    }
    return ax.text(x, y, words, **(defaults | options))


def panel(ax: Axes, words: str, size: float = LABEL_SIZE) -> None:
    """Name one panel of several, above it (a figure of one panel needs no name: its caption speaks)."""
    text(ax, 0.5, 1.03, words, transform=ax.transAxes, ha="center", va="bottom", size=size)


def line(
    ax: Axes,
    x: Any,
    y: Any,
    series: int = 1,
    label: str | None = None,
    at: str | float = "end",
    **options: Any,
) -> None:
    """A line in the colour and dash of its series, with its name written beside it.

    x, y: (n,). label: the direct label. at: "end" puts it behind the last point, "start" before the first,
    a number above the line at that x. Labels at the end are spread so that they do not touch.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape or x.ndim != 1 or not len(x):
        raise ValueError(f"a line needs as many x as y, at least one: got shapes {x.shape} and {y.shape}")
    i = _series(series)
    ax.plot(x, y, **({"color": SERIES[i], "linestyle": DASHES[i]} | options))
    if label is None:
        return
    if at in ("end", "start"):
        end = -1 if at == "end" else 0
        side: dict[str, Any] = {
            "xytext": (7 if at == "end" else -7, 0),
            "ha": "left" if at == "end" else "right",
        }
        ax.annotate(
            label,
            (x[end], y[end]),
            textcoords="offset points",
            va="center",
            size=LABEL_SIZE,
            style="italic",
            color=SERIES[i],
            annotation_clip=False,
            label=str(at),  # how `_spread` finds it again
            **side,
        )
    elif isinstance(at, (int, float)):
        order = np.argsort(x, kind="stable")
        height = float(np.interp(at, x[order], y[order]))
        ax.annotate(
            label, (at, height), xytext=(0, 6), textcoords="offset points", ha="center", va="bottom",
            size=LABEL_SIZE, style="italic", color=SERIES[i],
        )  # fmt: skip
    else:
        raise ValueError(f"at is 'end', 'start' or an x value, got {at!r}")


def band(ax: Axes, x: Any, low: Any, high: Any, series: int = 1) -> None:
    """The range between `low` and `high`, a tint of the series' colour. x, low, high: (n,)."""
    ax.fill_between(np.asarray(x, dtype=float), low, high, color=SERIES[_series(series)], alpha=0.18, linewidth=0)


def dots(ax: Axes, x: float, ys: Any, series: int = 1, label: str | None = None) -> None:
    """One column of results at `x`: every seed a dot, a bar from least to greatest, a tick at the median.

    ys: (n_seeds,). label: written above the column.
    """
    ys, i = np.asarray(ys, dtype=float), _series(series)
    if ys.ndim != 1 or not len(ys) or not np.isfinite(ys).all():
        raise ValueError(f"dots at x = {x}: need one finite number per seed, got {ys!r}")
    colour = SERIES[i]
    ax.plot([x, x], [ys.min(), ys.max()], color=colour, linewidth=1.2)
    ax.plot(np.full(len(ys), x), ys, MARKERS[i], color=colour, markersize=4.5, markeredgewidth=0, alpha=0.75)
    ax.plot([x], [np.median(ys)], "_", color=colour, markersize=16, markeredgewidth=2.6)
    if label is not None:
        ax.annotate(
            label, (x, ys.max()), xytext=(0, 7), textcoords="offset points", ha="center", va="bottom",
            size=LABEL_SIZE, style="italic", color=colour,
        )  # fmt: skip


def bars(ax: Axes, x: Any, heights: Any, series: int = 1, width: float = 0.8, values: str | None = None) -> None:
    """Bars at `x`, which are numbers or names of categories.

    heights: (n,). values: a format such as ".2f", to write each height above its bar.
    """
    heights, names = np.asarray(heights, dtype=float), list(x)
    if heights.shape != (len(names),):
        raise ValueError(f"{len(names)} bars need as many heights, got shape {heights.shape}")
    drawn = ax.bar(names, heights, width=width, color=SERIES[_series(series)], linewidth=0)
    if values is not None:
        ax.bar_label(drawn, [format(h, values) for h in heights], padding=3, color=INK, fontsize=TICK_SIZE + 1)


def heatmap(
    ax: Axes,
    M: Any,
    vmin: float | None = None,
    vmax: float | None = None,
    cells: bool | str = False,
    rows: Sequence[Any] | None = None,
    columns: Sequence[Any] | None = None,
    key: bool = True,
) -> None:
    """A table of shades: `M` in five steps between `vmin` and `vmax`, row 0 on top; NaN cells stay empty.

    M: (rows, columns), at most 40 × 40. vmin, vmax: the ends of the ramp, default the data's own.
    cells: write the numbers into the cells, a format such as ".1f" (True means ".2g").
    rows, columns: names along the axes. key: the ramp with its two ends, above the map.
    Each shade is one path of merged cells, so that a map costs bytes by its edges, not by its area.
    """
    M = np.asarray(M, dtype=float)
    if M.ndim != 2 or not M.size:
        raise ValueError(f"a heat map needs a table of numbers, got shape {M.shape}")
    if max(M.shape) > MAX_CELLS:
        raise ValueError(f"a heat map has at most {MAX_CELLS} × {MAX_CELLS} cells as a drawing, got {M.shape}")
    if not np.isfinite(M).any():
        raise ValueError("a heat map needs at least one finite cell")
    vmin = float(np.nanmin(M)) if vmin is None else float(vmin)
    vmax = float(np.nanmax(M)) if vmax is None else float(vmax)
    if not vmin < vmax:
        vmin, vmax = vmin - 0.5, vmin + 0.5  # a constant table is the middle shade

    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    shade = np.full(M.shape, -1)
    known = np.isfinite(M)
    shade[known] = np.clip((M[known] - vmin) / (vmax - vmin) * len(SEQ), 0, len(SEQ) - 1).astype(int)
    for step, colour in enumerate(SEQ):
        boxes = [
            Path([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], closed=True)
            for top, bottom, left, right in _rectangles(shade == step)
        ]
        if boxes:  # a hair of the same colour closes the seams between rectangles
            whole = Path.make_compound_path(*boxes)
            ax.add_patch(PathPatch(whole, facecolor=colour, edgecolor=colour, linewidth=0.5))
    if cells:
        form = ".2g" if cells is True else cells
        ink = (INK, INK, ON_SEQ3, PAPER, PAPER)
        for (r, c), x in np.ndenumerate(M):
            if shade[r, c] >= 0:
                ax.text(c + 0.5, r + 0.5, format(x, form), ha="center", va="center", color=ink[shade[r, c]])
    ax.set_xlim(0, M.shape[1])
    ax.set_ylim(M.shape[0], 0)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    for names, set_ticks in ((columns, ax.set_xticks), (rows, ax.set_yticks)):
        set_ticks([] if names is None else np.arange(len(names)) + 0.5, [] if names is None else map(str, names))
    if key:
        _key(ax, format(vmin, ".3g"), format(vmax, ".3g"))


def _rectangles(mask: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The true cells of `mask` (rows, columns) as rectangles (top, bottom, left, right), half open.

    Runs within a row first, then equal runs of rows that follow each other.
    """
    done: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}  # (left, right) → top
    for row in range(len(mask) + 1):
        line = mask[row].astype(int) if row < len(mask) else np.zeros(mask.shape[1], dtype=int)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], line, [0]))))
        runs = {(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)}
        done += [(top, row, *run) for run, top in growing.items() if run not in runs]
        growing = {run: growing.get(run, row) for run in sorted(runs)}
    return done


def _key(ax: Axes, low: str, high: str) -> None:
    """The five shades in a row above the axes' right end, with what the ends mean."""
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import Affine2D, ScaledTranslation

    # points from the top right corner
    corner = Affine2D().translate(0, 7) + ScaledTranslation(1, 1, ax.transAxes)  # type: ignore[arg-type]
    look: dict[str, Any] = {
        "transform": corner,
        "color": MUTED,
        "size": TICK_SIZE,
        "ha": "right",
        "va": "bottom",
    }
    end = -0.65 * TICK_SIZE * len(high) - 5
    ax.text(0, 0, high, **look)
    for i, colour in enumerate(SEQ):
        ax.add_patch(
            Rectangle(
                (end - 15 * (len(SEQ) - i), 0),
                15,
                8,
                facecolor=colour,
                linewidth=0,
                clip_on=False,
                transform=corner,
            )
        )
    ax.text(end - 15 * len(SEQ) - 5, 0, low, **look)


def network(
    ax: Axes,
    sizes: Sequence[int],
    weights: Sequence[Any] | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> None:
    """A layered net: circles from left to right, lines between them.

    sizes: units a layer, such as (2, 4, 1); at most 12 a layer. weights: one matrix (n_in, n_out) a gap; the
    line's width is the weight's size, its colour and dash the sign (positive solid, negative dashed).
    inputs, outputs: names beside the first and the last layer.
    """
    if len(sizes) < 2 or not all(1 <= n <= 12 for n in sizes):
        raise ValueError(f"a drawn net has two layers or more with 1 to 12 units each, got {tuple(sizes)}")
    for names, n, what in ((inputs, sizes[0], "inputs"), (outputs, sizes[-1], "outputs")):
        if names is not None and len(names) != n:
            raise ValueError(f"{what}: {n} units need {n} names, got {list(names)}")
    places = [[(float(layer), (n - 1) / 2 - k) for k in range(n)] for layer, n in enumerate(sizes)]
    matrices = [None] * (len(sizes) - 1) if weights is None else [np.asarray(W, dtype=float) for W in weights]
    if len(matrices) != len(sizes) - 1:
        raise ValueError(f"{len(sizes)} layers have {len(sizes) - 1} weight matrices, got {len(matrices)}")
    biggest = max((float(np.abs(W).max()) for W in matrices if W is not None), default=1.0) or 1.0
    for left, right, W in zip(places, places[1:], matrices, strict=False):
        if W is not None and W.shape != (len(left), len(right)):
            raise ValueError(
                f"between {len(left)} and {len(right)} units W is {(len(left), len(right))}, got {W.shape}"
            )
        for i, start in enumerate(left):
            for j, end in enumerate(right):
                w = 0.0 if W is None else float(W[i, j])
                look = (
                    {"color": MUTED, "linewidth": 1.2}
                    if W is None
                    else {
                        "color": POS if w >= 0 else NEG,
                        "linestyle": "solid" if w >= 0 else (0, (2.6, 1.8)),
                        "linewidth": 0.6 + 3.4 * abs(w) / biggest,
                    }
                )
                ax.plot(*zip(start, end, strict=True), **look, zorder=1)
    for layer in places:
        ax.plot(
            *zip(*layer, strict=True),
            "o",
            markersize=19,
            color=PAPER,
            markeredgecolor=INK,
            markeredgewidth=1.8,
            zorder=2,
        )
    for names, layer, offset, ha in ((inputs, places[0], -18, "right"), (outputs, places[-1], 18, "left")):
        for name, (x, y) in zip(names or (), layer, strict=False):
            ax.annotate(
                name, (x, y), xytext=(offset, 0), textcoords="offset points", ha=ha, va="center",
                size=LABEL_SIZE, style="italic", color=INK, annotation_clip=False,
            )  # fmt: skip
    ax.set_xlim(-0.25, len(sizes) - 0.75)
    ax.set_ylim(-max(sizes) / 2 - 0.1, max(sizes) / 2 + 0.1)
    ax.axis("off")


# --- Publishing --------------------------------------------------------------------------------------------


def show(fig: Figure, name: str, caption: str, alt: str) -> str | None:
    """Publish the figure under `name`, for `` {numref}`fig-…` ``; outside a kernel return its SVG.

    name: "fig-" and lower-case words joined by "-", unique in the series. caption: one sentence that states
    the finding, in MyST. alt: what the data look like, in plain words. In both `` {val}`…` `` works.
    Raises ValueError for a missing caption or alt, a legend, an axes title, a colour that is no sentinel, or
    an SVG above 60 KB.
    """
    svg = _checked(fig, name, caption=caption, alt=alt)
    payload = {"svg": svg, "name": name, "caption": " ".join(caption.split()), "alt": " ".join(alt.split())}
    publish(FIGURE_MIME, payload)
    return None if claims.in_kernel() else svg


def poster(
    fig: Figure,
    name: str,
    alt: str,
    table: tuple[Sequence[str], Iterable[Any]] | None = None,
    shows: Mapping[str, Any] | None = None,
) -> str | None:
    """Publish the figure as what an interactive shows at first, on paper and without a script.

    The directive `{interactive}` takes it by `name` (`:poster: fig-…`) and brings the caption. alt: what the data look
    like, in plain words. table: (columns, rows), the numbers that the picture shows, for who wants or needs them as
    text; an interactive whose poster has none takes its trace's. shows: options that the directive has to give as they
    were here, {"seed": 1}, so that what comes alive is what was drawn. Outside a kernel the SVG is returned.
    Raises ValueError as `show` does, and for a table whose rows do not fit its columns.
    """
    svg = _checked(fig, name, alt=alt)
    rows = None if table is None else claims.table(*table)
    drawn = {key: str(x) for key, x in (shows or {}).items()}
    publish(POSTER_MIME, {"svg": svg, "name": name, "alt": " ".join(alt.split()), "table": rows, "shows": drawn})
    return None if claims.in_kernel() else svg


def _checked(fig: Figure, name: str, **words: str) -> str:
    """The figure's SVG, if it keeps the rules of the house; ValueError says which one it breaks."""
    if not NAME.match(name):
        raise ValueError(f"figure name {name!r}: write 'fig-' and lower-case words joined by '-'")
    for what, said in words.items():
        if not said.strip():
            raise ValueError(f"figure {name!r} needs a non-empty {what}")
    for ax in fig.axes:
        if ax.get_legend() is not None:
            raise ValueError(f"figure {name!r} has a legend; write the names on the lines: plot.line(…, label=…)")
        if any(ax.get_title(loc) for loc in ("left", "center", "right")):
            raise ValueError(f"figure {name!r} has a title; the caption says it (or plot.panel for one of several)")
    return render(fig, name)


def render(fig: Figure, name: str = "figure") -> str:
    """The figure as SVG text, the same bytes in every process."""
    for ax in fig.axes:
        _name_axes(ax)
        _plain_logarithms(ax)
    _lay_out(fig)
    for ax in fig.axes:
        _spread(ax)
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = _shorten(buffer.getvalue())
    strangers = sorted(
        set(re.findall(r"#[0-9a-fA-F]{6}\b", re.sub(r"url\(#.*?\)|href=\"#.*?\"", "", svg))) - set(SENTINELS)
    )
    if strangers:
        raise ValueError(f"figure {name!r} uses {', '.join(strangers)}: take colours from nnfs.plot (S1 … S5, INK …)")
    size = len(svg.encode())
    if size > MAX_BYTES:
        raise ValueError(
            f"figure {name!r} has {size:,} bytes of SVG, more than {MAX_BYTES:,}: draw fewer points or cells"
        )
    return svg


def _lay_out(fig: Figure) -> None:
    """Find the places of all axes and keep them, with handwriting as narrow as the page will set it."""
    hand = [t for t in fig.findobj(lambda a: hasattr(a, "get_fontstyle")) if t.get_fontstyle() == "italic"]  # type: ignore[attr-defined]
    sizes: list[float] = [t.get_fontsize() for t in hand]  # type: ignore[attr-defined]
    for t, size in zip(hand, sizes, strict=True):
        t.set(fontsize=HAND_WIDTH * size)
    fig.draw_without_rendering()
    fig.set_layout_engine("none")
    for t, size in zip(hand, sizes, strict=True):
        t.set(fontsize=size)


def _name_axes(ax: Axes) -> None:
    """Axis names by hand: x below the axis at its right end, y lying above the axis, not turned."""
    if ax.get_xlabel():
        ax.xaxis.label.set(style="italic", ha="right", x=1.0)
    if ax.get_ylabel():  # as a text, because the layout keeps no room for a label that lies across its axis
        text(ax, 0, 1.03, ax.get_ylabel(), transform=ax.transAxes, ha="left", va="bottom", color=MUTED)
        ax.set_ylabel("")


def _plain_logarithms(ax: Axes) -> None:
    """Powers of ten as Unicode text; matplotlib's mathematics would be in pieces placed for its own font."""
    from matplotlib.ticker import FuncFormatter, LogFormatter

    def power(x: float, _position: int) -> str:
        k = round(math.log10(x))
        if not math.isclose(x, 10.0**k, rel_tol=1e-9):
            return ""
        if -4 <= k <= 5:
            return f"{x:,.0f}" if k >= 0 else f"{x:.{-k}f}"
        return "10" + str(k).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))

    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "log" and isinstance(axis.get_major_formatter(), LogFormatter):
            axis.set_major_formatter(FuncFormatter(power))
            axis.set_minor_formatter(FuncFormatter(lambda x, _: ""))


def _spread(ax: Axes) -> None:
    """Move the labels at the lines' ends apart, keeping their order, by the least sum of squares.

    With y_i sorted and a gap g, the best z_i = y_i − i·g that do not fall are an isotonic regression (pool
    adjacent violators): neighbours that would touch share the mean of their places.
    """
    for side in ("start", "end"):
        labels: list[Any] = [t for t in ax.texts if t.get_label() == side]
        gap = 1.02 * LABEL_SIZE
        labels.sort(key=lambda t: float(ax.transData.transform(t.xy)[1]))
        pools: list[list[float]] = []  # [mean, count]
        for i, label in enumerate(labels):
            pools.append([float(ax.transData.transform(label.xy)[1]) - i * gap, 1])
            while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
                mean, n = pools.pop()
                pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * n) / (pools[-1][1] + n), pools[-1][1] + n]
        places = [mean for mean, n in pools for _ in range(int(n))]
        for i, (label, place) in enumerate(zip(labels, places, strict=True)):
            at = float(ax.transData.transform(label.xy)[1])
            label.set_position((label.get_position()[0], place + i * gap - at))


def _shorten(svg: str) -> str:
    """Round to a hundredth of a point, and write path data in the short forms that SVG has for it."""

    def path(match: re.Match[str]) -> str:
        out, here = [], ("", "")
        for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", match[1]):
            numbers = [_round(n) for n in rest.split()]
            if command in "ML" and len(numbers) == 2:
                x, y = numbers
                if command == "L" and y == here[1]:
                    out.append(f"H{x}")
                elif command == "L" and x == here[0]:
                    out.append(f"V{y}")
                else:
                    out.append(f"{command}{x} {y}")
            else:
                out.append(command + " ".join(numbers))
            here = (numbers[-2], numbers[-1]) if len(numbers) > 1 else ("", "")
        return f' d="{BOX.sub(_box, "".join(out))}"'

    def tag(match: re.Match[str]) -> str:  # what stands between tags is text, whose digits are not ours to round
        return re.sub(r"-?\d+\.\d{3,}", lambda m: _round(m[0]), re.sub(r'\sd="([^"]*)"', path, match[0]))

    return re.sub(r"<[^>]+>", tag, svg)


# a rectangle of a heat map, after the absolute short forms
BOX = re.compile(r"M(-?[\d.]+) (-?[\d.]+)H(-?[\d.]+)V(-?[\d.]+)H\1z")


def _box(match: re.Match[str]) -> str:
    """The same rectangle by its corner, width and height: cells are alike, and what is alike packs well."""
    left, top, right, bottom = map(float, match.groups())
    width, height = _round(str(right - left)), _round(str(bottom - top))
    return f"M{match[1]} {match[2]}h{width}v{height}h{_round(str(left - right))}z"


def _round(number: str) -> str:
    return f"{round(float(number), 2):g}" if abs(float(number)) < 1e4 else f"{float(number):.2f}"
