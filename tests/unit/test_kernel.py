"""The guard on files, called as the interpreter calls an audit hook, without installing it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nnfs.site.kernel import CHANGES, ERROR_MIME, Guard, UndeclaredFileError, frames_of, load_ipython_extension


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    (tmp_path / "mine.py").write_text("x = 1\n")
    (tmp_path / "secret.txt").write_text("42")
    return tmp_path


@pytest.fixture
def guard(root: Path) -> Guard:
    return Guard([str(root)], [str(root / "mine.py"), str(root / "runs")])


def test_what_is_allowed_may_be_read_and_what_lies_elsewhere_too(guard, root):
    guard("open", (str(root / "mine.py"), "r", 0))
    guard("open", (os.fsencode(root / "mine.py"), "r", 0))
    guard("open", (os.__file__, "r", 0))
    guard("open", (3, "r", 0))
    guard("os.listdir", (str(root / "runs"),))
    guard("os.scandir", (None,))
    guard("compile", ("anything",))
    assert guard.refused == []


@pytest.mark.parametrize(
    ("event", "arguments", "why"),
    [
        ("open", ("secret.txt", "r", 0), "neither imported"),
        ("open", ("secret.txt", None, os.O_RDONLY), "neither imported"),
        ("open", ("mine.py", "w", 0), "may not write"),
        ("open", ("mine.py", None, os.O_RDWR), "may not write"),
        ("sqlite3.connect", ("secret.txt",), "neither imported"),
        ("os.remove", ("secret.txt", -1), "may not write"),
        ("os.rename", ("mine.py", "other.py", -1, -1), "may not write"),
        ("os.symlink", ("/etc/hosts", "link", -1), "may not write"),
        ("os.mkdir", ("new", 511, -1), "may not write"),
        ("os.listdir", ("tests",), "neither imported"),
    ],
)
def test_everything_else_in_the_repository_is_refused_and_noted(guard, root, event, arguments, why):
    places = [str(root / a) if isinstance(a, str) and "/" not in a and len(a) > 2 else a for a in arguments]
    if event == "open":
        places[1:] = arguments[1:]
    (root / "tests").mkdir()
    with pytest.raises(UndeclaredFileError, match=why):
        guard(event, tuple(places))
    assert len(guard.refused) == 1


def test_a_link_from_elsewhere_opens_the_repository_too(guard, root, tmp_path_factory):
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(root / "secret.txt")
    with pytest.raises(UndeclaredFileError, match=r"secret\.txt"):
        guard("open", (str(link), "r", 0))


def test_bytecode_of_the_project_is_refused_without_a_note_so_that_the_source_is_read(guard, root):
    with pytest.raises(UndeclaredFileError):
        guard("open", (str(root / "__pycache__" / "mine.cpython-311.pyc"), "r", 0))
    assert guard.refused == []


def test_a_name_on_the_path_that_is_no_file_may_be_looked_for(guard, root, monkeypatch):
    """torch asks every entry of sys.path for a package; an editable install leaves one that only its finder knows."""
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [*sys.path, "__editable__.mine.__path_hook__", "tests"])
    guard("os.listdir", ("__editable__.mine.__path_hook__",))
    guard("open", ("__editable__.mine.__path_hook__", "rb", 0))
    with pytest.raises(UndeclaredFileError, match="may not write"):
        guard("open", ("__editable__.mine.__path_hook__", "w", 0))
    (root / "tests").mkdir()
    with pytest.raises(UndeclaredFileError, match="neither imported"):
        guard("os.listdir", ("tests",))


@pytest.mark.parametrize("event", ["subprocess.Popen", "os.system", "os.fork"])
def test_subprocesses_are_refused_without_a_note(guard, event):
    with pytest.raises(UndeclaredFileError, match="subprocess"):
        guard(event, ("true",))
    assert guard.refused == []


def test_an_interpreter_below_the_repository_is_exempt_and_one_around_it_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path.parent))
    guard = Guard([str(tmp_path)], [])
    guard("open", (str(tmp_path / ".venv" / "lib.py"), "r", 0))
    with pytest.raises(UndeclaredFileError):
        guard("open", (str(tmp_path / "secret.txt"), "r", 0))


def test_frames_are_those_of_cells_and_of_the_project(root):
    program = compile("def f():\n    return 1 / 0\n", str(root / "mine.py"), "exec")
    space: dict = {}
    exec(program, space)
    try:
        exec(compile("f()", "/tmp/ipykernel_1/2.py", "exec"), space)
    except ZeroDivisionError as error:
        frames = frames_of(error, (os.path.join(str(root), ""),))
    assert [(frame["file"], frame["line"]) for frame in frames] == [(None, 1), ("mine.py", 2)]


def test_every_cell_is_reported_with_or_without_an_error(root, monkeypatch):
    published, hooks, registered = [], [], {}

    class Shell:
        class display_pub:  # noqa: N801
            publish = staticmethod(published.append)

        class events:  # noqa: N801
            register = staticmethod(lambda name, function: registered.update({name: function}))

    class Result:
        error_before_exec = None
        error_in_exec = None

    monkeypatch.setenv("NNFS_GUARD", f'{{"roots": ["{root}"], "allowed": []}}')
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    monkeypatch.setattr("_posixsubprocess.fork_exec", None)
    load_ipython_extension(Shell)
    registered["post_run_cell"](Result)
    Result.error_in_exec = ValueError("no")
    registered["post_run_cell"](Result)
    quiet, loud = (data[ERROR_MIME] for data in published)
    assert quiet == {"refused": []}
    assert (loud["name"], loud["message"]) == ("ValueError", "no")
    assert isinstance(hooks[0], Guard)
    assert set(CHANGES) >= {"os.remove", "os.rename", "os.mkdir"}
