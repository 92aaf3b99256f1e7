"""How long an author waits: a no-op build, a prose edit, a module edit; and one prose edit among 100 posts.

Works on copies in a temporary folder, so the checkout is not touched. Figures go to benchmarks/README.md by hand,
with date and kind of machine.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "_build", "node_modules", "__pycache__", "*.egg-info", ".hypothesis")

POST = """---
title: Post {n}
part: {part}
promise: One more synthetic post.
needs: Nothing.
gives: A time.
status: draft
file_format: mystnb
kernelspec: {{name: python3, display_name: Python 3}}
---

# Post {n}

A sentence of this synthetic post. Its number is {{val}}`n`, and $e^{{i\\pi}} = -1$.

```{{code-cell}} python
from nnfs.claims import value
value("n", {n})
```
"""


def nnfs(root: Path, *arguments: str) -> None:
    """Run `nnfs …` in `root` with this interpreter; a failing build fails the benchmark."""
    done = subprocess.run(
        [sys.executable, "-m", "nnfs", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"nnfs {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def timed(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def copy(folder: Path) -> Path:
    """A copy of the checkout with its installed page packages."""
    root = folder / "site"
    shutil.copytree(REPOSITORY, root, ignore=LEFT_OUT, symlinks=True)
    (root / "interactive" / "node_modules").symlink_to(REPOSITORY / "interactive" / "node_modules")
    return root


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def measure(root: Path, post: Path, module: Path, repeats: int) -> list[tuple[str, float]]:
    """Medians over `repeats`, in seconds, after one cold build."""
    cold = timed(lambda: nnfs(root, "build"))
    no_op = statistics.median(timed(lambda: nnfs(root, "build")) for _ in range(repeats))
    prose = []
    for n in range(repeats):
        append(post, f"\n\nA further sentence of no consequence, {'again ' * n}for the clock.\n")
        prose.append(timed(lambda: nnfs(root, "build")))
    append(module, "\n# a comment changes the digest and no number\n")
    edited = timed(lambda: nnfs(root, "build"))
    return [("cold", cold), ("no-op", no_op), ("prose edit", statistics.median(prose)), ("module edit", edited)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100, help="synthetic posts in the second table (default 100)")
    parser.add_argument("--repeats", type=int, default=3, help="builds per median (default 3)")
    parser.add_argument("--only-synthetic", action="store_true", help="leave out the table of the site as it is")
    given = parser.parse_args()
    if not given.only_synthetic:
        real_site(given.repeats)
    synthetic(given.posts, given.repeats)


def real_site(repeats: int) -> None:
    """The first table."""
    with tempfile.TemporaryDirectory() as folder:
        root = copy(Path(folder))
        print("the site as it is")
        post = root / "posts" / "02-simpler-than-you-think.md"
        for name, seconds in measure(root, post, root / "nnfs" / "hopfield.py", repeats):
            print(f"  {name:12s} {seconds:6.1f} s")


def synthetic(posts: int, repeats: int) -> None:
    """The second table."""
    with tempfile.TemporaryDirectory() as folder:
        root = copy(Path(folder))
        for old in [*(root / "posts").glob("*.md"), *(root / "posts" / "values").glob("*.json")]:
            old.unlink()
        for n in range(posts):
            name = f"{n:03d}-post"
            (root / "posts" / f"{name}.md").write_text(POST.format(n=n, part=n + 1), encoding="utf-8")
        conf = root / "conf.py"
        conf.write_text(conf.read_text().replace("redirects = {", "redirects = {} and {"), encoding="utf-8")
        glossary = root / "glossary.md"
        if glossary.is_file():
            glossary.write_text("# Glossary\n", encoding="utf-8")
        (root / "index.md").write_text("# Index\n\n```{toctree}\n:glob:\n\nposts/*\nglossary\nbibliography\n```\n")
        nnfs(root, "verify", "--update")
        print(f"{posts} synthetic posts")
        first = root / "posts" / "000-post.md"
        for name, seconds in measure(root, first, root / "nnfs" / "hopfield.py", repeats):
            print(f"  {name:12s} {seconds:6.1f} s")


if __name__ == "__main__":
    main()
