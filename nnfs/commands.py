"""The verbs of the command line that work with one model at a time: train, eval, sample, chat, calibrate, data.

Each is a typed function whose docstring is its help text; nothing is imported before it is needed.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional

from nnfs.errors import UserError

if TYPE_CHECKING:
    from nnfs.runs import Arm

# blocks, width and context of the sizes that budgets are stated in
PRESETS = {"XS": (2, 64, 64), "S": (2, 128, 64), "M": (4, 128, 64), "M2": (4, 160, 128), "L": (6, 192, 128)}


def data() -> int:
    """Fetch every data set that we may not ship, check it, and say where each came from."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from nnfs.data import fetch

    arrivals = fetch.fetch_all()
    table = Table("file", "from", "licence", "SHA-256", box=box.SIMPLE)
    for row in fetch.table(arrivals):
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return int(any(arrival.problem for arrival in arrivals))


def calibrate(presets: Positional[tuple[str, ...]] = (), seconds: float = 2.0) -> int:
    """Measure how fast this machine trains: tokens a second by size, with 1 and 2 threads, in fp32 and bf16.

    Says where two threads and where bfloat16 are faster here; nothing else decides about them.

    Args:
        presets: XS, S, M, M2, L; all of them if none is given.
        seconds: How long each is measured.
    """
    import torch
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if unknown := [name for name in presets if name not in PRESETS]:
        raise UserError(f"no preset {unknown[0]!r}; there are {', '.join(PRESETS)}")
    table = Table("preset", "threads", "fp32 tokens/s", "GFLOP/s", "bf16 tokens/s", "faster", box=box.SIMPLE)
    before = torch.get_num_threads()
    try:
        for name in presets or PRESETS:
            for threads in (1, 2):
                torch.set_num_threads(threads)
                full, flops = speed(*PRESETS[name], "float32", seconds)
                half, _ = speed(*PRESETS[name], "bfloat16", seconds)
                figures = [f"{full:,.0f}", f"{full * flops / 1e9:.0f}", f"{half:,.0f}"]
                table.add_row(name, str(threads), *figures, "bf16" if half > full else "fp32")
    finally:
        torch.set_num_threads(before)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 0


def speed(layers: int, width: int, context: int, precision: str, seconds: float) -> tuple[float, float]:
    """Tokens a second of training a transformer for about `seconds`, and the FLOPs that a token takes."""
    import torch

    from nnfs import recipes, train
    from nnfs.gpt import GPT, GPTConfig

    model = GPT(GPTConfig(vocab=96, context=context, layers=layers, heads=width // 32, width=width))
    ids = torch.randint(96, (1024 // context, context + 1), generator=torch.Generator().manual_seed(0))
    batch = ids[:, :-1], ids[:, 1:]
    run = train.Run(model, train.TrainConfig(steps=1_000_000, optimiser="muon", precision=precision), None)
    run.advance(*batch)  # the first step allocates
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        run.advance(*batch)
        steps += 1
    return steps * batch[0].numel() / (time.perf_counter() - start), recipes.flops_per_token(model, batch)


def train(
    experiment: Positional[str],
    arm: Positional[str],
    seed: int = 0,
    steps: int | None = None,
    device: str = "cpu",
) -> int:
    """Train one arm of an experiment by hand and print what it scores. Leaves no record.

    Started by torchrun, several processes train it together, each on its share of every batch:
    torchrun --nproc-per-node 2 -m nnfs train p3.shakespeare-best pure-0.5

    Args:
        experiment: Its name, p3.ladder.
        arm: Its name, ssa.mlp.
        seed: Of weights, batches and dropout.
        steps: Instead of the arm's own number.
        device: cpu, cuda, …
    """
    from dataclasses import replace

    from nnfs import recipes
    from nnfs import train as trainer
    from nnfs.evaluate import evaluate

    config = dict(arm_of(experiment, arm).config)
    if "train" not in config or config["data"] not in recipes.TEXTS:
        raise UserError(f"{experiment}/{arm} trains no language model: `nnfs run {experiment} --arms {arm}` runs it")
    if (steps is not None and steps < 1) or seed < 0:
        raise UserError("--steps is 1 or more, --seed is 0 or more")
    parts = recipes.corpus(config["data"])
    learnt = parts[config.get("fit", "train")]
    settings = trainer.TrainConfig(seed=seed, **config["train"])
    settings = replace(settings, device=device, steps=steps or settings.steps)
    model = recipes.make_model(config, learnt.vocab, seed, learnt)
    data = recipes.make_batches(config, learnt, seed)
    with trainer.together(device) as own_device:
        settings, first = replace(settings, device=own_device), trainer.rank() == 0
        with trainer.progress_bar(f"{experiment}/{arm}") if first else nullcontext() as show:
            done = trainer.train(model, data, settings, on_progress=show)
    if not first:
        return 0
    print(f"{done.tokens:,} tokens in {done.seconds:.0f} s, {recipes.n_parameters(model):,} parameters")
    for protocol, wanted in config["measure"].items():
        for part in wanted:
            print(f"{protocol:10}  {part:10}  {evaluate(model, parts[part], protocol).loss:.4f} nats")
    return 0


def arm_of(experiment: str, arm: str) -> Arm:
    """An arm of an experiment. Raises UserError if either does not exist."""
    from nnfs import runs

    chosen = runs.select(experiment, runs.registry())
    if len(chosen) != 1 or arm not in chosen[0].arms:
        known = ", ".join(chosen[0].arms) if len(chosen) == 1 else ", ".join(e.name for e in chosen)
        raise UserError(f"no arm {arm!r} of {experiment!r}; there are {known}")
    return chosen[0].arms[arm]


def eval(name: Positional[str], protocol: str = "full", part: str = "dev") -> int:
    """Measure a checkpoint on its text.

    Args:
        name: Of the checkpoint, p3.ladder.ssa.mlp.seed-0.
        protocol: full, window-32, window-64 or window-256.
        part: Of the text: train, dev, …
    """
    from nnfs import checkpoints, recipes
    from nnfs.evaluate import evaluate

    parts = recipes.corpus(of_text(name, checkpoints.read(name)[0])["data"])
    if part not in parts:
        raise UserError(f"no part {part!r} of this text; there are {', '.join(parts)}")
    try:
        score = evaluate(recipes.load(name), parts[part], protocol)
    except ValueError as error:
        raise UserError(str(error)) from None
    print(f"{score.loss:.4f} nats, {score.bits:.4f} bits a token ({protocol}, {score.tokens:,} tokens of {part})")
    return 0


def sample(
    name: Positional[str],
    prompt: str = "",
    n: int = 300,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    seed: int = 0,
) -> int:
    """Let a checkpoint speak.

    Args:
        name: Of the checkpoint.
        prompt: How it begins; names begin anyway, Shakespeare with a new line.
        n: How many tokens at most.
        temperature: Below 1 is more predictable, 0 takes the likeliest.
        top_k: Only the k likeliest tokens.
        top_p: Only the likeliest tokens that together have this probability.
        seed: The same seed says the same.
    """
    from nnfs import checkpoints, recipes
    from nnfs.sample import sample as draw

    if n < 1 or seed < 0:
        raise UserError("--n is 1 or more, --seed is 0 or more")
    config = of_text(name, checkpoints.read(name)[0])
    model = recipes.load(name)
    symbols, begin = recipes.alphabet(config["data"])
    start = begin + prompt
    if unknown := sorted(set(start) - set(symbols)):
        raise UserError(f"this model does not know {unknown[0]!r}")
    try:
        rows = draw(model, [symbols.index(c) for c in start], n, temperature, top_k, top_p, seed)
    except ValueError as error:
        raise UserError(str(error)) from None
    said = "".join(symbols[i] for i in rows[0])
    print("\n".join(word for word in said.split(".") if word) if begin == "." else said.removeprefix("\n"))
    return 0


def of_text(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint's configuration, if it is one of a text. Raises UserError for one that talks or adds."""
    if config.get("data") == "chat":
        raise UserError(f"{name} talks: ask it with `nnfs chat --name {name}`; `nnfs report p3.chat` has its scores")
    if config.get("data") == "sums":
        raise UserError(f"{name} adds and knows no text; `nnfs report {name.rsplit('.', 2)[0]}` has its scores")
    return config


def chat(
    question: Positional[tuple[str, ...]] = (),
    name: str = "p3.chat.depth-4.seed-0",
    temperature: float = 0.0,
    seed: int = 0,
    most: int = 100,
) -> int:
    """Talk with the small assistant of Part 3. It adds, spells, knows a few facts, tells stories and says if it does
    not know.

    Without a question it asks for one; an empty line or Ctrl-D ends. What is piped in is answered line by line.

    Args:
        question: What to ask, if one answer is all.
        name: Of the checkpoint.
        temperature: 0 takes the likeliest token; 1 is as sure as the net.
        seed: The same seed says the same.
        most: Tokens of a reply at most.
    """
    from nnfs import chat as assistant
    from nnfs import checkpoints

    if name not in checkpoints.manifest():
        raise UserError(f"no checkpoint {name!r}: make it with `nnfs run p3.chat --arms depth-4 --seeds 1` (an hour)")
    if temperature < 0 or most < 1 or seed < 0:
        raise UserError("--temperature is 0 or more, --seed too, --most is 1 or more")
    model, tokens = assistant.load(name)
    reply = assistant.talker(model, tokens, temperature, seed, most)
    if question:
        print(reply(" ".join(question)))
        return 0
    asking = sys.stdin.isatty()
    if asking:
        print(f"{name}: ask it for a sum, a spelling, a fact or a story. An empty line ends.")
    while True:
        try:
            line = input("> " if asking else "").strip()
        except EOFError:
            break
        if line:
            try:
                print(reply(line), flush=True)
            except UserError as error:
                print(f"({error})", file=sys.stderr)
        elif asking:
            break
    return 0
