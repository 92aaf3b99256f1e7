"""What a post's cells say to the page: a number with a name, a sentence that must hold.

Every post uses this file and nothing in it computes. A number in prose is written `` {val}`name:.4f` ``
and comes from `value("name", x)`; a sentence that asserts something is guarded by `claim("sentence", x > 0.2)`.
Both leave the cell as outputs of a private MIME type (never as files), so that a page answered from the
cache has them too. Outside a kernel (tests, plain scripts) nothing is published; the checks stay.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

VALUE_MIME = "application/vnd.nnfs.value+json"
CLAIM_MIME = "application/vnd.nnfs.claim+json"
CITE_MIME = "application/vnd.nnfs.cite+json"
FIGURE_MIME = "application/vnd.nnfs.figure+json"
POSTER_MIME = "application/vnd.nnfs.poster+json"
TRACE_MIME = "application/vnd.nnfs.trace+json"
FOR_THE_BUILD = (VALUE_MIME, CLAIM_MIME, CITE_MIME, POSTER_MIME, TRACE_MIME)  # the page shows nothing in their place

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\Z")
T = TypeVar("T")


class ClaimError(AssertionError):
    """A sentence of the post that its own cell found to be false."""


def in_kernel() -> bool:
    """Is this a cell of a post?"""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def publish(mime: str, payload: dict[str, Any]) -> None:
    """Send `payload` out of the cell as an output of type `mime`; outside a kernel this does nothing."""
    if in_kernel():
        sys.modules["IPython"].get_ipython().display_pub.publish({mime: payload})


def plain(x: Any) -> Any:
    """`x` as JSON holds it: NumPy and torch scalars and arrays become Python numbers and lists."""
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        return [plain(item) for item in x]
    if isinstance(x, dict):
        return {str(key): plain(item) for key, item in x.items()}
    if isinstance(x, float) and not math.isfinite(x):
        raise ValueError(f"a published value must be finite, got {x}")
    if isinstance(x, (bool, int, float, str)) or x is None:
        return x
    raise TypeError(f"a value is a number, a string or a list of them, got {type(x).__name__}")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """The data behind a picture as rows to read: {"columns": […], "rows": [[…], …]}.

    columns: what stands at the head of each, with its unit. rows: numbers and strings, as many as columns.
    Raises ValueError for an empty table, a nameless column, or a row of another length; TypeError for what is no cell.
    """
    names, lines = [str(name) for name in columns], [plain(list(row)) for row in rows]
    if not names or not lines or not all(name.strip() for name in names):
        raise ValueError("a table needs a name for each column, and at least one row")
    for i, line in enumerate(lines):
        if len(line) != len(names):
            raise ValueError(f"row {i} of the table has {len(line)} cells, the table {len(names)} columns")
        if not all(isinstance(cell, (int, float, str)) for cell in line):
            raise TypeError(f"row {i} of the table has a cell that is neither a number nor a string: {line!r}")
    return {"columns": names, "rows": lines}


def transcript(text: str, name: str) -> str:
    """Publish what a program printed, as the poster of an interactive that runs it (`:poster: name`); returns it.

    Raises ValueError for a text of blanks.
    """
    if not text.strip():
        raise ValueError(f"{name}: the program printed nothing")
    publish(POSTER_MIME, {"name": name, "text": "\n".join(line.rstrip() for line in text.rstrip().split("\n"))})
    return text


def value(name: str, x: T, *, rtol: float = 1e-6, seed: int | None = None, note: str = "") -> T:
    """Publish the number `x` under `name`, for `` {val}`name` `` in the prose, and return it unchanged.

    name: lower-case words joined by `_` or `.`. rtol: how far another machine may differ, relative.
    seed: the seed that produced it, shown on the value's card. note: one phrase more for the card.
    Raises ValueError for a bad name, a non-finite number or a negative tolerance, TypeError for what is no number.
    """
    if not NAME.match(name):
        raise ValueError(f"value name {name!r}: use lower-case letters, digits, '_' and '.', starting with a letter")
    if not 0 <= rtol <= 0.1:
        raise ValueError(f"value {name!r}: rtol is relative and lies in [0, 0.1], got {rtol}")
    publish(VALUE_MIME, {"name": name, "value": plain(x), "rtol": rtol, "seed": seed, "note": note})
    return x


def claim(sentence: str, holds: Any, **numbers: Any) -> None:
    """State `sentence` and check it: `claim("one neuron stays above 0.2", loss > 0.2, loss=loss)`.

    numbers: what the sentence is about; printed when it fails and listed beside it when it holds.
    Raises ClaimError, with the sentence and the numbers, if `holds` is false, and TypeError if it is no truth value: a
    generator that somebody forgot to put into `all(…)` would count as true.
    """
    shown = {key: plain(x) for key, x in numbers.items()}
    holds = holds.tolist() if hasattr(holds, "tolist") else holds
    if not isinstance(holds, bool):
        raise TypeError(f"the claim {sentence!r} holds or not; it was given a {type(holds).__name__}")
    if not holds:
        publish(CLAIM_MIME, {"sentence": sentence, "numbers": shown, "holds": False})  # in case the error is caught
        facts = ", ".join(f"{key} = {x!r}" for key, x in shown.items()) or "no numbers given"
        raise ClaimError(f"this claim is false: {sentence!r} ({facts})")
    publish(CLAIM_MIME, {"sentence": sentence, "numbers": shown})


def cite(record: str, digest: str) -> None:
    """Say that this post rests on a run record (called by `nnfs.records`, not by posts)."""
    publish(CITE_MIME, {"record": record, "digest": digest})
