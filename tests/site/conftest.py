"""A small site in a temporary folder, built by what the bare `sphinx-build` command calls, to attack.

Builds run inside the test process, which saves the imports; cells still run in kernels of their own. A session's
first site fills a store of executed cells that the others start from, as a second clone on a machine would not.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sphinx.cmd.build import build_main

from nnfs.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]

CONF = """
project = "toy"
author = "the author"
extensions = ["nnfs.site"]
exclude_patterns = ["_build", ".cache", "toy", "interactive"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"
nb_output_stderr = "error"
html_theme = "basic"
numfig = True
"""

FRONT = """---
title: {title}
part: {part}
promise: A promise.
needs: Nothing.
gives: Something.
status: draft
depends: {depends}
file_format: mystnb
kernelspec: {{name: python3, display_name: Python 3}}
---
"""


@dataclass
class Built:
    """What one build said and left."""

    status: int
    output: str
    ran: list[str]  # posts whose cells were executed, in the order of their messages

    @staticmethod
    def of(status: int, output: str) -> Built:
        return Built(status, output, re.findall(r"^ran posts/(\S+) in", output, re.M))


@contextlib.contextmanager
def quietly(environment: dict[str, str]) -> Iterator[io.StringIO]:
    """Catch what is printed, from forked readers too, and set environment variables for the while."""
    before, said = dict(os.environ), io.StringIO()
    os.environ.update(environment)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield said
    finally:
        os.environ.clear()
        os.environ.update(before)


class Site:
    """A project with two posts: `one` imports toy.leaf through toy.middle, `two` imports neither."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "interactive").mkdir()
        (root / "interactive" / "node_modules").symlink_to(REPOSITORY / "interactive" / "node_modules")
        self.write("conf.py", CONF)
        self.write("index.md", "# Index\n\n```{toctree}\nposts/01-one\nposts/02-two\n```\n")
        self.write("toy/__init__.py", "")
        self.write("toy/leaf.py", "NUMBER = 1.5\n")
        self.write("toy/middle.py", "from . import leaf\n\n\ndef number():\n    return leaf.NUMBER\n")
        self.write(
            "posts/01-one.md",
            self.post(
                1, "One", "from nnfs.claims import value\nfrom toy.middle import number\nx = value('x', number())"
            )
            + "The number is {val}`x:.2f`.\n",
        )
        self.write("posts/02-two.md", self.post(2, "Two", "print('two', 1 + 1)"))
        self.golden("01-one", x=1.5)

    def post(self, part: int, title: str, cell: str, depends: str = "[]", tags: str = "") -> str:
        options = f":tags: [{tags}]\n" if tags else ""
        body = textwrap.dedent(cell).strip()
        front = FRONT.format(title=title, part=part, depends=depends)
        return f"{front}\n# {title}\n\nSome words.\n\n```{{code-cell}} python\n{options}{body}\n```\n\n"

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def golden(self, post: str, **values: float) -> None:
        kept = {name: {"value": x, "rtol": 1e-6} for name, x in values.items()}
        self.write(f"posts/values/{post}.json", json.dumps(kept))

    def page(self, name: str) -> str:
        return self.read(f"_build/html/posts/{name}.html")

    def build(self, *options: str, **environment: str) -> Built:
        """`sphinx-build . _build/html`: no -W, no other help."""
        command = ["-q", "--no-color", *options, str(self.root), str(self.root / "_build" / "html")]
        return self.sphinx(command, **environment)

    def sphinx(self, arguments: list[str], **environment: str) -> Built:
        """`sphinx-build` with these very arguments."""
        with quietly(environment) as said:
            status = build_main(arguments)
        return Built.of(status, said.getvalue())

    def nnfs(self, *arguments: str) -> Built:
        """The command line, run in this site's folder."""
        with quietly({}) as said, contextlib.chdir(self.root), pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        return Built.of(int(stopped.value.code or 0), said.getvalue())

    def executed(self) -> set[str]:
        return {path.name for path in (self.root / ".cache/nnfs/executed").glob("*.json")}


@pytest.fixture(scope="session")
def executed_cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store after one build of the untouched site, and the formulas and fonts that any build needs."""
    root = tmp_path_factory.mktemp("template")
    built = Site(root).build()
    assert (built.status, sorted(built.ran)) == (0, ["01-one", "02-two"]), built.output
    return root / ".cache"


@pytest.fixture
def site(tmp_path: Path, executed_cells: Path) -> Site:
    """An untouched site whose cells another checkout has run."""
    shutil.copytree(executed_cells, tmp_path / ".cache")
    return Site(tmp_path)


@pytest.fixture
def new_site(tmp_path: Path) -> Site:
    """A site of which nothing was ever built."""
    return Site(tmp_path)
