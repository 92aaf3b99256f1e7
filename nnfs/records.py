"""Run records: what a training run that took minutes leaves behind for a page that has seconds.

Some results of the series need more time than a build allows. `nnfs run` computes them beforehand and
leaves one small JSON file for each cell of an experiment, `runs/<experiment>/<arm>/seed-<n>.json`;
`nnfs verify` replays a miniature of every run (its rehearsal) to see whether the code still does that. Posts
read the files through this module and through nothing else, so it needs neither torch nor joblib, and each
`load` tells the page which record it rests on. `nnfs.runs` is the side that writes.

A record is a dictionary with these fields (and no others, and no clock time, so that equal runs give equal
files but for `seconds` and `machine`):

    schema       "nnfs-record/1"
    experiment   "p2.xor-inits"          arm   "2-4-1"          seed   0          stage   1 or 2
    config       what the run function was given, from `nnfs/experiments/`
    data         {name: sha256 of the examples as trained on}
    parameters   {"total": n, "active": n}        flops      of training, an estimate
    examples     rows (tokens for a language model) that training saw, repeats counted
    seconds      wall clock of training, on `machine` {"cpu": …, "cores": n}
    versions     {"python": …, "numpy": …}, torch where a net was trained        precision  "float64"
    loss         {"step": […], "value": […]}, at most 60 points, or null where there is no loss; of language models the
                 mean over the last twentieth of the run so far, since a batch's own loss is noise
    metrics      {protocol: {metric: number}}
    detail       what a figure of this experiment needs beyond metrics; the experiment's docstring lists it
    rehearsal    what `nnfs verify` compares: {"overrides", "data", "loss", "norm", "metrics"}
    code         sha256 of the training code (import closure of the experiment's module)
    checkpoint   name of a checkpoint, or null
    evaluation   only where a net was trained: {"seconds": of measuring, apart from training, "slice": {"protocol",
                 "tokens", "loss"}, what verify asks of the checkpoint, or null}
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import math
import operator
import os
import re
import statistics
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nnfs import claims, files
from nnfs.errors import UserError

SCHEMA = "nnfs-record/1"
Record = dict[str, Any]

FIELDS: dict[str, type | tuple[type, ...]] = {
    "schema": str,
    "experiment": str,
    "arm": str,
    "seed": int,
    "stage": int,
    "config": dict,
    "data": dict,
    "parameters": dict,
    "flops": (int, float),
    "examples": int,
    "seconds": (int, float),
    "machine": dict,
    "versions": dict,
    "precision": str,
    "loss": (dict, type(None)),
    "metrics": dict,
    "detail": dict,
    "rehearsal": dict,
    "code": str,
    "checkpoint": (str, type(None)),
}
OPTIONAL = {"evaluation": dict}
NAME = re.compile(r"[a-z0-9][a-z0-9.-]*\Z")  # of an experiment or an arm: it is also a folder


class RecordError(UserError):
    """A record that is missing or unreadable; the message names the file and the command that makes it."""


# Where records are


def root() -> Path:
    """The repository: `NNFS_ROOT`, else the folder with `runs/` and `nnfs/` at or above the current one, else
    the one this package lies in."""
    if given := os.environ.get("NNFS_ROOT"):
        return Path(given)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "runs").is_dir() and (folder / "nnfs").is_dir():
            return folder
    return Path(__file__).resolve().parents[1]


def path(experiment: str, arm: str, seed: int, *, base: Path | None = None) -> Path:
    """The file of one record. Raises RecordError for a name that could not be a folder."""
    for name in (experiment, arm):
        if not NAME.match(name) or name.endswith("."):
            raise RecordError(f"{name!r} names no experiment or arm: use lower-case letters, digits, '-' and '.'")
    return (base or root()) / "runs" / experiment / arm / f"seed-{seed}.json"


def key(record: Record) -> str:
    """`p2.xor-inits/2-4-1/seed-0`: the name under which a post cites a record and verify judges it."""
    return f"{record['experiment']}/{record['arm']}/seed-{record['seed']}"


def digest(file: Path) -> str:
    """SHA-256 of a record's bytes: what a citation and a verdict of `nnfs verify` refer to."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


# Reading


def load(experiment: str, arm: str, seed: int = 0, *, base: Path | None = None) -> Record:
    """The record of one run; in a post's cell this also cites it.

    Raises RecordError if there is no such record or if it is not a sound one.
    """
    file = path(experiment, arm, seed, base=base)
    if not file.is_file():
        raise RecordError(f"no record {_relative(file)}: make it with `nnfs run {experiment}`")
    record = _read(file)
    claims.cite(key(record), digest(file))
    return record


def load_all(experiment: str, arms: str = "*", *, base: Path | None = None) -> list[Record]:
    """All records of an experiment, by arm and seed, each cited; `arms` is a pattern such as "delta-*".

    Raises RecordError if there are none or if one is not sound.
    """
    found = [
        (folder.name, int(file.stem.removeprefix("seed-")))
        for file in sorted(path(experiment, "x", 0, base=base).parents[1].glob("*/seed-*.json"))
        if fnmatch.fnmatchcase((folder := file.parent).name, arms) and file.stem[5:].isdigit()
    ]
    if not found:
        of = "" if arms == "*" else f" of arms {arms!r}"
        raise RecordError(f"no records of {experiment}{of}: make them with `nnfs run {experiment}`")
    return [load(experiment, arm, seed, base=base) for arm, seed in sorted(found)]


def metric(record: Record, name: str) -> float:
    """The number called "protocol/metric": `metric(record, "held-out/exact")`. Raises RecordError."""
    protocol, _, metric_name = name.partition("/")
    try:
        return record["metrics"][protocol][metric_name]
    except KeyError:
        known = ", ".join(f"{p}/{m}" for p, ms in sorted(record["metrics"].items()) for m in sorted(ms))
        raise RecordError(f"{key(record)} has no metric {name!r}; it has {known}") from None


@cache
def library() -> str:
    """SHA-256 of every module that a record can rest on: the package without what builds the site."""
    package = Path(__file__).parent
    modules = sorted(p for p in package.rglob("*.py") if "site" not in p.relative_to(package).parts)
    return hashlib.sha256(b"\0".join(p.read_bytes() for p in modules)).hexdigest()


def has(record: Record, name: str) -> bool:
    """Whether a record has the metric called "protocol/metric"."""
    protocol, _, metric_name = name.partition("/")
    return metric_name in record["metrics"].get(protocol, {})


def by_arm(records: list[Record], name: str) -> dict[str, list[float]]:
    """{arm: the metric `name` of every seed, in seed order}: what a figure of dots wants."""
    table: dict[str, list[float]] = {}
    for record in records:
        table.setdefault(record["arm"], []).append(metric(record, name))
    return table


def median_seed(records: list[Record], name: str) -> Record:
    """Of one arm's records, the one whose metric `name` is the (lower) median: the one to show when a figure
    has room for one. Ties go to the lower seed."""
    ranked = sorted(records, key=lambda r: (metric(r, name), r["seed"]))
    return ranked[(len(ranked) - 1) // 2]


# Writing


def save(record: Record, *, base: Path | None = None) -> Path:
    """Write a record (to a temporary name, then renamed, so that no reader ever sees half of one).

    Raises RecordError if it is not sound: a field missing or unknown, a wrong type, a number not finite.
    """
    file = path(record.get("experiment", "?"), record.get("arm", "?"), record.get("seed", 0), base=base)
    _check(record, file)
    try:
        text = _layout(record)
    except ValueError:
        raise RecordError(f"{_relative(file)} would hold a number that is infinite or none") from None
    files.write_text(file, text + "\n")
    return file


def _layout(value: Any, depth: int = 0) -> str:
    """JSON with sorted keys, three levels of dictionaries opened out and all below on one line: a changed
    number is a changed line, and a curve of sixty points is one line too."""
    if not isinstance(value, dict) or depth == 3 or not value:
        return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    pad = " " * (depth + 1)
    fields = [f"{pad}{json.dumps(k)}: {_layout(value[k], depth + 1)}" for k in sorted(value)]
    return "{\n" + ",\n".join(fields) + "\n" + pad[1:] + "}"


def _read(file: Path) -> Record:
    try:
        record = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (ValueError, UnicodeDecodeError) as error:
        raise RecordError(f"{_relative(file)} is no JSON ({error}): delete it, then `nnfs run`") from None
    _check(record, file)
    return record


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number a record may hold")


def _check(record: Any, file: Path) -> None:
    """Raise RecordError unless `record` has every field, of its type, and belongs where `file` says."""
    where = _relative(file)
    if not isinstance(record, dict):
        raise RecordError(f"{where} holds a {type(record).__name__}, not a record")
    if record.get("schema") != SCHEMA:
        raise RecordError(f"{where} has schema {record.get('schema')!r}; this version reads {SCHEMA!r}")
    if missing := sorted(FIELDS.keys() - record.keys()):
        raise RecordError(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(record.keys() - FIELDS.keys() - OPTIONAL.keys()):
        raise RecordError(f"{where} has unknown fields: {', '.join(unknown)}")
    for name, kind in (FIELDS | {name: kind for name, kind in OPTIONAL.items() if name in record}).items():
        if not isinstance(record[name], kind) or (isinstance(record[name], bool)):
            raise RecordError(f"{where}: field {name!r} is a {type(record[name]).__name__}")
    if file.parts[-3:] != (record["experiment"], record["arm"], f"seed-{record['seed']}.json"):
        raise RecordError(f"{where} calls itself {key(record)}")
    for protocol, metrics in record["metrics"].items():
        if not isinstance(metrics, dict):
            raise RecordError(f"{where}: protocol {protocol!r} must hold metrics, got {metrics!r}")
        for name, x in metrics.items():
            if isinstance(x, bool) or not isinstance(x, (int, float)) or not math.isfinite(x):
                raise RecordError(f"{where}: metric {protocol}/{name} must be a finite number, got {x!r}")


def _relative(file: Path) -> str:
    """`runs/…` rather than a path of this machine, which a page would print."""
    return "/".join(file.parts[-4:])


# Hypotheses, written before the first full run and judged by the records

OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}
COMPARISON = re.compile(r"(every|median)( difference)? (>=|<=|>|<|==)\Z")


def is_text(x: Any) -> bool:
    return isinstance(x, str) and bool(x)


PREREG_FIELDS: dict[str, Callable[[Any], bool]] = {
    "statement": is_text,
    "metric": is_text,
    "arms": lambda x: isinstance(x, list) and bool(x) and all(map(is_text, x)),
    "comparison": is_text,
    "threshold": lambda x: isinstance(x, (int, float)) and not isinstance(x, bool),
    "min_seeds": lambda x: isinstance(x, int) and x >= 1 and x is not True,
    "if_not": is_text,
}


def prereg(experiment: str, *, base: Path | None = None) -> dict[str, dict[str, Any]]:
    """The hypotheses of `runs/<experiment>/prereg.yaml`, {"H1": {statement, metric, arms, …}}.

    `comparison` is "every <=" (each seed of each arm), "median >=" (the median of each arm), or, with two
    arms, "every difference >" and "median difference >=" (first minus second, seed by seed).
    Raises RecordError if the file is missing or a hypothesis is malformed.
    """
    file = path(experiment, "x", 0, base=base).parents[1] / "prereg.yaml"
    where = "/".join(file.parts[-3:])
    try:
        hypotheses = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"no {where}: write the hypotheses down before the first run") from None
    except yaml.YAMLError as error:
        raise RecordError(f"{where} is not YAML: {error}") from None
    if not isinstance(hypotheses, dict) or not hypotheses:
        raise RecordError(f"{where} holds no hypotheses")
    for name, hypothesis in hypotheses.items():
        if not isinstance(hypothesis, dict) or hypothesis.keys() != PREREG_FIELDS.keys():
            raise RecordError(f"{where}: {name} needs exactly the fields {', '.join(sorted(PREREG_FIELDS))}")
        for field, right in PREREG_FIELDS.items():
            if not right(hypothesis[field]):
                raise RecordError(f"{where}: {name} has the {field} {hypothesis[field]!r}")
        match = COMPARISON.match(hypothesis["comparison"])
        if match is None:
            raise RecordError(f"{where}: {name} has the comparison {hypothesis['comparison']!r}")
        if match[2] and len(hypothesis["arms"]) != 2:
            raise RecordError(f"{where}: {name} compares a difference, so it names two arms")
    return hypotheses


def verdicts(experiment: str, *, base: Path | None = None) -> list[dict[str, Any]]:
    """What the records say about each hypothesis: {name, statement, verdict, values, if_not, …}.

    verdict: "supported", "not supported", or "inconclusive" while an arm has fewer than `min_seeds` records.
    A record without the metric does not count. values: {arm: numbers compared}, or {"first − second": differences}.
    Raises RecordError if no record of an arm has it.
    """
    records = load_all(experiment, base=base)
    return [
        {"name": name, **hypothesis, **_judge(hypothesis, records)}
        for name, hypothesis in prereg(experiment, base=base).items()
    ]


def _judge(hypothesis: dict[str, Any], records: list[Record]) -> dict[str, Any]:
    chosen = {}
    for arm in hypothesis["arms"]:
        there = [r for r in records if r["arm"] == arm]
        seeds = {r["seed"]: metric(r, hypothesis["metric"]) for r in there if has(r, hypothesis["metric"])}
        if there and not seeds:
            metric(there[0], hypothesis["metric"])  # says what there is
        if len(seeds) < hypothesis["min_seeds"]:
            return {"verdict": "inconclusive", "values": {arm: list(seeds.values())}}
        chosen[arm] = seeds
    scope, difference, sign = COMPARISON.match(hypothesis["comparison"]).groups()  # type: ignore[union-attr]
    values = {arm: list(seeds.values()) for arm, seeds in chosen.items()}
    if difference:
        first, second = hypothesis["arms"]
        both = sorted(chosen[first].keys() & chosen[second].keys())
        values = {f"{first} − {second}": [chosen[first][seed] - chosen[second][seed] for seed in both]}
        if len(both) < hypothesis["min_seeds"]:
            return {"verdict": "inconclusive", "values": values}
    compared = [
        x for numbers in values.values() for x in (numbers if scope == "every" else [statistics.median(numbers)])
    ]
    holds = all(OPERATORS[sign](x, hypothesis["threshold"]) for x in compared)
    return {"verdict": "supported" if holds else "not supported", "values": values}
