"""Arithmetic as text: the same sum written in several ways, for a net that reads characters.

How a sum is written decides how much a net has to know at once (Lee et al. 2024). Written as we do, the first digit of
the answer depends on all digits of both numbers; written units first, each depends on two digits and a carry; written
with its working, each line depends on the line before it.

    plain       128+367=495
    padded      128+367=0495                  every number has its full width
    dollar      $128+367=495$                 where a problem begins and ends is said
    reversed    128+367=594                   the answer units first
    mirrored    821+763=594                   all three numbers units first
    mirrored-padded    0821+0763=05940        the same in full width, each with a 0 in front of the units, so that the
                                              units too come after a column (the 0 of the answer is given)
    simplified  128+367=A5C1,A9C0,A4C0=495    for each column the digit and the carry
    detailed    128+367=128+367AC0:8+7+0=15|12+36A5C1:2+6+1=09|1+3A95C0:1+3+0=04|+A495C0=495
                                              what is left of the numbers, what is done of the answer, the carry, and
                                              the sum of the last column

Products ("product") and square roots ("root", to two places, without the point) are written with a reversed answer.
Everything is a function of (seed, index); nothing is stored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs.data.addition import Ints

SYMBOLS = "\n0123456789+=$AC,:|*√"  # "\n" ends a problem and fills up its row
DIGITS = tuple(SYMBOLS.index(d) for d in "0123456789")
Written = tuple[str, str]  # what is given, up to "=" (or the sign that asks), and what has to follow


def carries(a: Any, b: Any, digits: int) -> Any:
    """How many of the `digits` columns of a + b carry; a and b are integers or arrays of them."""
    return sum((a % 10**k + b % 10**k >= 10**k) * 1 for k in range(1, digits + 1))


def columns(a: int, b: int) -> list[tuple[int, int, int]]:
    """(digit of a, digit of b, carry into the column) of every column, units first."""
    width = max(len(str(a)), len(str(b)))
    return [(a // 10**k % 10, b // 10**k % 10, int(a % 10**k + b % 10**k >= 10**k)) for k in range(width)]


def simplified(a: int, b: int) -> Written:
    working = ",".join(f"A{(x + y + c) % 10}C{(x + y + c) // 10}" for x, y, c in columns(a, b))
    return f"{a}+{b}=", f"{working}={a + b}"


def detailed(a: int, b: int) -> Written:
    lines, done, carry = [], "", 0
    for k, (x, y, carry) in enumerate(columns(a, b)):
        left = "+".join(str(n)[: max(0, len(str(n)) - k)] for n in (a, b))
        lines.append(f"{left}A{done}C{carry}:{x}+{y}+{carry}={x + y + carry:02}")
        done = f"{(x + y + carry) % 10}{done}"
    carry = (x + y + carry) // 10
    return f"{a}+{b}=", f"{'|'.join(lines)}|+A{done}C{carry}={a + b}"


def write(form: str, a: int, b: int = 0, width: int = 0) -> Written:
    """A problem and its solution (without its end). width: digits of each number, where `form` pads them.

    Raises ValueError for an unknown form."""
    total = str(a + b)
    match form:
        case "plain":
            return f"{a}+{b}=", total
        case "padded":
            return f"{a:0{width}}+{b:0{width}}=", f"{a + b:0{width + 1}}"
        case "dollar":
            return f"${a}+{b}=", f"{total}$"
        case "reversed":
            return f"{a}+{b}=", total[::-1]
        case "mirrored":
            return f"{str(a)[::-1]}+{str(b)[::-1]}=", total[::-1]
        case "mirrored-padded":
            return f"0{f'{a:0{width}}'[::-1]}+0{f'{b:0{width}}'[::-1]}=0", f"{a + b:0{width + 1}}"[::-1]
        case "simplified":
            return simplified(a, b)
        case "detailed":
            return detailed(a, b)
        case "product":
            return f"{a}*{b}=", str(a * b)[::-1]
        case "root":
            return f"√{a}=", str(math.isqrt(10_000 * a))[::-1]
    raise ValueError(f"no form {form!r}: known are plain, padded, dollar, reversed, mirrored, simplified, detailed …")


@dataclass(frozen=True)
class Rows:
    """Problems as a net reads them, one a row."""

    idx: Ints  # (n, T) ids; after the end 0
    targets: Ints  # (n, T) the next id where it is part of what has to follow, else -1
    place: Ints  # (n, T) 0 where the target is the units digit of the final answer, 1 the tens …; else -1

    def __len__(self) -> int:
        return len(self.idx)


def rows(problems: Sequence[Written], units_first: bool) -> Rows:
    """Problems with their end, filled up to the length of the longest."""
    texts = [f"{given}{answer}\n" for given, answer in problems]
    T = max(map(len, texts)) - 1
    ids = np.zeros((len(texts), T + 1), dtype=np.int64)
    targets, place = np.full((len(texts), T), -1, dtype=np.int64), np.full((len(texts), T), -1, dtype=np.int64)
    for i, (text, (given, _)) in enumerate(zip(texts, problems, strict=True)):
        ids[i, : len(text)] = [NUMBER[c] for c in text]
        targets[i, len(given) - 1 : len(text) - 1] = ids[i, len(given) : len(text)]
        last = [at for at in range(len(given), len(text)) if text[at].isdigit() and at > text.rfind("=")]
        places = range(len(last)) if units_first else range(len(last))[::-1]
        place[i, np.array(last) - 1] = places
    return Rows(ids[:, :-1], targets, place)


NUMBER = {symbol: i for i, symbol in enumerate(SYMBOLS)}


# Which problems


def balanced(n: int, digits: int, seed: int) -> list[tuple[int, int]]:
    """n different sums of numbers of up to `digits` digits, as Lee et al. (2024) mix them: nine tenths with an operand
    of all digits, nine tenths of the rest with one digit less, and so on; of each length, every number of carries
    equally often as far as there are such sums. Raises ValueError if there are not so many sums."""
    rng = np.random.default_rng([seed, digits, 1])
    found: list[tuple[int, int]] = []
    for length in range(1, digits + 1):
        share = n * 0.1 ** (digits - length) * (0.9 if length > 1 else 1.0)
        wanted = min(round(share), 50 * 100 ** (length - 1)) if length < digits else n - len(found)
        pairs = np.unique(rng.integers(10**length, size=(20 * wanted + 200, 2)), axis=0)
        pairs = rng.permutation(pairs[pairs.max(axis=1) >= (10 ** (length - 1) if length > 1 else 0)])
        kind, turn = carries(pairs[:, 0], pairs[:, 1], length), np.zeros(len(pairs))
        for k in range(length + 1):
            turn[kind == k] = np.arange((kind == k).sum())
        found += map(tuple, pairs[np.argsort(turn, kind="stable")[:wanted]].tolist())
    if len(found) < n:
        raise ValueError(f"there are no {n} sums of up to {digits} digits in this mix")
    return found


def uniform(n: int, digits: int, seed: int, without: set[tuple[int, int]] = frozenset()) -> list[tuple[int, int]]:  # type: ignore[assignment]
    """n different sums of two numbers below 10**digits, none in `without`. ValueError if so many are not left."""
    if n > 100**digits - len(without):
        raise ValueError(f"there are no {n} other sums of numbers below {10**digits}")
    rng = np.random.default_rng([seed, digits, 2])
    found: dict[tuple[int, int], None] = {}
    while len(found) < n:
        pair = (int(rng.integers(10**digits)), int(rng.integers(10**digits)))
        if pair not in without:
            found[pair] = None
    return list(found)


def of_length(n: int, a_digits: int, b_digits: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """n sums of a number of `a_digits` digits and one of `b_digits`."""
    return [(number(a_digits, rng), number(b_digits, rng)) for _ in range(n)]


def number(digits: int, rng: np.random.Generator) -> int:
    """A number of exactly `digits` digits (a single one may be 0); drawn digit by digit, since 24 exceed int64."""
    first = int(rng.integers(1 if digits > 1 else 0, 10))
    return int(str(first) + "".join(map(str, rng.integers(10, size=digits - 1).tolist())))


def ten_digits() -> list[tuple[int, int]]:
    """The 10,010 sums of two numbers of up to ten digits that a small adder is asked: ten that break carries, then
    10,000 from random.Random(2025), as the public table of small adders draws them."""
    import random

    draw, top = random.Random(2025), 10**10 - 1
    edge = [(0, 0), (0, 1), (1, 0), (0, top), (top, 0), (top, 1), (1, top), (top, top), (top // 2, top // 2 + 1)]
    edge.append((1234567890, 8765432109))
    return edge + [(draw.randint(0, top), draw.randint(0, top)) for _ in range(10_000)]


def long_carries(n: int, digits: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Digits (n, digits), units first, of both operands of n sums. In every other sum some columns are made to pass a
    carry on (their digits make 9), a share that differs from sum to sum: so carries run far, as they hardly ever do
    among random numbers. In half of those the operands end early (zeros stand in front)."""
    a, b = rng.integers(10, size=(2, n, digits))
    special, early = np.arange(n)[:, None] % 2 == 0, np.arange(n)[:, None] % 4 == 0
    b = np.where(special & (rng.random((n, digits)) < rng.random((n, 1))), 9 - a, b)
    length = np.where(early, rng.integers(1, digits + 1, size=(2, n, 1)), digits)  # (2, n, 1)
    return a * (np.arange(digits) < length[0]), b * (np.arange(digits) < length[1])


def digits_units_first(numbers: Sequence[int], digits: int) -> Ints:
    """(n, digits) digits of n numbers below 10**digits, 18 at most."""
    return np.array(numbers, dtype=np.int64)[:, None] // 10 ** np.arange(digits, dtype=np.int64) % 10


def padded_rows(a: Ints, b: Ints) -> Rows:
    """The rows of "mirrored-padded" sums, made of their digits (n, width) at once: for nets so small that writing
    problems as text would take longer than learning from them."""
    n, width = a.shape
    total, carry = np.zeros((n, width + 1), dtype=np.int64), np.zeros(n, dtype=np.int64)
    for k in range(width):
        total[:, k] = (a[:, k] + b[:, k] + carry) % 10
        carry = (a[:, k] + b[:, k] + carry) // 10
    total[:, width] = carry
    zero, plus, equals, end = (np.full((n, 1), NUMBER[symbol]) for symbol in "0+=\n")
    ids = np.hstack([zero, DIGITS[0] + a, plus, zero, DIGITS[0] + b, equals, zero, DIGITS[0] + total, end])
    given = 2 * width + 4  # inputs before the first that has to be answered
    targets = np.where(np.arange(ids.shape[1] - 1) < given, -1, ids[:, 1:])
    place = np.where(targets < 0, -1, np.arange(ids.shape[1] - 1) - given)
    place[:, -1] = -1
    return Rows(ids[:, :-1], targets, place)
