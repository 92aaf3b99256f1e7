"""What the tests of one figure share: axe, waiting for frames, and a figure come alive."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

REPOSITORY = Path(__file__).resolve().parents[2]
AXE = (REPOSITORY / "interactive/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
FRAMES = "n => new Promise((done) => { const next = () => (n-- ? requestAnimationFrame(next) : done()); next(); })"


def alive(page: Page, address: str, figure: str) -> Locator:
    """The element `figure` (a selector) of a page, scrolled to and live."""
    page.goto(address)
    element = page.locator(figure)
    element.scroll_into_view_if_needed()
    expect(element).to_have_attribute("data-phase", "live", timeout=20_000)
    return element


def errors_of(page: Page, console: bool = False) -> list[str]:
    """A list that fills with what goes wrong in the page's scripts; with `console` also what they report."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    if console:
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return errors
