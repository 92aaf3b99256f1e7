"""A page with the Shakespeare figure and nothing else: the real trace, net, poster and table, bundled as a build does.

The figure's own tests hold its net back, change its bytes and see it fail; a page of the site would be dear for that.
"""

from __future__ import annotations

import html
import shutil
from pathlib import Path

from nnfs import plot, stages, trace
from nnfs.site import bundle, figures

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "interactive" / "src"
SHAPE = "--nn-height:55rem;--nn-height-narrow:93rem"  # as the post's directive says
HEAD = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Shakespeare</title>
<link rel="icon" href="data:,">SHEETS<script type="module" src="nn/LOADER"></script></head>
<body><main class="bd-main"><article class="bd-article"><h1>Shakespeare</h1>
"""
FIGURE = """<figure class="nn-figure nn-interactive" id="fig-shakespeare">
<nn-shakespeare id="fig-shakespeare-live" style="SHAPE" data-trace="TRACE" data-model="MODEL">
<div class="nn-poster">SVG</div><details class="nn-data"><summary>Data of this figure</summary>
<div class="nn-table" role="group" tabindex="0" aria-label="Data of this figure">TABLE</div></details></nn-shakespeare>
<figcaption><p><span class="caption-number">Figure 1 </span>
<span class="caption-text">One net on its way from gibberish to verse.</span></p></figcaption></figure>
</article></main></body></html>
"""


def finished(made: trace.Recorder) -> dict[str, bytes]:
    """The two files of a recording, as a build would write them."""
    about = {"post": "page", "cell": 1, "digest": "0" * 24, "command": "none", "poster": "page.html#fig-shakespeare"}
    return trace.files(trace.finish(made.header, made.data, **about), made.data)


def table(columns: list[str], rows: list[tuple]) -> str:
    """Rows of text as HTML, the first column naming its row."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(
            f'<th scope="row">{html.escape(str(cell))}</th>' if i == 0 else f"<td>{html.escape(str(cell))}</td>"
            for i, cell in enumerate(row)
        ) + "</tr>"
        for row in rows
    )  # fmt: skip
    return f'<table class="table"><caption>Stages</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def write(folder: Path, sheets: tuple[str, ...] = ("palette.css", "interactive.css", "page.css")) -> Path:
    """The page as `folder`/out/index.html; returns `folder`/out."""
    source, out = folder / "src", folder / "out"
    shutil.copytree(SOURCES / "core", source / "core")
    shutil.copy(SOURCES / "nn-engine.ts", source)
    for kind, names in (("components", "nn-shakespeare*"), ("entries", "nn-shakespeare*"), ("entries", "loader.ts")):
        (source / kind).mkdir(exist_ok=True)
        for file in sorted((SOURCES / kind).glob(names)):
            shutil.copy(file, source / kind)
    answer = bundle.call_esbuild(folder, source, REPOSITORY / "interactive" / "node_modules")
    (out / "nn").mkdir(parents=True)
    for file in answer["files"]:
        (out / "nn" / file["name"]).write_text(file["text"], encoding="utf-8")
    told, model = stages.load(), stages.net()
    addresses = []
    for made in (stages.recording(told, model), model):
        files = finished(made)
        addresses.append(next(iter(files)))
        for name, content in files.items():
            (out / name).write_bytes(content)
    for sheet in sheets:
        if not (out / sheet).exists():
            shutil.copy(REPOSITORY / "_static" / sheet, out)
    drawn = plot.render(stages.picture(told), "fig-shakespeare-poster")
    svg = figures.themed_svg(drawn, "fig-shakespeare", "One net on its way", stages.spoken(told))
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    page = HEAD.replace("SHEETS", links).replace("LOADER", answer["loader"]) + FIGURE.replace("SHAPE", SHAPE).replace(
        "TRACE", addresses[0]
    ).replace("MODEL", addresses[1]).replace("SVG", svg).replace("TABLE", table(*told.table))
    (out / "index.html").write_text(page, encoding="utf-8")
    return out
