"""What measuring costs during training: once on every validation character, against often on random batches.

Ours is measured once, at the end, on the whole validation text (window-64). The other way is makeMoE's: every hundredth
step, 400 random batches of the training text and 400 of the validation text. A training step and each kind of
measuring are timed in turns on one net (p3.shakespeare-short, arm ours), and the two bills made up from them.
"""

from __future__ import annotations

import statistics
import time

import torch

from nnfs import recipes, train
from nnfs.batches import Windows
from nnfs.data import shakespeare
from nnfs.evaluate import evaluate
from nnfs.experiments.p3 import SHAKESPEARE_SHORT
from nnfs.model import evaluating

ARM = SHAKESPEARE_SHORT.arms["ours"].config
STEPS = ARM["train"]["steps"]
EVERY, BATCHES = 100, 400  # makeMoE's


def main() -> None:
    torch.set_num_threads(1)
    learnt, dev, _ = shakespeare.split()
    config = ARM
    run = train.Run(recipes.make_model(config, learnt.vocab, 0), train.TrainConfig(**config["train"]), None)
    batches = recipes.make_batches(config, learnt, 0)
    random = Windows(dev, rows=32, length=64, seed=0)
    spent: dict[str, list[float]] = {"step": [], "batch": [], "whole": []}

    def timed(name: str, start: float) -> None:
        spent[name].append(time.perf_counter() - start)

    for turn in range(3):
        for step in range(turn * 10, turn * 10 + 10):
            start = time.perf_counter()
            run.advance(*batches(step))
            timed("step", start)
            start = time.perf_counter()
            with evaluating(run.model):
                run.model(*random(step))
            timed("batch", start)
        start = time.perf_counter()
        evaluate(run.model, dev, "window-64")
        timed("whole", start)
    step, batch, whole = (statistics.median(spent[name]) for name in ("step", "batch", "whole"))
    training = STEPS * step
    often = (STEPS // EVERY + 1) * 2 * BATCHES * batch
    print(f"a step {1e3 * step:.0f} ms, a batch measured {1e3 * batch:.0f} ms, the whole text {whole:.1f} s")
    print(f"of {STEPS} steps and their measuring: once at the end {whole / (training + whole):.1%}, ", end="")
    print(f"often on random batches {often / (training + often):.1%}")


if __name__ == "__main__":
    main()
