"""From text to token ids and back.

Characters are the simplest tokens. Byte pair encoding (Gage 1994; Sennrich et al. 2016) starts from the 256 bytes and
joins the commonest neighbours, again and again, so that frequent words become one token; whatever comes, it has the
bytes to write it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

Pair = tuple[int, int]
# A piece is a word with the space before it, one digit, or white space; no token reaches across pieces, and numbers
# stay digits. Every byte is in exactly one piece.
PIECES = re.compile(rb" ?[^\s\d]+|\d|\s")


class Characters:
    """One token a character: id i is `symbols[i]`. Raises ValueError for a symbol that occurs twice."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.symbols = tuple(symbols)
        self.ids = {symbol: i for i, symbol in enumerate(self.symbols)}
        if len(self.ids) != len(self.symbols):
            raise ValueError("a symbol of the alphabet occurs twice")

    @classmethod
    def of(cls, text: str) -> Characters:
        """The characters of a text, in the order of their code points."""
        return cls(sorted(set(text)))

    @property
    def vocab(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> list[int]:
        """Ids of a text. Raises ValueError for a character that the alphabet does not have."""
        try:
            return [self.ids[character] for character in text]
        except KeyError as error:
            raise ValueError(
                f"the character {error.args[0]!r} is not among the {self.vocab} of this alphabet"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids. Raises ValueError for an id that is none."""
        return "".join(self.symbols[checked(i, self.vocab)] for i in ids)


class BPE:
    """Byte pair encoding. `merges` are pairs of ids in the order in which they were learned; merge n makes id 256 + n.

    Raises ValueError for a merge of ids that do not exist yet.
    """

    def __init__(self, merges: Iterable[Pair] = ()) -> None:
        self.merges = tuple((int(a), int(b)) for a, b in merges)
        self.rank = {pair: n for n, pair in enumerate(self.merges)}
        self.bytes = [bytes([i]) for i in range(256)]
        for a, b in self.merges:
            self.bytes.append(self.bytes[checked(a, len(self.bytes))] + self.bytes[checked(b, len(self.bytes))])
        self._known: dict[bytes, list[int]] = {}  # pieces encoded before

    @property
    def vocab(self) -> int:
        return 256 + len(self.merges)

    @classmethod
    def train(cls, text: bytes | str, vocab: int) -> BPE:
        """Learn merges until there are `vocab` tokens, or nothing occurs twice any more; ties go to the lower pair.

        Raises ValueError below 256: the bytes are always there.
        """
        if vocab < 256:
            raise ValueError(f"a byte-level vocabulary has 256 tokens or more, got {vocab}")
        words = [(list(piece), times) for piece, times in Counter(PIECES.findall(as_bytes(text))).items()]
        count: Counter[Pair] = Counter()
        where: defaultdict[Pair, set[int]] = defaultdict(set)  # which words (may) contain a pair
        for w, (ids, times) in enumerate(words):
            for pair in pairwise(ids):
                count[pair] += times
                where[pair].add(w)
        merges: list[Pair] = []
        while len(merges) < vocab - 256 and count:
            best = min(count, key=lambda pair: (-count[pair], pair))
            if count[best] < 2:
                break
            for w in where.pop(best):
                ids, times = words[w]
                for pair in pairwise(ids):
                    count[pair] -= times
                ids[:] = join(ids, best, 256 + len(merges))
                for pair in pairwise(ids):
                    count[pair] += times
                    where[pair].add(w)
            merges.append(best)
            count = +count  # forget pairs that are gone
        return cls(merges)

    def encode(self, text: bytes | str) -> list[int]:
        """Ids of a text or of any bytes."""
        return [i for piece in PIECES.findall(as_bytes(text)) for i in self.piece(piece)]

    def piece(self, piece: bytes) -> list[int]:
        """Ids of one piece: the earliest merge first, until none applies."""
        if piece not in self._known:
            ids = list(piece)
            while len(ids) > 1:
                pair = min(pairwise(ids), key=lambda pair: self.rank.get(pair, len(self.merges)))
                if pair not in self.rank:
                    break
                ids = join(ids, pair, 256 + self.rank[pair])
            self._known[piece] = ids
        return self._known[piece]

    def decode(self, ids: Iterable[int]) -> bytes:
        """The bytes of some ids. Raises ValueError for an id that is none."""
        return b"".join(self.bytes[checked(i, self.vocab)] for i in ids)

    def text(self, ids: Iterable[int]) -> str:
        """The text of some ids, with U+FFFD where the bytes are no UTF-8."""
        return self.decode(ids).decode("utf-8", errors="replace")


def join(ids: list[int], pair: Pair, new: int) -> list[int]:
    """ids with every occurrence of `pair`, from the left, replaced by `new`."""
    out: list[int] = []
    i = 0
    while i < len(ids):
        found = tuple(ids[i : i + 2]) == pair
        out.append(new if found else ids[i])
        i += 2 if found else 1
    return out


def as_bytes(text: bytes | str) -> bytes:
    """Text as UTF-8; bytes as they are."""
    return text.encode("utf-8") if isinstance(text, str) else text


def checked(i: int, vocab: int) -> int:
    """i, if it is a token of a vocabulary; else ValueError."""
    if not 0 <= i < vocab:
        raise ValueError(f"{i} is no token: ids lie in 0 … {vocab - 1}")
    return i
