"""Which digits of a sum does a net get wrong?

A digit of a sum depends on its own column and on the carry into it. Where the column to the right makes exactly 9, that
carry cannot be read off there: it depends on the column after next, and so on. Lee et al. (2024) write sums in two
orders; this module asks a net of `nnfs.sums` many sums and counts its wrong digits by that one circumstance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfs import sums
from nnfs.data import arithmetic
from nnfs.data.addition import Ints
from nnfs.data.arithmetic import Rows
from nnfs.model import LanguageModel
from nnfs.runs import Place, Result
from nnfs.sums import Bools, Config, Metrics, Task


def circumstances(a: Ints, b: Ints, digits: int) -> tuple[Bools, Bools]:
    """(carried, nine), each (n, digits + 1), units first: does column k of a + b (n,) receive a carry, and do the
    digits of the column to its right make 9? The units receive none and have no column to their right."""
    x, y = (np.asarray(n)[:, None] // 10 ** np.arange(digits) % 10 for n in (a, b))  # (n, digits)
    below = 10 ** np.arange(1, digits + 1)
    carried = np.asarray(a)[:, None] % below + np.asarray(b)[:, None] % below >= below  # out of each column
    no = np.zeros((len(x), 1), dtype=bool)
    return np.hstack([no, carried]), np.hstack([no, x + y == 9])


def count(said: Bools, problems: Rows, a: Ints, b: Ints, digits: int) -> list[dict[str, int]]:
    """One row for each kind of digit that was asked: {place (1: tens …), carried, nine, asked, wrong}.

    said: (n, T), where the likeliest next character is the target. The units are left out.
    """
    carried, nine = circumstances(a, b, digits)
    rows = []
    for place in range(1, digits + 1):
        of = problems.place == place  # (n, T): at most one of a row
        which = np.flatnonzero(of.any(axis=1))  # the sums that have such a digit
        wrong = ~said[of]
        for c in (False, True):
            for n in (False, True):
                kind = (carried[which, place] == c) & (nine[which, place] == n)
                if kind.any():
                    row = {"place": place, "carried": int(c), "nine": int(n)}
                    rows.append({**row, "asked": int(kind.sum()), "wrong": int(wrong[kind].sum())})
    return rows


def share_wrong(rows: list[dict[str, int]], place: int, nine: bool, carried: bool | None = None) -> float:
    """Share of digits at `place` that are wrong, beside a 9 or not; with a carry, without one, or either (None)."""
    kind = [r for r in rows if r["place"] == place and r["nine"] == nine and carried in (None, bool(r["carried"]))]
    return sum(r["wrong"] for r in kind) / max(1, sum(r["asked"] for r in kind))


def anatomy(task: Config, rows: int, probe: int, seed: int) -> Task:
    """The task "sums" of `nnfs.sums`, with `count` of its test sums in detail.columns and, of the highest digit that
    every sum may have, the shares wrong in metrics nines/{carried, idle, elsewhere}."""
    form, digits = task["form"], task["digits"]
    base = sums.sums(task, rows, probe, seed)
    learnt = arithmetic.balanced(task["samples"], digits, seed)
    pairs = arithmetic.uniform(probe + task["test"], digits, seed, set(learnt))[probe:]  # those that `base` asks too
    test, (a, b) = sums.written(form, pairs, digits), np.array(pairs).T

    def measure(model: LanguageModel) -> tuple[Metrics, dict[str, Any]]:
        metrics, _ = base.measure(model)
        found = count(sums.right(model, test), test, a, b, digits)
        nines = {
            "carried": share_wrong(found, digits - 1, nine=True, carried=True),
            "idle": share_wrong(found, digits - 1, nine=True, carried=False),
            "elsewhere": share_wrong(found, digits - 1, nine=False),
        }
        nines["excess"] = nines["carried"] - nines["elsewhere"]
        return {**metrics, "nines": nines}, {"columns": found}

    return Task(base.data, base.probe, measure, base.digests)


def run(config: Config, seed: int, place: Place | None = None) -> Result:
    """`nnfs.sums.run` with the task "anatomy"."""
    sums.TASKS["anatomy"] = anatomy
    return sums.run(config, seed, place)
