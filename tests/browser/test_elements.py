"""Every figure that a reader can touch: complete without a script, alive near the screen, asleep off it, usable by all.

The tests run over the kitchen sink (`sink/`) and over every `{interactive}` of the posts; a new one needs no test here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from figures_seen import REPOSITORY, broken_rules, errors_of, held, wear
from pictures import VARIANTS
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.xdist_group("browser")  # one worker: they share one build of this checkout

POSTER = ".nn-poster > :is(svg, pre)"
PLAIN = {"width": 1280, "height": 720}
TEXTUAL = {"nn-run"}  # their poster is text, and needs no table
DIRECTIVE = re.compile(r"^(`{3,}|:{3,})\{interactive\} (nn-[\w-]+)\n(?::[\w-]+:.*\n)*?:name: *(fig-[\w-]+)", re.M)

# Counts the page's animation callbacks; `rest(n)` waits for n frames without being counted itself.
COUNTED = """
const real = window.requestAnimationFrame.bind(window);
window.frames_run = 0;
window.requestAnimationFrame = (callback) => real((now) => { window.frames_run++; callback(now); });
window.rest = (frames) => new Promise((done) => {
  const next = () => (frames-- > 0 ? real(next) : done(window.frames_run));
  real(next);
});
"""


@dataclass(frozen=True)
class Figure:
    """One interactive: the page it is on ("" is the sink's), its id, its element."""

    page: str
    name: str
    tag: str

    @property
    def live(self) -> str:
        return f"#{self.name} {self.tag}"


def figures() -> list[Any]:
    """The sink's figure, and those that the posts' sources name."""
    found = [Figure("", "fig-sink", "nn-sink")]
    for post in sorted((REPOSITORY / "posts").glob("*.md")):
        for _, tag, name in DIRECTIVE.findall(post.read_text(encoding="utf-8")):
            found.append(Figure(f"posts/{post.stem}.html", name, tag))
    return [pytest.param(figure, id=figure.name) for figure in found]


@pytest.fixture(scope="module", params=figures())
def figure(request: pytest.FixtureRequest) -> Figure:
    return request.param


@pytest.fixture(scope="module")
def url(figure: Figure, request: pytest.FixtureRequest) -> str:
    return f"{request.getfixturevalue('site_url' if figure.page else 'sink_url')}/{figure.page}"


@dataclass
class Opened:
    """A page on which a figure is live and that several tests look at, and what went wrong while it opened."""

    page: Page
    foreign: list[str]
    errors: list[str]


@pytest.fixture(scope="module")
def opened(browser: Browser, laid_out: str, url: str, figure: Figure) -> Iterator[Opened]:
    context = browser.new_context(viewport=PLAIN)
    context.add_init_script(laid_out)
    context.add_init_script(COUNTED)
    page = context.new_page()
    found = Opened(page, [], errors_of(page, console=True))
    here = urlsplit(url).netloc

    def only_here(route: Route) -> None:
        if route.request.url.startswith(("data:", "blob:")) or urlsplit(route.request.url).netloc == here:
            route.continue_()
        else:
            found.foreign.append(route.request.url)
            route.abort()

    page.route("**/*", only_here)
    page.goto(url)
    wake(page, figure)
    yield found
    context.close()


@pytest.fixture
def resting(opened: Opened, figure: Figure) -> Iterator[Page]:
    """The page with the figure live and at rest, for tests that look and do not touch what it shows."""
    page = opened.page
    wake(page, figure)
    yield page
    page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
    page.set_viewport_size(PLAIN)
    page.mouse.move(0, 0)
    wear(page, *VARIANTS[0])
    page.evaluate("for (const fold of document.querySelectorAll('details.nn-data[open]')) fold.open = false")


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What goes wrong on the page, as it goes wrong."""
    return errors_of(page, console=True)


def wake(page: Page, figure: Figure) -> None:
    """Bring the figure on the screen and wait until it is live and at rest."""
    element = page.locator(figure.live)
    element.scroll_into_view_if_needed()
    expect(element).to_have_attribute("data-phase", "live", timeout=20_000)
    expect(element.locator(".nn-stage")).to_be_visible()


def box(page: Page, selector: str) -> dict[str, float]:
    return page.locator(selector).evaluate(
        "e => { const b = e.getBoundingClientRect(); return {w: b.width, h: b.height} }"
    )


# --- Without a script, and before it --------------------------------------------------------------------------------


def test_without_javascript_there_is_the_poster_the_caption_and_the_table(browser: Browser, url: str, figure: Figure):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    poster = page.locator(f"{figure.live} > {POSTER}")
    expect(poster).to_be_visible()
    assert len(page.locator(f"#{figure.name} figcaption").inner_text()) > 20
    if figure.tag not in TEXTUAL:
        rows = page.locator(f"{figure.live} > details.nn-data tbody tr")
        assert rows.count() >= 1
        expect(rows.first).to_be_hidden()
        page.locator(f"{figure.live} > details.nn-data > summary").click()
        expect(rows.first).to_be_visible()
    room = page.locator(f"{figure.live} > .nn-poster").bounding_box()
    drawn = poster.bounding_box()
    assert room is not None
    assert drawn is not None
    assert room["height"] <= drawn["height"] + 2, "no room is kept for a live view that cannot come"
    context.close()


def test_a_figure_comes_alive_near_the_screen_and_not_before(page: Page, sink_url: str, errors: list[str]):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(sink_url, wait_until="networkidle")
    element = page.locator("nn-sink")
    assert not any("nn-sink" in address for address in asked)
    assert element.get_attribute("data-phase") is None
    top = element.evaluate("e => e.getBoundingClientRect().top")
    height = page.viewport_size["height"]  # type: ignore[index]
    page.evaluate("y => scrollTo(0, y)", top - 2 * height)  # one window below the fold
    expect(element).to_have_attribute("data-phase", "asleep")
    page.evaluate("y => scrollTo(0, y)", top - 100)
    expect(element).to_have_attribute("data-phase", "live")
    assert errors == []


@pytest.mark.parametrize("width", [1280, 360, 320])
def test_nothing_moves_when_a_figure_comes_alive(page: Page, url: str, figure: Figure, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    let_go = held(page, re.compile(rf"/nn/{figure.tag}-[^/]*\.js"))
    page.goto(url)
    element = page.locator(figure.live)
    element.scroll_into_view_if_needed()
    expect(element).to_have_attribute("data-phase", "armed")
    page.evaluate("document.fonts.ready")
    before = box(page, f"#{figure.name}")
    let_go()
    wake(page, figure)
    assert box(page, f"#{figure.name}") == pytest.approx(before, abs=1)


def test_a_reader_who_saves_data_decides(page: Page, url: str, figure: Figure):
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    element = page.locator(figure.live)
    element.scroll_into_view_if_needed()
    start = element.get_by_role("button", name="Make this figure live")
    expect(start).to_be_visible()
    assert not any(f"/nn/{figure.tag}-" in address for address in asked)
    start.click()
    expect(element).to_have_attribute("data-phase", "live")
    expect(start).to_have_count(0)


# --- When something fails -------------------------------------------------------------------------------------------


def test_code_that_does_not_arrive_leaves_the_poster_one_line_and_a_button_that_tries_again(
    page: Page, url: str, figure: Figure
):
    chunk = re.compile(rf"/nn/{figure.tag}-[^/]*\.js")
    page.route(chunk, lambda route: route.abort())
    page.goto(url)
    element = page.locator(figure.live)
    element.scroll_into_view_if_needed()
    expect(element).to_have_attribute("data-phase", "failed")
    expect(element.locator(POSTER)).to_be_visible()
    line = element.locator(".nn-failed")
    expect(line).to_have_count(1)
    expect(line).to_be_visible()
    page.unroute(chunk)
    line.get_by_role("button", name="Try again").click()
    expect(element).to_have_attribute("data-phase", "live")
    expect(line).to_have_count(0)


def test_an_element_that_throws_leaves_the_poster_and_can_be_tried_again(page: Page, sink_url: str):
    page.goto(sink_url)
    page.locator("nn-sink").evaluate("e => e.dataset.break = 'mount'")
    element = page.locator("nn-sink")
    element.scroll_into_view_if_needed()
    expect(element.locator(".nn-failed")).to_contain_text("told to break")
    expect(element.locator(".nn-poster svg")).to_be_visible()
    expect(element.locator(".nn-stage")).to_have_count(0)
    expect(element.locator("details caption")).to_have_text("The sink")
    element.evaluate("e => delete e.dataset.break")
    element.get_by_role("button", name="Try again").click()
    expect(element).to_have_attribute("data-phase", "live")


# --- At rest, asleep ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_nothing_moves_by_itself(resting: Page, motion: Any):
    resting.emulate_media(reduced_motion=motion)
    resting.evaluate("rest(20)")
    assert resting.evaluate("rest(0)") == resting.evaluate("rest(20)")


def test_off_screen_and_in_a_hidden_tab_nothing_runs_and_it_goes_on_afterwards(page: Page, url: str, figure: Figure):
    page.add_init_script(COUNTED)
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.is_hidden ?? false})")
    page.goto(url)
    wake(page, figure)
    element = page.locator(figure.live)
    if not element.evaluate("e => typeof e.frame === 'function'"):
        pytest.skip("plays nothing")
    element.evaluate("e => e.play()")
    running = page.evaluate("rest(0)")
    assert page.evaluate("rest(20)") > running
    for sleep, wake_up in (
        ("document.body.style.paddingBottom = '200vh'; scrollTo(0, scrollY > innerHeight * 3 ? 0 : 1e6)", None),
        (
            "is_hidden = true; document.dispatchEvent(new Event('visibilitychange'))",
            "is_hidden = false; document.dispatchEvent(new Event('visibilitychange'))",
        ),
    ):
        page.evaluate(sleep)
        expect(element).to_have_attribute("data-phase", "asleep")
        page.evaluate("rest(2)")
        assert page.evaluate("rest(0)") == page.evaluate("rest(20)")
        if wake_up:
            page.evaluate(wake_up)
        else:
            element.scroll_into_view_if_needed()
        expect(element).to_have_attribute("data-phase", "live")
        assert page.evaluate("rest(0)") < page.evaluate("rest(20)")


# --- For everybody --------------------------------------------------------------------------------------------------


def test_axe_finds_nothing_in_any_variant(resting: Page, figure: Figure):
    if figure.tag not in TEXTUAL:
        resting.locator(f"{figure.live} > details.nn-data > summary").click()
    assert broken_rules(resting, f"#{figure.name}") == {}


CONTROLS = """(root) => {
  const shown = (e) => e.checkVisibility({visibilityProperty: true}) && !e.closest("dialog:not([open])");
  const all = [...root.querySelectorAll(
    "button, input, select, textarea, summary, a[href], [tabindex]:not([tabindex='-1'])")];
  return all.filter((e) => shown(e) && !e.disabled);
}"""


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(resting: Page, figure: Figure):
    root = resting.locator(f"#{figure.name}")
    wanted = root.evaluate(
        f"""(root) => {{
          const controls = ({CONTROLS})(root);
          controls.forEach((e, i) => e.dataset.stop = e.type === "radio" ? e.name : String(i));
          const before = document.createElement("button");
          before.id = "before";
          root.before(before);
          before.focus();
          return [...new Set(controls.map((e) => e.dataset.stop))];
        }}"""
    )
    reached: dict[str, bool] = {}
    for _ in range(3 * len(wanted) + 10):
        resting.keyboard.press("Tab")
        at = root.evaluate(
            """(root) => {
              const e = document.activeElement;
              if (!root.contains(e)) return null;
              const ringed = (s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
              const seen = [e, e.nextElementSibling].some((x) => x && ringed(getComputedStyle(x)));
              return [e.dataset.stop, seen];
            }"""
        )
        if at is None:
            break
        reached[at[0]] = at[1]
    resting.evaluate("document.querySelector('#before').remove()")
    assert set(wanted) <= set(reached)
    assert all(reached.values()), "a focus ring on each"


def test_every_control_has_a_target_of_44_pixels(resting: Page, figure: Figure):
    resting.set_viewport_size({"width": 360, "height": 640})
    wake(resting, figure)
    small = resting.locator(f"#{figure.name}").evaluate(
        f"""(root) => ({CONTROLS})(root).flatMap((e) => {{
          if (!e.matches("button, input, select, textarea, summary")) return [];
          const parts = [e, ...(e.closest("label") ? [e.closest("label")] : [])].map((x) => x.getBoundingClientRect());
          const height = Math.max(...parts.map((b) => b.height)), width = Math.max(...parts.map((b) => b.width));
          return height >= 43.5 && width >= 43.5 ? [] : [`${{e.outerHTML.slice(0, 120)}}: ${{width}} x ${{height}}`];
        }})"""
    )
    assert small == []


@pytest.mark.parametrize("size", [(360, 640), (320, 640)], ids=str)
def test_a_phone_never_scrolls_sideways_and_every_control_is_on_it(
    resting: Page, figure: Figure, size: tuple[int, int]
):
    resting.set_viewport_size({"width": size[0], "height": size[1]})
    wake(resting, figure)
    assert resting.evaluate("document.documentElement.scrollWidth") <= size[0]
    outside = resting.locator(f"#{figure.name}").evaluate(
        f"""(root) => ({CONTROLS})(root).flatMap((e) => {{
          const b = e.getBoundingClientRect();
          return b.left >= -1 && b.right <= innerWidth + 1 ? [] : [e.outerHTML.slice(0, 120)];
        }})"""
    )
    assert outside == []


def test_the_live_part_has_a_name_and_the_table_follows_the_figure(resting: Page, figure: Figure):
    stage = resting.locator(f"{figure.live} > .nn-stage")
    assert stage.get_attribute("role") == "group"
    assert re.fullmatch(r"Figure \d+, live", stage.get_attribute("aria-label") or "")
    if figure.tag not in TEXTUAL:
        resting.locator(f"{figure.live} > details.nn-data > summary").click()
        expect(resting.locator(f"{figure.live} > details.nn-data tbody tr:visible").first).to_be_visible()


def test_the_colours_follow_the_page(page: Page, sink_url: str):
    page.goto(sink_url)
    wake(page, Figure("", "fig-sink", "nn-sink"))
    seen = []
    for mode in ("light", "dark", "light"):
        page.evaluate("mode => { document.documentElement.dataset.theme = mode }", mode)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        pixel = "document.querySelector('nn-sink canvas').getContext('2d').getImageData(5, 5, 1, 1).data.join()"
        seen.append(page.evaluate(pixel))
    assert seen[0] == seen[2] != seen[1]


# --- Alone and under attack -----------------------------------------------------------------------------------------


def test_a_figure_lives_without_any_other_host(opened: Opened):
    assert (opened.foreign, opened.errors) == ([], [])


HOSTILE = [
    "v1,task:%3Cimg%20src=x%20onerror=pwned()%3E,seed:%3Cscript%3Epwned()%3C/script%3E,note:%3Cimg%20src=x%20onerror=pwned()%3E",
    "v1,seed:1e999,epoch:-1e999,speed:NaN,rate:Infinity,arch:99-99-99-99,hidden:1000000,points:" + "9" * 5000,
    "v1,points:0.5%2C0.5%2C1%3B%3Cb%3E,a:99999999999,b:-5,__proto__:x,constructor:x,toString:x,%E0%A4%A:%",
    "v99999999999999999999,task:XOR",
    "javascript:pwned(),v1",
]


@pytest.mark.parametrize("state", HOSTILE, ids=["markup", "numbers", "keys", "version", "address"])
def test_a_hostile_address_stays_text_and_within_limits(
    page: Page, url: str, figure: Figure, state: str, errors: list[str]
):
    page.add_init_script("window.pwned = () => { window.was_pwned = true }")
    page.goto(f"{url}#{figure.name}={state}")
    wake(page, figure)
    assert page.evaluate("window.was_pwned") is None
    assert page.locator(f"#{figure.name} :is(img[src='x'], script)").count() == 0
    assert errors == []


def test_what_an_address_says_is_shown_as_text_and_clamped(page: Page, sink_url: str):
    page.goto(f"{sink_url}#fig-sink=v1,seed:2000,note:%3Cb%3Ebold%3C%2Fb%3E")
    note = page.locator("nn-sink .note")
    expect(note).to_have_text("epoch 0, XOR, seed 99, note: <b>bold</b>")  # and the link led to the figure
    assert page.locator("nn-sink b").count() == 0
    page.evaluate("location.hash = '#fig-sink=v1,seed:3'")
    expect(note).to_have_text("epoch 0, XOR, seed 3, note: ")
    page.get_by_label("XOR").press("ArrowLeft")
    expect(note).to_have_text("epoch 0, AND, seed 3, note: ")
    assert page.evaluate("location.hash") == "#fig-sink=v1,task:AND,seed:3"


def test_the_keys_of_a_figure_work_inside_it_and_leave_controls_their_own(page: Page, sink_url: str):
    page.goto(sink_url)
    wake(page, Figure("", "fig-sink", "nn-sink"))
    note = page.locator("nn-sink .note")
    page.get_by_role("button", name="Step").press("ArrowRight")
    expect(note).to_contain_text("epoch 1, XOR, seed 7")
    page.get_by_label("Seed", exact=True).press("ArrowRight")
    expect(note).to_contain_text("epoch 1, XOR, seed 8")
    page.get_by_role("button", name="Step").press("?")
    dialog = page.get_by_role("dialog", name="Keys of this figure")
    expect(dialog).to_contain_text("one epoch")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


# --- On paper -------------------------------------------------------------------------------------------------------


def test_on_paper_there_is_the_poster_the_caption_and_the_table(resting: Page, figure: Figure):
    page = resting
    page.emulate_media(media="print")
    expect(page.locator(f"{figure.live} > {POSTER}")).to_be_visible()
    expect(page.locator(f"{figure.live} > .nn-stage")).to_be_hidden()
    expect(page.locator(f"#{figure.name} figcaption")).to_be_visible()
    if figure.tag not in TEXTUAL:
        row = page.locator(f"{figure.live} > details.nn-data tbody tr").first
        assert row.evaluate("e => e.checkVisibility() && e.getBoundingClientRect().height") > 5
    assert len(page.pdf()) > 5_000
