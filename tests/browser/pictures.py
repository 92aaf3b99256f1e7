"""What the pages look like, small: a picture for each page and variant, kept so that a change of looks shows in review.

`python tests/browser/pictures.py` builds nothing: it takes the pages of `_build/html`, photographs each in the two
skins by day and by night, 1280 px wide, at a quarter of the size and with 32 colours, and rewrites the pictures in
`baseline/` that no longer look the same (`difference` says when). test_baseline.py compares by the same measure.
Interactives show their posters here: what a net has learned by the moment of a picture is no matter of looks.
"""

from __future__ import annotations

import functools
import io
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
BASELINE = HERE / "baseline"
HTML = HERE.parents[1] / "_build" / "html"
SCALE, WIDTH, COLOURS = 0.25, 1280, 32
VARIANTS = [(skin, mode) for skin in ("chalkboard", "theorem") for mode in ("light", "dark")]
COMPLETE = """() => Promise.all([document.fonts.ready, ...[...document.images].map((image) => {
    image.loading = "eager";
    return image.decode();
})])"""
MACHINE_DEPENDENT = ".nn-provenance { display: none }"  # it says which records were rehearsed here, and a digest
BLOCK = 16  # pixels of the small picture: four lines of text blur into one shade, so that one glyph does not count
TOLERANCE = 0.01  # of the blocks may have another shade
SHADE = 10  # of 255: by so much a block may differ from another Chromium's
MAX_BYTES = 3_000_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=slight"]  # letters as wide as in the whole browser


def chromium() -> str | None:
    """The one that CHROMIUM names, else the system's: the shell, which draws no window around the page and takes half
    the time for it, before the whole browser; None: Playwright's own."""
    found = map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def pages() -> list[str]:
    """Names of the pages that readers come to, without `.html`."""
    found = (
        path.relative_to(HTML).with_suffix("").as_posix()
        for path in HTML.rglob("*.html")
        if "_static" not in path.parts
    )
    return sorted(
        name
        for name in found
        if name not in ("search", "genindex")
        and not name.endswith("-checks")
        and "<article" in (HTML / f"{name}.html").read_text()
    )


def name_of(page: str, skin: str, mode: str) -> str:
    return f"{page.replace('/', '.')}.{skin}-{mode}.png"


def photographs(browser: Browser, address: str, page: str) -> Iterator[tuple[str, Image.Image]]:
    """(file name, picture) of a page in every variant; only this machine is asked for anything."""
    for skin, mode in VARIANTS:
        context = browser.new_context(
            viewport={"width": WIDTH, "height": 800},
            device_scale_factor=SCALE,
            color_scheme=mode,
            reduced_motion="reduce",
        )
        tab = context.new_page()
        tab.route("**/_static/nn/**", lambda route: route.abort())
        tab.goto(f"{address}/{page}.html?skin={skin}")
        tab.evaluate(COMPLETE)
        tab.add_style_tag(content=MACHINE_DEPENDENT)
        shot = Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("RGB")
        context.close()
        yield name_of(page, skin, mode), shot.quantize(COLOURS, dither=Image.Dither.NONE)


def difference(a: Image.Image, b: Image.Image) -> float:
    """The share of blocks whose mean shade differs; 1 if the heights are more than a block apart."""
    if a.width != b.width or abs(a.height - b.height) > BLOCK:
        return 1.0
    height = min(a.height, b.height) // BLOCK * BLOCK
    shades = [
        np.asarray(x.convert("RGB"), dtype=float)[:height, : x.width // BLOCK * BLOCK]
        .reshape(height // BLOCK, BLOCK, -1, BLOCK, 3)
        .mean(axis=(1, 3))
        for x in (a, b)
    ]
    return float((np.abs(shades[0] - shades[1]).max(axis=-1) > SHADE).mean())


def main() -> int:
    """Rewrite what changed; print one line for each picture that did."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    BASELINE.mkdir(exist_ok=True)
    wanted = set()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=FLAGS)
        for page in pages():
            for name, shot in photographs(browser, f"http://127.0.0.1:{server.server_address[1]}", page):
                wanted.add(name)
                kept = BASELINE / name
                apart = difference(Image.open(kept), shot) if kept.is_file() else 1.0
                if apart > TOLERANCE:
                    shot.save(kept.with_suffix(".tmp"), format="PNG", optimize=True)
                    kept.with_suffix(".tmp").replace(kept)
                    print(f"{name}: {apart:.1%} of it looks different")
        browser.close()
    server.shutdown()
    for kept in BASELINE.glob("*.png"):
        if kept.name not in wanted:
            kept.unlink()
            print(f"{kept.name}: no such page any more")
    print(f"{len(wanted)} pictures, {sum(p.stat().st_size for p in BASELINE.glob('*.png')):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
