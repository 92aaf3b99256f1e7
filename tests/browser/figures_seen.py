"""What the tests of figures share: axe, the variants, waiting for frames, and a figure come alive."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pictures import VARIANTS
from playwright.sync_api import Locator, Page, Route, expect

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


def until(page: Page, ready: Callable[[], object]) -> bool:
    """Wait, at most 20 s, for what the page does but Playwright cannot be asked to expect; whether it came."""
    for _ in range(400):
        if ready():
            return True
        page.wait_for_timeout(50)
    return False


def held(page: Page, address: re.Pattern[str]) -> Callable[[], None]:
    """Hold back what the page asks for at `address`; the answer waits until it is asked for, and lets it through."""
    waiting: list[Route] = []
    page.route(address, lambda route: waiting.append(route))

    def let_go() -> None:  # the page may say that it loads before the request has come here
        assert until(page, lambda: waiting), f"nothing was asked for at {address.pattern}"
        waiting.pop().continue_()

    return let_go


def errors_of(page: Page, console: bool = False) -> list[str]:
    """A list that fills with what goes wrong in the page's scripts; with `console` also what they report."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    if console:
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return errors


def wear(page: Page, skin: str, mode: Any) -> None:
    """Dress the page in another skin, by day or by night."""
    page.emulate_media(color_scheme=mode)
    page.evaluate(
        "v => Object.assign(document.documentElement.dataset, v)", {"theme": mode, "mode": mode, "skin": skin}
    )
    page.evaluate(FRAMES, 4)  # the figures follow


def broken_rules(page: Page, selector: str) -> dict[tuple[str, str], list[list[str]]]:
    """What axe-core finds wrong in the element `selector`, by variant: the rule, then each place with what to do."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = {}
    for variant in VARIANTS:
        wear(page, *variant)
        if broken := page.evaluate(
            """async (selector) => {
              const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
              const { violations } = await axe.run(selector, { runOnly: tags, resultTypes: ["violations"] });
              return violations.map((v) => [v.id, ...v.nodes.map((n) => n.html.slice(0, 150) + n.failureSummary)]);
            }""",
            selector,
        ):
            found[variant] = broken
    return found
