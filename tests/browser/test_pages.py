"""The posts in a real browser: value cards, narrow screens, no foreign request, no script needed."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("browser")  # one worker: they share one build of this checkout


def test_a_value_card_opens_on_focus_and_closes_on_escape(page: Page, post_url: str):
    page.goto(post_url)
    value = page.locator(".nn-value:visible").first
    card = value.locator(".nn-card")
    expect(card).to_be_hidden()
    value.focus()
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_a_value_card_opens_on_hover_and_stays_while_the_pointer_is_on_it(page: Page, post_url: str):
    page.goto(post_url)
    value = page.locator(".nn-value:visible").first
    value.scroll_into_view_if_needed()
    value.hover()
    card = value.locator(".nn-card")
    expect(card).to_be_visible()
    card.hover()
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


@pytest.mark.parametrize("width", [320, 360, 768])
def test_no_page_scrolls_sideways(page: Page, post_url: str, width: int):
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(post_url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("skin", ["chalkboard", "theorem"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_field_of_a_guess_lies_inside_its_box(page: Page, post_url: str, width: int, skin: str):
    """A skin may float a box's word beside its text, and what comes after must not be thrown out of the box."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{post_url}?skin={skin}")
    outside, fields = page.evaluate("""() => {
      const fields = [...document.querySelectorAll('.nn-guess :is(input, label)')]
        .map((field) => [field, field.closest('.nn-predict, .nn-box')]);
      const out = fields.filter(([field, box]) => {
        const [a, b] = [field.getBoundingClientRect(), box.getBoundingClientRect()];
        return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
      });
      return [out.map(([field]) => field.textContent || field.name), fields.length];
    }""")
    assert fields >= 2
    assert outside == []


def test_a_margin_note_begins_beside_its_paragraph_and_meets_no_other(page: Page, post_url: str):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(post_url)
    places = page.evaluate("""[...document.querySelectorAll('aside.margin')].map((aside) => {
      const home = aside.closest('.nn-noted') ? aside.previousElementSibling : aside.nextElementSibling;
      const [text, note] = [home, aside].map((child) => child.getBoundingClientRect());
      return { text: [text.top, text.right], note: [note.top, note.left, note.bottom] };
    })""")
    assert places
    for place in places:
        assert abs(place["note"][0] - place["text"][0]) < 10
        assert place["note"][1] >= place["text"][1]
    for one, next_one in itertools.pairwise(places):
        assert one["note"][2] <= next_one["note"][0]


def test_nothing_is_asked_of_another_host(page: Page, post_url: str, site_url: str):
    foreign: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((site_url, "data:")) else foreign.append(r.url))
    page.goto(post_url, wait_until="networkidle")
    assert foreign == []


def test_no_script_fails_and_nothing_is_missing(page: Page, post_url: str):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("response", lambda r: errors.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.goto(post_url, wait_until="networkidle")
    assert errors == []


def test_without_javascript_figures_maths_and_numbers_are_there(browser, post_url: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(post_url)
    assert page.locator("figure svg").count() >= 3
    assert page.locator(".nn-value").count() >= 10
    expect(page.locator("article h1")).to_be_visible()
    context.close()


def test_every_figure_has_a_title_a_description_and_a_caption(page: Page, post_url: str):
    page.goto(post_url)
    figures = page.locator("figure:has(svg)")
    assert figures.count() >= 3
    for i in range(figures.count()):
        svg = figures.nth(i).locator("svg").first
        assert svg.get_attribute("role") == "img"
        assert len(svg.locator("title").first.text_content() or "") > 10
        assert len(svg.locator("desc").first.text_content() or "") > 10
        assert len(figures.nth(i).locator("figcaption").inner_text()) > 20


def test_claims_link_to_cells_that_exist(page: Page, post_url: str):
    page.goto(post_url)
    links = page.eval_on_selector_all(".nn-claims a", "links => links.map((link) => link.href)")
    assert len(links) >= 3
    for link in sorted(set(links)):
        page.goto(link)
        assert page.locator(f"[id='{link.partition('#')[2]}']").count() == 1


def test_the_cells_that_a_post_leaves_out_stand_on_a_page_of_their_own(page: Page, site_url: str):
    post_url = f"{site_url}/posts/02-simpler-than-you-think.html"
    page.goto(post_url)
    page.locator(".nn-claims a[href*='-checks.html']").first.click()
    expect(page.locator("article h1")).to_contain_text("What checks")
    assert page.locator("article .highlight").count() >= 3
    assert page.locator("article .highlight .k").count() >= 1, "in colour"
    page.locator("article p a").first.click()
    assert page.url == post_url


def test_a_guess_is_made_before_the_answer_opens_and_stays_beside_it_without_a_script(browser, site_url: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}/posts/02-simpler-than-you-think.html")
    box = page.locator(".nn-predict:has(fieldset)").first
    guess, answer, tick = box.get_by_label("better"), box.locator("details"), box.locator(".nn-right span")
    shown = "e => getComputedStyle(e, '::after').visibility"
    assert tick.evaluate(shown) == "hidden"
    guess.focus()
    page.keyboard.press("Space")
    place = guess.bounding_box()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(answer).to_have_attribute("open", "")
    expect(guess).to_be_checked()
    assert tick.evaluate(shown) == "visible"
    assert guess.bounding_box() == pytest.approx(place, abs=0.1)
    context.close()
