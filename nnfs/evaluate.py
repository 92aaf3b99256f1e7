"""One yardstick: how many nats a model needs for each token of a text it has not seen.

The protocol moves this number more than most changes to a model do (the same counts score Shakespeare at 1.52 with
all the text to look back on and at 1.57 in windows of 32), so that every result names the one it was taken by:

    full        every predicted token of the text once, fp32: the canonical number. Counts may use the whole document;
                a net reads windows of its T at stride T / 4, and each token counts in the window that gives it the
                longest context.
    window-32   inputs x[i : i + 32], targets x[i + 1 : i + 33] for i = 0, 32, 64 …, the incomplete tail dropped: what
    window-64   others report, for comparison. A model sees nothing from before the window, counts included.
    window-256
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs.data.text import Array, Ints, Text
from nnfs.ngram import NGram

if TYPE_CHECKING:  # counts are measured without torch
    from nnfs.model import LanguageModel

PROTOCOLS = {"full": None, "window-32": 32, "window-64": 64, "window-256": 256}
TOKENS_AT_ONCE = 16_384  # of a net's inputs; more are no faster


@dataclass(frozen=True)
class Score:
    """A loss with the name of its protocol."""

    protocol: str
    loss: float  # mean nats per token
    tokens: int  # how many were predicted

    @property
    def bits(self) -> float:
        """Mean bits per token."""
        return self.loss / float(np.log(2))


def evaluate(model: NGram | LanguageModel, text: Text, protocol: str = "full") -> Score:
    """The mean loss of a model, counts or net, on `text`. Errors as in `losses`."""
    nats = losses(model, text, protocol)[1]
    return Score(protocol, float(nats.mean()), len(nats))


def losses(model: NGram | LanguageModel, text: Text, protocol: str = "full") -> tuple[Ints, Array]:
    """Places (N,) in `text.whole` of the predicted tokens and the nats (N,) that each cost.

    Raises ValueError for an unknown protocol, a window protocol on a list of documents or on a text shorter than a
    window, and a net whose window is smaller than the protocol's.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol {protocol!r}: known are {', '.join(PROTOCOLS)}")
    window = PROTOCOLS[protocol]
    if model.vocab != text.vocab:
        raise ValueError(f"a model of {model.vocab} symbols cannot read a text of {text.vocab}")
    if len(text.predicted) == 0:
        raise ValueError("there is nothing to predict in this text")
    if window is not None and len(text.starts) > 1:
        raise ValueError(f"{protocol} is for running text; a list of documents is measured by 'full'")
    if window is not None and len(text.ids) <= window:
        raise ValueError(f"{protocol} needs more than {window} tokens, got {len(text.ids)}")
    if isinstance(model, NGram):
        places = text.predicted
        reach = text.reach[places]
        if window is not None:
            at = np.arange((len(text.ids) - 1) // window * window)
            places, reach = at + 1 + len(text.before), at % window + 1
        return places, -model.log_probs(text.whole, places, reach)
    if window is not None and model.window < window:
        raise ValueError(f"this net reads {model.window} tokens at a time: {protocol} asks for more")
    start, length, scored = windows(text, window, model.window)
    nats = np.full(len(text.whole), np.nan)
    for chosen in batches(length):
        read(model, text.whole, start[chosen], length[chosen], scored[chosen], nats)
    nats[: len(text.before)] = np.nan  # read, not scored
    places = np.flatnonzero(~np.isnan(nats))
    return places, nats[places]


def windows(text: Text, window: int | None, longest: int) -> tuple[Ints, Ints, Ints]:
    """Where each window starts in `text.whole`, its number of inputs, and the first of them whose target is scored.

    window None is protocol `full` for a net that reads `longest` tokens.
    """
    if window is not None:
        n = (len(text.ids) - 1) // window
        return np.arange(n) * window + len(text.before), np.full(n, window), np.zeros(n, dtype=np.int64)
    stride = max(1, longest // 4)
    begins = np.concatenate([[0], text.starts[1:] + len(text.before)])
    rows = []
    for begin, inputs in zip(begins.tolist(), (text.lengths - 1).tolist(), strict=True):
        if inputs > 0:
            rows.append((begin, min(longest, inputs), 0))
        for more in range(stride, inputs - longest + stride, stride):
            rows.append((begin + more, min(longest, inputs - more), longest - stride))
    start, length, scored = np.array(rows, dtype=np.int64).T
    return start, length, scored


def batches(length: Ints) -> list[Ints]:
    """Indices of windows that are read together: about TOKENS_AT_ONCE inputs, of similar length."""
    order = np.argsort(length, kind="stable")
    sizes = np.cumsum(length[order]) // TOKENS_AT_ONCE
    return np.split(order, np.flatnonzero(np.diff(sizes)) + 1)


def read(model: Any, whole: Ints, start: Ints, length: Ints, scored: Ints, nats: Array) -> None:
    """Run a net over some windows and write what their scored targets cost into `nats`."""
    import torch
    from torch.nn import functional

    from nnfs.model import device_of, evaluating

    offset = np.arange(length.max())
    at = np.minimum(start[:, None] + offset, len(whole) - 2)  # (B, T) places of the inputs, padded at the end
    counts = (offset >= scored[:, None]) & (offset < length[:, None])
    with evaluating(model):
        logits, _ = model(torch.from_numpy(whole[at]).to(device_of(model)))
    targets = torch.from_numpy(whole[at + 1][counts]).to(logits.device)
    cost = functional.cross_entropy(
        logits.float()[torch.from_numpy(counts).to(logits.device)], targets, reduction="none"
    )
    nats[(at + 1)[counts]] = cost.double().cpu().numpy()
