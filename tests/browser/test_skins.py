"""The skins in a real browser: chosen by keyboard, kept, shared by a link, there before the first paint; on paper
theorem."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.xdist_group("browser")

AXE = Path(__file__).resolve().parents[2] / "interactive" / "node_modules" / "axe-core" / "axe.min.js"
WEAR = "([skin, theme]) => Object.assign(document.documentElement.dataset, { skin, theme })"
BOARD, PAPER = "rgb(251, 251, 248)", "rgb(255, 254, 250)"  # --nn-board of the two skins by day
SERIES = """[...document.querySelectorAll('.nn-figure-svg [style*="--nn-s2"]')].map((drawn) => {
    const { fill, stroke } = getComputedStyle(drawn);
    return fill + stroke;
})"""


@pytest.fixture
def url(site_url: str) -> str:
    return f"{site_url}/posts/02-simpler-than-you-think.html"


def board(page: Page) -> str:
    """What a figure takes for the board, behind its gaps and its dark cells."""
    ask = "e => { e.style.backgroundColor = 'var(--nn-board)'; return getComputedStyle(e).backgroundColor; }"
    return page.locator(".nn-figure-svg").first.evaluate(ask)


def style(page: Page, selector: str, name: str) -> str:
    return page.locator(selector).first.evaluate("(e, name) => getComputedStyle(e)[name]", name)


def skin(page: Page) -> str | None:
    return page.locator("html").get_attribute("data-skin")


def menu(page: Page) -> Locator:
    """The menu of appearance, opened by keyboard."""
    page.locator("summary[aria-label=Appearance]").press("Enter")
    return page.locator(".nn-panel")


def test_the_skin_is_chosen_by_keyboard_and_kept(page: Page, url: str, site_url: str):
    page.goto(url)
    assert skin(page) == "chalkboard"
    panel = menu(page)
    expect(panel).to_be_visible()
    page.keyboard.press("Tab")  # the modes
    page.keyboard.press("Tab")
    expect(panel.get_by_label("chalkboard")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("html")).to_have_attribute("data-skin", "theorem")
    expect(panel.get_by_label("plain headings")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert style(page, "body", "backgroundColor") == PAPER
    assert "STIX" in style(page, ".bd-article p", "fontFamily")
    page.goto(f"{site_url}/glossary.html")
    assert skin(page) == "theorem"
    expect(menu(page).get_by_label("theorem")).to_be_checked()


def test_plain_headings_are_chosen_by_keyboard_and_kept(page: Page, url: str):
    page.goto(url)
    assert "Caveat" in style(page, "h1", "fontFamily")
    menu(page).get_by_label("plain headings").press("Space")
    page.reload()
    for heading in (".bd-article h1", ".bd-article h2", ".nn-word", ".nn-figure-svg text.nn-hand"):
        assert "Caveat" not in style(page, heading, "fontFamily")
    box = menu(page).get_by_label("plain headings")
    expect(box).to_be_checked()
    box.press("Space")
    page.reload()
    assert "Caveat" in style(page, "h1", "fontFamily")


def test_a_link_shows_a_skin_for_a_visit_and_leaves_the_readers_choice(page: Page, url: str, site_url: str):
    page.goto(url)
    page.evaluate("localStorage.setItem('skin', 'chalkboard')")
    page.goto(f"{url}?skin=theorem")
    assert skin(page) == "theorem"
    page.goto(f"{site_url}/glossary.html")
    assert skin(page) == "theorem"
    another = page.context.new_page()
    another.goto(url)
    assert skin(another) == "chalkboard"


def test_a_choice_ends_what_the_link_asked_for(page: Page, url: str):
    page.goto(f"{url}?skin=theorem#whom-to-blame")
    menu(page).get_by_label("chalkboard").check()
    assert page.url == f"{url}#whom-to-blame"
    page.reload()
    assert skin(page) == "chalkboard"


@pytest.mark.parametrize("asked", ["", "nonsense", "THEOREM", "%22%3E%3Cimg%20src%3Dx%3E"])
def test_what_is_no_skin_is_ignored(page: Page, url: str, asked: str):
    page.goto(f"{url}?skin={asked}")
    assert skin(page) == "chalkboard"


def test_where_storage_is_blocked_the_switch_works_for_the_page(page: Page, url: str):
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(f"Object.defineProperty(window, '{name}', {{ get() {{ throw new DOMException('no') }} }})")
    page.goto(f"{url}?skin=theorem")
    assert skin(page) == "theorem"
    menu(page).get_by_label("chalkboard").check()
    assert skin(page) == "chalkboard"


def test_the_skin_is_there_before_the_first_paint(page: Page, url: str):
    page.add_init_script("""
        window.seen = [];
        new MutationObserver((_, observer) => {
          if (!document.querySelector("link[rel=stylesheet], body")) return;
          seen.push(document.documentElement.dataset.skin);
          observer.disconnect();
        }).observe(document, { childList: true, subtree: true });
        document.addEventListener("DOMContentLoaded", () => seen.push(document.documentElement.dataset.skin));
    """)
    page.goto(f"{url}?skin=theorem")
    assert page.evaluate("seen") == ["theorem", "theorem"]
    head = page.request.get(url).text()
    assert head.index("document.documentElement.dataset") < head.index('rel="stylesheet"') < head.index("<body")


def test_figures_follow_skin_and_mode_and_nothing_is_drawn_again(page: Page, url: str):
    page.goto(url)
    page.evaluate("document.querySelectorAll('.nn-figure-svg').forEach(svg => { svg.before = true })")
    found = []
    for name in ("chalkboard", "theorem"):
        for mode in ("light", "dark"):
            page.evaluate(WEAR, [name, mode])
            found.append(tuple(page.evaluate(SERIES)))
    assert len(found[0]) > 3
    assert len(set(found)) == 4
    assert page.evaluate("[...document.querySelectorAll('.nn-figure-svg')].every(svg => svg.before)")


def test_any_element_shows_the_variant_that_it_names(page: Page, url: str):
    """Inside a page of any skin and mode; and what it shows is what a whole page of that variant shows."""
    page.goto(url)
    here = """() => document.querySelector(".bd-article").insertAdjacentHTML("beforeend", `
        <div data-skin="theorem" data-mode="dark" id="t"><p>x</p><div data-skin="chalkboard" data-mode="light" id="c">
        <h2>x</h2><p>x</p></div></div>`)"""
    page.evaluate(here)
    look = "e => ['color', 'fontFamily', 'lineHeight'].map(name => getComputedStyle(e)[name]).join()"
    pinned = {s: page.locator(s).evaluate(look) for s in ("#t > p", "#c > p")}
    ground = {s: style(page, s, "backgroundColor") for s in ("#t", "#c")}
    assert "Caveat" in style(page, "#c h2", "fontFamily")
    for selector, skin_, mode in (("#t > p", "theorem", "dark"), ("#c > p", "chalkboard", "light")):
        page.evaluate(WEAR, [skin_, mode])
        assert page.locator(".bd-article > section > p").first.evaluate(look) == pinned[selector]
        assert style(page, "body", "backgroundColor") == ground[selector.split()[0]]


@pytest.mark.parametrize("chosen", ["chalkboard", "theorem"])
def test_paper_gets_theorem_by_day(page: Page, url: str, chosen: str):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{url}?skin={chosen}")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.pdf()  # no screen has asked for its faces yet, and a browser may print before they have arrived
    page.evaluate("document.fonts.ready.then(() => null)")
    printed = page.pdf()
    assert b"STIXTwoText" in printed
    assert b"Caveat" not in printed
    page.emulate_media(media="print")
    assert style(page, ".bd-article > section > p", "color") == "rgb(22, 22, 22)"
    assert "STIX" in style(page, ".bd-article h1", "fontFamily")
    assert style(page, ".bd-article h1", "textAlign") == "center"
    assert style(page, "body", "backgroundImage") == "none"
    assert board(page) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("chosen", "own", "others"), [("chalkboard", "Caveat", "STIX Two Text"), ("theorem", "STIX Two Text", "Caveat")]
)
def test_only_the_faces_of_the_skin_are_put_to_use(page: Page, url: str, chosen: str, own: str, others: str):
    page.goto(f"{url}?skin={chosen}")
    page.wait_for_function("own => [...document.fonts].some((f) => f.family === own && f.status === 'loaded')", arg=own)
    page.wait_for_function("document.fonts.status === 'loaded'")
    asked = page.locator("link[rel=preload]").evaluate_all("links => links.map((link) => link.href).join()")
    assert ("stix" in asked, "caveat" in asked) == (chosen == "theorem", chosen == "chalkboard")
    states = "others => [...document.fonts].filter((f) => f.family === others).map((f) => f.status)"
    assert set(page.evaluate(states, others)) == {"unloaded"}


def test_who_asks_for_contrast_gets_ink_and_a_plain_board(browser: Browser, url: str):
    page = browser.new_page(contrast="more")
    page.goto(url)
    assert style(page, "body", "backgroundImage") == "none"
    assert style(page, ".nn-byline", "color") == style(page, ".bd-article p", "color")
    page.close()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_forced_colours_reach_the_figures(browser: Browser, url: str, mode: str):
    """Numbers on the ramp stay readable: the ramp takes the mode of the reader's colours, whatever is stored."""
    page = browser.new_page(forced_colors="active", color_scheme=mode)  # type: ignore[arg-type]
    page.goto(url)
    page.evaluate("mode => { document.documentElement.dataset.theme = mode }", {"light": "dark", "dark": "light"}[mode])
    canvas = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert board(page) == canvas
    darkest = page.locator('.nn-figure-svg [style*="--nn-seq5"]').first.evaluate("e => getComputedStyle(e).fill")
    assert darkest == {"light": "rgb(18, 58, 122)", "dark": "rgb(246, 226, 122)"}[mode]
    page.close()


def test_without_javascript_the_board_is_chalk_and_there_is_no_dead_switch(browser: Browser, url: str):
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{url}?skin=theorem")
    expect(page.locator(".nn-menu")).to_be_hidden()
    assert page.locator("html").get_attribute("data-skin") is None
    expect(page.locator(".bd-article h1")).to_have_css("font-family", 'Caveat, "Caveat stand-in", cursive')
    expect(page.locator("body")).to_have_css("background-color", BOARD)
    page.close()


# --- The page that compares them ---


def test_the_board_page_shows_four_variants_of_each_part_with_ids_of_their_own(page: Page, site_url: str):
    page.goto(f"{site_url}/choosing-a-board.html")
    grounds = "row => [...row.children].map((board) => getComputedStyle(board).backgroundColor)"
    rows = page.locator(".nn-compare")
    assert rows.count() >= 5
    for i in range(rows.count()):
        assert len(set(rows.nth(i).evaluate(grounds))) == 4
    ids = page.locator("[id]").evaluate_all("found => found.map((element) => element.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("chosen", ["chalkboard", "theorem"])
@pytest.mark.parametrize("name", ["choosing-a-board.html", "posts/02-simpler-than-you-think.html"])
def test_axe_finds_nothing_in_any_variant(page: Page, site_url: str, name: str, chosen: str, mode: str):
    page.emulate_media(color_scheme=mode)  # type: ignore[arg-type]
    page.goto(f"{site_url}/{name}?skin={chosen}")
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run().then(({ violations }) => violations.map((v) => [v.id, v.nodes[0].html]))")
    assert found == []


@pytest.mark.parametrize("width", [320, 360, 768])
def test_the_board_page_does_not_scroll_sideways(page: Page, site_url: str, width: int):
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{site_url}/choosing-a-board.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
