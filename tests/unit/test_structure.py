"""The rules of ARCHITECTURE.md that a machine can see: who imports whom, and what needs no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from nnfs.site import deps

PACKAGE = Path(__file__).resolve().parents[2] / "nnfs"
# the order in which a reader meets the series' modules; each may import only what stands before it
# (pasttense is told in Part 1 and read after mlp, whose net is one of its arms)
READING_ORDER = ["rng", "perceptron", "hopfield", "basic", "scalar", "mlp", "pasttense", "adders"]
READING_ORDER += ["ngram", "charmlp", "gpt2", "positions", "gpt", "prior"]  # Part 3
SHARED = {"claims", "plot", "trace", "records", "runs", "data", "errors", "files"}
SHARED |= {"model", "evaluate", "batches", "optim", "train", "sample", "tokenizers"}


def imports_of(path: Path) -> set[str]:
    """Names below `nnfs.` that a file imports anywhere."""
    relative = path.relative_to(PACKAGE.parent).with_suffix("")
    package = ".".join(relative.parts[:-1])
    names = deps.imported(path.read_text(encoding="utf-8"), package)
    return {name.split(".", 2)[1] for name in names if name.startswith("nnfs.")}


@pytest.mark.parametrize("name", READING_ORDER)
def test_series_modules_import_only_earlier_ones(name):
    allowed = SHARED | set(READING_ORDER[: READING_ORDER.index(name)])
    modules = {
        n for n in imports_of(PACKAGE / f"{name}.py") if (PACKAGE / f"{n}.py").exists() or (PACKAGE / n).is_dir()
    }
    assert modules <= allowed, f"{name} imports {sorted(modules - allowed)}"


def test_nothing_in_the_series_imports_the_site():
    for path in PACKAGE.rglob("*.py"):
        if "site" not in path.parts[len(PACKAGE.parts) :] and path.name not in {"__main__.py", "runs.py"}:
            assert "site" not in imports_of(path), path.name


def test_the_site_imports_no_model():
    models = set(READING_ORDER) - {"basic"}
    for path in (PACKAGE / "site").glob("*.py"):
        assert not imports_of(path) & models, path.name


NO_TORCH = [*READING_ORDER[: READING_ORDER.index("charmlp")], "records", "runs", "claims", "plot", "trace", "evaluate"]


@pytest.mark.parametrize("name", NO_TORCH)
def test_parts_one_and_two_need_no_torch(name):
    program = f"import sys; sys.modules['torch'] = None; import nnfs.{name}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_listing_experiments_and_reading_records_needs_no_torch():
    program = (
        "import sys; sys.modules['torch'] = None;"
        "from nnfs import checkpoints, commands, runs, tables; assert 'p3.ladder' in runs.registry()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_model_and_no_experiment_names_a_device():
    """Where a run happens is said on the command line and nowhere else."""
    models = ["charmlp", "gpt", "gpt2", "model", "optim", "positions", "prior"]
    files = [*(PACKAGE / f"{name}.py" for name in models), *(PACKAGE / "experiments").glob("*.py")]
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not {text for text in texts if text.split(":")[0] in ("cpu", "cuda", "mps")}, path.name


@pytest.mark.parametrize("init", ["__init__.py", "data/__init__.py"])
def test_package_inits_are_empty_so_that_an_import_says_exactly_what_it_needs(init):
    assert not ast.parse((PACKAGE / init).read_text(encoding="utf-8")).body


def test_every_module_opens_with_what_it_is():
    for path in PACKAGE.rglob("*.py"):
        if path.name != "__init__.py":
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path.name} has no docstring"


def test_conf_stays_short():
    assert len((PACKAGE.parent / "conf.py").read_text().splitlines()) <= 60


def test_every_test_file_has_a_name_of_its_own():
    """pytest imports them by their names alone: of two with one name the second is not collected."""
    names = Counter(path.name for path in Path(__file__).parents[1].rglob("*.py"))
    assert [name for name, n in names.items() if n > 1 and name != "conftest.py"] == []
