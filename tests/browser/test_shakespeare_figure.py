"""The Shakespeare figure of Part 3: eleven stages as they were recorded, and a net that says what it says in Python.

The page holds this figure alone (`shakespeare_page.py`). What all figures of the posts have in common is in
test_elements.py as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shakespeare_page
from conftest import served
from figures_seen import FRAMES, alive, broken_rules, errors_of, held
from playwright.sync_api import Browser, Locator, Page, expect

from nnfs import stages
from nnfs.stages import Stages

pytestmark = pytest.mark.xdist_group("browser")

LONG = 60_000  # ms for a net on a machine that does other things


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(shakespeare_page.write(tmp_path_factory.mktemp("shakespeare"))) as address:
        yield address


@pytest.fixture(scope="module")
def told() -> Stages:
    return stages.load()


@pytest.fixture(scope="module")
def voice():
    """What Python says with the weights of the page: prompt, characters, settings → text."""
    net = stages.rounded()

    def say(prompt: str, n: int, **settings: float) -> str:
        symbols = stages.load().symbols
        row = [symbols.index(c) for c in "\n" + prompt]
        return "".join(symbols[i] for i in stages.say(net, row, n, **settings))

    return say


def live(page: Page, url: str, state: str = "") -> Locator:
    return alive(page, f"{url}/index.html{state}", "#fig-shakespeare nn-shakespeare")


@pytest.fixture
def figure(page: Page, url: str) -> Iterator[Locator]:
    errors = errors_of(page, console=True)
    yield live(page, url)
    assert errors == []


def written(figure: Locator) -> Locator:
    return figure.get_by_role("group", name="What the net writes")


def go_on(figure: Locator, prompt: str | None = None) -> None:
    """Press Continue and wait until all is written."""
    if prompt is not None:
        figure.get_by_label("Begin with").fill(prompt)
    figure.get_by_role("button", name="Continue").click()
    figure.page.evaluate(FRAMES, 4)  # an element draws the frame after next: until then it shows the run before
    expect(figure).to_have_attribute("data-doing", "done", timeout=LONG)


# --- The stages ------------------------------------------------------------------------------------------------------


def test_every_stage_shows_the_recorded_text_loss_and_words(figure: Locator, told: Stages):
    slider = figure.get_by_role("slider", name="Steps of training")
    for at, step in enumerate(told.step):
        slider.fill(str(at))
        expect(figure.locator(".nn-sh-text").first).to_have_text(told.text[at], use_inner_text=False)
        real, of = told.real[at].count("1"), len(told.real[at])
        expect(figure.locator(".nn-sh-sentence")).to_contain_text(
            f"{told.loss[at]:.2f} nats a character, {real} of {of}"
        )
        expect(figure.locator(".nn-shown").first).to_have_text(f"{step:,}")


def test_what_is_marked_is_what_python_counts_and_not_by_colour_alone(figure: Locator, told: Stages):
    kept = stages.same(told.text)
    for at in (1, 6, 10):
        figure.get_by_role("slider", name="Steps of training").fill(str(at))
        figure.get_by_role("radio", name="invented words").check()
        belongs = told.belongs[at] == stages.INVENTED
        wanted = ["".join(np.array(list(told.text[at]))[run]) for run in runs(belongs)]
        expect(figure.locator(".nn-sh-invented")).to_have_text(wanted)
        style = "e => getComputedStyle(e).textDecorationLine + ' ' + getComputedStyle(e).textDecorationStyle"
        assert figure.locator(".nn-sh-invented").first.evaluate(style) == "underline wavy"
        figure.get_by_role("radio", name="what stayed").check()
        expect(figure.locator(".nn-sh-key")).to_contain_text(f"Here: {kept[at]} of 400.")
        assert len("".join(figure.locator(".nn-sh-kept").all_text_contents())) == kept[at]
        assert figure.locator(".nn-sh-kept").first.evaluate(style) == "underline double"


def runs(flags: np.ndarray) -> list[slice]:
    """The stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [slice(a, b) for a, b in edges.reshape(-1, 2).tolist()]


def test_the_table_has_all_stages(figure: Locator, told: Stages):
    figure.locator("summary").click()
    rows = figure.locator(".nn-twin tbody tr")
    expect(rows).to_have_count(11)
    shown = rows.evaluate_all("all => all.map((row) => [...row.children].map((cell) => cell.textContent))")
    assert [row[5] for row in shown] == told.text
    assert [row[3] for row in shown] == [row[3] for row in told.table[1]]
    assert [row[4] for row in shown[1:]] == [str(n) for n in stages.same(told.text)[1:]]


def test_the_whole_of_it_by_keyboard(page: Page, figure: Locator, voice):
    figure.get_by_role("slider", name="Steps of training").focus()
    page.keyboard.press("Home")
    expect(figure.locator(".nn-sh-sentence")).to_contain_text("Before training")
    for name in ("Play", "Reset", "Copy link", "Keys"):
        page.keyboard.press("Tab")
        expect(figure.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("ArrowRight")  # a key of the figure
    expect(figure.locator(".nn-shown").first).to_have_text("5")
    page.keyboard.press("Tab")
    expect(figure.get_by_role("radio", name="invented words")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(figure.get_by_role("radio", name="what stayed")).to_be_checked()
    page.keyboard.press("Tab")
    expect(figure.get_by_label("Begin with")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("KING:")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")  # temperature
    page.keyboard.press("Tab")
    page.keyboard.type("20")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    expect(figure.get_by_role("button", name="Continue")).to_be_focused()
    page.keyboard.press("Enter")
    expect(figure).to_have_attribute("data-doing", "done", timeout=LONG)
    expect(written(figure)).to_have_text(
        "KING:" + voice("KING:", 400, temperature=0.9, top_k=20, seed=5), use_inner_text=False
    )
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this figure")).to_contain_text("let the net go on")


def test_a_screen_reader_hears_the_stage_and_the_end_of_writing(page: Page, figure: Locator):
    figure.get_by_role("slider", name="Steps of training").fill("5")
    expect(page.locator(".nn-announcer")).to_contain_text("After 200 steps: 1.87 nats", timeout=5000)
    go_on(figure)
    expect(page.locator(".nn-announcer")).to_have_text("400 characters are written.", timeout=5000)


# --- The trained net -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "temperature", "top_k", "seed"),
    [("ROMEO:\n", 0.8, 65, 1), ("", 1.0, 65, 7), ("To be, or not", 0.0, 65, 0), ("O " * 100, 1.5, 10, 9999)],
    ids=["as it opens", "nothing", "greedy", "more than it reads"],
)
def test_the_page_says_what_python_says(
    page: Page, url: str, voice, prompt: str, temperature: float, top_k: int, seed: int
):
    figure = live(page, url)
    figure.get_by_role("slider", name="Temperature").fill(str(temperature))
    figure.get_by_label("Top-k").fill(str(top_k))
    figure.get_by_label("Seed").fill(str(seed))
    go_on(figure, prompt)
    wanted = voice(prompt, 400, temperature=temperature, top_k=top_k, seed=seed)
    expect(written(figure)).to_have_text(prompt + wanted, use_inner_text=False)
    assert written(figure).evaluate("e => e.textContent") == prompt + wanted


def test_the_net_comes_on_a_click_in_sight_and_afterwards_needs_no_network(page: Page, url: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    figure = live(page, url)
    page.wait_for_load_state("networkidle")
    assert not any("p3-browser" in address or "worker" in address for address in asked)
    expect(figure.locator(".nn-sh-status")).to_contain_text("The first press fetches the net, 355 KB.")
    let_go = held(page, re.compile(r"p3-browser.*\.bin"))
    figure.get_by_role("button", name="Continue").click()
    expect(figure.locator(".nn-sh-status")).to_contain_text("Loading the net: 0 of 355 KB.", timeout=LONG)
    expect(figure.get_by_role("progressbar", name="Loading the net")).to_be_visible()
    let_go()
    expect(figure).to_have_attribute("data-doing", "done", timeout=LONG)
    expect(figure.get_by_role("progressbar")).to_have_count(0)
    first = written(figure).text_content()
    page.context.set_offline(True)
    figure.get_by_label("Seed").fill("2")
    go_on(figure)
    assert written(figure).text_content() != first
    figure.get_by_label("Seed").fill("1")
    go_on(figure)
    assert written(figure).text_content() == first
    page.context.set_offline(False)


def test_stop_ends_it_at_once(page: Page, url: str):
    figure = live(page, url)
    go_on(figure)
    figure.evaluate(
        """(figure) => new Promise((done) => {
          const [go, stop] = ["Continue", "Stop"].map((name) =>
            [...figure.querySelectorAll("button")].find((button) => button.textContent === name));
          go.click();
          setTimeout(() => (stop.click(), done()), 30);
        })"""
    )
    expect(figure).to_have_attribute("data-doing", "stopped")
    expect(figure.locator(".nn-sh-status")).to_contain_text("Stopped after")
    before = written(figure).text_content()
    page.wait_for_timeout(500)
    assert written(figure).text_content() == before


@pytest.mark.parametrize("broken", ["bin", "json", "worker"])
def test_a_net_that_does_not_arrive_is_said_to_be_missing_and_the_figure_lives_on(
    page: Page, url: str, broken: str, told: Stages
):
    pattern = re.compile(
        {"bin": r"p3-browser.*\.bin", "json": r"p3-browser.*\.json", "worker": r"worker.*\.js"}[broken]
    )
    page.route(pattern, lambda route: route.abort())
    figure = live(page, url)
    figure.get_by_role("button", name="Continue").click()
    expect(figure).to_have_attribute("data-doing", "failed", timeout=LONG)
    expect(figure.locator(".nn-sh-status")).to_contain_text("Press Continue to try again.")
    expect(figure.locator(".nn-sh-text").first).to_have_text(told.text[-1], use_inner_text=False)
    page.unroute(pattern)
    go_on(figure)


def test_a_net_with_one_byte_changed_is_refused(page: Page, url: str):
    def change(route):
        body = bytearray(route.fetch().body())
        body[5000] ^= 1
        route.fulfill(body=bytes(body))

    page.route(re.compile(r"p3-browser.*\.bin"), change)
    figure = live(page, url)
    figure.get_by_role("button", name="Continue").click()
    expect(figure.locator(".nn-sh-status")).to_contain_text("corrupted", timeout=LONG)


# --- Prompts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read", "told"),
    [
        ("<img src=x onerror=alert(1)>", "img srcx onerroralert", "are not among them: <, =, (, 1, ), >."),
        (
            "‘Tis — “naïve”",
            "'Tis -- 'nave'",
            "are not among them: ï. Read as what the training text has: ‘ as ', — as --",
        ),
        ("a\u202eb\U0001f642", "ab", "U+202E, 🙂."),
        ("日本語", "", "日, 本, 語."),
    ],
    ids=["markup", "typography", "controls", "another script"],
)
def test_characters_that_the_net_does_not_know_are_named_left_out_and_stay_text(
    page: Page, figure: Locator, typed: str, read: str, told: str
):
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    go_on(figure, typed)
    expect(figure.locator(".nn-sh-about")).to_contain_text(told)
    assert written(figure).locator("b").text_content() == read
    assert len(written(figure).text_content() or "") == len(read) + 400
    assert figure.locator("img").count() == 0


def test_a_link_brings_back_stage_prompt_and_settings(page: Page, figure: Locator, url: str):
    figure.get_by_role("slider", name="Steps of training").fill("3")
    figure.get_by_label("Begin with").fill("A, b:\n&<")
    figure.get_by_role("slider", name="Temperature").fill("1.3")
    figure.get_by_label("Seed").fill("42")
    state = "#fig-shakespeare=v1,step:40,prompt:A%2C%20b%3A%0A%26%3C,temperature:1.3,seed:42"
    expect(page).to_have_url(f"{url}/index.html{state}")
    page.goto("about:blank")
    again = live(page, url, state)
    expect(again.get_by_label("Begin with")).to_have_value("A, b:\n&<")
    expect(again.get_by_label("Seed")).to_have_value("42")
    expect(again.locator(".nn-sh-sentence")).to_contain_text("After 40 steps")
    page.goto("about:blank")
    hostile = live(
        page, url, "#fig-shakespeare=v1,step:NaN,mark:%3Cb%3E,top:1e9,seed:-1,prompt:%3Cscript%3E" + "x" * 9000
    )
    expect(hostile.get_by_label("Top-k")).to_have_value("65")
    assert len(hostile.get_by_label("Begin with").input_value()) == 500
    assert page.locator("#fig-shakespeare script").count() == 0


# --- For everybody ---------------------------------------------------------------------------------------------------


def test_axe_finds_nothing_while_everything_is_shown(page: Page, url: str):
    figure = live(page, url)
    go_on(figure, "é")
    figure.get_by_role("radio", name="what stayed").check()
    figure.locator("summary").click()
    assert broken_rules(page, "#fig-shakespeare") == {}


@pytest.mark.parametrize("width", [1280, 360, 320])
def test_the_live_view_has_the_room_that_was_kept_for_it_and_fits_the_width(page: Page, url: str, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    figure = live(page, url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    room, needed = figure.locator(".nn-stage").evaluate(
        """e => {
          const [stage, last] = [e, e.lastElementChild].map((x) => x.getBoundingClientRect());
          return [stage.height, last.bottom - stage.top];
        }"""
    )
    assert needed <= room + 1
    small = figure.locator(
        "button:visible, input:visible:not([type=radio]), textarea, .nn-segmented label"
    ).evaluate_all(
        "all => all.map((e) => e.getBoundingClientRect()).filter((b) => b.width < 43.5 || b.height < 43.5).length"
    )
    assert small == 0


def test_a_thumb_picks_a_stage_and_lets_the_net_go_on(browser: Browser, url: str):
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = context.new_page()
    figure = live(page, url)
    strip = figure.locator(".nn-sh-strip svg")
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] * 3.5 / 11, box["y"] + box["height"] / 2)
    expect(figure.locator(".nn-sh-sentence")).to_contain_text("After 40 steps")
    figure.get_by_role("button", name="Continue").tap()
    expect(figure).to_have_attribute("data-doing", "done", timeout=LONG)
    context.close()


def test_with_reduced_motion_nothing_moves_until_play_is_pressed(browser: Browser, url: str):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    figure = live(page, url)
    before = figure.locator(".nn-stage").inner_html()
    page.wait_for_timeout(500)
    assert figure.locator(".nn-stage").inner_html() == before
    figure.get_by_role("button", name="Play").click()
    expect(figure.locator(".nn-sh-sentence")).to_contain_text("Before training")
    figure.get_by_role("button", name="Pause").click()
    expect(figure.get_by_role("button", name="Play")).to_be_visible()
    context.close()


def test_without_a_script_there_are_four_texts_and_a_table_of_all(browser: Browser, url: str, told: Stages):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/index.html")
    poster = page.locator("nn-shakespeare > .nn-poster svg")
    expect(poster).to_be_visible()
    for step in stages.SHOWN:
        expect(poster).to_contain_text(f"{step:,} steps")
    expect(page.locator("nn-shakespeare .nn-data tbody tr")).to_have_count(len(told.step))
    context.close()


def test_on_paper_the_poster_stands(page: Page, figure: Locator):
    page.emulate_media(media="print")
    expect(figure.locator(".nn-poster svg")).to_be_visible()
    expect(figure.locator(".nn-stage")).to_be_hidden()


def test_pages_of_this_figure_stay_small(tmp_path: Path):
    """The element with all it shares: 30 KB at most (test_budget.py counts the built site alike); the net: 1 MB."""
    import gzip

    out = shakespeare_page.write(tmp_path)
    scripts = [len(gzip.compress(file.read_bytes(), 9)) for file in (out / "nn").glob("*.js")]
    assert sum(scripts) < 30_000
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in out.glob("p3-browser.*")) < 400_000
