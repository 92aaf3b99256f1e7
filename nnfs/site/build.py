"""The author's commands: `nnfs build` and `nnfs preview`.

`nnfs build` is `sphinx-build` with the same strictness and a shortcut: when the digest of everything that a build
reads is what it was after the last clean build, there is nothing to do and Sphinx is not started.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnfs import files
from nnfs.errors import UserError
from nnfs.site import deps
from nnfs.site.bundle import SWITCH
from nnfs.site.furniture import posts
from nnfs.site.pages import matches
from nnfs.site.strict import INPUTS

OUT = Path("_build") / "html"
DOCTREES = Path("_build") / "doctrees"
SKIP = {"_build", ".venv", ".git", "node_modules", "__pycache__", ".ruff_cache", ".mypy_cache"}
SKIP |= {".pytest_cache", ".hypothesis", "test-results"}
CACHE_INPUTS = {"verify.json"}  # the one file under .cache that a page shows


class BuildError(UserError):
    """Something that the person at the keyboard can mend; the message says how."""


def project_root(start: Path | None = None) -> Path:
    """The folder with conf.py at or above `start` (the working directory). Raises BuildError if there is none."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "conf.py").is_file():
            return folder
    raise BuildError("no conf.py here or above: run nnfs inside a checkout of the project")


def input_files(root: Path) -> Iterator[Path]:
    """Every file that a build may read, in a fixed order."""
    for folder, subfolders, names in os.walk(root):
        inside_cache = Path(folder) == root / ".cache"
        subfolders[:] = (
            [] if inside_cache else sorted(s for s in subfolders if s not in SKIP and not s.endswith(".egg-info"))
        )
        for name in sorted(names):
            path = Path(folder) / name
            wanted = name in CACHE_INPUTS if inside_cache else not name.startswith(".coverage")
            if wanted and path.is_file():  # an editor's lock file is a link to nowhere
                yield path


def input_digest(root: Path) -> str:
    """sha256 over names and contents of all inputs, the interpreter, the lock of the packages, and the switch."""
    total = hashlib.sha256((deps.toolchain() + os.environ.get(SWITCH, "")).encode())
    lock = root / "interactive" / "node_modules" / ".package-lock.json"
    for path in [*input_files(root), *([lock] if lock.is_file() else [])]:
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # gone since it was listed: the temporary name of a record that is being written
            continue
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One build of a checkout at a time: two would write the same pages. The second waits for the first."""
    lock = root / ".cache" / "build.lock"
    with files.locked(lock, wait=False) as free:
        if free:
            yield
            return
    print("another build of this checkout is under way: waiting for its end", file=sys.stderr, flush=True)
    with files.locked(lock):
        yield


def build(fresh: str = "", jobs: str = "auto", *, update_values: bool = False, root: Path | None = None) -> int:
    """Build the site, strictly; 0 if every page is clean. While another build of this checkout runs, wait for it.

    fresh: run these posts again even if nothing changed, by number or name, comma-separated. jobs: parallel readers.
    Raises BuildError if `fresh` names no post.
    """
    root = project_root(root)
    if fresh and not any(matches(docname, fresh) for docname, _ in posts(root)):
        known = ", ".join(docname.rsplit("/", 1)[-1] for docname, _ in posts(root))
        raise BuildError(f"--fresh {fresh}: no such post; there are {known}")
    with alone(root):
        return build_alone(root, fresh, jobs, update_values)


def build_alone(root: Path, fresh: str, jobs: str, update_values: bool) -> int:
    """`build` when nobody else does."""
    out, stamp = root / OUT, root / OUT / INPUTS
    started, digest = time.monotonic(), input_digest(root)
    if (
        not fresh
        and not update_values
        and (out / "index.html").is_file()
        and stamp.is_file()
        and stamp.read_text() == digest
    ):
        print(f"nothing changed since the last clean build: {OUT}/index.html ({time.monotonic() - started:.1f} s)")
        return 0
    stamp.unlink(missing_ok=True)
    os.environ["NNFS_FRESH"] = fresh
    os.environ["NNFS_UPDATE_VALUES"] = "1" if update_values else ""
    from sphinx.cmd.build import build_main  # a second to import: not before there is something to do

    options = ["-q", "-b", "html", "-W", "--keep-going", "-j", jobs, "-d", str(root / DOCTREES)]
    status = build_main([*options, str(root), str(out)])
    took = time.monotonic() - started
    if status:
        print(f"the site did not build; the messages above name the places ({took:.1f} s)", file=sys.stderr)
        return 1
    if not update_values:
        files.write_text(stamp, digest)  # of what the build began with: an edit made meanwhile was perhaps not read
    print(f"built {OUT}/index.html ({took:.1f} s)")
    return 0


def preview(port: int = 8000, *, open_browser: bool = False) -> int:
    """Serve the site on this machine and rebuild it at every change; stop with Ctrl-C."""
    root = project_root()
    made = "|".join(re.escape(name) for name in sorted(SKIP | {".cache"}))  # a build must not set off the next one
    command = [sys.executable, "-m", "sphinx_autobuild", "--port", str(port), "--delay", "0"]
    command += ["--re-ignore", rf"^{re.escape(str(root))}/(.*/)?({made})(/|$)"]
    command += ["--open-browser"] if open_browser else []
    command += ["-q", "-d", str(root / DOCTREES), str(root), str(root / OUT)]
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    try:
        return subprocess.run(command, cwd=root, env=env, check=False).returncode
    except KeyboardInterrupt:
        return 0
