"""Making run records: the slow path, which never runs inside a build.

An experiment is data: a grid of arms and seeds, and one function that turns a configuration and a seed into
a result. `sweep` fills in the cells that have no record yet, each record written as its cell finishes, so
that a sweep can be killed at any moment and started again. `examine` asks whether a record is still what
this code would produce, by repeating its *rehearsal*: the same configuration made small (its whole schedule
in twenty steps, or fewer nets), whose twenty losses and final parameter norm must agree within 1e-5, or
within what its arm allows. The first steps of the long run would be no substitute: there the schedule has
hardly begun, and a changed learning-rate decay moves nothing yet.

This file needs no torch. An experiment whose cells train a net says so (`trains`); its run function, which is in
`nnfs.recipes`, is then told where to put snapshots and checkpoints.

The end of the file is what the command line's verbs `run` and `verify` do: they print and return an exit status.
`status` and `report` are in `nnfs.tables`.
"""

from __future__ import annotations

import ast
import difflib
import fnmatch
import hashlib
import importlib
import importlib.util
import math
import os
import pkgutil
import platform
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from json import dumps, loads
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nnfs import checkpoints, files, records
from nnfs.errors import UserError
from nnfs.progress import following
from nnfs.records import RecordError

TOLERANCE = 1e-5  # relative; another instruction set moves a rehearsal by 2e-7
CURVE_POINTS = 60  # of a stored loss curve


class DataUnavailableError(UserError):
    """A run function raises this if its data set is not on this machine; the message says how to get it."""


# What an experiment is


@dataclass(frozen=True)
class Result:
    """What a run function returns. Everything but `metrics` may stay empty if there is no such thing."""

    metrics: dict[str, dict[str, float]]  # {protocol: {metric: number}}
    data: dict[str, str] = field(default_factory=dict)  # {name: digest}, see `digest_of`
    parameters: int = 0
    active: int | None = None  # parameters used for one example, where that differs
    flops: float = 0.0  # of training
    examples: int = 0  # rows that training saw, repeats counted
    loss: tuple[Any, Any] | None = None  # (steps, losses)
    norm: float | None = None  # Euclidean norm of all parameters at the end
    detail: dict[str, Any] = field(default_factory=dict)  # for figures
    seconds: float | None = None  # of training, all attempts together; None: what the run function took
    evaluation: dict[str, Any] | None = None  # {"seconds", "slice": what verify asks of the checkpoint, or None}
    checkpoint: str | None = None  # its name, if one was kept
    precision: str | None = None  # if not the experiment's
    versions: dict[str, str] = field(default_factory=dict)  # of what the run needed besides Python and NumPy


@dataclass(frozen=True)
class Arm:
    """One condition of an experiment: stage 1 is what a post needs, stage 2 is more of the same."""

    config: dict[str, Any]
    stage: int = 1
    seeds: int | None = None  # how many, if not the experiment's own number: 1 where nothing is random
    minutes: float = 0.0  # about how long a cell takes on one core; longer arms come later
    tolerance: float = TOLERANCE  # of its rehearsal; more where a net is so wild that rounding grows in twenty steps


@dataclass(frozen=True)
class Place:
    """Where a cell that trains a net does it, and where it leaves things."""

    record: str  # "p3.ladder/makemore.mlp/seed-0"
    base: Path  # the repository, or wherever the records go
    snapshots: Path  # of this run and of this code
    device: str = "cpu"


@dataclass(frozen=True)
class Experiment:
    """A grid of arms × seeds, all of them `run(config, seed)`; `run(config, seed, place)` if it `trains` a net.

    rehearse: what of the config to replace for the rehearsal; empty for a run that takes at most 2 s.
    columns: the metrics ("protocol/metric") that `nnfs report` tabulates.
    check: `check(record, base, whole)` is what is wrong with what a record keeps besides metrics, its checkpoint or its
    net's answers ("" if nothing is), asked by verify besides the rehearsal: on a slice, or on everything if `whole`.
    """

    name: str
    title: str
    run: Callable[..., Result]
    arms: Mapping[str, Arm]
    columns: tuple[str, ...]
    rehearse: dict[str, Any] = field(default_factory=dict)
    seeds: int = 5
    precision: str = "float64"
    trains: bool = False
    check: Callable[[records.Record, Path, bool], str] | None = None

    def seeds_of(self, arm: str) -> int:
        """How many seeds an arm has."""
        own = self.arms[arm].seeds
        return self.seeds if own is None else own

    def cells(self, stage: int, seeds: int | None = None) -> list[tuple[str, int]]:
        """(arm, seed) up to `stage`: first seeds before second ones, so that every arm shows early, and of the same
        seed short runs before long ones. `seeds` replaces the experiment's number, not an arm's own."""
        arms = [name for name, arm in self.arms.items() if arm.stage <= stage]
        arms.sort(key=lambda name: self.arms[name].minutes)
        many = {name: self.seeds if seeds is None else seeds for name in arms}
        many |= {name: own for name in arms if (own := self.arms[name].seeds) is not None}
        return [(arm, seed) for seed in range(max(many.values(), default=0)) for arm in arms if seed < many[arm]]


def registry() -> dict[str, Experiment]:
    """Every experiment declared in `nnfs/experiments/p*.py` (their `EXPERIMENTS`), in the order told."""
    import nnfs.experiments as package

    found: dict[str, Experiment] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name.startswith("p")):
        for experiment in importlib.import_module(f"{package.__name__}.{module}").EXPERIMENTS:
            found[experiment.name] = experiment
    return found


def select(prefix: str, known: Mapping[str, Experiment]) -> list[Experiment]:
    """The experiment called `prefix`, or those of a part ("p2"), or all for ""; else UserError."""
    if prefix in known:
        return [known[prefix]]
    chosen = [e for name, e in known.items() if not prefix or name.startswith(f"{prefix}.")]
    if not chosen:
        names = [*known, *sorted({name.split(".")[0] for name in known})]
        close = difflib.get_close_matches(prefix, names, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
        raise UserError(f"no experiment {prefix!r}; {hint}")
    return chosen


# One cell


def run_cell(experiment: Experiment, arm: str, seed: int, base: Path, device: str = "cpu") -> records.Record:
    """Run one cell and its rehearsal, write its record and return it. Snapshots of training go when it is written."""
    code = cell_digest(experiment, arm)
    key = f"{experiment.name}/{arm}/seed-{seed}"
    place = Place(key, base, base / ".cache" / "nnfs" / "snapshots" / key / code[:12], device)
    # a rehearsal that fails should do so before an hour of training and not after it
    rehearsal = rehearse(experiment, arm, seed) if experiment.rehearse else None
    start = time.perf_counter()
    config = dict(experiment.arms[arm].config)
    result = experiment.run(config, seed, place) if experiment.trains else experiment.run(config, seed)
    seconds = time.perf_counter() - start if result.seconds is None else result.seconds
    steps, losses = thin(*result.loss) if result.loss else ([], [])
    record = {
        "schema": records.SCHEMA,
        "experiment": experiment.name,
        "arm": arm,
        "seed": seed,
        "stage": experiment.arms[arm].stage,
        "config": plain(experiment.arms[arm].config),
        "data": result.data,
        "parameters": {
            "total": int(result.parameters),
            "active": int(result.parameters if result.active is None else result.active),
        },
        "flops": float(f"{float(result.flops):.4g}"),
        "examples": int(result.examples),
        "seconds": round(seconds, 2),
        "machine": machine() | ({} if device == "cpu" else {"device": device}),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, **result.versions},
        "precision": result.precision or experiment.precision,
        "loss": {"step": plain(steps), "value": plain(losses, 6)} if result.loss else None,
        "metrics": plain(result.metrics, 9),
        "detail": plain(result.detail, 6),
        "rehearsal": rehearsal or rehearse(experiment, arm, seed, result),
        "code": code,
        "checkpoint": result.checkpoint,
    }
    if result.evaluation is not None:
        record["evaluation"] = plain(result.evaluation, 9)
    records.save(record, base=base)
    shutil.rmtree(place.snapshots.parent, ignore_errors=True)  # with those that other code left
    return record


def load(name: str, base: Path | None = None) -> Any:
    """The model of a checkpoint, its bytes checked against the manifest; see `nnfs.recipes.load`.

    (Imported by name, so that a change of the models is no change of the code of Parts 1 and 2.)
    """
    return importlib.import_module("nnfs.recipes").load(name, base)


def rehearse(experiment: Experiment, arm: str, seed: int, result: Result | None = None) -> dict[str, Any]:
    """The cell made small: what a record stores and `nnfs verify` repeats. `result`: of the full run, which
    serves as its own rehearsal if there is nothing to make small."""
    if experiment.rehearse or result is None:
        result = experiment.run({**experiment.arms[arm].config, **experiment.rehearse}, seed)
    return {
        "overrides": plain(experiment.rehearse),
        "data": result.data,
        "loss": plain(thin(*result.loss)[1], 9) if result.loss else None,
        "norm": plain(result.norm, 9),
        "metrics": plain(result.metrics, 9) or None,  # of the small run: that they are still measured as they were
    }


def thin(steps: Any, values: Any) -> tuple[list[Any], list[Any]]:
    """At most CURVE_POINTS points of a curve, first and last kept, evenly spaced in the logarithm."""
    n = len(steps)
    keep = range(n)
    if n > CURVE_POINTS:
        keep = np.unique(np.geomspace(1, n, CURVE_POINTS).round().astype(int) - 1)  # type: ignore[assignment]
    return [steps[i] for i in keep], [values[i] for i in keep]


def plain(x: Any, digits: int = 17) -> Any:
    """`x` as JSON holds it: NumPy values become Python's, floats keep `digits` significant digits."""
    if isinstance(x, dict):
        return {str(k): plain(v, digits) for k, v in x.items()}
    if isinstance(x, (np.ndarray, np.generic)):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        return [plain(v, digits) for v in x]
    if isinstance(x, float) and math.isfinite(x):
        return float(f"{x:.{digits}g}")
    return x


def digest_of(*arrays: Any) -> str:
    """SHA-256 of the examples themselves (shapes, types and bytes; text as it is): a record's `data`."""
    sha = hashlib.sha256()
    for array in arrays:
        if isinstance(array, str):
            sha.update(array.encode())
        else:
            array = np.ascontiguousarray(array)
            sha.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return sha.hexdigest()


def machine() -> dict[str, Any]:
    """What seconds were measured on: the processor's model and the number of cores, never a host name."""
    cpu = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return {"cpu": cpu, "cores": os.cpu_count() or 1}


@cache
def code_digest(module: str) -> str:
    """SHA-256 of a module and of everything in its own package that it imports, directly or not."""
    package = module.partition(".")[0]
    found: dict[str, bytes] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        spec = importlib.util.find_spec(name) if name not in found else None
        if spec is None or not spec.origin or not spec.origin.endswith(".py"):
            continue
        found[name] = Path(spec.origin).read_bytes()
        for node in ast.walk(ast.parse(found[name])):
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            todo += [m for m in imported if m.partition(".")[0] == package and _is_module(m)]
    return hashlib.sha256(b"".join(name.encode() + found[name] for name in sorted(found))).hexdigest()


def cell_digest(experiment: Experiment, arm: str) -> str:
    """SHA-256 of what a cell is a function of besides its seed: the code, the arm's configuration, the rehearsal. (The
    arms may be declared in another module than the code, which `code_digest` then does not see.)"""
    config = plain(experiment.arms[arm].config) if arm in experiment.arms else None
    return digest_of(
        code_digest(experiment.run.__module__), dumps([config, plain(experiment.rehearse)], sort_keys=True)
    )


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # `nnfs.records.load`: the parent is no package
        return False


# Many cells


@dataclass
class Sweep:
    """What came of a sweep: cells done, cells not started before the deadline, failures {cell: message}."""

    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def sweep(
    experiment: Experiment,
    cells: list[tuple[str, int]],
    base: Path,
    *,
    jobs: int = 1,
    deadline: float = math.inf,
    progress: Callable[[str], None] = lambda cell: None,
    device: str = "cpu",
    scheduler: str = "",
) -> Sweep:
    """Run `cells` in `jobs` processes, each writing its record as it finishes.

    A cell that another sweep is at, or has finished meanwhile, is left to it. A cell that raises is reported and the
    others go on. A worker that dies takes the whole pool with it, so the queue is then started once more over what is
    still missing; a second death ends the sweep.
    deadline: `time.time()` after which no cell is started. scheduler: the address of a Dask scheduler, whose workers
    then run the cells, all of them at once, instead of `jobs` processes here; they see the same `base`. What a worker
    that dies was at, Dask gives to another.
    """
    outcome = Sweep()
    for restarted in (False, True):
        settled = {*outcome.failed, *outcome.skipped}
        todo = [cell for cell in cells if _missing(experiment, cell, base) and _name(cell) not in settled]
        if restarted:  # whoever killed the pool was among the first; let the others go before them
            todo = todo[jobs:] + todo[:jobs]
        tasks = (joblib.delayed(_attempt)(experiment, arm, seed, base, deadline, device) for arm, seed in todo)
        try:
            with _processes(jobs, scheduler):
                ahead = "all" if scheduler else jobs
                pool = joblib.Parallel(jobs, batch_size=1, pre_dispatch=ahead, return_as="generator_unordered")
                for cell, happened, message in pool(tasks):
                    if happened == "failed":
                        outcome.failed[cell] = message
                    elif happened == "skipped":
                        outcome.skipped.append(cell)
                    progress(cell)
            break
        except Exception as error:
            if (
                not isinstance(error, BrokenProcessPool) and type(error).__name__ != "KilledWorker"
            ):  # Dask's word for it
                raise
            if restarted:
                lost = [_name(c) for c in todo if _missing(experiment, c, base) and _name(c) not in outcome.skipped]
                why = "not run: worker processes were killed twice (out of memory?)"
                outcome.failed |= dict.fromkeys(lost, why) | outcome.failed
    outcome.done = [_name(cell) for cell in cells if not _missing(experiment, cell, base)]
    return outcome


def _processes(jobs: int, scheduler: str = "") -> Any:
    """The setting for joblib: the workers of a Dask scheduler, single-threaded processes here, or this process if one
    job is all. Raises UserError if nobody answers at the scheduler's address."""
    if scheduler:
        try:
            return joblib.parallel_config("dask", scheduler_host=scheduler, pure=False)
        except (OSError, ValueError) as error:
            raise UserError(f"no Dask scheduler at {scheduler}: {error}") from None
    return joblib.parallel_config("loky", inner_max_num_threads=1) if jobs > 1 else nullcontext()


def _name(cell: tuple[str, int]) -> str:
    return f"{cell[0]}/seed-{cell[1]}"


def _missing(experiment: Experiment, cell: tuple[str, int], base: Path) -> bool:
    return not records.path(experiment.name, *cell, base=base).is_file()


def _attempt(
    experiment: Experiment, arm: str, seed: int, base: Path, deadline: float, device: str
) -> tuple[str, str, str]:
    cell = _name((arm, seed))
    if time.time() > deadline:
        return cell, "skipped", ""
    lock = base / ".cache" / "nnfs" / "locks" / f"{experiment.name}.{arm}.seed-{seed}"
    with files.locked(lock, wait=False) as mine:
        if not mine:
            return cell, "skipped", ""
        if not _missing(experiment, (arm, seed), base):
            return cell, "done", ""
        try:
            run_cell(experiment, arm, seed, base, device)
        except Exception as error:  # whatever a cell raises is that cell's result; the sweep goes on
            return cell, "failed", f"{type(error).__name__}: {error}"
    return cell, "done", ""


# Is a record still true?


def examine(
    experiment: Experiment, record: records.Record, base: Path | None = None, whole: bool = False
) -> tuple[str, str]:
    """("ok", "") or ("stale", why) or ("unavailable", why), after repeating the record's rehearsal and asking what
    else it keeps, a checkpoint or answers, whether it is what the metrics say: on a slice, or wholly if `whole`."""
    arm = experiment.arms.get(record["arm"])
    if arm is None:
        return "stale", f"{experiment.name} declares no arm {record['arm']!r}"
    if change := _difference("config", record["config"], plain(arm.config)):
        return "stale", change
    stored = record["rehearsal"]
    if change := _difference("rehearsal", stored.get("overrides"), plain(experiment.rehearse)):
        return "stale", change
    try:
        again = rehearse(experiment, record["arm"], record["seed"])
    except DataUnavailableError as error:
        return "unavailable", str(error)
    except ModuleNotFoundError as error:
        why = f"{error.name} is not installed"
        return ("unavailable", f"{why}: it comes with the extra `train`") if error.name == "torch" else ("stale", why)
    except Exception as error:  # code that no longer runs does not reproduce its record
        return "stale", f"its rehearsal fails: {type(error).__name__}: {error}"
    for part in ("data", "loss", "norm", "metrics"):
        if change := _difference(part, stored.get(part), again[part], arm.tolerance):
            return "stale", f"its rehearsal differs: {change}"
    if experiment.check is not None and (record["checkpoint"] is not None or not experiment.trains):
        try:
            problem = experiment.check(record, base or records.root(), whole)
        except DataUnavailableError as error:
            return "unavailable", str(error)
        except UserError as error:
            problem = str(error)
        except Exception as error:
            problem = f"its check fails: {type(error).__name__}: {error}"
        if problem:
            return "stale", problem
    return "ok", ""


def _difference(name: str, old: Any, new: Any, tolerance: float = TOLERANCE) -> str:
    """The first place where two JSON values differ by more than `tolerance`, as words; "" if there is none."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return next((d for k in keys if (d := _difference(f"{name}.{k}", old.get(k), new.get(k), tolerance))), "")
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return next((d for i, (a, b) in pairs if (d := _difference(f"{name}[{i}]", a, b, tolerance))), "")
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (old, new))
    same = math.isclose(old, new, rel_tol=tolerance, abs_tol=1e-9) if numbers else old == new
    return "" if same else f"{name} was {_short(old)}, is {_short(new)}"


def _short(x: Any) -> str:
    text = dumps(x)
    return text if len(text) <= 40 else text[:37] + "…"


def ledger_file(base: Path) -> Path:
    """`.cache/verify.json`: {record: {state, digest, code, why}}, what verify found out on this machine."""
    return base / ".cache" / "verify.json"


def read_ledger(base: Path) -> dict[str, dict[str, str]]:
    """The ledger, or {} if there is none or it is damaged: it is only a cache."""
    try:
        ledger = loads(ledger_file(base).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return ledger if isinstance(ledger, dict) else {}


def stored(experiment: Experiment, base: Path) -> Iterator[tuple[str, int]]:
    """(arm, seed) of every record file of an experiment, whether or not it is still declared."""
    for file in sorted((base / "runs" / experiment.name).glob("*/seed-*.json")):
        if file.stem[5:].isdigit():
            yield file.parent.name, int(file.stem[5:])


def state(experiment: Experiment, arm: str, seed: int, base: Path, ledger: Mapping[str, dict[str, str]]) -> str:
    """ok, stale or unavailable as verify last found it; unverified if it has not looked at this record with
    this code; missing or (beyond stage 1) planned if there is no record."""
    file = records.path(experiment.name, arm, seed, base=base)
    if not file.is_file():
        return "missing" if experiment.arms[arm].stage == 1 else "planned"
    entry = ledger.get(f"{experiment.name}/{arm}/seed-{seed}", {})
    current = (records.digest(file), cell_digest(experiment, arm))
    return entry["state"] if (entry.get("digest"), entry.get("code")) == current else "unverified"


def cited(base: Path, published: bool = False) -> set[str]:
    """The experiments that posts, or published ones, rest on: those under `depends:` in the front matter."""
    found = set()
    for post in sorted((base / "posts").glob("*.md")):
        front_matter = post.read_text(encoding="utf-8").split("\n---", 1)[0]
        if published and not re.search(r"^status:\s*published\s*$", front_matter, re.MULTILINE):
            continue
        found |= set(re.findall(r"^\s*-\s*runs/([a-z0-9.-]+)", front_matter, re.MULTILINE))
    return found


def verify_records(
    experiments: list[Experiment],
    base: Path,
    *,
    everything: bool = False,
    rotation: int = 0,
    jobs: int = 1,
    progress: Callable[[str, str, str], None] = lambda name, state, why: None,
) -> dict[str, tuple[str, str]]:
    """{record: (state, why)} of every record that is due, and of every missing cell of stage 1.

    Due are all records of experiments that a post rests on; of the others one seed of each arm,
    (rotation + index of the arm) mod seeds; records that nobody declares; and everything if `everything`.
    A record that was ok here before, with the same bytes and the same code, is not run again unless
    everything is. The ledger is written after each record, so that a killed verify keeps what it found.
    """
    ledger, on_page = read_ledger(base), cited(base)
    found: dict[str, tuple[str, str]] = {}
    todo: list[tuple[Experiment, records.Record, dict[str, str]]] = []

    def judge(name: str, verdict: tuple[str, str], **entry: str) -> None:
        found[name] = verdict
        ledger[name] = {"state": verdict[0], "why": verdict[1], "library": records.library(), **entry}
        files.write_text(ledger_file(base), dumps(ledger, indent=1, sort_keys=True) + "\n")
        progress(name, *verdict)

    for experiment in experiments:
        all_due = everything or experiment.name in on_page
        turn = {arm: (rotation + index) % experiment.seeds_of(arm) for index, arm in enumerate(experiment.arms)}
        present = set(stored(experiment, base))
        for arm, seed in sorted(set(experiment.cells(stage=1)) | present):
            name = f"{experiment.name}/{arm}/seed-{seed}"
            if (arm, seed) not in present:
                judge(name, ("missing", f"make it with `nnfs run {experiment.name}`"))
            elif all_due or turn.get(arm, seed) == seed:
                file = records.path(experiment.name, arm, seed, base=base)
                now = {"digest": records.digest(file), "code": cell_digest(experiment, arm)}
                if not everything and {"state": "ok", **now}.items() <= ledger.get(name, {}).items():
                    found[name] = ("ok", "unchanged since it was last rehearsed")
                    ledger[name]["library"] = records.library()  # what else changed is nothing to this record
                    continue
                try:
                    todo.append((experiment, records.load(experiment.name, arm, seed, base=base), now))
                except RecordError as error:
                    judge(name, ("stale", str(error)), **now)
    tasks = (joblib.delayed(_examined)(*task, base, everything) for task in todo)
    with _processes(jobs):
        for name, verdict, now in joblib.Parallel(jobs, return_as="generator_unordered")(tasks):
            judge(name, verdict, **now)
    files.write_text(ledger_file(base), dumps(ledger, indent=1, sort_keys=True) + "\n")
    return found


def _examined(
    experiment: Experiment, record: records.Record, now: dict[str, str], base: Path, whole: bool
) -> tuple[str, tuple[str, str], dict[str, str]]:
    return records.key(record), examine(experiment, record, base, whole), now


# The verbs of the command line; `nnfs/__main__.py` has their help texts


def run(
    name: str,
    stage: int = 1,
    seeds: int | None = None,
    minutes: float | None = None,
    jobs: int = 2,
    arms: str = "*",
    longest: float = math.inf,
    device: str = "cpu",
    scheduler: str = "",
) -> int:
    """Run the cells that have no record, of one experiment ("p2.xor-inits") or of a part ("p2").

    stage: 1 is what posts need. seeds: of each arm, instead of the experiment's own number. minutes: start no
    cell later than that. jobs: processes. arms: a pattern. longest: leave arms alone whose cells are said to take more
    minutes than that. device: where nets are trained. scheduler: of a Dask cluster, see `sweep`. Records that exist are
    never overwritten: delete one to run it again.
    Returns 1 if a cell failed. Raises UserError for an unknown name and where there is no prereg.yaml yet.
    """
    if jobs < 1 or stage < 1 or (seeds is not None and seeds < 1):
        raise UserError("--jobs, --stage and --seeds are 1 or more")
    base, console = records.root(), Console(stderr=True)
    deadline = math.inf if minutes is None else time.time() + 60 * minutes
    any_failed = False
    chosen = select(name, registry())
    if not any(fnmatch.filter(experiment.arms, arms) for experiment in chosen):
        raise UserError(f"no arm like {arms!r}; there are {', '.join(arm for e in chosen for arm in e.arms)}")
    for experiment in chosen:
        cells = [
            (arm, seed)
            for arm, seed in experiment.cells(stage, seeds)
            if _missing(experiment, (arm, seed), base)
            and fnmatch.fnmatchcase(arm, arms)
            and experiment.arms[arm].minutes <= longest
        ]
        if not cells:
            console.print(f"{experiment.name}: nothing to do, every record that was asked for is there")
            continue
        for name, hypothesis in records.prereg(experiment.name, base=base).items():  # first, or there is no run
            if strange := sorted(set(hypothesis["arms"]) - experiment.arms.keys()):
                raise UserError(f"runs/{experiment.name}/prereg.yaml: {name} names {strange[0]!r}, which is no arm")
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        ) as bar:
            task = bar.add_task(experiment.name, total=len(cells))

            def tick(cell: str, bar: Progress = bar, task: Any = task, name: str = experiment.name) -> None:
                bar.advance(task)
                if not console.is_terminal:
                    print(f"{name}/{cell}", file=sys.stderr, flush=True)

            options: dict[str, Any] = {"jobs": jobs, "deadline": deadline, "device": device, "scheduler": scheduler}
            notes = base / ".cache" / "nnfs" / "snapshots" / experiment.name
            with following(bar, notes) if console.is_terminal else nullcontext():
                outcome = sweep(experiment, cells, base, progress=tick, **options)
        for cell, message in outcome.failed.items():
            console.print(f"{experiment.name}/{cell} failed: {message}", markup=False, highlight=False)
        left = f", {len(outcome.skipped)} left for the next time" if outcome.skipped else ""
        lost = f", {len(outcome.failed)} failed" if outcome.failed else ""
        console.print(f"{experiment.name}: {len(outcome.done)} records written{lost}{left}")
        any_failed |= bool(outcome.failed)
    return int(any_failed)


STATES = ("ok", "unverified", "stale", "missing", "unavailable", "planned")


def status(prefix: str = "") -> int:
    """See `nnfs.tables.status`."""
    from nnfs import tables

    return tables.status(prefix)


def report(prefix: str = "", arms: str = "*", json: bool = False) -> int:
    """See `nnfs.tables.report`."""
    from nnfs import tables

    return tables.report(prefix, arms, json)


def verify(prefix: str = "", all: bool = False, jobs: int = 2) -> int:
    """Rehearse the records that are due (see `verify_records`) in `jobs` processes and print what is not ok.

    Returns 1 if a record is stale, or missing where a published post needs it: a post in review may wait for its seeds.
    """
    base, start = records.root(), time.perf_counter()
    experiments = select(prefix, registry())

    def tell(name: str, state: str, why: str) -> None:
        if state in ("stale", "unavailable"):
            print(f"{state:12}{name}  {why}", flush=True)

    rotation = commit_count(base)
    found = verify_records(experiments, base, everything=all, rotation=rotation, jobs=jobs, progress=tell)
    needed, lacking = cited(base, published=True), False
    for experiment in experiments:
        missing = [
            name for name, (state, _) in found.items() if state == "missing" and name.startswith(f"{experiment.name}/")
        ]
        lacking |= bool(missing) and experiment.name in needed
        if missing:
            several = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            print(f"{'missing':12}{missing[0]}{several}  make them with `nnfs run {experiment.name}`")
    counts = Counter(state for state, _ in found.values())
    for name, why in checkpoints.problems(base).items():
        print(f"{'stale':12}{name}.safetensors {why}")
        counts["stale"] += 1
    summary = ", ".join(f"{counts[s]} {s}" for s in STATES if counts[s])
    print(f"verify: {summary or 'no records due'} ({time.perf_counter() - start:.1f} s)")
    return int(bool(counts["stale"] or lacking))


def commit_count(base: Path) -> int:
    """How many commits led here; 0 outside a git checkout. It only decides which seed's turn it is."""
    command = ["git", "-C", str(base), "rev-list", "--count", "HEAD"]
    try:
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 0
