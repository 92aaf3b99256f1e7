"""What `nnfs status` and `nnfs report` print: which cells exist, what they gave, what became of the hypotheses.

Everything here reads records and prints; nothing is trained and nothing is written.
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from nnfs import records, runs
from nnfs.records import RecordError
from nnfs.runs import STATES, Experiment


def status(prefix: str = "") -> int:
    """Print how many cells of each experiment are in which state; see `runs.state`."""
    base = records.root()
    ledger = runs.read_ledger(base)
    table = Table("experiment", "arms", *STATES, box=box.SIMPLE)
    for experiment in runs.select(prefix, runs.registry()):
        cells = experiment.cells(stage=9)
        counts = Counter(runs.state(experiment, arm, seed, base, ledger) for arm, seed in cells)
        numbers = [str(counts[s]) if counts[s] else "·" for s in STATES]
        table.add_row(experiment.name, str(len(experiment.arms)), *numbers)
    _console().print(table)
    return 0


def report(prefix: str = "", arms: str = "*", json: bool = False) -> int:
    """Print the results: of each arm and metric the median, the range and every seed, then the verdict on
    each hypothesis of prereg.yaml. With `json` one object a line instead; see `rows`."""
    base = records.root()
    for experiment in runs.select(prefix, runs.registry()):
        try:
            found = records.load_all(experiment.name, arms, base=base)
        except RecordError as error:
            print(f"{experiment.name}: {error}", file=sys.stderr)
            continue
        if json:
            for row in rows(experiment, found, base):
                print(dumps(row, sort_keys=True))
        else:
            _print_results(experiment, found)
            _print_verdicts(experiment, base)
    return 0


def rows(experiment: Experiment, found: list[records.Record], base: Path) -> Iterator[dict[str, Any]]:
    """One dictionary for each (record, protocol, metric), then one for each cell of a later stage that has
    no record (its state is "planned" and its numbers are null)."""
    ledger = runs.read_ledger(base)
    for record in found:
        arm, seed = record["arm"], record["seed"]
        declared = arm in experiment.arms
        common = {
            "experiment": experiment.name,
            "arm": arm,
            "seed": seed,
            "data": ", ".join(sorted(record["data"])),
            "params_total": record["parameters"]["total"],
            "params_active": record["parameters"]["active"],
            "flops": record["flops"],
            "seconds": record["seconds"],
            "stage": record["stage"],
            "state": runs.state(experiment, arm, seed, base, ledger) if declared else "stale",
        }
        for protocol, metrics in sorted(record["metrics"].items()):
            for name, value in sorted(metrics.items()):
                yield {**common, "protocol": protocol, "metric": name, "value": value}
    unknown = ("data", "protocol", "metric", "value", "params_total", "params_active", "flops", "seconds")
    for arm, seed in experiment.cells(stage=9):
        if runs.state(experiment, arm, seed, base, ledger) == "planned":
            cell = {"experiment": experiment.name, "arm": arm, "seed": seed, "state": "planned"}
            yield {**dict.fromkeys(unknown), **cell, "stage": experiment.arms[arm].stage}


def _print_results(experiment: Experiment, found: list[records.Record]) -> None:
    table = Table("arm", "metric", "n", "median", "min", "max", "every seed", box=box.SIMPLE)
    for column in experiment.columns:
        protocol, _, name = column.partition("/")
        having = [r for r in found if name in r["metrics"].get(protocol, {})]
        for arm, values in records.by_arm(having, column).items():
            numbers = [f"{x:.4g}" for x in (statistics.median(values), min(values), max(values))]
            table.add_row(arm, column, str(len(values)), *numbers, "  ".join(f"{x:.4g}" for x in values))
    console = _console()
    console.print(f"\n{experiment.name}: {experiment.title}", style="bold", highlight=False)
    console.print(table)


def _print_verdicts(experiment: Experiment, base: Path) -> None:
    try:
        judged = records.verdicts(experiment.name, base=base)
    except RecordError as error:
        print(error)
        return
    for verdict in judged:
        print(f"{verdict['name']} {verdict['verdict']}: {verdict['statement']}")
        test = f"{verdict['metric']} {verdict['comparison']} {verdict['threshold']}"
        for what, values in verdict["values"].items():
            print(f"   {test}  ·  {what}: {'  '.join(f'{x:.4g}' for x in values)}")
        if verdict["verdict"] == "not supported":
            print(f"   {verdict['if_not']}")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 200)  # a pipe has no width, a table needs one
