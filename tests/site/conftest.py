"""A small site in a temporary folder, built by the bare `sphinx-build` command, to attack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

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
        import json

        kept = {name: {"value": x, "rtol": 1e-6} for name, x in values.items()}
        self.write(f"posts/values/{post}.json", json.dumps(kept))

    def page(self, name: str) -> str:
        return self.read(f"_build/html/posts/{name}.html")

    def build(self, *options: str, **environment: str) -> Built:
        """`sphinx-build . _build/html`: no -W, no other help."""
        command = [sys.executable, "-m", "sphinx", "-q", *options, ".", "_build/html"]
        env = {**os.environ, **environment}
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        return Built(done.returncode, output, re.findall(r"^ran posts/(\S+) in", output, re.M))

    def executed(self) -> set[str]:
        return {path.name for path in (self.root / ".cache/nnfs/executed").glob("*.json")}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)
