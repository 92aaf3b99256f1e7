"""How a transformer knows where it is: five answers, each an object.

Attention sees a set; order has to be put in. A scheme says which place each token is said to have (`places`), what is
added to its embedding (`add`), and how queries and keys are turned (`turn`). Two count tokens, one does nothing at
all, and two look at the digits: they give the units of every number one place and the tens the next, whatever the
numbers' lengths, which is what lets addition reach numbers longer than those in training. Numbers are written units
first, so that a digit's place is known when it is read.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class NoPE(nn.Module):
    """Nothing: the causal mask alone tells first from later (Kazemnejad et al. 2023). The base of all schemes."""

    def places(self, ids: Tensor) -> Tensor:
        """The place of each token of ids (B, T): (T,), or (B, T) if it depends on the tokens."""
        return torch.arange(ids.shape[1], device=ids.device)

    def add(self, x: Tensor, places: Tensor) -> Tensor:
        """Embeddings x (B, T, width) with what this scheme adds to them."""
        return x

    def turn(self, x: Tensor, places: Tensor) -> Tensor:
        """Queries or keys x (B, heads, T, head), turned."""
        return x


class Learned(NoPE):
    """One learned vector a place (GPT-2). With `roam`, a row of T < length tokens begins anywhere in the table during
    training, so that no row of it stays untrained."""

    def __init__(self, length: int, width: int, roam: bool = False) -> None:
        super().__init__()
        self.table, self.roam = nn.Embedding(length, width), roam

    def places(self, ids: Tensor) -> Tensor:
        start = 0
        if self.roam and self.training:
            start = int(torch.randint(self.table.num_embeddings - ids.shape[1] + 1, ()))
        return super().places(ids) + start

    def add(self, x: Tensor, places: Tensor) -> Tensor:
        return x + self.table(places)  # (B, T, width)


class RoPE(NoPE):
    """Turn each pair of coordinates by an angle that grows with the place (Su et al. 2024, eq. 34): a product of query
    and key then depends on their distance only."""

    cos: Tensor
    sin: Tensor

    def __init__(self, length: int, head: int, base: float = 10_000.0) -> None:
        super().__init__()
        if head % 2:
            raise ValueError(f"RoPE turns pairs of coordinates, a head of {head} has one left over")
        speed = base ** -(torch.arange(0, head, 2, dtype=torch.float64) / head)  # (head / 2,)
        angle = torch.arange(length, dtype=torch.float64)[:, None] * speed  # (length, head / 2)
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    def turn(self, x: Tensor, places: Tensor) -> Tensor:
        cos, sin = self.cos[places].unsqueeze(-3), self.sin[places].unsqueeze(-3)  # ((B,) 1, T, head / 2)
        a, b = x.chunk(2, dim=-1)  # (B, heads, T, head / 2) each: coordinate i goes with i + head / 2
        return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1).type_as(x)  # (B, heads, T, head)


class Abacus(NoPE):
    """Add a vector for a digit's place in its number: 1 for the units, 2 for the tens, and 0 for what is no digit
    (McLeish et al. 2024). In training each row counts from a random 1 … 1 + shift, so that the vectors of longer
    numbers are trained too. Raises ValueError for a number with more digits than `longest`."""

    digits: Tensor

    def __init__(self, digits: tuple[int, ...], longest: int, shift: int, width: int) -> None:
        super().__init__()
        self.register_buffer("digits", torch.tensor(digits), persistent=False)
        self.longest, self.shift = longest, shift
        self.table = nn.Embedding(longest + shift + 1, width)

    def places(self, ids: Tensor) -> Tensor:
        place = self.in_number(ids)  # (B, T)
        return torch.where(place > 0, place + self.start(ids), 0)

    def start(self, ids: Tensor) -> Tensor:
        """(B, 1): how far each row is shifted; 0 in evaluation."""
        if not self.training:
            return torch.zeros(len(ids), 1, dtype=torch.int64, device=ids.device)
        return torch.randint(self.shift + 1, (len(ids), 1)).to(ids.device)

    def in_number(self, ids: Tensor) -> Tensor:
        """(B, T): 1 for the first digit of a number, 2 for the next …, 0 between numbers."""
        index = torch.arange(ids.shape[1], device=ids.device)  # (T,)
        digit = torch.isin(ids, self.digits)  # (B, T)
        place = index - torch.where(digit, -1, index).cummax(dim=1).values  # tokens since the last that was no digit
        if int(place.max()) > self.longest:
            raise ValueError(f"a number of {int(place.max())} digits, but the table ends at {self.longest}")
        return place

    def add(self, x: Tensor, places: Tensor) -> Tensor:
        return x + self.table(places)  # (B, T, width)


class Coupled(Abacus):
    """Position coupling (Cho et al. 2024), for numbers written units first: digits of one significance share a place
    in all numbers, and whatever stands between numbers shares the place before the units. All of it is shifted, not
    the digits alone."""

    def places(self, ids: Tensor) -> Tensor:
        return self.in_number(ids) + self.start(ids)  # (B, T)


class TurnedCoupled(Coupled):
    """Position coupling without a table: RoPE turns by the coupled places. Nothing is learnt, so that the smallest
    adders can afford it; a low base, since places are few."""

    def __init__(self, digits: tuple[int, ...], longest: int, shift: int, head: int) -> None:
        nn.Module.__init__(self)
        self.register_buffer("digits", torch.tensor(digits), persistent=False)
        self.longest, self.shift = longest, shift
        self.rope = RoPE(longest + shift + 1, head, base=10.0)

    def add(self, x: Tensor, places: Tensor) -> Tensor:
        return x

    def turn(self, x: Tensor, places: Tensor) -> Tensor:
        return self.rope.turn(x, places)


SCHEMES = ("nope", "learned", "roaming", "rope", "abacus", "coupled", "turned")


def build(
    name: str, length: int, width: int, head: int, digits: tuple[int, ...] = (), longest: int = 0, shift: int = 0
) -> NoPE:
    """The scheme called `name` for rows of at most `length` tokens, embeddings of `width` and heads of `head` numbers.

    digits: the ids of "0" … "9"; longest, shift: see `Abacus`. Raises ValueError for an unknown name, or if a scheme
    that looks at digits is not told which they are.
    """
    if name in ("abacus", "coupled", "turned") and not (digits and longest > 0):
        raise ValueError(f"{name!r} looks at digits: say which tokens they are and how many a number may have")
    match name:
        case "nope":
            return NoPE()
        case "learned" | "roaming":
            return Learned(length, width, roam=name == "roaming")
        case "rope":
            return RoPE(length, head)
        case "abacus":
            return Abacus(digits, longest, shift, width)
        case "coupled":
            return Coupled(digits, longest, shift, width)
        case "turned":
            return TurnedCoupled(digits, longest, shift, head)
    raise ValueError(f"no position scheme {name!r}: known are {', '.join(SCHEMES)}")
