"""The frame of a page: reached by keyboard, on a phone and without a script; the reader's choice is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("browser")

POST = "posts/02-simpler-than-you-think.html"


@pytest.fixture
def phone(page: Page) -> Page:
    page.set_viewport_size({"width": 360, "height": 640})
    return page


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def any_phone(request: pytest.FixtureRequest, browser: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def test_the_series_opens_as_a_drawer_and_leads_to_another_post(any_phone: Page, site_url: str) -> None:
    any_phone.goto(f"{site_url}/{POST}")
    series = any_phone.get_by_role("navigation", name="Series")
    expect(series).to_be_hidden()
    any_phone.get_by_role("button", name="Series and search").click()
    expect(series).to_be_visible()
    series.get_by_role("link", name="Minds, Brains and Computers").click()
    expect(any_phone).to_have_url(re.compile("01-origin-story"))


def test_a_drawer_closes_on_escape_on_its_button_and_on_a_press_beside_it(any_phone: Page, site_url: str) -> None:
    any_phone.goto(f"{site_url}/{POST}")
    opener = any_phone.get_by_role("button", name="Contents of this page")
    contents = any_phone.get_by_role("navigation", name="Contents")
    for close in (
        lambda: any_phone.keyboard.press("Escape"),
        lambda: any_phone.locator("#nn-contents").get_by_role("button", name="Close").click(),
        lambda: any_phone.mouse.click(10, 400),
    ):
        opener.click()
        expect(contents).to_be_visible()
        close()
        expect(contents).to_be_hidden()


def test_the_keyboard_goes_from_the_button_into_the_drawer(phone: Page, site_url: str) -> None:
    phone.goto(f"{site_url}/{POST}")
    phone.get_by_role("button", name="Series and search").focus()
    phone.keyboard.press("Enter")
    phone.keyboard.press("Tab")
    expect(phone.locator("#nn-nav").get_by_role("button", name="Close")).to_be_focused()
    phone.keyboard.press("Escape")
    expect(phone.get_by_role("button", name="Series and search")).to_be_focused()


def test_a_followed_link_closes_the_contents(phone: Page, site_url: str) -> None:
    phone.goto(f"{site_url}/{POST}")
    phone.get_by_role("button", name="Contents of this page").click()
    phone.get_by_role("navigation", name="Contents").get_by_role("link", name="Exercises").click()
    expect(phone.locator("#nn-contents")).to_be_hidden()
    expect(phone.get_by_role("heading", name="Exercises")).to_be_in_viewport()


def test_on_a_wide_screen_series_and_contents_stand_beside_the_text(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}/{POST}")
    expect(page.get_by_role("navigation", name="Series")).to_be_visible()
    expect(page.get_by_role("navigation", name="Contents")).to_be_visible()
    expect(page.get_by_role("button", name="Series and search")).to_be_hidden()
    expect(page.get_by_role("link", name="Neural Nets Are Simpler Than You Think").first).to_have_class(
        re.compile("current")
    )


def test_the_contents_say_where_the_reader_is(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}/{POST}")
    here = page.locator("#nn-contents a[aria-current=true]")
    for name in ("Whom to blame", "Exercises", "The whole thing"):
        page.get_by_role("heading", name=name, exact=False).first.evaluate("heading => heading.scrollIntoView()")
        expect(here).to_have_text(name)


def test_the_skip_link_is_the_first_stop(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}/{POST}")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the text")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main-content"))


def test_the_mode_follows_the_system_until_it_is_chosen_and_then_stays(page: Page, site_url: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site_url}/{POST}")
    theme = page.locator("html")
    expect(theme).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(theme).to_have_attribute("data-theme", "light")
    page.get_by_label("Appearance", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="dark").check()
    expect(theme).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="dark")).to_be_hidden()
    page.goto(f"{site_url}/index.html")
    expect(theme).to_have_attribute("data-theme", "dark")


def test_the_menu_closes_on_a_press_elsewhere_and_when_the_focus_leaves(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}/{POST}")
    menu = page.get_by_label("Appearance", exact=True)
    panel = page.locator(".nn-panel")
    menu.click()
    expect(panel).to_be_visible()
    page.locator("article h1").click()
    expect(panel).to_be_hidden()
    menu.click()
    for _ in range(12):
        page.keyboard.press("Tab")
    expect(panel).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_control_k_searches_and_the_result_leads_to_its_page(page: Page, site_url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{site_url}/{POST}")
    page.keyboard.press("Control+k")
    field = page.locator("#nn-nav").get_by_role("searchbox")
    expect(field).to_be_focused()
    field.press_sequentially("perceptron")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"search\.html\?q=perceptron"))
    results = page.locator("#search-results li a")
    expect(results.first).to_be_visible()
    expect(page.locator("article").get_by_role("searchbox")).to_have_value("perceptron")
    results.filter(has_text="Minds, Brains").first.click()
    expect(page).to_have_url(re.compile("01-origin-story"))


def test_without_a_script_nothing_is_offered_that_needs_one(browser: Any, site_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}/{POST}")
    expect(page.get_by_label("Appearance", exact=True)).to_be_hidden()
    page.goto(f"{site_url}/search.html")
    expect(page.locator("noscript p")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_targets_of_the_frame_are_large_enough_for_a_thumb(page: Page, site_url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{site_url}/{POST}")
    sizes = page.locator(".nn-bar .nn-tool:visible, .nn-turn a, .nn-search:visible").evaluate_all(
        "all => all.map((one) => [one.className, one.offsetWidth, one.offsetHeight])"
    )
    assert len(sizes) >= 3
    assert [size for size in sizes if min(size[1:]) < 44] == []


def test_on_paper_there_is_the_text_alone_with_its_title(page: Page, site_url: str) -> None:
    page.emulate_media(media="print")
    page.goto(f"{site_url}/{POST}")
    expect(page.locator("article h1")).to_be_visible()
    for part in (".nn-bar", ".nn-nav", ".nn-contents", ".nn-turn"):
        expect(page.locator(part)).to_be_hidden()


# --- Sections of a long page wait on a phone, and nobody loses their place by it ------------------------------------

WAITING = """[...document.querySelectorAll(".bd-article > section > section")]
  .filter((section) => getComputedStyle(section).contentVisibility === "auto").length"""
PLACE = "document.querySelector('#fig-arithmetic').getBoundingClientRect().top"


@pytest.fixture
def patient_phone(browser: Any) -> Iterator[Page]:
    """A phone on which a page has no time of its own to lay out what waits."""
    context = browser.new_context(viewport={"width": 360, "height": 640})
    context.add_init_script("window.requestIdleCallback = () => 0")
    yield context.new_page()
    context.close()


def test_a_page_opened_at_its_top_lets_sections_wait_until_somebody_moves(patient_phone: Page, site_url: str) -> None:
    patient_phone.goto(f"{site_url}/{POST}")
    assert patient_phone.evaluate(WAITING) > 5
    patient_phone.keyboard.press("Shift")
    assert patient_phone.evaluate(WAITING) == 0


def test_a_link_into_a_page_leads_there_and_stays_there(patient_phone: Page, site_url: str) -> None:
    patient_phone.goto(f"{site_url}/{POST}#fig-arithmetic")
    assert patient_phone.evaluate(WAITING) == 0
    expect(patient_phone.locator("#fig-arithmetic nn-arithmetic")).to_have_attribute("data-phase", "live")
    assert 0 <= patient_phone.evaluate(PLACE) < 640


def test_a_page_loaded_again_is_where_its_reader_was(patient_phone: Page, site_url: str) -> None:
    patient_phone.goto(f"{site_url}/{POST}#fig-arithmetic")
    patient_phone.evaluate("history.replaceState(null, '', location.pathname)")
    place = patient_phone.evaluate(PLACE)
    patient_phone.reload()
    patient_phone.wait_for_function(f"Math.abs({PLACE} - {place}) < 2")
    assert patient_phone.evaluate(WAITING) == 0
