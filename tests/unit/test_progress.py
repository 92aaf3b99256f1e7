"""A sweep shows what its cells are at, though they run elsewhere."""

import time
from dataclasses import replace

from rich.console import Console
from rich.progress import Progress as Bar

from nnfs import progress
from nnfs.progress import NOTE, following, notes, reporter
from nnfs.runs import Place
from nnfs.train import Progress

HALF = Progress(step=50, steps=100, loss=1.5, tokens_per_second=12_000.0, seconds_left=90.0)


def test_a_cell_leaves_a_note_when_it_ends_and_about_once_a_second(tmp_path):
    place = Place("p9.toy/net/seed-3", tmp_path, tmp_path / "net" / "seed-3" / "abc")
    report = reporter(place)
    report(HALF)
    assert notes(tmp_path, 0) == {}, "the first second says nothing yet"
    report(Progress(100, 100, 1.25, 12_000.0, 0.0))
    assert notes(tmp_path, 0) == {
        "net/seed-3": {"step": 100, "steps": 100, "state": "loss 1.2500  12,000 tokens/s  0.0 min left"}
    }
    assert notes(tmp_path, time.time() + 60) == {}, "a note of an earlier sweep is no cell at work"
    (place.snapshots / NOTE).write_text("{half a no")
    assert notes(tmp_path, 0) == {}


def test_where_standard_error_is_a_file_a_line_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    reporter(Place("p9.toy/net/seed-3", tmp_path, tmp_path / "s"))(HALF)
    assert capsys.readouterr().err == "p9.toy/net/seed-3  50/100  loss 1.5000  12,000 tokens/s  1.5 min left\n"
    reporter(Place("p9.toy/net/seed-3", tmp_path, tmp_path / "s"), "rl")(replace(HALF, what="reward"))
    assert capsys.readouterr().err == "p9.toy/net/seed-3  rl  50/100  reward 1.5000  12,000 tokens/s  1.5 min left\n"


def test_a_disk_that_is_full_stops_no_training(tmp_path, monkeypatch):
    def full(file, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress.files, "write_text", full)
    reporter(Place("p9.toy/net/seed-3", tmp_path, tmp_path / "s"))(replace(HALF, step=HALF.steps))
    assert not (tmp_path / "s" / NOTE).exists()


def test_the_bar_has_a_line_for_a_cell_as_long_as_it_is_at_work(tmp_path):
    console = Console(force_terminal=True, width=120)
    place = Place("p9.toy/net/seed-3", tmp_path, tmp_path / "net" / "seed-3" / "abc")
    with console.capture(), Bar(console=console, auto_refresh=False) as bar:
        with following(bar, tmp_path):
            reporter(place)(Progress(100, 100, 1.25, 12_000.0, 0.0))
            deadline = time.monotonic() + 60
            while not (bar.tasks and "loss" in bar.tasks[0].description) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert bar.tasks[0].description.split()[:3] == ["net/seed-3", "loss", "1.2500"]
        assert bar.tasks == []
