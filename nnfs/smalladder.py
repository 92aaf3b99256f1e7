"""The smallest transformers that add: what can be taken away from `gpt.py` before it forgets how.

How few trained numbers add two ten-digit numbers is a public sport. The head is the embedding read backwards, places
cost nothing (`positions.TurnedCoupled`), and the rest is one block as narrow as one likes.
"""

from __future__ import annotations

from nnfs.gpt import GPT, GPTConfig


class TiedGPT(GPT):
    """A `GPT` whose head is its token embedding."""

    def __init__(self, config: GPTConfig, seed: int = 0) -> None:
        super().__init__(config, seed)
        self.head.weight = self.tokens.weight  # counted and trained once, as a table
