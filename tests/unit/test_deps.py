"""The import closure against Python itself: what an import really loads is what the syntax tree said it would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.site import deps

MODULES = ["m0", "m1", "pack", "pack.a", "pack.b", "pack.sub", "pack.sub.c"]


def place(root: Path, name: str) -> Path:
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if name in {"pack", "pack.sub"} else path.with_suffix(".py")


def loaded_by_python(root: Path, name: str) -> set[str]:
    """Project files that a real interpreter has loaded after `import name`; the slow, certain way."""
    program = (
        f"import sys, json; sys.path.insert(0, {str(root)!r}); import {name};"
        f"names = [getattr(m, '__file__', None) or '' for m in sys.modules.values()];"
        f"print(json.dumps([n for n in names if n.startswith({str(root)!r})]))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return set(json.loads(out))


STATEMENTS = [
    "import {0}",
    "import {0} as other",
    "from {0} import __name__ as n",
    "def late():\n    import {0}\nlate()",
]


@settings(max_examples=12, deadline=None)
@given(
    edges=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from(STATEMENTS)).filter(lambda e: e[0] > e[1]),
        max_size=8,
    )
)
def test_the_closure_is_what_python_loads(tmp_path_factory, edges):
    root = tmp_path_factory.mktemp("tree")
    sources = {name: "" for name in MODULES}
    for importer, imported, statement in edges:
        sources[MODULES[importer]] += statement.format(MODULES[imported]) + "\n"
    for name, source in sources.items():
        place(root, name).parent.mkdir(parents=True, exist_ok=True)
        place(root, name).write_text(source)
    for name in ("m1", "pack.sub.c"):
        said = {str(path) for path in deps.closure([name], [root])}
        assert said == loaded_by_python(root, name)


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from . import x", "a.b", {"a.b", "a.b.x"}),
        ("from .c import x", "a.b", {"a.b.c", "a.b.c.x"}),
        ("from ..c import x", "a.b", {"a.c", "a.c.x"}),
        ("import a.b.c as d", "", {"a.b.c"}),
        ("if 0:\n    from z import *", "", {"z", "z.*"}),
        ("import importlib\nimportlib.import_module('q.r')", "", {"importlib", "q.r"}),
    ],
)
def test_import_statements_give_absolute_names(source, package, expected):
    assert deps.imported(source, package) == expected


def test_modules_from_elsewhere_are_not_dependencies(tmp_path):
    (tmp_path / "mine.py").write_text("import json, numpy\n")
    assert deps.closure(["mine"], [tmp_path]) == [tmp_path / "mine.py"]


def test_the_digest_depends_on_names_and_contents_and_not_on_order(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("2")
    both = deps.digest_files([a, b], tmp_path)
    assert both == deps.digest_files([b, a], tmp_path)
    a.write_text("2")
    b.write_text("1")
    assert both != deps.digest_files([a, b], tmp_path)


@pytest.mark.parametrize("entry", ["none.csv", "../outside"])
def test_a_declared_file_must_exist_inside_the_project(tmp_path, entry):
    with pytest.raises(deps.DependsError, match=r"does not exist|outside"):
        deps.declared([entry], tmp_path)
