"""What a post's numbers depend on: the files its cells import and the files it declares.

The stock notebook cache knows a post's cells and nothing else, so an edited module leaves the old number on the
page. Here every post gets a *key*: a digest of its cells, of the import closure of those cells inside the project,
of the files under `depends:` in its front matter, and of the pinned packages. Same key, same numbers; another key,
the post runs again. Imports are read from the syntax tree; nothing is imported to find out what it imports.
Imports that no syntax tree shows (a name built at run time) must be declared, and the kernel's guard
(`kernel.py`) fails the cell that forgets.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[2]  # the folder that holds the package `nnfs`


class DependsError(Exception):
    """A file that a post declares under `depends:` is not there."""


def project_roots(srcdir: Path) -> tuple[Path, ...]:
    """Folders whose modules count as the project's own: the site's source and the one that holds `nnfs`."""
    srcdir = srcdir.resolve()
    return (srcdir,) if srcdir == PACKAGE_ROOT else (srcdir, PACKAGE_ROOT)


def imported(source: str | bytes, package: str = "", filename: str = "<cell>") -> set[str]:
    """Absolute names of all modules that `source` may import, wherever in it the import stands.

    package: the dotted package that `source` belongs to, against which relative imports are resolved.
    `from a import b` yields both `a` and `a.b`, because only the file system knows whether b is a module.
    Raises SyntaxError if the source does not parse.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source, filename=filename)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # one dot is the package itself, each further dot its parent
                parts = package.split(".")
                parents = parts[: len(parts) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"import_module", "importlib.import_module"}:
            names.update(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
    return {name for name in names if name}


def module_files(name: str, roots: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """The project files that `import name` reads: each package's `__init__` on the way, then the module."""
    parts = name.split(".")
    for root in roots:
        found = False
        for depth in range(1, len(parts) + 1):
            place = root.joinpath(*parts[:depth])
            init, module = place / "__init__.py", place.with_suffix(".py")
            if init.is_file():
                found = True
                yield ".".join(parts[:depth]), init
            elif module.is_file():
                found = True
                yield ".".join(parts[:depth]), module
                break  # what follows the module's name is an attribute
            elif not place.is_dir():
                break
        if found:
            return  # the first root that knows the name wins, as on sys.path


@functools.lru_cache(maxsize=4096)
def _imported_by(content: bytes, package: str, filename: str) -> frozenset[str]:
    return frozenset(imported(content, package, filename))


def closure(modules: Iterable[str], roots: Sequence[Path]) -> list[Path]:
    """All project files that importing `modules` reads, sorted; modules from elsewhere are left out."""
    files: dict[Path, None] = {}
    todo, seen = sorted(modules), set(modules)
    while todo:
        for name, path in module_files(todo.pop(), roots):
            if path in files:
                continue
            files[path] = None
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            new = _imported_by(path.read_bytes(), package, str(path)) - seen
            seen |= new
            todo.extend(sorted(new))
    return sorted(files)


def entries(depends: object) -> list[str]:
    """The list under `depends:`; a single name counts as a list of one. Raises DependsError for anything else."""
    if depends is None:
        return []
    if isinstance(depends, str):
        return [depends]
    if isinstance(depends, list) and all(isinstance(entry, str) for entry in depends):
        return list(depends)
    raise DependsError(f"depends: is a list of files and folders, not {depends!r}")


def folders(place: Path) -> list[Path]:
    """`place` and all folders below it; none if it is a file. What a cell may list."""
    return [place, *(p for p in place.rglob("*") if p.is_dir())] if place.is_dir() else []


def declared(depends: Sequence[str], srcdir: Path) -> list[Path]:
    """The files named under `depends:`, folders expanded, sorted.

    Raises DependsError for one that does not exist or lies outside the project.
    """
    files: set[Path] = set()
    for entry in depends:
        place = (srcdir / entry).resolve()
        if not place.is_relative_to(srcdir.resolve()):
            raise DependsError(f"depends: {entry!r} lies outside the project")
        if place.is_dir():
            files.update(p for p in place.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        elif place.is_file():
            files.add(place)
        else:
            raise DependsError(f"depends: {entry!r} does not exist; make it, restore it, or take it off the list")
    return sorted(files)


def digest_files(files: Iterable[Path], srcdir: Path) -> str:
    """sha256 over names (relative to the project where possible) and contents, in sorted order."""
    total = hashlib.sha256()
    for path in sorted(files):
        root = next((r for r in project_roots(srcdir) if path.is_relative_to(r)), path.parent)
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def pins(srcdir: Path) -> list[Path]:
    """The files that pin the toolchain: another version of NumPy may print another digit."""
    return [p for p in (srcdir / "constraints.txt",) if p.is_file()]


@functools.lru_cache(maxsize=1)
def toolchain() -> str:
    """The interpreter and every installed distribution: what is there, not what the pins say should be."""
    folders = [Path(folder) for folder in sys.path if Path(folder).is_dir()]
    installed = sorted({info.name for folder in folders for info in folder.glob("*.dist-info")})
    return "\n".join([platform.python_version(), *installed])


def inputs_digest(modules: Iterable[str], depends: Sequence[str], srcdir: Path) -> str:
    """Digest of everything outside the post's own file that its numbers depend on."""
    roots = project_roots(srcdir)
    kernel = [Path(__file__).with_name(name) for name in ("kernel.py", "execution.py")]
    files = {*closure(modules, roots), *declared(depends, srcdir), *pins(srcdir), *kernel}
    return hashlib.sha256(f"{toolchain()} {digest_files(files, srcdir)}".encode()).hexdigest()
