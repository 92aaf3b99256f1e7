"""A real Chromium, the built site, and a page with one element that uses everything; both served from this machine."""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pictures
import pytest
from playwright.sync_api import BrowserContext

from nnfs.site import bundle

REPOSITORY = Path(__file__).resolve().parents[2]
FLAGS = [*pictures.FLAGS, "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    found = pictures.chromium()
    return {**browser_type_launch_args, "args": FLAGS, **({"executable_path": found} if found else {})}


@pytest.fixture(scope="session")
def laid_out() -> str:
    """A script for pages on which no section waits to be laid out: a test scrolls without a press or a key before it,
    which no reader can, and what it scrolls to would move. tests/browser/test_frame.py looks at those that wait."""
    return "performance.getEntriesByType = () => [{ type: 'reload' }]"


@pytest.fixture
def context(context: BrowserContext, laid_out: str) -> BrowserContext:
    context.add_init_script(laid_out)
    return context


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of `folder` on this machine, for the while."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="session")
def site_url() -> Iterator[str]:
    """The built site of this checkout, built first if it is not there."""
    build = [sys.executable, "-m", "nnfs", "build"]
    made = subprocess.run(build, cwd=REPOSITORY, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    with served(REPOSITORY / "_build" / "html") as address:
        yield address


@pytest.fixture(scope="session")
def sink_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`sink/page.html` with the real core, loader and style sheets, bundled as the build does it."""
    sink, root = Path(__file__).parent / "sink", tmp_path_factory.mktemp("sink")
    packages = REPOSITORY / "interactive" / "node_modules"
    shutil.copytree(REPOSITORY / "interactive" / "src" / "core", root / "src" / "core")
    (root / "src" / "entries").mkdir()
    shutil.copy(REPOSITORY / "interactive" / "src" / "entries" / "loader.ts", root / "src" / "entries")
    shutil.copy(sink / "nn-sink.ts", root / "src" / "entries")
    answer = bundle.call_esbuild(root, root / "src", packages)
    for file in answer["files"]:
        (root / "out" / "nn").mkdir(parents=True, exist_ok=True)
        (root / "out" / "nn" / file["name"]).write_text(file["text"], encoding="utf-8")
    for sheet in (REPOSITORY / "_static").glob("*.css"):
        shutil.copy(sheet, root / "out")
    page = (sink / "page.html").read_text(encoding="utf-8").replace("LOADER", answer["loader"])
    (root / "out" / "index.html").write_text(page, encoding="utf-8")
    with served(root / "out") as address:
        yield address


@pytest.fixture(params=sorted(f"posts/{post.stem}.html" for post in (REPOSITORY / "posts").glob("*.md")))
def post_url(request: pytest.FixtureRequest, site_url: str) -> str:
    return f"{site_url}/{request.param}"
