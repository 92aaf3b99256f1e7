"""How fast is our training loop? nanoGPT's CPU recipe by `nnfs.train` against a plain loop, on the same net.

The plain loop is written as such loops usually are: a memory-mapped file that is opened for every batch, slices stacked
one by one, AdamW one tensor after the other, the loss looked at after every step. Both take the same batches from the
same first weights, in turns of ten steps, and must arrive at the same loss.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from nnfs import recipes, train
from nnfs.batches import Windows
from nnfs.data import shakespeare
from nnfs.experiments.p3 import NANOGPT

TURN = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    turns = parser.parse_args().turns
    torch.set_num_threads(1)
    text = shakespeare.split()[0]
    ours, plain = (recipes.make_model(NANOGPT, text.vocab, 0) for _ in range(2))
    config = train.TrainConfig(**{**NANOGPT["train"], "steps": turns * TURN})
    batches = Windows(text, rows=12, length=64, seed=0)
    run = train.Run(ours, config, None)
    matrices = [p for p in plain.parameters() if p.ndim > 1]
    vectors = [p for p in plain.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), foreach=False)
    spent: dict[str, list[float]] = {"ours": [], "plain": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.bin"
        text.ids.astype(np.uint16).tofile(file)

        def plain_step(step: int) -> float:
            data = np.memmap(file, dtype=np.uint16, mode="r")
            starts = batches.starts(step).tolist()
            x = torch.stack([torch.from_numpy(data[i : i + 64].astype(np.int64)) for i in starts])
            y = torch.stack([torch.from_numpy(data[i + 1 : i + 65].astype(np.int64)) for i in starts])
            for group in adam.param_groups:
                group["lr"] = 1e-3 * config.rate(step)
            _, loss = plain(x, y)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
            adam.step()
            return loss.item()

        for turn in range(turns):
            steps = range(turn * TURN, (turn + 1) * TURN)
            start = time.perf_counter()
            for step in steps:
                run.advance(*batches(step))
            middle = time.perf_counter()
            for step in steps:
                last = plain_step(step)
            spent["ours"].append(middle - start)
            spent["plain"].append(time.perf_counter() - middle)
    found = float(run.losses[run.step - 1])
    assert abs(found - last) < 1e-3 * last, f"the two loops part: {found} and {last}"
    speed = {name: TURN * 12 * 64 / statistics.median(seconds) for name, seconds in spent.items()}
    ratio = statistics.median(b / a for a, b in zip(spent["ours"], spent["plain"], strict=True))
    print(f"ours {speed['ours']:,.0f} tokens/s, plain loop {speed['plain']:,.0f} tokens/s, ratio {ratio:.2f}")
    print(f"both at loss {found:.4f} after {run.step} steps")


if __name__ == "__main__":
    main()
