"""The playground of Part 2 as a reader uses it: by keyboard, by touch, back in time, and beside what Python printed."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
FIGURE = "fig-playground"
pytestmark = pytest.mark.xdist_group("browser")  # one worker: they share one build of this checkout


@pytest.fixture(scope="module")
def net_py() -> dict:
    return runpy.run_path(str(ROOT / "posts" / "listings" / "net.py"))


@pytest.fixture(scope="module")
def post(site_url: str) -> str:
    return f"{site_url}/posts/02-simpler-than-you-think.html"


@pytest.fixture
def errors(page: Page) -> Iterator[list[str]]:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert found == []


def opened(page: Page, post: str, state: str = "") -> Locator:
    """The live playground, at rest; `state` is the part of the address after v1."""
    page.goto(f"{post}#{FIGURE}{'=v1,' if state else ''}{state}")
    figure = page.locator(f"#{FIGURE}")
    element = figure.locator("nn-playground")
    element.scroll_into_view_if_needed()
    expect(element).to_have_attribute("data-phase", "live", timeout=20_000)
    at_rest(figure)
    return figure


def at_rest(figure: Locator) -> None:
    expect(figure.locator("nn-playground:not([data-playing])")).to_have_count(1, timeout=60_000)
    drawn(figure.page)


def drawn(page: Page) -> None:
    """Wait for what a press draws: one frame shows the press, the next one its drawing."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")


def train(figure: Locator, guess: str = "skip") -> None:
    """Press Train, answer the question if it comes, wait for the pause."""
    figure.get_by_role("button", name="Train", exact=True).click()
    option = figure.locator(".pg-options").get_by_role("button", name=guess, exact=True)
    if option.count():
        option.click()
    at_rest(figure)


def epoch_and_loss(figure: Locator) -> tuple[int, float]:
    drawn(figure.page)
    shown = re.fullmatch(r"([\d,]+), loss (.+)", figure.locator(".pg-run .nn-shown").inner_text())
    assert shown
    return int(shown[1].replace(",", "")), number(shown[2])


def printed(figure: Locator) -> str:
    drawn(figure.page)
    return figure.locator(".pg-badge summary code").inner_text()


def number(text: str) -> float:
    return float(text.strip("()").replace("−", "-").replace(",", ""))


def python_at(net_py: dict, epoch: int, task: str = "XOR", sizes: tuple[int, ...] = (2, 3, 1), seed: int = 1) -> dict:
    net, data = net_py["make_net"](list(sizes), seed), net_py[task]
    for _ in range(epoch):
        net_py["update"](net, net_py["backprop"](net, data), rate=5)
    return {"loss": net_py["loss"](net, data), "answers": [net_py["forward"](net, x)[-1][0] for x, _ in data]}


# --- The same numbers as the post -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "start"),
    [
        ("", "XOR [2, 3, 1]"),
        ("net:0", "XOR [2, 1]"),
        ("task:AND,net:0", "AND [2, 1]"),
        ("task:OR,net:0", "OR [2, 1]"),
    ],
)
def test_after_2000_epochs_it_says_what_the_listing_printed_on_the_page(
    page: Page, post: str, errors: list[str], state: str, start: str
):
    figure = opened(page, post, state)
    output = "\n".join(page.locator("article pre").all_text_contents()).splitlines()
    (line,) = {text.strip() for text in output if text.startswith(start + " loss")}
    train(figure)
    assert epoch_and_loss(figure)[0] == 2000
    assert printed(figure) == line


def test_the_badge_names_the_program_and_what_python_wrote_at_this_epoch(page: Page, post: str, errors: list[str]):
    figure = opened(page, post, "epoch:110")
    badge = figure.locator(".pg-badge")
    badge.locator("summary").click()
    expect(badge).to_contain_text("make_net([2, 3, 1], seed=1)")
    expect(badge).to_contain_text("for epoch in range(110):")
    expect(badge).to_contain_text(
        "Python wrote, when the page was built: loss 0.1034, answers 0.20 0.69 0.69 0.43. The same."
    )


def test_the_badge_says_whether_a_last_bit_decides(page: Page, post: str, errors: list[str]):
    """At rate 30 one neuron never settles: Python 3.11 ends at 0.3231 after 2,000 epochs, a browser at 0.3190."""
    figure = opened(page, post, "epoch:2000")
    badge = figure.locator(".pg-badge")
    badge.locator("summary").click()
    expect(badge).to_contain_text("✓ The same numbers")
    figure = opened(page, post, "net:0,rate:30,epoch:2000")
    badge = figure.locator(".pg-badge")
    badge.locator("summary").click()
    expect(badge).to_contain_text("Here the last bit of a number decides")
    expect(badge).not_to_contain_text("✓")


def test_back_from_a_footnote_the_run_is_still_there(page: Page, post: str, errors: list[str]):
    figure = opened(page, post)
    train(figure)
    assert epoch_and_loss(figure)[0] == 2000
    figure.get_by_role("slider", name="Epoch").fill("137")
    address = page.evaluate("location.hash")
    page.evaluate("location.hash = '#references'")
    page.go_back()
    page.wait_for_function("was => location.hash === was", arg=address)
    assert epoch_and_loss(figure)[0] == 137
    assert figure.get_by_role("slider", name="Epoch").get_attribute("max") == "2000"


# --- By keyboard ----------------------------------------------------------------------------------------------------


def test_by_keyboard_alone_xor_is_guessed_trained_rewound_and_reset(page: Page, post: str, errors: list[str]):
    figure = opened(page, post)
    network = figure.locator(".pg-network")
    for _ in range(40):
        page.keyboard.press("Tab")
        if network.evaluate("e => e === document.activeElement"):
            break
    expect(network).to_be_focused()
    page.keyboard.press(" ")
    expect(figure.locator(".pg-options button").first).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(figure.get_by_role("button", name=re.compile("Train|Pause"))).to_be_focused()
    at_rest(figure)
    epoch, loss = epoch_and_loss(figure)
    assert epoch == 2000
    assert loss < 0.01
    expect(figure.locator(".pg-say")).to_have_text("You said 4. After 2,000 epochs 4 of 4 rows are right.")
    page.keyboard.press("Home")
    assert epoch_and_loss(figure) == (0, pytest.approx(0.289, abs=5e-4))
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert epoch_and_loss(figure)[0] == 9
    page.keyboard.press("End")
    assert epoch_and_loss(figure)[0] == 2000
    page.keyboard.press("r")
    assert epoch_and_loss(figure)[0] == 0
    page.keyboard.press("End")
    assert epoch_and_loss(figure)[0] == 0, "a reset forgets the run"


def test_arrows_walk_over_the_weights_and_the_question_mark_lists_the_keys(page: Page, post: str, errors: list[str]):
    figure = opened(page, post)
    figure.locator(".pg-network").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(figure.get_by_label("Weight", exact=True)).to_have_value("1 (bias) → h1")
    page.keyboard.press("ArrowUp")
    expect(figure.get_by_label("Weight", exact=True)).to_have_value("B → h1")
    page.keyboard.press("?")
    keys = page.locator("dialog.nn-keys")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("train, pause")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_points_are_placed_changed_and_removed_by_keyboard(page: Page, post: str, errors: list[str]):
    figure = opened(page, post, "task:points,net:4")
    plane = figure.get_by_role("application")
    plane.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+Enter")
    points = plane.locator(".nn-point")
    expect(points).to_have_count(2)
    expect(plane.locator(".nn-point.nn-one")).to_have_count(1)
    assert page.evaluate("location.hash").endswith("points:Kkpk")
    page.keyboard.press("Enter")
    expect(plane.locator(".nn-point.nn-one")).to_have_count(2)
    page.keyboard.press("Delete")
    expect(points).to_have_count(1)
    expect(page.locator(".nn-announcer")).to_have_text("1 points.", timeout=10_000)


def test_a_plane_without_points_says_so_and_claims_nothing(page: Page, post: str, errors: list[str]):
    figure = opened(page, post, "task:points,net:3")
    expect(figure.locator(".nn-range output")).to_have_text("no points yet")
    for name in ("Train", "Step", "Back", "Reset"):
        expect(figure.get_by_role("button", name=name, exact=True)).to_be_disabled()
    expect(figure.locator(".pg-badge")).to_be_hidden()
    expect(figure.locator(".nn-loss")).to_be_hidden()
    assert "NaN" not in figure.inner_text()
    assert "not a number" not in figure.inner_text()


# --- Time -----------------------------------------------------------------------------------------------------------


def test_the_slider_goes_back_to_the_very_numbers_of_an_earlier_epoch(
    page: Page, post: str, errors: list[str], net_py: dict
):
    figure = opened(page, post)
    train(figure)
    trained = epoch_and_loss(figure)[1]
    slider = figure.get_by_role("slider", name="Epoch")
    for epoch in (1500, 137, 1):
        slider.fill(str(epoch))
        at_rest(figure)
        then = python_at(net_py, epoch)
        assert epoch_and_loss(figure) == (epoch, pytest.approx(then["loss"], rel=2e-3))
        assert printed(figure).split()[-4:] == [f"{answer:.2f}" for answer in then["answers"]]
    assert epoch_and_loss(figure)[1] > trained
    expect(figure.locator(".pg-say")).to_contain_text("Epoch 1,")  # and not what became of it in the end
    figure.get_by_role("button", name="Step", exact=True).click()
    assert epoch_and_loss(figure)[0] == 2


def test_a_link_brings_the_same_net_at_the_same_epoch(page: Page, post: str, errors: list[str], net_py: dict):
    figure = opened(page, post, "task:XOR,net:2,seed:6,epoch:1234")
    then = python_at(net_py, 1234, sizes=(2, 2, 1), seed=6)
    assert epoch_and_loss(figure)[0] == 1234
    assert printed(figure) == f"XOR [2, 2, 1] loss {then['loss']:.4f} answers " + " ".join(
        f"{answer:.2f}" for answer in then["answers"]
    )
    expect(figure.get_by_role("radio", name="free")).to_be_checked()


def test_a_new_seed_starts_over_and_leaves_the_old_curve_faint(page: Page, post: str, errors: list[str]):
    figure = opened(page, post, "epoch:300")
    figure.get_by_role("button", name="Next seed").click()
    assert epoch_and_loss(figure)[0] == 0
    expect(figure.get_by_label("Seed", exact=True)).to_have_value("2")
    expect(figure.locator(".nn-earlier")).to_have_count(1)


def test_with_reduced_motion_training_shows_its_end_and_nothing_between(page: Page, post: str, errors: list[str]):
    page.emulate_media(reduced_motion="reduce")
    figure = opened(page, post)
    figure.locator(".pg-run .nn-shown").evaluate(
        """e => {
          window.told = new Set();
          new MutationObserver(() => told.add(e.textContent.split(", loss")[0])).observe(e, {childList: true});
        }"""
    )
    train(figure)
    assert epoch_and_loss(figure)[0] == 2000
    assert set(page.evaluate("[...told]")) <= {"0", "2,000"}


# --- What the net says, and why -------------------------------------------------------------------------------------


def test_a_row_of_the_truth_table_sets_the_input_and_lights_the_network(page: Page, post: str, errors: list[str]):
    figure = opened(page, post, "epoch:2000")
    network = figure.locator(".nn-network")
    for row, answer in (("0 1", "0.98"), ("1 1", "0.02"), ("1 0", "0.98"), ("0 0", "0.02")):
        line = figure.locator(".pg-rows tbody tr", has=page.get_by_role("button", name=row))
        line.locator("td").last.click()
        expect(figure.get_by_role("button", name=row)).to_have_attribute("aria-pressed", "true")
        expect(line).to_contain_text(answer)
        expect(network).to_have_accessible_name(re.compile(f"A and B are {row.replace(' ', ' and ')};.* {answer}\\.$"))


def test_one_update_by_hand_multiplies_adds_up_and_comes_true(page: Page, post: str, errors: list[str]):
    figure = opened(page, post, "epoch:60")
    figure.locator(".nn-touch").nth(4).click(force=True)
    hand = figure.locator(".pg-hand")
    expect(hand).to_be_visible()
    total = 0.0
    for row in hand.locator("tbody tr").all():
        blame, slope, given, share = (number(cell) for cell in row.locator("td").all_inner_texts())
        assert share == pytest.approx(blame * slope * given, rel=5e-3, abs=1e-12)
        total += share
    summed = number(hand.locator("tfoot td").inner_text())
    assert summed == pytest.approx(total, rel=2e-2)
    said = re.search(r"slope = (\S+) − (\S+) × (\S+) = (\S+)$", hand.locator(".pg-update").inner_text())
    assert said
    old, rate, slope, new = (number(part) for part in said.groups())
    assert (rate, slope) == (5, summed)
    assert new == pytest.approx(old - rate * slope, abs=2e-3)
    figure.get_by_role("button", name="Step", exact=True).click()
    at_rest(figure)
    after = re.search(r"slope = (\S+) − ", hand.locator(".pg-update").inner_text())
    assert after
    assert number(after[1]) == new


def test_the_first_training_waits_for_a_guess_and_the_next_one_does_not(page: Page, post: str, errors: list[str]):
    figure = opened(page, post, "net:0")
    figure.get_by_role("button", name="Train", exact=True).click()
    assert epoch_and_loss(figure)[0] == 0
    figure.locator(".pg-options").get_by_role("button", name="3", exact=True).click()
    at_rest(figure)
    expect(figure.locator(".pg-say")).to_have_text("You said 3. After 2,000 epochs 0 of 4 rows are right.")
    figure.get_by_role("radio", name="3 hidden").check()
    expect(figure.locator(".pg-options")).to_be_visible()
    figure.get_by_role("button", name="Step", exact=True).click()
    assert epoch_and_loss(figure)[0] == 1
    expect(figure.locator(".pg-options button")).to_have_count(0)


def test_a_net_of_three_layers_of_eight_is_drawn_and_trained(page: Page, post: str, errors: list[str]):
    figure = opened(page, post)
    figure.get_by_role("radio", name="moons").check()
    figure.get_by_role("radio", name="free").check()
    for layer in (1, 2, 3):
        figure.get_by_label(f"Layer {layer}").select_option("8")
    expect(figure.locator(".nn-unit circle")).to_have_count(2 + 24 + 1)
    figure.get_by_role("radio", name="1,000").check()
    train(figure)
    expect(figure.locator(".pg-rows")).to_contain_text("40 of 40 points right")


# --- On a phone, and under attack -----------------------------------------------------------------------------------


def test_by_touch_on_a_narrow_screen_points_are_drawn_and_learned(browser: Browser, post: str):
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = context.new_page()
    figure = opened(page, post, "task:points,net:4")
    plane = figure.get_by_role("application")
    plane.scroll_into_view_if_needed()
    for kind, places in (("0", ((0.2, 0.2), (0.8, 0.8))), ("1", ((0.2, 0.8), (0.8, 0.2)))):
        figure.get_by_role("group", name="A tap places").get_by_role("radio", name=kind, exact=True).tap()
        plane.scroll_into_view_if_needed()
        box = plane.bounding_box()
        assert box
        for x, y in places:
            page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(plane.locator(".nn-point")).to_have_count(4)
    expect(plane.locator(".nn-point.nn-one")).to_have_count(2)
    train(figure)
    expect(figure.locator(".pg-rows")).to_contain_text("4 of 4 points right")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_while_it_trains_it_draws_what_is_on_the_screen_and_at_rest_all_of_it(browser: Browser, post: str):
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = context.new_page()
    figure = opened(page, post)
    network = figure.locator(".nn-network")
    shown = figure.locator(".pg-run .nn-shown")
    figure.get_by_role("button", name="Train", exact=True).scroll_into_view_if_needed()
    assert network.evaluate("drawing => drawing.getBoundingClientRect().bottom") < 0
    untrained = network.get_attribute("aria-label")
    figure.get_by_role("button", name="Train", exact=True).tap()
    figure.get_by_role("button", name="skip", exact=True).tap()
    expect(shown).to_contain_text(re.compile("^[1-9]"))
    assert network.get_attribute("aria-label") == untrained
    network.evaluate("drawing => drawing.scrollIntoView({ behavior: 'instant' })")
    expect(network).not_to_have_attribute("aria-label", untrained or "")
    figure.get_by_role("button", name="Pause", exact=True).tap()
    at_rest(figure)
    trained = network.get_attribute("aria-label")
    figure.locator(".pg-foot").evaluate("foot => foot.scrollIntoView({ behavior: 'instant' })")
    figure.get_by_role("button", name="Reset", exact=True).evaluate("button => button.click()")
    expect(shown).to_contain_text(re.compile("^0, loss"))
    drawn(page)
    assert network.get_attribute("aria-label") == untrained != trained
    context.close()


@pytest.mark.parametrize(
    "state",
    [
        "task:%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E,net:%3Cb%3E,points:%3Cscript%3Ealert(1)%3C/script%3E,log:yes",
        "net:999-999-999-999,seed:-7,rate:1e308,epoch:99999999999,speed:7,points:" + "zZ" * 500,
        "net:,seed:,rate:NaN,epoch:1e9,task:toString,__proto__:1,constructor:2",
        "%,%%,:::,task",
    ],
)
def test_a_hostile_address_is_clamped_and_stays_text(page: Page, post: str, errors: list[str], state: str):
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    figure = opened(page, post, state)
    sizes = re.match(r"XOR \[2, (?:\d, )*1\] loss", printed(figure))
    assert sizes
    assert figure.locator(".nn-unit circle").count() <= 2 + 24 + 1
    assert 0 <= epoch_and_loss(figure)[0] <= 50_000
    assert figure.locator("img, script, b").count() == 0
