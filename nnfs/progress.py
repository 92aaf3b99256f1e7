"""What a sweep shows while it trains: a line for each cell at work, with loss, tokens a second and the time left.

Cells run in other processes, perhaps on other machines, so each leaves a note beside its snapshots, once a second, and
who started the sweep reads the notes. No torch here.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress

from nnfs import files

if TYPE_CHECKING:
    from nnfs import train
    from nnfs.runs import Place

NOTE = "progress.json"
LINE_SECONDS = 30.0  # between two lines of a run in the background


def reporter(place: Place, stage: str = "") -> train.OnProgress:
    """To be handed to the trainer: writes the note and, where standard error is a file, a line twice a minute. `stage`
    says which part of the cell this is, if it has several."""
    said = noted = time.monotonic()
    stage = stage and f"{stage}  "

    def report(p: train.Progress) -> None:
        nonlocal said, noted
        now = time.monotonic()
        if now - noted > 1.0 or p.step == p.steps:
            noted = now
            note = {"step": p.step, "steps": p.steps, "state": f"{stage}{state(p)}"}
            with suppress(OSError):  # a full disk is the snapshots' to tell
                files.write_text(place.snapshots / NOTE, json.dumps(note))
        if now - said > LINE_SECONDS and not sys.stderr.isatty():
            said = now
            print(f"{place.record}  {stage}{p.step}/{p.steps}  {state(p)}", file=sys.stderr, flush=True)

    return report


def state(p: train.Progress) -> str:
    """Loss, speed and time left in words."""
    return f"{p.what} {p.loss:.4f}  {p.tokens_per_second:,.0f} tokens/s  {p.seconds_left / 60:.1f} min left"


def notes(folder: Path, since: float) -> dict[str, dict[str, Any]]:
    """{"arm/seed-0": its note} of the cells of an experiment whose snapshots lie in `folder`, as far as they were
    written after `since`. A note that is just being replaced or removed is passed over."""
    found = {}
    for file in sorted(folder.glob(f"*/seed-*/*/{NOTE}")):
        try:
            if file.stat().st_mtime >= since:
                found["/".join(file.parts[-4:-2])] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    return found


@contextmanager
def following(bar: Progress, folder: Path) -> Iterator[None]:
    """As long as the block lasts, a line of `bar` for each cell at work."""
    over, began = threading.Event(), time.time()
    lines: dict[str, Any] = {}

    def look() -> None:
        at_work = notes(folder, began)
        for cell in lines.keys() - at_work.keys():
            bar.remove_task(lines.pop(cell))
        for cell, note in at_work.items():
            lines[cell] = lines[cell] if cell in lines else bar.add_task(cell)
            description = f"  {cell}  {note['state']}"
            bar.update(lines[cell], description=description, completed=note["step"], total=note["steps"])

    def watch() -> None:
        while not over.wait(1.0):
            look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for task in lines.values():
            bar.remove_task(task)
