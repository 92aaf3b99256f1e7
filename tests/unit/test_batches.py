"""Batches: a function of the step, and nothing but what the text holds."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.batches import Documents, Examples, Windows
from nnfs.data import names
from nnfs.data.text import Text

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

RUNNING = Text(np.arange(101), 101)
NAMES = names.text(["emma", "al", "olivia"])
SOURCES = [
    Windows(RUNNING, 4, 7, seed=1),
    Windows(RUNNING, 4, 7, seed=1, epochs=True),
    Documents(NAMES, 5, seed=1),
    Examples(NAMES, 6, 3, seed=1),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: type(s).__name__)
def test_a_batch_depends_on_the_step_and_on_nothing_before_it(source):
    first = [source(step) for step in (0, 1, 40, 1)]
    assert all(torch.equal(a, b) for a, b in zip(first[1], first[3], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(source(0), source(1), strict=True))
    other = type(source)(**{**{f: getattr(source, f) for f in source.__dataclass_fields__}, "seed": 2})
    assert any(not torch.equal(source(step)[0], other(step)[0]) for step in range(3))


@given(st.integers(0, 10**6), st.booleans())
def test_a_window_is_a_piece_of_the_text_and_its_targets_are_the_next_tokens(step, epochs):
    idx, targets = Windows(RUNNING, 4, 7, seed=0, epochs=epochs)(step)
    assert idx.shape == targets.shape == (4, 7)
    assert torch.equal(targets, idx + 1)


def test_a_pass_takes_every_window_once_and_the_next_one_cuts_elsewhere():
    source = Windows(RUNNING, 2, 9, seed=0, epochs=True)
    per_pass = (101 - 9) // 9
    starts = np.concatenate([source.starts(step) for step in range(per_pass)]).reshape(2, per_pass)
    for one in starts:
        assert len(set(one.tolist())) == per_pass
        assert len(set((one % 9).tolist())) == 1
    assert set(starts[0].tolist()) != set(starts[1].tolist())


def test_documents_are_whole_and_filled_up_with_nothing_to_predict():
    idx, targets = Documents(NAMES, 20, seed=0)(0)
    for row, want in zip(idx.tolist(), targets.tolist(), strict=True):
        length = sum(t != -1 for t in want)
        assert names.decode([*row[:length], want[length - 1]])[0] in {"emma", "al", "olivia"}
        assert want[:length] == [*row[1:length], 0]
        assert not any(row[length:])


def test_examples_are_drawn_from_all_predictions_with_the_beginning_filled_up():
    source = Examples(NAMES, 500, 3, seed=0, pad=0)
    idx, targets = source(0)
    assert (targets[:, :-1] == -1).all()
    seen = {
        ("".join(names.SYMBOLS[i] for i in row), names.SYMBOLS[t]) for row, t in zip(idx, targets[:, -1], strict=True)
    }
    expected = {("..." + name + ".")[i : i + 4] for name in ("emma", "al", "olivia") for i in range(len(name) + 1)}
    assert {context + token for context, token in seen} == expected


def test_what_has_no_windows_is_refused():
    with pytest.raises(ValueError, match="use Documents"):
        Windows(NAMES, 2, 3, seed=0)
    with pytest.raises(ValueError, match="no windows of 101"):
        Windows(RUNNING, 2, 101, seed=0)
