"""How soon the playground of Part 2 answers a press on a slow phone: `python benchmarks/inp.py [--presses 10]`.

A real Chromium at 360 by 640 with its processor throttled to a quarter taps each button. Measured is what INP is
made of: the browser's own Event Timing, from the press to the next frame, in steps of 8 ms. Wanted: at most 100 ms,
never more than 200. Build the site first. Times depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).resolve().parents[1] / "_build" / "html"
POST = "posts/02-simpler-than-you-think.html#fig-playground"
BUTTONS = ["Step", "Back", "Train", "Next seed", "Reset"]
THROTTLE = 4

WATCH = """
globalThis.slowest = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.interactionId) globalThis.slowest = Math.max(globalThis.slowest, entry.duration);
  }
}).observe({ type: "event", durationThreshold: 16 });
"""
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100))))"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def press(page: Page, name: str) -> float:
    """Milliseconds from one press on the button to the frame that answers; 16 stands for 16 or less."""
    figure = page.locator("#fig-playground")
    train = figure.locator(".pg-train")  # called Pause while it trains
    button = train if name == "Train" else figure.get_by_role("button", name=name, exact=True)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None, f"no button {name}"
    page.evaluate("globalThis.slowest = 0")
    # a bare tap: Playwright's click asks the page what lies under the pointer, on the page's own throttled thread
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(SETTLED)
    return max(16.0, float(page.evaluate("globalThis.slowest")))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--presses", type=int, default=10)
    presses = options.parse_args().presses
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(OUT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 360, "height": 640}, has_touch=True)
        page.add_init_script(WATCH)
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/{POST}")
        page.locator("nn-playground").scroll_into_view_if_needed()
        page.locator('nn-playground[data-phase="live"]').wait_for(timeout=60_000)
        skip = page.locator("#fig-playground").get_by_role("button", name="skip", exact=True)
        if skip.count() and skip.is_visible():  # the question that is asked before the first training
            skip.tap()  # as a finger: a mouse that rests on the page costs a search under it after every picture
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
        print("| button | median | slowest |\n|---|---|---|")
        everything: list[float] = []
        for name in BUTTONS:
            times = [press(page, name) for _ in range(presses)]
            everything += times
            print(f"| {name} | {statistics.median(times):.0f} ms | {max(times):.0f} ms |")
        print(f"\n{presses} presses each, {THROTTLE}x throttle, load {os.getloadavg()[0]:.1f}")
        print(f"INP: {max(everything):.0f} ms")
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
