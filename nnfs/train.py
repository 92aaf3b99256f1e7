"""One loop that trains every net of the series.

A run is a function of its configuration: the data are a function of the step, dropout is seeded by the step, and the
schedule is written in shares of the run, so that its twentieth step can be its last (`rehearse`). Every two minutes
the state is written down: a run that is killed at any moment, resumed and killed again ends with the same bytes as one
that was left alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, distributed

from nnfs import files, optim
from nnfs.errors import UserError
from nnfs.model import LanguageModel

Batches = Callable[[int], tuple[Tensor, Tensor]]  # step → idx and targets, int64 (B, T)
REHEARSAL_STEPS, REHEARSAL_TOKENS = 20, 4096
LOOK_EVERY = 20  # steps between looks at the loss, each of which waits for the device


class TrainError(UserError):
    """Training cannot go on; the message says why, what is kept, and what to do."""


@dataclass(frozen=True)
class TrainConfig:
    """How to train. Raises ValueError for a share outside 0 … 1, an unknown schedule or precision."""

    steps: int  # updates in all
    lr: float = 1e-3  # peak learning rate of matrices, and of every role that has no rate of its own
    table_lr: float | None = None  # of embeddings and other tables
    head_lr: float | None = None  # of the matrix that makes logits
    vector_lr: float | None = None  # of biases and gains
    optimiser: str = "adamw"  # or "muon" (matrices; AdamW for the rest) or "sgd"
    weight_decay: float = 0.0  # of all but vectors; with Muon of matrices only
    beta1: float = 0.9  # AdamW's memory of gradients
    beta2: float = 0.99  # and of their squares
    momentum: float = 0.95  # of Muon and SGD
    warmup: float = 0.0  # share of the run in which the rate climbs
    warmdown: float = 0.5  # share in which it falls: to the end in a line, or at once ("step")
    final: float = 0.0  # the last rate, as a share of the peak
    schedule: str = "linear"  # or "cosine" (falls from the warm-up on) or "step"
    clip: float = 0.0  # largest length of the gradient; 0: any
    ema: float = 0.0  # average the weights over this share of the run; 0: keep the last ones
    seed: int = 0  # of dropout; data and model have their own
    precision: str = "float32"  # or "bfloat16" where this machine was measured to be faster with it
    device: str = "cpu"  # where to train
    snapshot_seconds: float = 120.0  # between two snapshots

    def __post_init__(self) -> None:
        for name in ("warmup", "warmdown", "final", "ema"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share, from 0 to 1, got {getattr(self, name)}")
        if self.schedule not in ("linear", "cosine", "step"):
            raise ValueError(f"schedule {self.schedule!r}: known are linear, cosine, step")
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision {self.precision!r}: known are float32, bfloat16")
        if self.steps < 1:
            raise ValueError(f"a run has a step or more, got {self.steps}")

    def rate(self, step: int) -> float:
        """The learning rate of step 0 … steps - 1 as a share of its peak."""
        warm = round(self.warmup * self.steps)
        if step < warm:
            return (step + 1) / (warm + 1)
        if self.schedule == "cosine":
            return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * (step - warm) / (self.steps - warm)))
        left = (self.steps - step) / max(self.warmdown * self.steps, 1)  # 1 when the warm-down begins
        if self.schedule == "step":
            return 1.0 if left > 1 else self.final
        return self.final + (1 - self.final) * min(1.0, left)

    @property
    def rates(self) -> dict[str, float]:
        """{role: peak learning rate}."""
        own = {"matrix": None, "table": self.table_lr, "head": self.head_lr, "vector": self.vector_lr}
        return {role: self.lr if rate is None else rate for role, rate in own.items()}


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int
    steps: int
    loss: float  # of the last step, nats per target; or what `what` says
    tokens_per_second: float
    seconds_left: float
    what: str = "loss"


@dataclass(frozen=True)
class TrainResult:
    """What a run leaves besides the trained model."""

    losses: list[float]  # of every step, before its update
    steps: int
    tokens: int  # inputs read, repeats counted
    targets: int  # of which so many had a target
    seconds: float  # wall clock of all attempts together, without what was lost in a kill
    cpu_seconds: float  # and processor time of this process, threads added up, without what `watch` took
    norm: float  # Euclidean length of all parameters together


OnProgress = Callable[[Progress], None]
Watch = Callable[[int, LanguageModel], bool | None]


def train(
    model: LanguageModel,
    data: Batches,
    config: TrainConfig,
    snapshot_dir: Path | None = None,
    on_progress: OnProgress | None = None,
    watch: Watch | None = None,
) -> TrainResult:
    """Train `model` in place. With `snapshot_dir`, go on from the snapshot that lies there, if one does.

    watch(n, model) is called after n = 0, 1, 2 … steps, and may look but not touch; a resumed run calls it again from
    its snapshot on. The run ends early if it says True. Under torchrun every process takes its share of each batch's
    rows, and the gradients are those of the whole batch. Raises TrainError if the loss is no number any more, if a
    snapshot cannot be written, or if the one that lies there is damaged or belongs to another run.
    """
    run = Run(model, config, snapshot_dir)

    def look() -> bool:
        began = time.process_time()
        enough = bool(watch and watch(run.step, model))
        run.aside += time.process_time() - began
        return enough

    over = look()
    run.start()
    clock, first = time.monotonic(), run.step
    snapped, said = clock, clock
    tokens_before = run.tokens
    while run.step < config.steps and not over:
        run.advance(*data(run.step))
        over = look() or run.step == config.steps
        now = time.monotonic()
        if run.step % LOOK_EVERY == 0 or over:
            run.check()
        if on_progress and (now - said > 0.5 or over):
            speed = (run.step - first) / max(now - clock, 1e-9)
            loss, said = float(run.losses[run.step - 1]), now
            read = (run.tokens - tokens_before) / max(now - clock, 1e-9)
            on_progress(Progress(run.step, config.steps, loss, read, (config.steps - run.step) / speed))
        if run.folder and (now - snapped > config.snapshot_seconds or over):
            snapped = now
            run.write()
    return run.finish()


class Run:
    """The state of a run between two steps."""

    def __init__(self, model: LanguageModel, config: TrainConfig, folder: Path | None) -> None:
        self.model, self.config, self.folder = model.to(config.device).train(), config, folder
        betas = (config.beta1, config.beta2)
        self.optimisers = optim.build(
            model, config.optimiser, config.rates, config.weight_decay, betas, config.momentum
        )
        self.step, self.tokens, self.targets = 0, 0, 0
        self.earlier = (0.0, 0.0)  # seconds and processor seconds up to the snapshot that this process went on from
        self.losses = torch.zeros(config.steps, device=config.device)
        self.average = {name: p.detach().clone() for name, p in model.named_parameters()} if config.ema else {}
        if folder and (found := newest(folder)):
            self.read(found)
        self.start()

    def start(self) -> None:
        """Training goes on from here: clocks run from now."""
        self.began, self.aside = (time.monotonic(), time.process_time()), 0.0

    @property
    def spent(self) -> tuple[float, float]:
        """Seconds of wall clock and of the processor, of this process and of those before it up to their snapshots."""
        wall, busy = time.monotonic() - self.began[0], time.process_time() - self.began[1] - self.aside
        return self.earlier[0] + wall, self.earlier[1] + busy

    def advance(self, idx: Tensor, targets: Tensor) -> None:
        """One update on a batch (B, T)."""
        config = self.config
        self.tokens, asked = self.tokens + idx.numel(), int((targets != -1).sum())
        self.targets += asked
        if asked == 0:
            raise ValueError(f"the batch of step {self.step} has no targets")
        if len(idx) < workers():
            raise ValueError(f"{workers()} processes cannot share a batch of {len(idx)} rows")
        idx, targets = idx[rank() :: workers()], targets[rank() :: workers()]
        share = int((targets != -1).sum()) / asked  # of this process in the mean over the whole batch
        device = torch.device(config.device)
        reseed(device, config.seed, self.step, rank())
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            _, loss = self.model(idx.to(device), targets.to(device))
            assert loss is not None
            objective = loss * share + self.model.penalty() / workers()
        objective.backward()
        self.losses[self.step] = total(loss.detach() * share)
        self.update()
        self.step += 1

    @torch.no_grad()
    def update(self) -> None:
        """Move the parameters against their gradients, which it forgets, and the average after them."""
        config = self.config
        for p in self.model.parameters():
            if p.grad is not None:
                total(p.grad)
        if config.clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * config.rate(self.step)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        weight = 1 / max(1.0, config.ema * config.steps)
        for name, p in self.model.named_parameters() if config.ema else ():
            self.average[name].lerp_(p, weight)

    def check(self) -> None:
        """Raise TrainError if a loss or a weight is not a number."""
        bad = torch.nonzero(~torch.isfinite(self.losses[: self.step]))
        if len(bad):
            what = f"the loss of step {int(bad[0])} is {float(self.losses[bad[0]])}"
        elif all(bool(torch.isfinite(p).all()) for p in self.model.parameters()):
            return
        else:
            what = f"after step {self.step - 1} a weight is not a number"
        kept = newest(self.folder) if self.folder else None
        raise TrainError(
            f"{what}: the run has diverged. Try a lower learning rate or clipping. "
            + (f"{kept} holds the last sound state" if kept else "Nothing is kept")
        )

    def finish(self) -> TrainResult:
        """The result; the model gets the averaged weights, if there are any, and leaves training mode."""
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                p.copy_(self.average.get(name, p))
        self.model.eval()
        return TrainResult(
            self.losses[: self.step].tolist(),
            self.step,
            self.tokens,
            self.targets,
            *self.spent,
            parameter_norm(self.model),
        )

    # Snapshots: tensors in a safetensors file, and then a JSON file that names it, with its digest. The JSON file is
    # what makes a snapshot: a kill between the two leaves the one before. Two are kept.

    @property
    def identity(self) -> dict[str, Any]:
        """What must agree for a snapshot to be of this run."""
        config = {k: v for k, v in asdict(self.config).items() if k not in ("device", "snapshot_seconds")}
        return {"config": config, "shapes": {name: list(t.shape) for name, t in self.model.state_dict().items()}}

    def write(self) -> None:
        """Write a snapshot of this moment and remove the one before the last. Raises TrainError if there is no room."""
        self.check()
        if self.folder is None or rank() != 0:
            return
        tensors = {"losses": self.losses}
        tensors |= {f"model/{name}": t for name, t in self.model.state_dict().items()}
        tensors |= {f"average/{name}": t for name, t in self.average.items()}
        for i, optimiser in enumerate(self.optimisers):
            for j, state in optimiser.state_dict()["state"].items():
                tensors |= {f"optimiser/{i}/{j}/{k}": t for k, t in state.items() if isinstance(t, Tensor)}
        data = save({name: t.detach().cpu().clone().contiguous() for name, t in tensors.items()})
        stem = f"step-{self.step:09d}"
        note: dict[str, Any] = {
            "step": self.step,
            "spent": self.spent,
            "tokens": self.tokens,
            "targets": self.targets,
        }
        note |= {"sha256": hashlib.sha256(data).hexdigest(), "run": self.identity}
        try:
            files.write_bytes(self.folder / f"{stem}.safetensors", data)
            files.write_bytes(self.folder / f"{stem}.json", json.dumps(note, sort_keys=True).encode())
        except OSError as error:
            kept = newest(self.folder)
            raise TrainError(
                f"the snapshot of step {self.step} could not be written: {error.strerror or error}. "
                + (f"{kept} is kept; make room and run again" if kept else "Make room and run again")
            ) from error
        sound = sorted(self.folder.glob("step-*.json"))[-2:]
        for file in self.folder.glob("step-*"):
            if file.with_suffix(".json") not in sound:
                file.unlink(missing_ok=True)

    def read(self, note: Path) -> None:
        """Go on from a snapshot. Raises TrainError if it is damaged or of another run."""
        advice = f"Delete {note} to go on from the snapshot before it, or the folder to start again"
        try:
            told = json.loads(note.read_text(encoding="utf-8"))
            data = note.with_suffix(".safetensors").read_bytes()
            step, run = told["step"], told["run"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainError(f"the snapshot {note} cannot be read ({error}). {advice}") from error
        if hashlib.sha256(data).hexdigest() != told.get("sha256"):
            raise TrainError(f"the tensors of the snapshot {note} are not those that were written. {advice}")
        if run != json.loads(json.dumps(self.identity)):
            raise TrainError(f"the snapshot {note} is of a run with another configuration or model. {advice}")
        try:
            tensors = load(data)  # never a pickle: reading a snapshot runs no code
        except SafetensorError as error:
            raise TrainError(f"the snapshot {note} is not a safetensors file ({error}). {advice}") from error
        self.model.load_state_dict(below("model/", tensors))
        self.average = {name: t.to(self.config.device) for name, t in below("average/", tensors).items()}
        for i, optimiser in enumerate(self.optimisers):
            state: dict[int, dict[str, Tensor]] = {}
            for name, t in below(f"optimiser/{i}/", tensors).items():
                index, _, key = name.partition("/")
                state.setdefault(int(index), {})[key] = t
            optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        self.losses = tensors["losses"].to(self.config.device)
        self.step, self.earlier = step, tuple(told["spent"])
        self.tokens, self.targets = told["tokens"], told["targets"]


def reseed(device: torch.device, *numbers: int) -> None:
    """Seed what the device draws from. The numbers are mixed into 32 bits first, as many as the CPU's generator takes
    notice of; and torch.manual_seed would seed every device there could be, at a millisecond a step."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1)[0])
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)


def below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def newest(folder: Path) -> Path | None:
    """The JSON file of the last snapshot in a folder."""
    return max(folder.glob("step-*.json"), default=None)


# Several processes (torchrun). Without them, one worker with rank 0


def workers() -> int:
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


@contextmanager
def together(device: str) -> Iterator[str]:
    """Under torchrun, the other processes joined for as long as the block lasts; gives the device of this one."""
    if "LOCAL_RANK" not in os.environ:
        yield device
        return
    if device != "cpu":
        device = f"{device}:{os.environ['LOCAL_RANK']}"
        torch.get_device_module(device).set_device(torch.device(device))
    distributed.init_process_group("gloo" if device == "cpu" else "nccl")
    try:
        yield device
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    return distributed.get_rank() if workers() > 1 else 0


def total(x: Tensor) -> Tensor:
    """x, in place the sum over all processes."""
    if workers() > 1:
        distributed.all_reduce(x)
    return x


# Rehearsal and progress


def parameter_norm(model: LanguageModel) -> float:
    """Euclidean length of all parameters together, summed in float64."""
    return float(sum(p.detach().double().square().sum() for p in model.parameters())) ** 0.5


def rehearse(make: Callable[[], LanguageModel], data: Batches, config: TrainConfig) -> tuple[list[float], float]:
    """The whole run in twenty steps: its losses and the final length of the parameters.

    Every share of the schedule is there, on at most 4,096 tokens a step, in fp32 on one CPU thread: what a change of
    the recipe or of the code moves, whatever part of the run it belongs to.
    """
    small = replace(config, steps=REHEARSAL_STEPS, device="cpu", precision="float32")

    def few(step: int) -> tuple[Tensor, Tensor]:
        idx, targets = data(step)
        rows = max(1, REHEARSAL_TOKENS // idx.shape[1])
        return idx[:rows], targets[:rows]

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        result = train(make(), few, small)
    finally:
        torch.set_num_threads(threads)
    return result.losses, result.norm


@contextmanager
def progress_bar(title: str) -> Iterator[OnProgress]:
    """A line on the terminal with loss, tokens per second and the time that is left; hand what it yields to `train`."""
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[state]}"))
    with Bar(*columns) as bar:
        task = bar.add_task(title, total=None, state="")

        def show(p: Progress) -> None:
            minutes, seconds = divmod(round(p.seconds_left), 60)
            state = f"{p.what} {p.loss:.4f}  {p.tokens_per_second:,.0f} tokens/s  {minutes}:{seconds:02d} left"
            bar.update(task, completed=p.step, total=p.steps, state=state)

        yield show
