"""Equal time: nanoGPT's recipe for CPUs against ours, one after the other in one process, on whole validation text.

First nanoGPT's 2,000 steps; then ours, with as many steps as fit into the same seconds, judged by sixty steps of each
taken in turns just before. `--share 0.1` does a tenth of it.
"""

from __future__ import annotations

import argparse
import time

import torch

from nnfs import recipes, train
from nnfs.data import shakespeare
from nnfs.evaluate import evaluate
from nnfs.experiments.p3 import NANOGPT, short


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--prior", action="store_true", help="ours on top of counts")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    learnt, dev, _ = shakespeare.split()
    prior = {"prior": 6} if asked.prior else {}
    steps = round(asked.share * NANOGPT["train"]["steps"])
    theirs, ours = (time_of_a_step(config) for config in (NANOGPT, {**short(60), **prior}))
    many = int(steps * theirs / ours)
    for name, config, n in (("nanoGPT's", NANOGPT, steps), ("ours", {**short(many), **prior}, many)):
        start = time.perf_counter()
        model = recipes.make_model(config, learnt.vocab, 0, learnt)
        settings = train.TrainConfig(**{**config["train"], "steps": n})
        train.train(model, recipes.make_batches(config, learnt, 0), settings)
        seconds = time.perf_counter() - start
        print(f"{name}: {n} steps in {seconds:.0f} s, {evaluate(model, dev, 'window-64').loss:.4f} nats", flush=True)


def time_of_a_step(config: recipes.Config) -> float:
    learnt = shakespeare.split()[0]
    return recipes.cost_of_a_step(config, learnt, 0)


if __name__ == "__main__":
    main()
