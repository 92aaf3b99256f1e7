"""Names: what is in them, and splits that keep the question out of the answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnfs.data import names
from nnfs.data.text import DataError


@pytest.fixture
def makemore():
    try:
        return names.makemore()
    except DataError as error:
        pytest.skip(f"makemore's list is not here: {error}")


def test_our_split_never_asks_about_a_name_that_was_trained():
    split = names.ssa()
    assert [len(part) for part in (split.train, split.dev, split.test)] == [23_754, 2_969, 2_970]
    everything = [*split.train, *split.dev, *split.test]
    assert len(set(everything)) == len(everything) == 29_693
    assert split.dev_unseen == split.dev


def test_our_split_is_a_function_of_its_seed():
    assert names.ssa(3) == names.ssa(3)
    assert names.ssa(3).dev != names.ssa(4).dev
    assert names.ssa().train[:3] == ("aniyah", "pranay", "halaina")


def test_a_name_is_a_document_that_begins_and_ends_with_a_dot():
    text = names.text(["emma", "al"])
    assert "".join(names.SYMBOLS[i] for i in text.ids) == ".emma..al."
    assert text.starts.tolist() == [0, 6]
    assert len(text.predicted) == 5 + 3
    assert names.decode(text.ids) == ["emma", "al"]


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1), min_size=1))
def test_names_come_back_from_their_ids(some):
    assert names.decode(names.text(some).ids) == some


@pytest.mark.parametrize("name", ["", "Emma", "zoë", "a b", "r2d2", "."])
def test_what_is_not_letters_is_refused(name):
    with pytest.raises(ValueError, match="letters a to z"):
        names.text([name])


def test_a_damaged_list_is_noticed(tmp_path, monkeypatch):
    short = tmp_path / names.FILE.name
    short.write_text("name,sex,births\nemma,F,18818\n")
    monkeypatch.setattr(names, "FILE", short)
    with pytest.raises(DataError, match="install the package again"):
        names.distinct()


def test_the_lectures_split_has_the_published_sizes_and_its_known_leak(makemore):
    sizes = [len(names.text(part).predicted) for part in (makemore.train, makemore.dev, makemore.test)]
    assert sizes == [182_625, 22_655, 22_866]
    assert makemore.train[:3] == ("yuheng", "diondre", "xavien")
    assert len(makemore.dev) - len(makemore.dev_unseen) == 424
    everything = [*makemore.train, *makemore.dev, *makemore.test]
    assert (len(everything), len(set(everything))) == (32_033, 29_494)


def test_makemores_names_are_all_in_our_list(makemore):
    assert set(makemore.train + makemore.dev + makemore.test) <= set(names.distinct())


def test_ids_are_what_a_model_of_27_symbols_takes():
    text = names.text(names.ssa().dev)
    assert text.vocab == len(names.SYMBOLS) == 27
    assert text.ids.dtype == np.int64
    assert text.lengths.max() <= 17
