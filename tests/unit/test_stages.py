"""The Shakespeare figure: what is counted in its texts, what the page is sent, and that the net is the trained one."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnfs import plot, records, stages
from nnfs.data import shakespeare
from nnfs.data.text import DataError
from nnfs.gpt import GPT, GPTConfig
from nnfs.quantise import Weights
from nnfs.sample import sample
from nnfs.trace import MAX_BYTES, MAX_MODEL, decode, finish

TEXTS = st.text("ab '-\nA.", max_size=30)


@pytest.fixture(scope="module")
def told():
    return stages.load()


@given(TEXTS)
def test_words_are_runs_of_letters_and_what_the_end_cuts_is_none(text):
    found = [text[a:b] for a, b in stages.words(text)]
    rest = text
    for word in found:
        assert word[0].isalpha()
        assert word[-1].isalpha()
        assert set("'-").isdisjoint(set(word) - set(word.strip("'-")))
        before, _, rest = rest.partition(word)
        assert not any(c.isalpha() for c in before)
    assert not rest or rest == text or not rest[0].isalpha()
    if text and text[-1].isalpha():
        assert all(b < len(text) for _, b in stages.words(text))


def test_words_by_example():
    text = "O'er the well-known hill 'tis I, dea"
    assert [text[a:b] for a, b in stages.words(text)] == ["O'er", "the", "well-known", "hill", "tis", "I"]


def test_a_word_is_known_in_any_capitals_and_as_a_whole():
    assert stages.known(["THE Cat sat. ", "", "at he, cats "], "the cat sAt") == ["111", "", "000"]


@given(st.lists(st.text("abc", min_size=5, max_size=5), min_size=1, max_size=4))
def test_what_stayed_is_counted_place_by_place(texts):
    counts = stages.same(texts)
    assert counts[0] == 0
    for before, now, count in zip(texts, texts[1:], counts[1:], strict=False):
        assert count == len(now) - sum(before[i] != now[i] for i in range(5))


def test_the_committed_words_are_those_that_the_training_text_has(told):
    """Where the text is not on the machine, only the counts can be checked."""
    try:
        found = stages.looked_up(told.text)
    except DataError:
        assert [len(marks) for marks in told.real] == [len(stages.words(text)) for text in told.text]
    else:
        assert found == json.loads(stages.file().read_text())


def test_words_of_other_texts_are_refused(tmp_path, told):
    record = records.load("p3.stages", "browser", 0)
    for change in ({"texts": "0" * 64}, {"train": "0" * 64}):
        kept = {**json.loads(stages.file().read_text()), **change}
        place = tmp_path / "runs" / "p3.stages"
        (place / "browser").mkdir(parents=True, exist_ok=True)
        (place / "browser" / "seed-0.json").write_text(json.dumps(record))
        (place / "words.json").write_text(json.dumps(kept))
        with pytest.raises(records.RecordError, match=r"python -m nnfs\.stages"):
            stages.load(tmp_path)


def test_every_character_belongs_to_its_word(told):
    for text, marks, row in zip(told.text, told.real, told.belongs, strict=True):
        letters = np.array([c.isalpha() for c in text[: stages.words(text)[-1][1]]])
        assert (row[: len(letters)][letters] != stages.NO_WORD).all()
        starts = [row[a] for a, _ in stages.words(text)]
        assert [start == stages.REAL for start in starts] == [mark == "1" for mark in marks]


def test_the_table_has_all_stages_and_their_whole_texts(told):
    columns, rows = told.table
    assert [row[0] for row in rows] == ["0", "5", "15", "40", "100", "200", "400", "700", "1,100", "1,700", "2,500"]
    assert {len(row) for row in rows} == {len(columns)}
    assert all(row[-1].replace(" / ", "\n") == text for row, text in zip(rows, told.text, strict=True))


def test_the_poster_shows_step_loss_and_words_of_four_stages(told):
    svg = plot.render(stages.picture(told), "fig-stages-poster")
    for step in stages.SHOWN:
        i = told.step.index(step)
        assert f"{step:,} steps" in svg
        assert f"{told.loss[i]:.2f} nats" in svg
        assert f"{told.real[i].count('1')} of {len(told.real[i])} words real" in svg
    assert "MENENIUS:" in svg
    assert "MENENIUS: / Take him" in stages.spoken(told)


def checked(made):
    header = finish(made.header, made.data, post="p", cell=1, digest="0" * 24, command="c", poster="p.html#fig-p")
    return decode(header, made.data)


def test_the_recordings_are_sound_small_and_hold_the_texts(told):
    model = stages.net()
    made = stages.recording(told, model)
    assert made.show(MAX_BYTES)
    assert model.show(MAX_MODEL)
    assert len(model.data) <= 400_000
    trace = checked(made)
    assert trace.header["config"]["model_bytes"] == len(model.data)
    labels = trace.header["axes"][2]["labels"]
    assert ["".join(labels[int(i)] for i in row) for row in trace.arrays["text"]] == told.text
    assert trace.arrays["real"].tolist() == [marks.count("1") for marks in told.real]
    assert checked(model).header["axes"][0]["labels"] == labels


def test_a_text_that_the_net_cannot_have_said_is_refused(told):
    with pytest.raises(ValueError, match="substring"):
        stages.recording(replace(told, text=["é" * 400] * 11), stages.net())


# --- Speaking --------------------------------------------------------------------------------------------------------


def shaken():
    net = GPT(GPTConfig(vocab=7, context=10, layers=2, heads=2, width=8))
    generator = torch.Generator().manual_seed(3)
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.4, generator=generator)
    return net


def test_the_likeliest_are_the_same_whoever_draws():
    net = shaken()
    assert (
        stages.say(net, [1, 2], 25, temperature=0.0, seed=3) == sample(net, [1, 2], 25, temperature=0.0)[0, 2:].tolist()
    )


def test_a_seed_repeats_and_another_says_something_else():
    net = shaken()
    assert stages.say(net, [1, 2], 25, seed=3) == stages.say(net, [1, 2], 25, seed=3)
    assert stages.say(net, [1, 2], 25, seed=3) != stages.say(net, [1, 2], 25, seed=4)
    assert len(set(stages.say(net, [1, 2], 200, top_k=2, temperature=50.0))) > 2, "two at a place, not two in all"


def test_each_token_comes_as_often_as_the_net_says():
    net = shaken()
    p = np.exp(net.log_prob([1, 2]))
    first = [stages.say(net, [1, 2], 1, seed=seed)[0] for seed in range(2000)]
    assert np.bincount(first, minlength=7) / 2000 == pytest.approx(p, abs=0.04)


def test_the_net_of_the_page_has_the_rounded_weights():
    net = stages.rounded()
    for key, matrix in Weights.of(stages.NET).rounded.items():
        assert (net.state_dict()[key].numpy() == matrix).all()


def test_the_contexts_are_of_validation_text_and_reach_over_all_of_it():
    try:
        _, dev, _ = shakespeare.split()
    except DataError as error:
        pytest.skip(f"the text is not here: {error}")
    rows, after = stages.contexts(50, 16)
    assert (rows.shape, after.shape) == ((50, 16), (50,))
    assert (rows[0] == dev.ids[:16]).all()
    assert after[0] == dev.ids[16]
    assert after[-1] == dev.ids[-1]
