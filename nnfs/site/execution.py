"""Run a post's cells, or answer from the cache when nothing that they depend on has changed.

MyST-NB asks this module for a "client" for every page that has cells. The stock clients hash the cells alone,
cache what a presentation tag touches, stop at 30 s and let a crashed page through; ours is small enough to read:

    key = cells + import closure + declared files + pins          (deps.py)
    known key  → copy the stored outputs into the page's cells     (.cache/nnfs/executed/<key>.json)
    new key    → a fresh kernel, guarded (kernel.py); stored only if every cell succeeded

The store is content-addressed and written by rename, so parallel readers and killed builds cannot hurt it.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from myst_nb.core.execute import NotebookClientBase
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, from_dict
from sphinx.application import Sphinx
from sphinx.util import logging

from nnfs import files
from nnfs.site import deps, pages
from nnfs.site.kernel import ERROR_MIME

LOGGER = logging.getLogger(__name__)
FROM_OUTSIDE = {"PATH", "HOME", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH"}  # of the environment; the rest stays out
TIMEOUT = 600  # seconds a cell may take before it is called a failure; the aim is 10
SLOW_POST = 30  # seconds after which the build says that a post is over its budget
EXECUTION_TAGS = ("raises-exception", "skip-execution")  # the other tags only change what the page shows


class CellError(Exception):
    """One cell of a post failed. `index` counts all cells of the page, `frames` come from kernel.py."""

    def __init__(self, index: int, what: str, frames: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(what)
        self.index, self.what, self.frames = index, what, list(frames)


class OwnKernel(AsyncKernelManager):
    """A kernel of this very interpreter, whatever kernel specs the machine has lying about."""

    guard = "nnfs.site.kernel"

    @property
    def kernel_spec(self) -> KernelSpec:
        module = "ipykernel_launcher"
        options = ["--HistoryManager.enabled=False", f"--ext={self.guard}", "--log-level=CRITICAL"]
        argv = [sys.executable, "-m", module, "-f", "{connection_file}", *options]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def code_cells(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """(index, cell) of the page's code cells; the position in this list + 1 is the number that readers see."""
    return [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def cells_digest(notebook: NotebookNode) -> str:
    """Digest of what the kernel would see: sources and the tags that change execution, nothing else."""
    seen = [
        [cell.source, sorted(set(cell.metadata.get("tags", [])) & set(EXECUTION_TAGS))]
        for _, cell in code_cells(notebook)
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def cell_modules(notebook: NotebookNode) -> set[str]:
    """Modules that the cells import. A cell that does not parse contributes none; running it will say why."""
    names: set[str] = set()
    for _, cell in code_cells(notebook):
        plain = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        for source in (cell.source, "\n".join(plain)):  # without magics only if it does not parse with them
            with contextlib.suppress(SyntaxError):
                names |= deps.imported(source)
                break
    return names


class Store:
    """Executed outputs by key, one JSON file each under `.cache/nnfs/executed/`."""

    def __init__(self, srcdir: Path) -> None:
        self.folder = srcdir / ".cache" / "nnfs" / "executed"

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def get(self, key: str, cells: int) -> list[list[dict[str, Any]]] | None:
        """The stored outputs of each of `cells` cells, or None. A damaged file counts as absent and is made again."""
        try:
            stored = json.loads(self.path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        whole = isinstance(stored, list) and len(stored) == cells and all(isinstance(cell, list) for cell in stored)
        return stored if whole else None

    def put(self, key: str, outputs: list[list[dict[str, Any]]]) -> None:
        files.write_text(self.path(key), json.dumps(outputs, sort_keys=True))

    def drop(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)


def execute(notebook: NotebookNode, srcdir: Path, allowed: Sequence[Path]) -> float:
    """Run all cells of `notebook` in place in a fresh, guarded kernel; return the seconds it took.

    Raises CellError for the first cell that raises, runs out of time, kills its kernel or opens what it may not.
    """
    roots = [str(root) for root in deps.project_roots(srcdir)]
    env = {name: x for name, x in os.environ.items() if name in FROM_OUTSIDE}
    env |= {
        "PYTHONNOUSERSITE": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": os.pathsep.join(roots),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",  # the order of a sum is part of the number
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",  # torch would look for plug-ins in every folder on the path
        "NO_COLOR": "1",
        "NNFS_GUARD": json.dumps({"roots": roots, "allowed": [str(path.resolve()) for path in allowed]}),
    }
    running = -1

    def starting(cell: NotebookNode, cell_index: int, **_: Any) -> None:
        nonlocal running
        running = cell_index

    for _, cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None

    def attempt() -> None:
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_manager_class=OwnKernel,
            kernel_name="python3",
            resources={"metadata": {"path": str(srcdir)}},
            record_timing=False,
            on_cell_start=starting,
        )
        with tempfile.TemporaryDirectory() as profile:  # nobody's start-up files
            client.execute(env={**env, "IPYTHONDIR": profile})

    started = time.monotonic()
    try:
        try:
            attempt()
        except RuntimeError:  # before any cell: another program took a port that was free when it was chosen
            if running >= 0:
                raise
            attempt()
    except CellTimeoutError:
        raise CellError(running, f"ran longer than {TIMEOUT} s and was stopped") from None
    except DeadKernelError:
        raise CellError(running, "the kernel died (out of memory, or a crash in native code)") from None
    except RuntimeError as error:
        raise CellError(code_cells(notebook)[0][0], f"the kernel did not start: {error}") from None
    except CellExecutionError as error:
        report: dict[str, Any] = error_report(notebook.cells[running]) or {}
        what = f"{report.get('name', error.ename)}: {report.get('message', error.evalue)}"
        frames = report.get("frames", [])
        if report.get("line") and not any(frame["file"] is None for frame in frames):
            frames = [*frames, {"file": None, "line": report["line"], "function": "<module>", "text": None}]
        raise CellError(running, what, frames) from None
    for index, cell in code_cells(notebook):
        report = error_report(cell) or {}
        if report.get("refused"):
            raise CellError(index, f"{report['refused'][0]} (the cell went on without it)")
        if report.get("name") == "ClaimError":
            raise CellError(index, f"ClaimError: {report['message']}", report["frames"])
        if not report and cell.source.strip() and "skip-execution" not in cell.metadata.get("tags", []):
            raise CellError(index, "the guard on files did not load, so nothing that this cell read is known")
        cell.outputs = [output for output in cell.outputs if ERROR_MIME not in output.get("data", {})]
    return time.monotonic() - started


def error_report(cell: NotebookNode) -> dict[str, Any] | None:
    """What kernel.py said about this cell, if it said anything."""
    for output in cell.get("outputs", []):
        if ERROR_MIME in output.get("data", {}):
            return output["data"][ERROR_MIME]
    return None


def first_line(text: str, fence: int, source: str) -> int:
    """1-based line of the Markdown file on which the cell's first source line stands; `fence` is 1-based too."""
    lines, head = text.splitlines(), source.splitlines()[0].strip() if source.strip() else ""
    for number in range(fence, min(fence + 20, len(lines))):  # skip the fence itself and the option lines
        if lines[number].strip() == head:
            return number + 1
    return fence + 1


def describe(failure: CellError, docname: str, path: Path, notebook: NotebookNode, srcdir: Path) -> tuple[str, int]:
    """The message for a failed cell and the line of the post it points at."""
    text = path.read_text(encoding="utf-8")
    shown = path.relative_to(srcdir).as_posix()
    number = 1 + [i for i, _ in code_cells(notebook)].index(failure.index)
    cell = notebook.cells[failure.index]
    start = first_line(text, notebook.metadata["source_map"][failure.index], cell.source)
    line, steps = start, []
    for frame in failure.frames:
        if frame["file"] is None:
            line = start + frame["line"] - 1
            source = cell.source.splitlines()[frame["line"] - 1 : frame["line"]]
            steps.append(f"{shown}:{line}  {source[0].strip() if source else ''}")
        else:
            steps.append(f"{frame['file']}:{frame['line']} in {frame['function']}  {frame['text'] or ''}")
    alone = f"nnfs build --fresh {pages.short_name(docname)}"
    body = "".join(f"\n    {step.rstrip()}" for step in steps)
    return f"cell {number} failed: {failure.what}{body}\n  run this post alone: {alone}", line


class PostClient(NotebookClientBase):
    """MyST-NB's view of a page with cells: on entering, its outputs are there or the page is marked as failed."""

    app: Sphinx

    def fail(self, page: pages.Page, message: str, place: tuple[str, int]) -> None:
        """Report, and leave no outputs: half a page would look like a result."""
        page.failed = True
        LOGGER.error("%s", message, location=place)
        for _, cell in code_cells(self.notebook):
            cell.outputs = []

    def start_client(self) -> None:
        app, env = self.app, self.app.env
        srcdir, docname = Path(app.srcdir), env.current_document.docname
        page = pages.of(env, docname)
        # stock clients take this from the kernel; a page from the cache must be coloured too
        self.notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
        page.modules = sorted(cell_modules(self.notebook))
        try:
            page.depends = deps.entries(self.notebook.metadata.get("depends"))
            page.inputs = deps.inputs_digest(page.modules, page.depends, srcdir)
            roots = deps.project_roots(srcdir)
            declared = deps.declared(page.depends, srcdir)
            folders = {folder for entry in page.depends for folder in deps.folders(srcdir / entry)}
            allowed = [*deps.closure(page.modules, roots), *declared, *sorted(folders)]
        except deps.DependsError as error:
            return self.fail(page, str(error), (docname, 1))
        except SyntaxError as error:
            return self.fail(page, f"{error.filename}:{error.lineno}: {error.msg}", (docname, 1))
        page.key = hashlib.sha256(f"{cells_digest(self.notebook)} {page.inputs}".encode()).hexdigest()[:24]
        store = Store(srcdir)
        fresh = pages.matches(docname, os.environ.get("NNFS_FRESH", ""))
        stored = None if fresh else store.get(page.key, len(code_cells(self.notebook)))
        if stored is None:
            try:
                seconds = execute(self.notebook, srcdir, allowed)
            except CellError as failure:
                store.drop(page.key)  # what failed now must not be answered from an older success
                message, line = describe(failure, docname, Path(env.doc2path(docname)), self.notebook, srcdir)
                return self.fail(page, message, (docname, line))
            if deps.inputs_digest(page.modules, page.depends, srcdir) != page.inputs:
                return self.fail(page, "a file it depends on changed while this post ran; build again", (docname, 1))
            over = f", over its budget of {SLOW_POST} s" if seconds > SLOW_POST else ""
            print(f"ran {docname} in {seconds:.1f} s{over}", flush=True)  # seen under -q too
            stored = [list(cell.outputs) for _, cell in code_cells(self.notebook)]
            store.put(page.key, stored)
        for (_, cell), outputs in zip(code_cells(self.notebook), stored, strict=True):
            cell.outputs = [from_dict(output) for output in outputs]
        for number, (_, cell) in enumerate(code_cells(self.notebook), 1):
            page.cells_run, cell.execution_count = number, number
            if "remove-cell" in cell.metadata.get("tags", []):
                page.hidden[number] = cell.source
            cell.outputs = [output for output in cell.outputs if not page.take(output, number)]


def create_client(app: Sphinx) -> Any:
    """The function that replaces `myst_nb.core.execute.create_client` for pages of this site."""

    def create(notebook: NotebookNode, source: str, nb_config: Any, logger: Any, read_fmt: Any = None) -> Any:
        for name, x in notebook.metadata.items():
            if isinstance(x, datetime.date):  # YAML reads 2026-11-23 as a date, which no notebook can hold
                notebook.metadata[name] = x.isoformat()
        client = PostClient if code_cells(notebook) else NotebookClientBase
        made = client(notebook, Path(source), nb_config, logger)
        if isinstance(made, PostClient):
            made.app = app
        return made

    return create


def setup(app: Sphinx) -> None:
    import myst_nb.sphinx_

    # MyST-NB has no hook for another client; this one name is where its parser asks for one. It is given back
    # at the end, for whoever builds another site in the same process.
    stock = myst_nb.sphinx_.create_client
    myst_nb.sphinx_.create_client = create_client(app)
    app.connect("build-finished", lambda *_: setattr(myst_nb.sphinx_, "create_client", stock))
