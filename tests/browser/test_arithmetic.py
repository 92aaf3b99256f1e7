"""The arithmetic trainer of Part 2: what it says is what the records say, by mouse, by keys and by thumb.

What every figure has in common (axe, no JavaScript, offline, paper, sleep) is in test_elements.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from figures_seen import FRAMES, alive, errors_of
from playwright.sync_api import Browser, Locator, Page, expect

from nnfs import adders, records

pytestmark = pytest.mark.xdist_group("browser")  # one worker: they share one build of this checkout

PLACE = "posts/02-simpler-than-you-think.html"
CODES = {"sigmoid": "scalar-sigmoid", "ReLU": "scalar-relu", "digits": "digits", "one-hot": "one-hot"}


@pytest.fixture(scope="module")
def said() -> dict[str, tuple[list[int], np.ndarray]]:
    """For each code as the page names it: the epochs, and the recorded answers (epoch, a, b)."""
    grids = {name: records.load("p2.addition-mlp", f"{arm}.0-19", 0)["detail"]["grid"] for name, arm in CODES.items()}
    return {name: (grid["epoch"], adders.unpack(grid["said"], 19)) for name, grid in grids.items()}


def live(page: Page, url: str, state: str = "") -> Locator:
    return alive(page, f"{url}/{PLACE}#fig-arithmetic{state}", "#fig-arithmetic nn-arithmetic")


@pytest.fixture
def figure(page: Page, site_url: str) -> Iterator[Locator]:
    errors = errors_of(page)
    yield live(page, site_url)
    assert errors == []


def sentence(figure: Locator) -> Locator:
    return figure.locator(".nn-sum-sentence")


def ask(figure: Locator, a: str, b: str) -> None:
    figure.get_by_role("textbox", name="First number").fill(a)
    figure.get_by_role("textbox", name="Second number").fill(b)


def words(a: int, b: int, answer: int) -> str:
    off = abs(answer - a - b)
    return f"{a} + {b}: answers {answer}, {'right' if off == 0 else f'off by {off}'}.".replace("-", "−")


def test_typed_7_plus_5_shows_what_was_recorded_for_every_code_at_every_epoch(figure: Locator, said):
    ask(figure, "7", "5")
    slider = figure.get_by_role("slider")
    for name, (epochs, answers) in said.items():
        figure.get_by_role("radio", name=name, exact=True).check()
        for at, epoch in enumerate(epochs):
            slider.fill(str(at))
            expect(sentence(figure)).to_contain_text(words(7, 5, int(answers[at, 7, 5])))
            expect(figure.locator(".nn-shown")).to_have_text(f"{epoch:,}")


def test_the_table_follows_the_sum_and_the_code(figure: Locator, said):
    ask(figure, "12", "15")
    figure.get_by_role("radio", name="one-hot", exact=True).check()
    figure.locator("summary").click()
    epochs, answers = said["one-hot"]
    rows = figure.locator(".nn-twin tbody tr")
    expect(rows).to_have_count(len(epochs))
    expect(figure.locator(".nn-twin caption")).to_contain_text("one-hot: its answers to 12 + 15")
    shown = rows.evaluate_all("all => all.map((row) => [...row.children].slice(1, 3).map((cell) => cell.textContent))")
    assert shown == [[str(answers[at, 12, 15]), str(abs(answers[at, 12, 15] - 27))] for at in range(len(epochs))]


def test_the_map_is_shaded_by_the_recorded_errors(figure: Locator, said):
    """The cells of the darkest shade cover what the record has off by 20 or more, epoch by epoch."""
    _, answers = said["digits"]
    total = np.add.outer(np.arange(40), np.arange(40))
    area = """d => [...d.matchAll(/h(\\d+)v1/g)].reduce((sum, run) => sum + Number(run[1]), 0)"""
    for at in (0, 9, 21):
        figure.get_by_role("slider").fill(str(at))
        expect(figure.locator(".nn-shown")).to_have_text(f"{said['digits'][0][at]:,}")
        figure.page.evaluate(FRAMES, 2)
        drawn = figure.locator(".nn-map-field .nn-shade-5").get_attribute("d")
        assert figure.page.evaluate(area, drawn) == int((np.abs(answers[at] - total) >= 20).sum())


def test_the_whole_of_it_by_keyboard(page: Page, figure: Locator, said):
    first = figure.get_by_role("textbox", name="First number")
    figure.locator("input[value=digits]").focus()
    page.keyboard.press("ArrowRight")  # the next code
    expect(figure.locator("input[value=one-hot]")).to_be_checked()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("12")
    page.keyboard.press("Tab")
    page.keyboard.type("15")  # a field that is reached by Tab is selected
    expect(sentence(figure)).to_contain_text("12 + 15")
    page.keyboard.press("Tab")
    expect(figure.get_by_role("slider")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(figure.locator(".nn-shown")).to_have_text("856")
    page.keyboard.press("Home")
    expect(sentence(figure)).to_contain_text(words(12, 15, int(said["one-hot"][1][0, 12, 15])))
    for name in ("Play", "Reset", "Copy link", "Keys"):
        page.keyboard.press("Tab")
        expect(figure.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Tab")
    field = figure.locator(".nn-map-field")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowRight")
    expect(sentence(figure)).to_contain_text(words(13, 25, int(said["one-hot"][1][0, 13, 25])))
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("End")
    expect(sentence(figure)).to_contain_text(words(13, 25, int(said["one-hot"][1][-1, 13, 25])))
    page.keyboard.press("t")
    expect(figure.locator("details.nn-data")).to_have_attribute("open", "")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this figure")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")  # and out of it: the map is no trap
    expect(field).not_to_be_focused()


def test_a_screen_reader_hears_the_cell_and_the_epoch(page: Page, figure: Locator, said):
    figure.locator(".nn-map-field").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".nn-announcer")).to_contain_text(f"{words(8, 5, 13)} digits, after epoch 1,200.", timeout=5000)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("<img src=x onerror=alert(1)>", "“<img src=x onerror=a…” is not a number."),
        ("javascript:alert(1)", "is not a number."),
        ("-3", "whole numbers from 0 only"),
        ("99999", "9,999 is the largest number"),
        ("  ", "Type a whole number."),
    ],
)
def test_what_is_no_number_stays_text(page: Page, figure: Locator, typed: str, told: str):
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    figure.get_by_role("textbox", name="First number").fill(typed)
    expect(figure.locator(".nn-sum-problem")).to_contain_text(told)
    assert figure.locator("img").count() == 0
    expect(sentence(figure)).to_contain_text("7 + 5: answers 12")
    figure.get_by_role("textbox", name="Second number").focus()
    expect(figure.get_by_role("textbox", name="First number")).to_have_value("7")


def test_a_field_that_is_empty_for_the_moment_is_no_mistake(page: Page, figure: Locator):
    first = figure.get_by_role("textbox", name="First number")
    first.fill("")
    expect(figure.locator(".nn-sum-problem")).to_have_text("")
    expect(sentence(figure)).to_contain_text("7 + 5: answers 12")
    figure.get_by_role("textbox", name="Second number").focus()
    expect(first).to_have_value("7")


def test_more_than_was_asked_is_said_to_be_so_or_computed(figure: Locator):
    ask(figure, "37", "58")
    expect(sentence(figure)).to_contain_text("37 + 58: this net was never asked above 39 + 39.")
    figure.get_by_role("radio", name="linear", exact=True).check()
    expect(sentence(figure)).to_contain_text("37 + 58: answers 95, right.")
    figure.get_by_role("radio", name="ReLU", exact=True).check()
    expect(sentence(figure)).to_contain_text("Computed here, from the trained weights.")


def test_a_link_brings_back_the_sum_the_code_and_the_epoch(page: Page, figure: Locator, site_url: str, said):
    ask(figure, "25", "14")
    figure.get_by_role("radio", name="sigmoid", exact=True).check()
    figure.get_by_role("slider").fill("8")
    expect(page).to_have_url(f"{site_url}/{PLACE}#fig-arithmetic=v1,code:sigmoid,a:25,b:14,epoch:15")
    page.goto("about:blank")
    again = live(page, site_url, "=v1,code:sigmoid,a:25,b:14,epoch:15")
    expect(sentence(again)).to_contain_text(words(25, 14, int(said["sigmoid"][1][8, 25, 14])))
    page.goto("about:blank")
    hostile = live(page, site_url, "=v1,code:%3Cscript%3E,a:-9,b:1e99,epoch:NaN,x:%27%22%3E%3Cimg")
    expect(sentence(hostile)).to_contain_text("0 + 9,999: this net was never asked above 39 + 39.")


def test_a_thumb_at_360_pixels_picks_a_cell_and_scrubs(browser: Browser, site_url: str, said, laid_out: str):
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    context.add_init_script(laid_out)
    page = context.new_page()
    figure = live(page, site_url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    _, answers = said["digits"]
    field = figure.locator(".nn-map-field .nn-shade-1").first
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box is not None
    cell = box["width"] / 40
    page.touchscreen.tap(box["x"] + 25.5 * cell, box["y"] + (39 - 14 + 0.5) * cell)
    expect(sentence(figure)).to_contain_text(words(14, 25, int(answers[-1, 14, 25])))
    strip = figure.locator(".nn-strip svg")
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] * 36 / 360, box["y"] + box["height"] / 2)  # where epoch 0 is
    expect(sentence(figure)).to_contain_text(words(14, 25, int(answers[0, 14, 25])))
    small = figure.locator("button:visible, input[type=text], input[type=range], .nn-segmented label").evaluate_all(
        "all => all.map((e) => e.getBoundingClientRect()).filter((b) => b.width < 44 || b.height < 43.9).length"
    )
    assert small == 0
    context.close()


def test_with_reduced_motion_nothing_moves_until_play_is_pressed(browser: Browser, site_url: str):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    figure = live(page, site_url)
    before = figure.locator(".nn-stage").inner_html()
    page.evaluate(FRAMES, 60)
    assert figure.locator(".nn-stage").inner_html() == before
    figure.get_by_role("button", name="Play").click()
    expect(figure.get_by_role("button", name="Pause")).to_be_visible()
    expect(figure.locator(".nn-shown")).not_to_have_text("1,200")
    figure.get_by_role("button", name="Pause").click()
    expect(figure.get_by_role("button", name="Play")).to_be_visible()
    context.close()
