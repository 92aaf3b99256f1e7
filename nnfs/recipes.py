"""From an arm of an experiment, which is data, to a trained language model and its record.

An arm names a text, a model, how batches are cut, how to train and what to measure:

    data     "names-makemore", "names-ssa" or "shakespeare"; fit: the part that is learnt from, "train" if not said
    counts   {"kind": "ngram" or "kneser-ney", …}: counting, nothing is trained; or
    model    {"kind": a key of MODELS, …fields of its configuration}
    prior    how many tokens Kneser–Ney looks back under the net, if it stands on counts
    mix      true: net and counts are averaged instead of multiplied
    batches  {"kind": "examples", "windows", "documents" or "everything", …fields}
    train    fields of TrainConfig
    measure  {protocol: [parts of the text]}
    keep     true: the weights of seed 0 become a checkpoint
    stages   {"steps": [0, 10, …], "say": n}: at these steps the weights of seed 0 become checkpoints, name@step, of
             which each then says n tokens; detail.stages has them
    beside   another arm's {model, batches, train}, whose cost is taken in the same run, for claims of equal time

`run` is the run function of every experiment that trains on text. The seed draws weights, batches and dropout.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnfs import batches, checkpoints, progress, train
from nnfs.charmlp import BigramNet, CharMLP, CharMLPConfig, HandMLP, WaveNet, WaveNetConfig
from nnfs.data import names, shakespeare
from nnfs.data.text import DataError, Text
from nnfs.evaluate import evaluate
from nnfs.gpt import GPT, BigramGPT, GPTConfig
from nnfs.gpt2 import GPT2, GPT2Config
from nnfs.model import LanguageModel, evaluating, n_parameters
from nnfs.ngram import KneserNey, NGram
from nnfs.prior import CountMixture, CountPrior
from nnfs.records import Record
from nnfs.runs import DataUnavailableError, Place, Result
from nnfs.sample import sample
from nnfs.smalladder import TiedGPT

Config = dict[str, Any]
MODELS: dict[str, Callable[..., LanguageModel]] = {
    "bigram": lambda seed, **fields: BigramNet(seed=seed, **fields),
    "mlp": lambda seed, **fields: CharMLP(CharMLPConfig(**fields), seed),
    "by-hand": lambda seed, **fields: HandMLP(CharMLPConfig(**fields), seed),
    "wavenet": lambda seed, **fields: WaveNet(WaveNetConfig(**fields), seed),
    "gpt2": lambda seed, **fields: GPT2(GPT2Config(**fields), seed),
    "gpt": lambda seed, **fields: GPT(GPTConfig(**fields), seed),
    "bigram-gpt": lambda seed, **fields: BigramGPT(GPTConfig(**fields), seed),
    "tied-gpt": lambda seed, **fields: TiedGPT(GPTConfig(**fields), seed),
}
SLICE = 4096  # tokens by which a checkpoint is recognised
HALF_PRECISION = 1e-3  # nats by which float16 weights may move the loss
REHEARSED_COUNTS = (50_000, 5_000)  # tokens that counts are fitted on and measured on in a rehearsal
REFERENCE_STEPS = 60  # of the arm beside, before and after


# Texts

TEXTS = ("names-makemore", "names-ssa", "shakespeare")


def corpus(data: str) -> dict[str, Text]:
    """The parts of a text: train, dev, and test where there is one. Raises DataUnavailableError if it is not here."""
    try:
        if data == "shakespeare":
            learnt, dev, _ = shakespeare.split()
            return {"train": learnt, "dev": dev}
        if data == "names-ssa":
            own = names.ssa()
            return {part: names.text(getattr(own, part)) for part in ("train", "dev", "test")}
        if data == "names-makemore":
            other = names.makemore()
            parts = {part: names.text(getattr(other, part)) for part in ("train", "dev", "test")}
            every = names.text(other.train + other.dev + other.test)
            return {**parts, "dev-unseen": names.text(other.dev_unseen), "all": every}
    except DataError as error:
        raise DataUnavailableError(str(error)) from error
    raise ValueError(f"data {data!r}: known are {', '.join(TEXTS)}")


def alphabet(data: str) -> tuple[str, str]:
    """The symbols of a text in the order of their ids, and the one that it is begun with. Raises DataError if
    Shakespeare is not here, and ValueError for what is no text."""
    if data not in TEXTS:
        raise ValueError(f"data {data!r}: known are {', '.join(TEXTS)}")
    return (names.SYMBOLS, ".") if data.startswith("names") else (shakespeare.split()[2], "\n")


def cut(text: Text, tokens: int) -> Text:
    """The beginning of a text: about so many tokens, whole documents where there are several."""
    if len(text.ids) <= tokens:
        return text
    if len(text.starts) == 1:
        return replace(text, ids=text.ids[:tokens])
    documents = max(1, int(np.searchsorted(text.starts, tokens)) - 1)
    return replace(text, ids=text.ids[: text.starts[documents]], starts=text.starts[:documents])


@dataclass(frozen=True)
class Everything:
    """Every prediction of a text at once, from one token: the full batch of a bigram net."""

    text: Text

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        return self._batch

    @cached_property
    def _batch(self) -> tuple[Tensor, Tensor]:
        at, whole = self.text.predicted, self.text.whole
        return torch.from_numpy(whole[at - 1][:, None]), torch.from_numpy(whole[at][:, None])


# What an arm is made of


def make_model(config: Config, vocab: int, seed: int, learnt: Text | None = None) -> LanguageModel:
    """The untrained model of an arm; `learnt` is what a count prior is fitted on."""
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in config["model"].items() if k != "kind"}
    model = MODELS[config["model"]["kind"]](seed, vocab=vocab, **fields)
    if config.get("prior") is None:
        return model
    if learnt is None:
        raise ValueError("a count prior needs the text that it counts")
    return (CountMixture if config.get("mix") else CountPrior)(model, KneserNey(learnt, config["prior"]))


def make_counts(config: Config, learnt: Text) -> NGram:
    """The counts of an arm."""
    fields = {k: v for k, v in config["counts"].items() if k != "kind"}
    return {"ngram": NGram, "kneser-ney": KneserNey}[config["counts"]["kind"]](learnt, **fields)


def make_batches(config: Config, text: Text, seed: int) -> train.Batches:
    """What each step of an arm reads."""
    fields = {k: v for k, v in config["batches"].items() if k != "kind"}
    kind = config["batches"]["kind"]
    if kind == "everything":
        return Everything(text)
    kinds: dict[str, Any] = {
        "examples": batches.Examples,
        "windows": batches.Windows,
        "documents": batches.Documents,
    }
    return kinds[kind](text, seed=seed, **fields)


# A cell


def run(config: Config, seed: int, place: Place | None = None) -> Result:
    """Count or train, measure, keep. With `rehearsal` in the config: the same, small. Raises DataUnavailableError."""
    parts = corpus(config["data"])
    fit = config.get("fit", "train")
    measured = sorted({part for wanted in config["measure"].values() for part in wanted})
    digests = {f"{config['data']}/{part}": parts[part].digest for part in sorted({fit, *measured})}
    if "counts" in config:
        return count(config, parts, fit, digests)
    learnt = parts[fit]
    settings = train.TrainConfig(seed=seed, **config["train"])
    data = make_batches(config, learnt, seed)

    def make() -> LanguageModel:
        return make_model(config, learnt.vocab, seed, learnt)

    if config.get("rehearsal"):
        losses, norm = train.rehearse(make, data, settings)
        return Result(metrics={}, data=digests, loss=(range(1, len(losses) + 1), losses), norm=norm)
    if place is not None:
        settings = replace(settings, device=place.device)
    if settings.device == "cpu":
        torch.set_num_threads(1)
    model = make()
    snapshots = place.snapshots if place is not None else None
    dev, protocol = dev_slice(config, parts), next(iter(config["measure"]))
    stages = config["stages"]["steps"] if "stages" in config and seed == 0 and place is not None else []

    def watch(step: int, model: LanguageModel) -> None:
        if step in stages:
            assert place is not None
            same = copy.deepcopy(model)  # saving may round the weights
            keep(same, config, place, learnt.vocab, lambda: evaluate(same, dev, protocol).loss, step)

    reference = [cost_of_a_step(config["beside"], learnt, seed)] if "beside" in config else []
    done = train.train(model, data, settings, snapshots, progress.reporter(place) if place else None, watch)
    reference += [cost_of_a_step(config["beside"], learnt, seed)] if "beside" in config else []
    started = time.perf_counter()
    kept, known, detail = None, None, {}
    if config.get("keep") and seed == 0 and place is not None:
        kept = keep(model, config, place, learnt.vocab, lambda: evaluate(model, dev, protocol).loss)
    elif stages and place is not None:
        detail = {"stages": told(config, [checkpoint_name(place, step) for step in stages], parts, place.base)}
        kept = checkpoint_name(place, stages[-1])
        model = load(kept, place.base)
    if kept:
        score = evaluate(model, dev, protocol)
        known = {"protocol": protocol, "tokens": score.tokens, "loss": score.loss}
    metrics = {
        p: {part: evaluate(model, parts[part], p).loss for part in wanted} for p, wanted in config["measure"].items()
    }
    flops = flops_per_token(model, data(0)) * done.tokens
    metrics["cost"] = {"cpu_seconds": done.cpu_seconds, "pflop": flops / 1e15}
    if reference:
        whole = sum(reference) / len(reference) * config["beside"]["train"]["steps"]
        metrics["cost"] |= {"beside_cpu_seconds": whole, "share_of_beside": done.cpu_seconds / whole}
    return Result(
        metrics=metrics,
        data=digests,
        parameters=n_parameters(model),
        flops=flops,
        examples=done.tokens,
        loss=(range(1, done.steps + 1), smooth(done.losses)),
        norm=done.norm,
        detail=detail,
        seconds=done.seconds,
        evaluation={"seconds": round(time.perf_counter() - started, 2), "slice": known},
        checkpoint=kept,
        versions={"torch": torch.__version__},
        precision=settings.precision,
    )


def count(config: Config, parts: dict[str, Text], fit: str, digests: dict[str, str]) -> Result:
    """A cell that counts instead of training."""
    most, asked = REHEARSED_COUNTS if config.get("rehearsal") else (sys.maxsize, sys.maxsize)
    learnt, start = cut(parts[fit], most), time.perf_counter()
    counts = make_counts(config, learnt)
    seconds = time.perf_counter() - start
    metrics = {
        protocol: {part: evaluate(counts, cut(parts[part], asked), protocol).loss for part in wanted}
        for protocol, wanted in config["measure"].items()
    }
    return Result(
        metrics=metrics,
        data=digests,
        parameters=sum(len(level.grams) for level in counts.levels),
        examples=len(learnt.ids),
        seconds=seconds,
    )


def smooth(losses: list[float]) -> list[float]:
    """Each loss averaged with those before it, over about a twentieth of the run so far: a batch's own is noise."""
    total = np.concatenate([[0.0], np.cumsum(losses)])
    end = np.arange(1, len(losses) + 1)
    begin = end - np.maximum(1, end // 20)
    return list((total[end] - total[begin]) / (end - begin))


def cost_of_a_step(config: Config, learnt: Text, seed: int) -> float:
    """Seconds of one processor that a step of another arm takes, here and now."""
    settings = train.TrainConfig(seed=seed, **{**config["train"], "steps": REFERENCE_STEPS})
    model = make_model(config, learnt.vocab, seed, learnt)
    start = time.process_time()
    train.train(model, make_batches(config, learnt, seed), settings)
    return (time.process_time() - start) / REFERENCE_STEPS


def flops_per_token(model: LanguageModel, batch: tuple[Tensor, Tensor]) -> float:
    """Of training, for each input of a batch (B, T): 6 for each weight of a matrix product that it meets, and
    12 · layers · T · width for attention, not credited for causality. Tables, norms and counts cost nothing here."""
    idx, targets = batch
    idx, targets = idx[: max(2, 4096 // idx.shape[1])], targets[: max(2, 4096 // idx.shape[1])]
    products = 0

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal products
        products += output.numel() // output.shape[-1] * module.weight.numel()  # type: ignore[operator]

    hooks = [m.register_forward_hook(add) for m in model.modules() if isinstance(m, nn.Linear)]
    with evaluating(model):
        device = next(model.parameters()).device
        model(idx.to(device), targets.to(device))
    for hook in hooks:
        hook.remove()
    net: Any = model.net if isinstance(model, CountPrior) else model
    attention = 12 * len(net.blocks) * idx.shape[1] * net.config.width if hasattr(net, "blocks") else 0
    return 6 * products / idx.numel() + attention


# Checkpoints


def checkpoint_name(place: Place, step: int | None = None) -> str:
    """Of the one checkpoint of a run, or of the one at a step."""
    return place.record.replace("/", ".") + ("" if step is None else f"@{step}")


def keep(
    model: LanguageModel,
    config: Config,
    place: Place,
    vocab: int,
    loss: Callable[[], float],
    step: int | None = None,
) -> str:
    """Save the weights, in float16 if `loss()` moves by less than HALF_PRECISION; the model becomes what was saved.
    Returns the checkpoint's name."""
    name = checkpoint_name(place, step)
    tensors = rounded(model, loss)
    header: Config = {key: config[key] for key in ("data", "fit", "model", "prior", "mix") if key in config}
    checkpoints.save(name, tensors, {**header, "vocab": vocab}, place.record, place.base)
    return name


def rounded(model: LanguageModel, loss: Callable[[], float]) -> checkpoints.Tensors:
    """The weights as `keep` saves them, and the model with these very weights."""
    full = {key: t.detach().clone() for key, t in model.state_dict().items()}
    half = {key: t.half() if t.dtype == torch.float32 else t for key, t in full.items()}
    before = loss()
    model.load_state_dict(half)
    small = abs(loss() - before) < HALF_PRECISION
    if not small:
        model.load_state_dict(full)
    return {key: t.cpu().numpy() for key, t in (half if small else full).items()}


def told(config: Config, names: list[str], parts: dict[str, Text], base: Path) -> dict[str, list[Any]]:
    """What each checkpoint of a run scores and says, all with the same draws."""
    found: dict[str, list[Any]] = {"step": [], "checkpoint": [], "dev": [], "text": []}
    protocol, n = next(iter(config["measure"])), config["stages"]["say"]
    symbols, start = alphabet(config["data"])
    for name in names:
        model = load(name, base)
        said = sample(model, [symbols.index(start)], n, seed=0)[0, 1:]
        found["step"].append(int(name.rpartition("@")[2]))
        found["checkpoint"].append(name)
        found["dev"].append(evaluate(model, parts["dev"], protocol).loss)
        found["text"].append("".join(symbols[i] for i in said))
    return found


def load(name: str, base: Path | None = None) -> LanguageModel:
    """The model of a checkpoint, in float32, ready to be asked.

    Raises CheckpointError (see `checkpoints.read`), and DataUnavailableError for a model with a count prior whose
    text is not here.
    """
    config, tensors = checkpoints.read(name, base)
    counted = corpus(config["data"])[config.get("fit", "train")] if config.get("prior") is not None else None
    model = make_model(config, config["vocab"], 0, counted)
    try:
        model.load_state_dict({key: torch.from_numpy(array) for key, array in tensors.items()})
    except RuntimeError as error:
        raise checkpoints.CheckpointError(f"{name} does not fit its own configuration: {error}") from None
    return model.eval()


def check(record: Record, base: Path, whole: bool = False) -> str:
    """What is wrong with a record's checkpoint: "" if it still scores what it did on its slice or, if `whole`, on
    everything that was measured. Raises CheckpointError and DataUnavailableError as `load` does."""
    config, known = record["config"], record["evaluation"]["slice"]
    parts, model = corpus(config["data"]), load(record["checkpoint"], base)
    asked = [(known["protocol"], f"the first {known['tokens']} tokens", dev_slice(config, parts), known["loss"])]
    if whole:
        asked += [
            (protocol, part, parts[part], record["metrics"][protocol][part])
            for protocol, wanted in config["measure"].items()
            for part in wanted
        ]
    for protocol, what, text, stored in asked:
        if abs((found := evaluate(model, text, protocol).loss) - stored) > 1e-5 * stored:
            return f"its checkpoint scores {found:.6f} on {what} ({protocol}), not {stored:.6f}"
    return ""


def dev_slice(config: Config, parts: dict[str, Text]) -> Text:
    """The short text by which a checkpoint is recognised."""
    measured = sorted({part for wanted in config["measure"].values() for part in wanted})
    return cut(parts["dev" if "dev" in measured else measured[0]], SLICE)
