"""Counting and a net together: the net only has to say where the counts are wrong.

The logits are the log-probabilities of Kneser–Ney plus whatever the net adds; a net that starts at zero starts as good
as counting. One thing needs care. A table of counts nearly knows its own text by heart (0.95 nats on the Shakespeare
that it counted, 1.52 on what follows), and a net that is trained beside it would learn to trust it blindly. So in
training each occurrence is taken out of the counts before they are asked about it.

`CountPrior` multiplies the two opinions, `CountMixture` averages them: one unsure of what the other knows does no harm.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nnfs.model import LanguageModel, cross_entropy
from nnfs.ngram import KneserNey


class CountPrior(LanguageModel):
    """`net` on top of `counts`, which were fitted on the training text and on nothing else.

    In training, targets must be what followed in that text: that one occurrence is left out. The prior looks back no
    further than the row that it is given, like the net. Raises ValueError if the two have different vocabularies.
    """

    def __init__(self, net: LanguageModel, counts: KneserNey) -> None:
        super().__init__()
        if net.vocab != counts.vocab:
            raise ValueError(f"the net knows {net.vocab} tokens, the counts {counts.vocab}")
        self.net, self.counts = net, counts
        self.vocab, self.window = net.vocab, net.window

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        held_out = targets if self.training else None
        logits = self.net(idx)[0] + self.log_prior(idx, held_out)  # (B, T, vocab)
        return logits, cross_entropy(logits, targets)

    def log_prior(self, idx: Tensor, held_out: Tensor | None = None) -> Tensor:
        """(B, T, vocab): log p of the counts after each prefix of the rows idx (B, T); without the occurrence of
        held_out (B, T), where there is one. Places whose held_out is -1 are uniform: nothing is asked of them."""
        B, T = idx.shape
        reach = np.tile(np.arange(1, T + 1), B)  # (B * T,) a prefix ends where its row began
        places = np.arange(1, B * T + 1)
        p = np.full((B * T, self.vocab), 1 / self.vocab)
        chosen, true = np.arange(B * T), None
        if held_out is not None:
            flat = held_out.flatten().cpu().numpy()
            chosen = np.flatnonzero(flat >= 0)
            true = flat[chosen]
        p[chosen] = self.counts.probs(idx.flatten().cpu().numpy(), places[chosen], reach[chosen], true)
        return torch.from_numpy(np.log(p)).to(idx.device, torch.float32).unflatten(0, (B, T))

    def penalty(self) -> Tensor | float:
        return self.net.penalty()

    def role(self, name: str, parameter: Tensor) -> str:
        return self.net.role(name.removeprefix("net."), parameter)


class CountMixture(CountPrior):
    """g · p of the net + (1 - g) · p of the counts. How far the net is trusted, g, is learnt with it, a number for each
    token that may be the last one read; at first it is a half."""

    def __init__(self, net: LanguageModel, counts: KneserNey) -> None:
        super().__init__(net, counts)
        self.gate = nn.Embedding(net.vocab, 1)
        nn.init.zeros_(self.gate.weight)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        held_out = targets if self.training else None
        trust = self.gate(idx)  # (B, T, 1) log-odds
        says = functional.log_softmax(self.net(idx)[0].float(), dim=-1) + functional.logsigmoid(trust)
        counted = self.log_prior(idx, held_out) + functional.logsigmoid(-trust)
        logits = torch.logaddexp(says, counted)  # (B, T, vocab), already log-probabilities
        return logits, cross_entropy(logits, targets)

    def role(self, name: str, parameter: Tensor) -> str:
        return "table" if name == "gate.weight" else super().role(name, parameter)
