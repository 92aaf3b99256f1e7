"""Photographs and score sheet of the two skins, for the page "Choosing a board".

    python benchmarks/board.py

Takes Part 2 as it is built, in both skins and both modes: its derivation at three widths into `_static/board/*.webp`,
and what can be measured into `_static/board/scores.json`, which the page shows. Nothing of it runs in a build. Times
are of five visits with an empty cache on an emulated phone (360 × 640, processor slowed four times, 1.6 Mbit/s,
150 ms), with their range: on a machine that does other work it is wide, and only differences beyond it mean anything.
"""

from __future__ import annotations

import datetime
import functools
import gzip
import io
import json
import os
import shutil
import statistics
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, Request, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SITE, OUT = ROOT / "_build" / "html", ROOT / "_static" / "board"
AXE = ROOT / "interactive" / "node_modules" / "axe-core" / "axe.min.js"
POST, SECTION = "posts/02-simpler-than-you-think.html", "#whom-to-blame"
VARIANTS = [(skin, mode) for skin in ("chalkboard", "theorem") for mode in ("light", "dark")]
SHOTS = {360: 1280, 768: 1100, 1280: 960}  # width of the window -> most of the page's height that a picture shows
VISITS = 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

# The smallest contrast of words and the surface behind them, over the words of the text. Figures are not surfaces.
CONTRAST = """() => {
  const parts = (css) => css.match(/[\\d.]+/g).map(Number);
  const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const surface = (element) => {
    for (; element; element = element.parentElement) {
      const found = parts(getComputedStyle(element).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.querySelector(".bd-article"), NodeFilter.SHOW_TEXT);
  let least = 21;
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("svg, .katex-mathml, style") || !element.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(surface(element))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
}"""

# How many lines of the section a screen shows: lines of text as they are set, of formulas, of code.
LINES = """(selector) => {
  const section = document.querySelector(selector);
  const all = (inside) => [...section.querySelectorAll(inside)];
  const set = (p) => Math.max(1, Math.round(p.offsetHeight / parseFloat(getComputedStyle(p).lineHeight)));
  const rows = (formula) => formula.querySelector(".mtable .vlist")?.childElementCount ?? 1;
  const lines = [
    ...all(":scope > p, aside p, .nn-box p").map(set),
    ...all("div.math .katex-html").map(rows),
    ...all("pre").map((pre) => pre.innerText.trim().split("\\n").length),
  ];
  return lines.reduce((sum, n) => sum + n) / (section.getBoundingClientRect().height / innerHeight);
}"""

PAINT = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
  .observe({ type: "largest-contentful-paint", buffered: true }))"""


class Server(SimpleHTTPRequestHandler):
    """The site as a server sends it: text by gzip, everything for a minute, no log."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        body, kind = path.read_bytes() if path.is_file() else b"", self.guess_type(str(path))
        self.send_response(200 if path.is_file() else 404)
        if is_text(kind):
            body = gzip.compress(body, 9)
            self.send_header("Content-Encoding", "gzip")
        for name, value in {"Content-Type": kind, "Content-Length": len(body), "Cache-Control": "max-age=60"}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def is_text(kind: str) -> bool:
    return any(word in kind for word in ("text", "javascript", "svg", "json"))


def open_page(browser: Browser, base: str, skin: str, mode: str, width: int, height: int, slow: bool = False) -> Page:
    """The post in one variant, in a browser that has seen nothing yet."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=mode)  # type: ignore[arg-type]
    if slow:
        phone = page.context.new_cdp_session(page)
        phone.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        phone.send("Network.enable")
        line = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
        phone.send("Network.emulateNetworkConditions", line)
    page.goto(f"{base}/{POST}?skin={skin}", wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    return page


def photograph(browser: Browser, base: str, skin: str, mode: str) -> list[dict[str, Any]]:
    """The derivation at each width, from its heading down, as WebP."""
    taken = []
    for width, most in SHOTS.items():
        page = open_page(browser, base, skin, mode, width, most)
        page.locator(SECTION).evaluate("section => scrollTo(0, section.getBoundingClientRect().top + scrollY - 64)")
        page.wait_for_function("document.fonts.status === 'loaded'")
        name, packed = f"{skin}-{mode}-{width}.webp", io.BytesIO()
        Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(packed, "WEBP", quality=78, method=6)
        (OUT / name).write_bytes(packed.getvalue())
        taken.append({"file": name, "width": width, "height": most})
        page.close()
    return taken


def bytes_of(page: Page, address: str) -> int:
    """What a first visit loads: the bytes of the bodies as they travel."""
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))  # playwright marks its handlers
    page.goto(address, wait_until="networkidle")
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.wait_for_load_state("networkidle")
    return sum(request.sizes()["responseBodySize"] for request in asked)


def violations(page: Page) -> int:
    """Elements that axe-core finds at fault, each rule by itself."""
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.length]))")
    for rule, count in found:
        print(f"  axe: {rule} ({count})")
    return sum(count for _, count in found)


def score(browser: Browser, base: str, skin: str, mode: str) -> dict[str, Any]:
    phone = open_page(browser, base, skin, mode, 360, 640)
    first = browser.new_page(viewport={"width": 360, "height": 640}, color_scheme=mode)  # type: ignore[arg-type]
    found = {
        "axe": violations(phone),
        "contrast": round(phone.evaluate(CONTRAST), 2),
        "kilobytes": round(bytes_of(first, f"{base}/{POST}?skin={skin}") / 1000, 1),
        "lines": round(phone.evaluate(LINES, SECTION), 1),
    }
    phone.close()
    first.close()
    return found


def paints(browser: Browser, base: str) -> dict[tuple[str, str], list[float]]:
    """Largest contentful paint, seconds: least, median, most. Variants take turns, so that other work hits all."""
    seen: dict[tuple[str, str], list[float]] = {variant: [] for variant in VARIANTS}
    for _ in range(VISITS):
        for variant in VARIANTS:
            page = open_page(browser, base, *variant, 360, 640, slow=True)
            seen[variant].append(page.evaluate(PAINT) / 1000)
            page.close()
    return {v: [round(x, 2) for x in (min(t), statistics.median(t), max(t))] for v, t in seen.items()}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base, sheet, pictures = f"http://127.0.0.1:{server.server_address[1]}", {}, []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=FLAGS, executable_path=chromium())
        first = paints(browser, base)
        for skin, mode in VARIANTS:
            sheet[f"{skin}, {mode}"] = score(browser, base, skin, mode) | {"paint": first[skin, mode]}
            pictures += photograph(browser, base, skin, mode)
            print(skin, mode, sheet[f"{skin}, {mode}"])
        browser.close()
    server.shutdown()
    kept = {"date": datetime.date.today().isoformat(), "scores": sheet, "pictures": pictures}
    (OUT / "scores.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{sum(file.stat().st_size for file in OUT.iterdir()) / 1e6:.1f} MB in {OUT.relative_to(ROOT)}")


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


if __name__ == "__main__":
    main()
