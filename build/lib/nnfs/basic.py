"""Run a GW-BASIC listing inside Python: the machine that the story of Part 1 begins on.

The interpreter is PC-BASIC (package `pcbasic`), which keeps GW-BASIC's arithmetic down to Microsoft's binary
floating point, so a listing here prints what the old machine would print, about seven digits of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUIET_ERRORS = ("Division by zero", "Overflow")  # GW-BASIC prints these, takes 1.7E+38 and goes on


class BasicError(RuntimeError):
    """The listing stopped with an error of BASIC, or did not stop."""


@dataclass(frozen=True)
class BasicRun:
    """What a listing left behind."""

    screen: str  # what it printed, lines joined by "\n", no blanks at line ends
    variables: dict[str, Any]  # the variables asked for: numbers, strings as bytes, arrays as (nested) lists


def run(path: str | Path, variables: Sequence[str] = (), max_steps: int = 1_000_000) -> BasicRun:
    """Run the listing at `path` and read `variables` afterwards, by name with type sign: "E!", "N%", "W!()".

    Arrays come whole and from index 0. The listing gets no input. Raises BasicError for an error in the
    listing (with BASIC's own message and line) and after `max_steps` statements; ImportError, saying what
    to install, without pcbasic; OSError for a file that cannot be read.
    """
    program = Path(path).read_text(encoding="ascii")
    try:
        from pcbasic import Session
    except ImportError as missing:
        raise ImportError("BASIC listings need the package pcbasic: pip install pcbasic") from missing

    steps = 0

    def count(token: object = None) -> None:
        nonlocal steps
        steps += 1
        if steps > max_steps:
            raise BasicError(f"{path}: still running after {max_steps:,} statements")

    with Session(input_streams=None, output_streams=None) as session:
        # A line without a number would run at once instead of being stored.
        for number, line in enumerate(program.splitlines(), start=1):
            if line.strip() and not line.lstrip()[:1].isdigit():
                raise BasicError(f"{path}: line {number} of the file has no BASIC line number: {line!r}")
        refused = session.execute(program).strip()
        session.set_hook(count)
        lines = session.execute("RUN").replace("\xff", "").replace("\r\n", "\n").rstrip().split("\n")
        screen = "\n".join(line.rstrip() for line in lines)
        quiet = [line for line in lines if line.strip() in QUIET_ERRORS]
        if refused or session.evaluate("ERL") or quiet:
            raise BasicError(f"{path}: {refused or (quiet or lines)[-1]}")
        return BasicRun(screen, {name: session.get_variable(name) for name in variables})
