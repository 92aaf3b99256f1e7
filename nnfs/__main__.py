"""The command line: `nnfs build`, `nnfs run p1.past-tense`, `nnfs verify`, …; also `python -m nnfs`.

One typed function a verb; its docstring is its help text. Imports stand inside the functions, so that a verb loads
what it needs and nothing else.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import tyro
from tyro.conf import Positional

from nnfs import commands
from nnfs.errors import UserError


def build(fresh: str = "", jobs: str = "auto") -> int:
    """Build the site, strictly: every warning, false claim or moved number fails the build.

    Only posts whose cells, imports, declared files or pins changed are run again.

    Args:
        fresh: Run these posts again even if nothing changed, by number or name: 02 or 01,02.
        jobs: How many pages are read in parallel, or "auto".
    """
    from nnfs.site import build as builder

    return builder.build(fresh, jobs)


def preview(port: int = 8000, open_browser: bool = False) -> int:
    """Serve the site on this machine and rebuild it at every change. Ctrl-C stops it.

    Args:
        port: The port on 127.0.0.1.
        open_browser: Open the page in a browser when it is ready.
    """
    from nnfs.site import build as builder

    return builder.preview(port, open_browser=open_browser)


def new(part: Positional[int], title: Positional[str]) -> int:
    """Start a post: front matter, a question, a prediction, a claim, and its test file.

    Args:
        part: Number of the part, 1 to 99.
        title: Title of the post.
    """
    from nnfs.site import build as builder
    from nnfs.site import scaffold

    made = scaffold.new_post(part, title, builder.project_root())
    print(f"{made}: write there, watch with `nnfs preview`, check with `nnfs lint`")
    return 0


def lint(posts: Positional[tuple[Path, ...]] = ()) -> int:
    """Check the posts: structure, captions, numbers in prose that no cell computed, unseeded draws, empty words.

    Lists the places that wait for the author (<!-- AUTHOR: … -->).

    Args:
        posts: The files to check; all posts if none is given.
    """
    from nnfs.site import build as builder
    from nnfs.site import lint as linter

    missing = [path for path in posts if not path.is_file()]
    if missing:
        raise builder.BuildError(f"no such file: {', '.join(map(str, missing))}")
    root = builder.project_root()
    return linter.run(list(posts) or sorted((root / "posts").glob("*.md")))


def run(
    experiment: Positional[str],
    stage: int = 1,
    seeds: int | None = None,
    minutes: float | None = None,
    jobs: int = 2,
    arms: str = "*",
    longest: float = math.inf,
    device: str = "cpu",
    scheduler: str = "",
) -> int:
    """Train what is missing of an experiment and write a record for each cell as it finishes. Safe to kill and rerun.

    Args:
        experiment: Its name, p2.xor-inits, or a prefix: p2 runs all of Part 2.
        stage: 1 is what the posts need; 2 adds sizes, seeds and arms.
        seeds: How many seeds per arm, if not the experiment's own number.
        minutes: Start no new cell after so many minutes.
        jobs: Cells in parallel, one thread each.
        arms: Only arms whose name fits this pattern: makemore.*
        longest: Leave arms alone whose cells are said to take more minutes than that.
        device: Where nets are trained: cpu, cuda, …
        scheduler: Address of a Dask scheduler, 10.0.0.1:8786, whose workers run the cells; they see this folder.
    """
    from nnfs import runs

    return runs.run(experiment, stage, seeds, minutes, jobs, arms, longest, device, scheduler)


def status(prefix: Positional[str] = "") -> int:
    """Which cells of which experiments exist, are stale, missing, unavailable or planned.

    Args:
        prefix: p1, p2.xor-inits, …; everything if empty.
    """
    from nnfs import tables

    return tables.status(prefix)


def report(prefix: Positional[str] = "", json: bool = False) -> int:
    """The result tables, with every seed, and the verdicts on what was predicted before.

    Args:
        prefix: p1, p2.xor-inits, …; everything if empty.
        json: One JSON object a row instead of tables.
    """
    from nnfs import tables

    return tables.report(prefix, json=json)


def verify(prefix: Positional[str] = "", all: bool = False, update: bool = False, jobs: int = 2) -> int:
    """Run the records' rehearsals again and compare; the build shows what was found.

    Without options one seed per arm is rehearsed, another one at each commit, and what cannot have changed is skipped.

    Args:
        prefix: p1, p2.xor-inits, …; everything if empty.
        all: Every seed of every record, nothing skipped. No time limit.
        update: Rewrite the golden values under posts/values/ from this build instead; review the diff.
        jobs: Rehearsals in parallel, one thread each.
    """
    if update:
        if prefix or all:
            raise UserError(
                "--update rewrites the golden values of all posts; it goes without a prefix and without --all"
            )
        from nnfs.site import build as builder

        return builder.build(update_values=True)
    from nnfs import runs

    return runs.verify(prefix, all=all, jobs=jobs)


VERBS: dict[str, Callable[..., int]] = {
    "build": build,
    "preview": preview,
    "new": new,
    "lint": lint,
    "run": run,
    "status": status,
    "report": report,
    "verify": verify,
    "train": commands.train,
    "eval": commands.eval,
    "sample": commands.sample,
    "chat": commands.chat,
    "calibrate": commands.calibrate,
    "data": commands.data,
}


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, run the verb, exit with its status; mistakes get one line and status 2."""
    try:
        status: int = tyro.extras.subcommand_cli_from_dict(
            VERBS, prog="nnfs", description="Neural Nets from Scratch: build the site, run and verify its experiments.",
            args=arguments,
        )  # fmt: skip
    except UserError as error:
        print(f"nnfs: {error}", file=sys.stderr)
        status = 2
    except BrokenPipeError:  # `nnfs report | head` has seen enough
        sys.stderr.close()
        status = 0
    except KeyboardInterrupt:
        print("stopped; what was finished is kept", file=sys.stderr)
        status = 130
    raise SystemExit(status)


if __name__ == "__main__":
    main()
