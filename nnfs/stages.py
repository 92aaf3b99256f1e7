"""From gibberish to verse: what the Shakespeare figure of Part 3 is made of, and how its net is made to speak.

One small transformer was trained on Shakespeare and stopped eleven times on the way (`p3.stages`); each time it said
400 characters with the same draws. Here is what can be counted in these texts, the two recordings for the page (texts,
and the trained net in bytes), and the voice that page and Python share: same net, prompt and seed say the same in both.

Words are judged by the training text, which is not in the repository. `python -m nnfs.stages` reads it and writes which
words of the record stand in it to `runs/p3.stages/words.json`; a test does the same again. A build needs no text.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs import files, plot, records
from nnfs.data.text import Ints
from nnfs.quantise import Weights
from nnfs.rng import Mulberry32
from nnfs.sample import Reader, truncate
from nnfs.trace import MAX_MODEL, Recorder, part

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nnfs.model import LanguageModel

NET = "p3.stages.browser.seed-0@2500"
WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
NO_WORD, REAL, INVENTED = 0, 1, 2  # what a character belongs to
SHOWN = (0, 40, 200, 2500)  # steps on the poster
CONTEXTS, LENGTH = 2000, 128  # on which the net in bytes is compared with the trained one


# --- Words -----------------------------------------------------------------------------------------------------------


def words(text: str) -> list[tuple[int, int]]:
    """(first, end) of each word of a text; not of one that the end of the text may have cut."""
    return [found.span() for found in WORD.finditer(text) if found.end() < len(text)]


def known(texts: Sequence[str], learnt: str) -> list[str]:
    """For each text a 1 for every word that `learnt` has too, in whatever capitals, and a 0 for every other."""
    vocabulary = {word.lower() for word in WORD.findall(learnt)}
    return ["".join(str(int(text[a:b].lower() in vocabulary)) for a, b in words(text)) for text in texts]


def same(texts: Sequence[str]) -> list[int]:
    """How many characters each text has in common with the one before it, place by place; none for the first."""
    return [0, *(sum(a == b for a, b in zip(one, two, strict=True)) for one, two in pairwise(texts))]


@dataclass(frozen=True)
class Stages:
    """What one net said on its way."""

    step: list[int]  # updates until then
    loss: list[float]  # nats a character on text that it had not seen (window-64)
    text: list[str]  # 400 characters each
    real: list[str]  # see `known`
    symbols: str  # all that the net can say
    data: str  # digest of the training text

    @cached_property
    def belongs(self) -> Ints:
        """(stages, characters): NO_WORD, REAL or INVENTED."""
        found = np.full((len(self.text), len(self.text[0])), NO_WORD, dtype=np.int64)
        for row, text, marks in zip(found, self.text, self.real, strict=True):
            for (a, b), mark in zip(words(text), marks, strict=True):
                row[a:b] = REAL if mark == "1" else INVENTED
        return found

    @property
    def table(self) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of all stages, for the poster."""
        columns = ["steps", "nats a character", "words", "in the training text", "characters as before", "it said"]
        counts = [(len(marks), marks.count("1")) for marks in self.real]
        rows = [
            (f"{step:,}", f"{loss:.2f}", of, f"{n} ({n / of:.0%})", kept if step else "", " / ".join(text.split("\n")))
            for step, loss, (of, n), kept, text in zip(
                self.step, self.loss, counts, same(self.text), self.text, strict=True
            )
        ]
        return columns, rows


def file(base: Path | None = None) -> Path:
    """Where it is written which words are real."""
    return (base or records.root()) / "runs" / "p3.stages" / "words.json"


def load(base: Path | None = None) -> Stages:
    """The stages of the one run. Raises RecordError if the words were not looked up in these texts."""
    record = records.load("p3.stages", "browser", 0, base=base)
    told = record["detail"]["stages"]
    kept = json.loads(file(base).read_text(encoding="utf-8"))
    if kept["texts"] != digest(told["text"]) or kept["train"] != record["data"]["shakespeare/train"]:
        raise records.RecordError("runs/p3.stages/words.json is about other texts: run `python -m nnfs.stages`")
    return Stages(told["step"], told["dev"], told["text"], kept["real"], kept["symbols"], kept["train"])


def digest(texts: Sequence[str]) -> str:
    """SHA-256 of texts in a row."""
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()


def looked_up(texts: Sequence[str]) -> dict[str, Any]:
    """The content of words.json for these texts. Raises DataError if the training text is not on this machine."""
    from nnfs.data import shakespeare

    train, _, symbols = shakespeare.split()
    learnt = "".join(np.array(list(symbols))[train.ids])
    return {"real": known(texts, learnt), "symbols": symbols, "texts": digest(texts), "train": train.digest}


# --- The page --------------------------------------------------------------------------------------------------------


def picture(stages: Stages, shown: Sequence[int] = SHOWN, lines: int = 5, width: int = 31) -> Figure:
    """The beginning of what the net said at some of its steps, beside step and loss. Lines are short, because a phone
    shows them larger."""
    fig, axes = plot.figure(height=1.5 * len(shown), nrows=len(shown))
    for ax, step in zip(axes, shown, strict=True):
        i = stages.step.index(step)
        real = stages.real[i]
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.axis("off")
        ax.axhline(1.06, color=plot.RULE, linewidth=1, clip_on=False)
        plot.text(ax, 0, 0.94, f"{step:,} steps", va="top")
        plot.text(ax, 0, 0.62, f"{stages.loss[i]:.2f} nats", va="top")
        ax.text(0, 0.26, f"{real.count('1')} of {len(real)} words real", color=plot.MUTED, va="top")
        wrapped = [part for line in stages.text[i].strip().split("\n") for part in textwrap.wrap(line, width) or [""]]
        for n, line in enumerate(wrapped[:lines]):
            ax.text(0.32, 0.94 - n / lines, line.replace("$", r"\$"), color=plot.INK, va="top", fontsize=11)
        for written in ax.texts:
            written.set_in_layout(False)  # or a long line would make its panel narrower
    return fig


def spoken(stages: Stages, shown: Sequence[int] = SHOWN) -> str:
    """The alternative text of `picture`."""
    parts = []
    for step in shown:
        i = stages.step.index(step)
        first = " / ".join(stages.text[i].strip().split("\n")[:2])
        parts.append(f"after {step:,} steps, at {stages.loss[i]:.2f} nats a character: “{first} …”")
    return f"The beginnings of {len(shown)} texts by one net on its way. " + "; ".join(parts) + "."


def net() -> Recorder:
    """The trained net as the page gets it on a click."""
    return Weights.of(NET).recorder(
        "nn-shakespeare",
        "p3-browser",
        load().symbols,
        title="A transformer of a third of a million weights",
        summary="The net after 2,500 steps, each weight in one byte and a step for each row.",
        alt="Matrices of whole numbers from −127 to 127, and for each of their rows the number that they are times of.",
        seed=0,
    )


def recording(stages: Stages, model: Recorder) -> Recorder:
    """The texts as the page replays them; `model` is what `net` made, whose size the page says before it is fetched."""
    places = len(stages.text[0])
    made = Recorder(
        "nn-shakespeare",
        "p3-stages",
        title="A net learning to write like Shakespeare",
        summary="One net, stopped eleven times in 2,500 steps; each time it wrote 400 characters with the same draws.",
        alt="Eleven texts of 400 characters, the loss of each net, and which words stand in the training text.",
        seed=0,
        config={"model_bytes": len(model.data), "context": model.header["config"]["context"], "temperature": 1.0},
        limits="One run. A word that stands in the training text is not therefore the right word.",
    )
    made.axis("step", len(stages.step), values=stages.step).axis("place", places)
    made.axis("symbol", len(stages.symbols), labels=list(stages.symbols))
    ids = [[stages.symbols.index(c) for c in text] for text in stages.text]
    made.array("text", ids, ["step", "place"], "u8").array("belongs", stages.belongs, ["step", "place"], "u8")
    made.array("loss", stages.loss, ["step"], "f32")
    made.array("real", [marks.count("1") for marks in stages.real], ["step"], "u8")
    made.array("words", [len(marks) for marks in stages.real], ["step"], "u8")
    made.claim("learned", "The net ends below 1.6 nats a character.", part("loss", -1), "<", 1.6)
    return made


def show(name: str) -> Stages:
    """All that the figure needs, from a cell: the poster `name`, the trace p3-stages, the model p3-browser."""
    stages, model = load(), net()
    plot.poster(picture(stages), name, alt=spoken(stages), table=stages.table)
    recording(stages, model).show()
    model.show(MAX_MODEL)
    return stages


# --- Speaking and comparing ------------------------------------------------------------------------------------------


def say(
    model: LanguageModel,
    prompt: Sequence[int],
    n: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int = 0,
) -> list[int]:
    """The n tokens that `model` says after `prompt`, drawn from the generator that the page has as well.

    `sample.sample` with other draws; errors as there.
    """
    rng, reader, row = Mulberry32(seed), Reader(model), list(prompt)
    for _ in range(n):
        p = truncate(reader.logits(np.array([row])), temperature, top_k)[0]  # (V,)
        row.append(int((p.cumsum() <= rng.random() * p.sum()).sum()))
    return row[len(prompt) :]


def rounded() -> LanguageModel:
    """The net of the page in torch: the weights in bytes, put back together."""
    import torch

    from nnfs import recipes

    model = recipes.load(NET)
    model.load_state_dict({key: torch.from_numpy(matrix) for key, matrix in Weights.of(NET).rounded.items()})
    return model.eval()


def contexts(n: int = CONTEXTS, length: int = LENGTH) -> tuple[Ints, Ints]:
    """(n, length) characters of validation text and (n,) what follows each, evenly spaced over all of it. Raises
    DataError if the text is not on this machine."""
    from nnfs.data import shakespeare

    ids = shakespeare.split()[1].ids
    ends = np.linspace(length, len(ids) - 1, n).astype(np.int64)
    return np.stack([ids[end - length : end] for end in ends]), ids[ends]


def main() -> None:
    """Write words.json."""
    told = records.load("p3.stages", "browser", 0)["detail"]["stages"]
    files.write_text(file(), json.dumps(looked_up(told["text"]), indent=1, sort_keys=True) + "\n")
    print(file().relative_to(records.root()))


if __name__ == "__main__":
    main()
