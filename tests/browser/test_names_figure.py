"""The maker of names of Part 3: what it says is what Python says, by mouse, by keys and by thumb.

What every figure has in common (axe, no JavaScript, offline, paper, sleep) is in test_elements.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from figures_seen import FRAMES, REPOSITORY, alive, broken_rules, errors_of
from playwright.sync_api import Browser, Locator, Page, Route, expect

from nnfs import namegen
from nnfs.data.names import SYMBOLS
from nnfs.namegen import Makers, draw, surprise

pytestmark = pytest.mark.xdist_group("browser")  # one worker: they share one build of this checkout

PLACE = "posts/03-karpathy-tour.html"


@pytest.fixture(scope="module")
def makers() -> Makers:
    return namegen.load(REPOSITORY)


def live(page: Page, url: str, state: str = "") -> Locator:
    return alive(page, f"{url}/{PLACE}#fig-names{state}", "#fig-names nn-names")


@pytest.fixture
def figure(page: Page, site_url: str) -> Iterator[Locator]:
    errors = errors_of(page)
    yield live(page, site_url)
    assert errors == []


def fetch(figure: Locator) -> None:
    figure.get_by_role("button", name="Load it").click()
    expect(figure.get_by_role("button", name="Load it")).to_have_count(0)


def look(figure: Locator, view: str) -> None:
    figure.get_by_role("radio", name=view, exact=True).check()


def column(figure: Locator, model: str) -> Locator:
    return figure.get_by_role("group", name=f"Names by {model}").locator("li")


def means(makers: Makers, name: str) -> dict[str, str]:
    return {model: f"{surprise(maker, name).mean():.2f}" for model, maker in makers.models.items()}


def test_the_names_are_pythons_for_every_model_seed_and_temperature(figure: Locator, makers: Makers):
    fetch(figure)
    for seed, temperature in ((0, 1.0), (7, 0.5), (123_456, 2.0), (3, 0.0)):
        figure.get_by_role("spinbutton", name="Seed").fill(str(seed))
        figure.get_by_role("slider", name="Temperature").fill(str(temperature))
        for model, maker in makers.models.items():
            wanted = [name or "(nothing)" for name in draw(maker, 6, seed, temperature)]
            expect(column(figure, model)).to_have_text(wanted)


def test_a_name_that_is_pressed_is_scored_and_its_way_is_marked(figure: Locator, makers: Makers):
    (name,) = draw(makers.mlp, 1, seed=0)
    figure.get_by_role("button", name=name, exact=True).click()
    scores = means(makers, name)
    expect(figure.locator(".nn-names-draw .nn-names-said")).to_contain_text(
        f"{name}: counts {scores['counts']}, MLP {scores['MLP']} nats a letter"
    )
    whole = f".{name}."
    expect(figure.locator("[data-way]")).to_have_count(len({whole[i : i + 2] for i in range(len(whole) - 1)}))


@pytest.mark.parametrize("name", ["emma", "Zoë", "maximilian"])
def test_a_typed_name_costs_what_python_says_letter_by_letter(figure: Locator, makers: Makers, name: str):
    look(figure, "Score a name")
    fetch(figure)
    figure.get_by_role("textbox", name="A name").fill(name)
    plain = name.lower().replace("ë", "e")
    for row, (model, maker) in enumerate(makers.models.items()):
        nats = surprise(maker, plain)
        part = figure.locator(".nn-names-row").nth(row)
        expect(part).to_contain_text(f"{model}: {nats.mean():.2f} nats a letter")
        expect(part.locator(".nn-names-nats")).to_have_text([f"{nat:.{int(nat < 9.95)}f}" for nat in nats])
    known = plain in makers.names.train
    expect(figure.locator(".nn-names-listed")).to_contain_text("On the training list" if known else "Not on")


def test_the_page_says_how_often_its_list_is_wrong(figure: Locator, makers: Makers):
    known = namegen.Bloom.of(makers.names.train)
    wrong = namegen.measured(known, makers.names.dev + makers.names.test)
    look(figure, "Score a name")
    expect(figure.locator(".nn-names-listed")).to_contain_text(f"it takes {wrong:.1%} of other names")


def test_guesses_are_charged_as_the_models_are(figure: Locator, makers: Makers):
    look(figure, "Guess")
    name = makers.quiz[0]
    for at, letter in enumerate(name[:2]):
        for mark in {letter, "x"}:
            figure.locator(".nn-names-pad button").nth(SYMBOLS.index(mark) - 1).click()
        figure.get_by_role("button", name="Show the letter").click()
        expect(figure.locator(".nn-names-word")).to_have_text(f"{name[: at + 1]}?")
    you, counts, mlp = (figure.locator(".nn-names-result tbody tr").nth(row).locator("td") for row in range(3))
    expect(you).to_have_text([f"{-np.log(0.45):.2f}"] * 3)
    for row, model in ((counts, makers.counts), (mlp, makers.mlp)):
        nats = surprise(model, name)[:2]
        expect(row).to_have_text([f"{nats[1]:.2f}", f"{nats.mean():.2f}", f"{nats.mean():.2f}"])


def test_the_whole_of_it_by_keyboard(page: Page, figure: Locator, makers: Makers):
    figure.locator("input[value=draw]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("7")
    expect(column(figure, "counts")).to_have_text(draw(makers.counts, 6, seed=7))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the next seed
    expect(column(figure, "counts")).to_have_text([name or "(nothing)" for name in draw(makers.counts, 6, seed=8)])
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("#fig-names=v1,seed:8,t:0.9$"))
    figure.locator("input[value=draw]").focus()
    page.keyboard.press("ArrowLeft")  # round to the last one
    expect(figure.locator("input[value=guess]")).to_be_checked()
    expect(figure.locator(".nn-names-pad")).to_be_visible()  # the view is drawn a frame later
    page.keyboard.press("Tab")
    page.keyboard.type("abn")
    expect(figure.locator(".nn-names-belief")).to_have_text("Each of 3 gets 30%, the others share 10%.")
    page.keyboard.press("Enter")
    name = makers.quiz[0]
    expect(figure.locator(".nn-names-word")).to_have_text(f"{name[0]}?")
    page.keyboard.press("Escape")
    for stop in ("Show the letter", "Skip name", "Load it"):
        page.keyboard.press("Tab")
        expect(figure.get_by_role("button", name=stop)).to_be_focused()
    page.keyboard.press("Tab")
    cell = figure.get_by_role("gridcell")
    expect(cell.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(cell.nth(27 + 26)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    count, total = int(makers.counts.counts[1, 26]), int(makers.counts.counts[1].sum())
    expect(figure.locator(".nn-pairs-said")).to_contain_text(f"a, then z: {count:,} of {total:,}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this figure")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")  # and out of it: the table is no trap
    expect(figure.get_by_role("combobox", name="After")).to_be_focused()


def test_every_cell_says_pair_count_and_probability(figure: Locator, makers: Makers):
    labels = figure.get_by_role("gridcell").evaluate_all("all => all.map((cell) => cell.getAttribute('aria-label'))")
    assert len(labels) == 27 * 27
    p = np.exp(namegen.log_softmax(np.log(makers.counts.counts + 1.0)))
    for a, b in ((0, 1), (17, 21), (5, 13)):
        label = labels[27 * a + b]
        assert f"{makers.counts.counts[a, b]:,} of {makers.counts.counts[a].sum():,}" in label
        shown = label.rpartition(", ")[2].removesuffix("% with one added everywhere")
        assert float(shown) == pytest.approx(100 * p[a, b], abs=0.051 if "." in shown else 0.51)


def test_a_transformer_that_does_not_arrive_is_asked_for_again(page: Page, figure: Locator, makers: Makers):
    def abort(route: Route) -> None:
        route.abort()

    page.route("**/*transformer*.bin", abort)
    figure.get_by_role("button", name="Load it").click()
    expect(figure.locator(".nn-names-slot .nn-names-problem")).to_have_text("its data could not be fetched")
    expect(column(figure, "counts")).to_have_text(draw(makers.counts, 6, seed=0))
    page.unroute("**/*transformer*.bin", abort)
    figure.get_by_role("button", name="Try again").click()
    expect(column(figure, "transformer")).to_have_text(draw(makers.models["transformer"], 6, seed=0))


def test_the_transformer_is_fetched_on_a_click_and_not_before(page: Page, site_url: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    figure = live(page, site_url)
    assert not any("transformer" in address for address in asked)
    fetch(figure)
    assert sum("transformer" in address for address in asked) == 2


@pytest.mark.parametrize("typed", ["<img src=x onerror=alert(1)>", "a.b", "7", "ana maria", "x" * 16])
def test_what_is_no_name_stays_text(page: Page, figure: Locator, typed: str):
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    look(figure, "Score a name")
    field = figure.get_by_role("textbox", name="A name")
    field.fill(typed)
    expect(figure.locator(".nn-names-score > .nn-names-problem")).not_to_be_empty()
    assert figure.locator("img").count() == 0
    field.press("Tab")
    expect(field).to_have_value("emma")


def test_a_link_brings_back_what_was_seen_and_a_hostile_one_nothing(page: Page, site_url: str, makers: Makers):
    figure = live(page, site_url, "=v1,seed:5,t:0.7,pair:qu")
    expect(column(figure, "MLP")).to_have_text(draw(makers.mlp, 6, seed=5, temperature=0.7))
    expect(figure.locator(".nn-pairs-said")).to_contain_text("q, then u")
    page.goto("about:blank")
    figure = live(page, site_url, "=v1,view:%3Cscript%3E,seed:-1,t:1e99,name:%3Cimg%3E,pair:%27%22")
    expect(column(figure, "MLP")).to_have_text(draw(makers.mlp, 6, seed=0, temperature=2))
    expect(figure.locator(".nn-pairs-said")).to_contain_text("the start, then a")


def test_a_thumb_at_360_pixels_reaches_everything(browser: Browser, site_url: str, laid_out: str, makers: Makers):
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    context.add_init_script(laid_out)
    page = context.new_page()
    figure = live(page, site_url)
    fetch(figure)
    expect(column(figure, "transformer")).to_have_count(6)
    for view in ("Draw names", "Score a name", "Guess"):
        look(figure, view)
        page.evaluate(FRAMES, 4)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        small = figure.locator("button:visible, select, input:visible, .nn-segmented label").evaluate_all(
            "all => all.map((e) => (e.closest('label') ?? e).getBoundingClientRect())"
            ".filter((b) => b.width < 43.5 || b.height < 43.5).length"
        )
        assert small == 0
    cell = figure.get_by_role("gridcell").nth(27 * 17 + 21)
    cell.scroll_into_view_if_needed()
    cell.tap()
    expect(figure.locator(".nn-pairs-said")).to_contain_text("q, then u")
    figure.get_by_role("combobox", name="After").select_option("b")
    expect(figure.locator(".nn-pairs-said")).to_contain_text("b, then u")
    context.close()


@pytest.mark.parametrize("view", ["Draw names", "Score a name", "Guess"])
def test_axe_finds_nothing_in_any_view(page: Page, figure: Locator, view: str):
    fetch(figure)
    look(figure, view)
    if view == "Guess":
        figure.locator(".nn-names-pad button").first.click()
        figure.get_by_role("button", name="Show the letter").click()
        figure.locator(".nn-names-pad button").nth(3).click()
    assert broken_rules(page, "#fig-names") == {}


def test_with_reduced_motion_nothing_is_animated(browser: Browser, site_url: str):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    figure = live(page, site_url)
    look(figure, "Guess")
    figure.get_by_role("button", name="Show the letter").click()
    assert figure.evaluate("e => e.getAnimations({ subtree: true }).length") == 0
    context.close()
