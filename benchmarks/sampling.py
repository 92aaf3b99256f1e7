"""What a cache is worth: sampling 200 characters with keys and values remembered, against reading everything again.

The same net (4 blocks of 128, untrained: speed does not depend on weights), the same seed; both must say the same.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch

from nnfs.gpt import GPT, GPTConfig
from nnfs.sample import sample

N = 200


def main() -> None:
    torch.set_num_threads(1)
    model = GPT(GPTConfig(vocab=65, context=256))
    model.head.weight.data.normal_(generator=torch.Generator().manual_seed(0))
    spent: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(5):
        said = {}
        for cache in (True, False):
            start = time.perf_counter()
            said[cache] = sample(model, [0], N, seed=turn, cache=cache)
            spent[cache].append(time.perf_counter() - start)
        assert np.array_equal(said[True], said[False])
    with_cache, without = (N / statistics.median(spent[cache]) for cache in (True, False))
    ratio = statistics.median(b / a for a, b in zip(spent[True], spent[False], strict=True))
    print(f"{with_cache:,.0f} tokens/s with the cache, {without:,.0f} without: {ratio:.1f} times faster")


if __name__ == "__main__":
    main()
