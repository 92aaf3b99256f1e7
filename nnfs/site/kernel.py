"""What runs inside the kernel beside a post's cells: the guard on files and the report of an error.

Loaded as an IPython extension before the first cell. It imports nothing of the project, so that the closure of a
post is what its cells import and no more. Two duties:

- A cell may open only those files of the repository that its page is known to depend on, list only folders that it
  declares, and change nothing there. An audit hook sees what Python opens, lists and changes and refuses the rest: a
  number from an undeclared file would go stale unseen. Subprocesses are refused for the same reason, since their opens
  cannot be seen. Nor can those of C and Rust libraries: read bytes in Python and hand them over.
- When a cell fails, the frames that lie in the cell or in the project leave the kernel as data, so that the build
  can name lines of the Markdown file. (The guard refuses by raising, and reports at the end of the cell as well, in
  case the cell or a library swallowed the exception.)
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from typing import Any

with contextlib.suppress(ImportError):  # not on Windows
    import _posixsubprocess

ERROR_MIME = "application/vnd.nnfs.error+json"
CHANGES = {  # audit event -> which of its arguments are paths that change
    **{f"os.{name}": slice(0, 1) for name in ("remove", "rmdir", "mkdir", "truncate", "chmod")},
    **{f"os.{name}": slice(0, 2) for name in ("rename", "link")},
    "os.symlink": slice(1, 2),
}
SUBPROCESS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn"}


NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"}


class UndeclaredFileError(PermissionError):
    """A cell touched something that its page does not declare."""


class Guard:
    """The audit hook. roots: the project's folders; allowed: absolute paths that may be opened for reading."""

    def __init__(self, roots: list[str], allowed: list[str]) -> None:
        self.roots = tuple(os.path.join(root, "") for root in roots)
        self.allowed = set(allowed)
        # installed packages may live below the repository (.venv); the key knows them, so they may be read
        prefixes = {os.path.join(p, "") for p in (sys.prefix, sys.base_prefix)} - set(self.roots)
        self.exempt = tuple(p for p in prefixes if p.startswith(self.roots))
        self.refused: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self.on_open(*args)
        elif event == "sqlite3.connect":
            self.on_open(args[0], "r", 0)
        elif event in CHANGES:
            for path in args[CHANGES[event]]:
                self.on_open(path, "w", 0)
        elif event in {"os.listdir", "os.scandir"}:
            if sys._getframe(1).f_code.co_filename != "<frozen importlib._bootstrap_external>":
                self.on_open("." if args[0] is None else args[0], "r", 0)
        elif event in NETWORK:
            self.refuse(f"a cell may not ask the network ({event}): what it answers may be another thing tomorrow")
        elif event in SUBPROCESS:
            # not noted as refused: a library that only asks for the platform's name goes on without an answer
            raise UndeclaredFileError(f"a cell may not start a subprocess ({event}: {args[0]!r}); its reads are unseen")

    def on_open(self, path: Any, mode: Any, flags: int) -> None:
        if not isinstance(path, (str, bytes)):
            return  # a file descriptor: its opening was seen
        name = os.path.abspath(os.fsdecode(path))
        if name.startswith(self.exempt):
            return
        name = os.path.realpath(name)  # a link from elsewhere opens the repository too
        if name.startswith(self.exempt) or not name.startswith(self.roots):
            return
        writing = (isinstance(mode, str) and set(mode) & set("wax+")) or (
            mode is None and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if os.path.basename(os.path.dirname(name)) == "__pycache__":
            # bytecode may be older than its source; without it the import system reads the source
            raise UndeclaredFileError("bytecode of the project is not used")
        root = next(r for r in self.roots if name.startswith(r))
        shown = os.path.relpath(name, root).replace(os.sep, "/")
        if writing:
            self.refuse(f"a cell may not write {shown!r}: what a cell makes leaves it as an output")
        finder = path in sys.path and not os.path.exists(path)  # no file but a name that an editable install leaves
        if name not in self.allowed and not finder:
            self.refuse(
                f"{shown!r} is neither imported by this post's cells nor listed under depends: in its front matter"
            )

    def refuse(self, why: str) -> None:
        if why not in self.refused:
            self.refused.append(why)
        raise UndeclaredFileError(why)


def frames_of(error: BaseException, roots: tuple[str, ...]) -> list[dict[str, Any]]:
    """The traceback's frames that lie in a cell (file None) or in the project, oldest first."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith("<"):
            continue
        where = os.path.abspath(frame.filename)
        if "ipykernel" in frame.filename and "site-packages" not in frame.filename:
            frames.append({"file": None, "line": frame.lineno, "function": frame.name, "text": frame.line})
        elif where.startswith(roots) and "site-packages" not in where:
            root = next(r for r in roots if where.startswith(r))
            shown = os.path.relpath(where, root).replace(os.sep, "/")
            if shown.startswith("nnfs/site/"):
                continue
            frames.append({"file": shown, "line": frame.lineno, "function": frame.name, "text": frame.line})
    return frames


def load_ipython_extension(ip: Any) -> None:
    """Install the guard and the error report; NNFS_GUARD holds `{"roots": […], "allowed": […]}`."""
    given = json.loads(os.environ["NNFS_GUARD"])
    guard = Guard(given["roots"], given["allowed"])

    def report(result: Any) -> None:
        error = result.error_before_exec or result.error_in_exec
        payload: dict[str, Any] = {"refused": list(guard.refused)}
        if error is not None:
            payload |= {
                "name": type(error).__name__,
                "message": str(error),
                "frames": frames_of(error, guard.roots)[-5:],
                "line": getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None,
            }
        ip.display_pub.publish({ERROR_MIME: payload})  # always: its absence means that there was no guard
        guard.refused.clear()

    def no_fork(*_: Any) -> None:
        raise UndeclaredFileError("a cell may not start a subprocess; its reads are unseen")

    _posixsubprocess.fork_exec = no_fork  # type: ignore[assignment]  # it raises no audit event when called directly
    ip.events.register("post_run_cell", report)
    sys.addaudithook(guard)
