"""How long counting takes: Kneser–Ney by sorting in NumPy, against dictionaries in plain Python.

The other side only counts (every gram of up to seven characters into a Counter); it has no discounts yet and predicts
nothing. The script stops if the two do not count the same number of grams.
"""

from __future__ import annotations

import time
from collections import Counter

from nnfs.data import names, shakespeare
from nnfs.data.text import Text
from nnfs.evaluate import evaluate
from nnfs.ngram import KneserNey


def main() -> None:
    learnt, dev, _ = shakespeare.split()
    own = names.ssa()
    for title, text, asked, context in (
        ("names", names.text(own.train), names.text(own.dev), 5),
        ("Shakespeare", learnt, dev, 6),
    ):
        start = time.perf_counter()
        counts = KneserNey(text, context)
        fitted = time.perf_counter()
        score = evaluate(counts, asked)
        measured = time.perf_counter()
        plain = count(text, context)
        end = time.perf_counter()
        assert len(counts.levels[-1].grams) == len(plain), (len(counts.levels[-1].grams), len(plain))
        ours = fitted - start
        print(
            f"{title}: fitted in {ours:.2f} s, {(end - measured) / ours:.1f} times faster than dictionaries count "
            f"({end - measured:.1f} s); {score.tokens:,} predictions in {measured - fitted:.2f} s ({score.loss:.4f})"
        )


def count(text: Text, context: int) -> Counter[tuple[int, ...]]:
    """The longest grams (context + 1 tokens, or as many as there are since the document began) and how often."""
    found: Counter[tuple[int, ...]] = Counter()
    whole, reach = text.whole.tolist(), text.reach.tolist()
    for order in range(1, context + 2):
        level: Counter[tuple[int, ...]] = Counter()
        for at in text.predicted.tolist():
            if reach[at] >= order - 1:
                level[tuple(whole[at - order + 1 : at + 1])] += 1
        found = level
    return found


if __name__ == "__main__":
    main()
