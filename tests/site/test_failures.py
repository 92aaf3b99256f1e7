"""Each way to break a page fails the build, says where, and fails again when the same command is repeated."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from nnfs import records
from nnfs.claims import ClaimError, claim


def assert_fails_twice(site, *needles: str) -> str:
    """Build twice; both must fail and both must name the place."""
    for attempt in ("first", "second"):
        built = site.build()
        assert built.status != 0, f"{attempt} build passed:\n{built.output}"
        for needle in needles:
            assert needle in built.output, f"{attempt} build does not say {needle!r}:\n{built.output}"
    return built.output


def line_of(site, name: str, text: str) -> int:
    return 1 + [text in line for line in site.read(name).splitlines()].index(True)


def test_a_crash_names_post_cell_line_and_the_command_to_run_it_alone(site):
    site.write("posts/02-two.md", site.post(2, "Two", "a = 1\nb = 0\na / b"))
    line = line_of(site, "posts/02-two.md", "a / b")
    said = assert_fails_twice(
        site, f"posts/02-two.md:{line}", "cell 1 failed", "ZeroDivisionError", "nnfs build --fresh 02"
    )
    assert "Traceback" not in said


def test_the_command_that_people_type_is_as_strict(site):
    site.write("posts/02-two.md", site.post(2, "Two", "1 / 0"))
    command = [sys.executable, "-m", "sphinx", "-q", ".", "_build/html"]
    for _ in range(2):
        done = subprocess.run(command, cwd=site.root, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "cell 1 failed: ZeroDivisionError" in done.stderr


def test_a_crash_inside_the_library_shows_the_projects_own_frames(site):
    site.write("toy/middle.py", "from . import leaf\n\n\ndef number():\n    return leaf.NUMBER / 0\n")
    said = assert_fails_twice(site, "toy/middle.py:5 in number", "posts/01-one.md", "cell 1 failed")
    assert "site-packages" not in said


def test_a_syntax_error_names_its_line(site):
    site.write("posts/02-two.md", site.post(2, "Two", "a = 1\nb = = 2"))
    assert_fails_twice(site, f"posts/02-two.md:{line_of(site, 'posts/02-two.md', 'b = = 2')}", "SyntaxError")


def test_a_failed_page_is_not_left_behind_to_be_published(site):
    assert site.build().status == 0
    site.edit("posts/02-two.md", "print('two', 1 + 1)", "1 / 0")
    assert site.build().status != 0
    assert not (site.root / "_build/html/posts/02-two.html").exists()
    site.edit("posts/02-two.md", "1 / 0", "print('two', 1 + 1)")
    assert site.build().status == 0
    assert "two 2" in site.page("02-two")


def test_a_false_claim_prints_the_sentence_and_the_numbers(site):
    cell = "from nnfs.claims import claim\nclaim('water is dry', 3 > 4, left=3, right=4)"
    site.write("posts/02-two.md", site.post(2, "Two", cell))
    assert_fails_twice(site, "water is dry", "left = 3", "right = 4", "cell 1", "posts/02-two.md")


def test_an_unknown_value_suggests_near_names(site):
    site.edit("posts/01-one.md", "{val}`x:.2f`", "{val}`xx:.2f`")
    assert_fails_twice(site, "no value named 'xx'", "'x'", "posts/01-one.md")


FIGURE = """
from nnfs import plot
from nnfs.claims import value
value('half', 0.5)
fig, ax = plot.figure()
plot.line(ax, [0, 1], [0, 1])
plot.show(fig, 'fig-line', caption='It rises.', alt='A line through {val}`half:.2f`.')
"""


def test_the_words_of_a_figure_for_who_does_not_see_it_are_computed_too(site):
    site.write("posts/02-two.md", site.post(2, "Two", FIGURE))
    assert site.build(NNFS_UPDATE_VALUES="1").status == 0
    assert "A line through 0.50." in site.page("02-two")
    site.edit("posts/02-two.md", "half:.2f", "hald:.2f")
    assert_fails_twice(site, "no value named 'hald'; did you mean 'half'?", "posts/02-two.md")


def test_a_bad_format_is_an_error(site):
    site.edit("posts/01-one.md", "{val}`x:.2f`", "{val}`x:.2q`")
    assert_fails_twice(site, "'.2q'", "posts/01-one.md")


def test_a_golden_value_outside_its_tolerance_shows_both_numbers(site):
    site.golden("01-one", x=1.4)
    assert_fails_twice(site, "'x' is 1.5", "was 1.4", "nnfs verify --update", "posts/values/01-one.json")


def test_a_new_and_a_vanished_value_have_to_be_reviewed(site):
    site.golden("01-one", old=1.0)
    assert_fails_twice(site, "'x' = 1.5 is new", "'old' is no longer published")


def test_update_writes_the_golden_values_and_then_the_build_passes(site):
    site.golden("01-one", x=1.4)
    assert site.build(NNFS_UPDATE_VALUES="1").status == 0
    assert '"value": 1.5' in site.read("posts/values/01-one.json")
    assert site.build().status == 0


def test_the_same_name_for_two_values_is_an_error(site):
    cell = "from nnfs.claims import value\nvalue('x', 1.5)\nvalue('x', 2.5)"
    site.write("posts/01-one.md", site.post(1, "One", cell))
    assert_fails_twice(site, "value 'x'", "again")


def test_a_malformed_formula_is_an_error(site):
    site.edit("posts/02-two.md", "Some words.", r"Some $\frac{1}{$ words.")
    assert_fails_twice(site, "posts/02-two.md", r"\frac{1}{")


def test_a_claim_that_fails_inside_an_expected_error_still_fails_the_build(site):
    cell = "from nnfs.claims import claim\nclaim('water is dry', False)"
    site.write("posts/02-two.md", site.post(2, "Two", cell, tags="raises-exception"))
    assert_fails_twice(site, "water is dry", "cell 1")


@pytest.mark.parametrize("caught", ["AssertionError", "Exception"])
def test_a_claim_whose_error_is_caught_still_fails_the_build(site, caught):
    cell = f"""
        from nnfs.claims import claim
        try:
            claim('water is dry', False)
        except {caught}:
            pass
    """
    site.write("posts/02-two.md", site.post(2, "Two", cell))
    assert_fails_twice(site, "the claim 'water is dry' of cell 1 is false")


@pytest.mark.parametrize("holds", ["(x > 3 for x in [1])", "[False]", "'False'", "0.02", "float('nan')", "None", "all"])
def test_a_claim_that_is_no_truth_value_is_refused(holds):
    with pytest.raises(TypeError, match="it was given a "):
        claim("water is dry", eval(holds))


def test_numpys_truth_values_are_truth_values():
    claim("three is more than two", np.float64(3) > 2)
    with pytest.raises(ClaimError, match="water is dry"):
        claim("water is dry", np.array(False))


def test_a_claim_that_is_not_reached_any_more_has_to_be_reviewed(site):
    cell = "from nnfs.claims import claim\nfor n in {}:\n    claim(f'{{n}} is a number', n == n)"
    site.write("posts/02-two.md", site.post(2, "Two", cell.format([1, 2])))
    assert site.build(NNFS_UPDATE_VALUES="1").status == 0
    assert site.build().status == 0
    site.write("posts/02-two.md", site.post(2, "Two", cell.format([1, 3])))
    assert_fails_twice(site, "the claim '2 is a number' is no longer made", "the claim '3 is a number' is new")


def test_a_post_that_was_edited_while_its_cells_ran_is_read_again(site, monkeypatch):
    from nnfs.site import execution

    execute = execution.execute

    def and_meanwhile(*arguments):
        seconds = execute(*arguments)
        site.edit("posts/02-two.md", "Some words.", "Other words.")
        return seconds

    with monkeypatch.context() as patch:
        patch.setattr(execution, "execute", and_meanwhile)
        built = site.build(NNFS_FRESH="02")
    assert built.status != 0
    assert "posts/02-two.md:1" in built.output
    assert "was edited while it was read; build again" in built.output
    assert site.build().status == 0
    assert "Other words." in site.page("02-two")


def test_a_warning_in_an_included_file_is_sticky(site):
    site.write("notes/part.md", "An included {doc}`nowhere`.\n")
    site.edit("posts/02-two.md", "Some words.", "```{include} ../notes/part.md\n```")
    site.edit("conf.py", '"interactive"]', '"interactive", "notes"]')
    assert_fails_twice(site, "nowhere")


@pytest.mark.parametrize("loses", ["the environment", "the marker of a clean build"])
def test_pages_of_a_post_that_was_renamed_do_not_outlive_the_environment(site, loses):
    assert site.build().status == 0
    (site.root / "posts/02-two.md").rename(site.root / "posts/02-renamed.md")
    site.edit("index.md", "02-two", "02-renamed")
    if loses == "the environment":
        (site.root / "_build/html/.doctrees/environment.pickle").unlink()
    else:
        site.write("_build/html/.doctrees/nnfs-unclean.json", '["*"]')
    assert site.build().status == 0
    assert "two 2" in site.page("02-renamed")
    assert not (site.root / "_build/html/posts/02-two.html").exists()


def test_the_page_of_checks_goes_with_the_last_cell_that_it_shows(site):
    hidden = site.post(2, "Two", "from nnfs.claims import claim\nclaim('two is two', True)", tags="remove-cell")
    site.write("posts/02-two.md", hidden)
    assert site.build().status == 0
    assert "two is two" in site.page("02-two-checks")
    site.write("posts/02-two.md", hidden.replace(":tags: [remove-cell]\n", ""))
    assert site.build().status == 0
    assert not (site.root / "_build/html/posts/02-two-checks.html").exists()


@pytest.mark.parametrize(
    "cell",
    [
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
        "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9))\nexcept OSError:\n    pass",
    ],
)
def test_a_cell_cannot_ask_the_network(site, cell):
    site.write("posts/02-two.md", site.post(2, "Two", cell))
    assert_fails_twice(site, "a cell may not ask the network")


def test_a_cell_without_its_guard_is_not_believed(site, monkeypatch):
    from nnfs.site import execution

    monkeypatch.setattr(execution.OwnKernel, "guard", "nnfs.site.no_such_extension")
    assert "the guard on files did not load" in site.build(NNFS_FRESH="02").output


def test_a_syntax_error_in_a_module_names_the_module(site):
    site.write("toy/middle.py", "def broken(:\n")
    assert_fails_twice(site, "toy/middle.py:1", "posts/01-one.md")


@pytest.mark.parametrize(
    ("old", "new", "needle"),
    [
        ("title: Two", "title: Two: more", "not valid YAML"),
        ("depends: []", "depends: {a: 1}", "list of files"),
        ("depends: []", "depends: secret.txt", "'secret.txt' does not exist"),
    ],
)
def test_front_matter_that_cannot_be_used_is_named(site, old, new, needle):
    site.edit("posts/02-two.md", old, new)
    said = assert_fails_twice(site, needle, "02-two.md")
    assert "Traceback" not in said
    assert site.nnfs("build", "--fresh", "01").status == 1


def test_an_empty_depends_is_an_empty_list(site):
    site.edit("posts/02-two.md", "depends: []", "depends:")
    assert site.build().status == 0


@pytest.mark.parametrize("text", ["<<<<<<< HEAD", "[]", '{"x": 1.5}', '{"x": {"value": 1.5}}'])
def test_a_damaged_golden_file_is_named(site, text):
    site.write("posts/values/01-one.json", text)
    said = assert_fails_twice(site, "posts/values/01-one.json", "nnfs verify --update")
    assert "Traceback" not in said


@pytest.mark.parametrize(("new", "old", "rtol"), [("124439901", 124439808, 1e-6), ("1e-15", 9e-13, 1e-6)])
def test_golden_values_are_compared_with_the_tolerance_of_the_cell(site, new, old, rtol):
    site.write("posts/01-one.md", site.post(1, "One", f"from nnfs.claims import value\nvalue('x', {new})"))
    site.write("posts/values/01-one.json", f'{{"x": {{"value": {old}, "rtol": {rtol}}}}}')
    assert_fails_twice(site, "value 'x'", "was")


def test_a_tolerance_loosened_by_hand_is_a_difference(site):
    site.write("posts/values/01-one.json", '{"x": {"value": 1.4, "rtol": 0.5}}')
    assert_fails_twice(site, "tolerance")


def test_golden_values_of_a_post_that_is_gone_are_leftovers(site):
    site.build()
    site.write("index.md", "# Index\n\n```{toctree}\nposts/02-two\n```\n")
    (site.root / "posts/01-one.md").unlink()
    assert_fails_twice(site, "posts/values/01-one.json belongs to no post")
    (site.root / "posts/values/01-one.json").unlink()
    assert site.build().status == 0
    assert not (site.root / "_build/html/posts/01-one.html").exists(), "a removed post leaves the output too"


def test_a_post_that_failed_afresh_is_not_answered_from_an_older_success(site, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "data.txt"
    outside.write_text("1")
    site.write("posts/02-two.md", site.post(2, "Two", f"print(open({str(outside)!r}).read())"))
    assert site.build().status == 0
    outside.unlink()
    assert site.build(NNFS_FRESH="02").status != 0
    assert site.build().status != 0


def test_a_missing_declared_file_is_an_error(site):
    site.write("posts/02-two.md", site.post(2, "Two", "print(1)", depends="[data/none.csv]"))
    assert_fails_twice(site, "data/none.csv", "does not exist", "posts/02-two.md")


@pytest.mark.parametrize(
    "cell",
    [
        "open('secret.txt').read()",
        "from pathlib import Path\nPath('secret.txt').read_bytes()",
        "import os\nos.open('secret.txt', os.O_RDONLY)",
        "try:\n    open('secret.txt')\nexcept OSError:\n    pass",
        "open('LINK').read()",
        "import sqlite3\nsqlite3.connect('secret.txt')",
        "import joblib\njoblib.Parallel(2)(joblib.delayed(open)('secret.txt') for _ in range(2))",
    ],
)
def test_an_undeclared_file_of_the_repository_cannot_be_read(site, tmp_path_factory, cell):
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(site.root / "secret.txt")
    site.write("secret.txt", "42")
    site.write("posts/02-two.md", site.post(2, "Two", cell.replace("LINK", str(link))))
    assert_fails_twice(site, "subprocess" if "joblib" in cell else "secret.txt", "posts/02-two.md")


@pytest.mark.parametrize(
    "cell", ["import os\nos.listdir('posts')", "import os\nos.scandir('toy')", "import glob\nglob.glob('posts/*.md')"]
)
def test_a_folder_that_is_not_declared_cannot_be_listed(site, cell):
    site.write("posts/02-two.md", site.post(2, "Two", cell))
    assert_fails_twice(site, "listed under depends:", "posts/02-two.md")


@pytest.mark.parametrize("cell", ["os.remove('posts/01-one.md')", "os.rename('posts', 'gone')", "os.mkdir('new')"])
def test_a_cell_cannot_change_the_repository(site, cell):
    site.write("posts/02-two.md", site.post(2, "Two", f"import os\n{cell}"))
    assert_fails_twice(site, "may not write")
    assert (site.root / "posts/01-one.md").exists()


def test_a_cell_cannot_write_into_the_repository(site):
    site.write("posts/02-two.md", site.post(2, "Two", "open('made.txt', 'w').write('x')"))
    assert_fails_twice(site, "may not write 'made.txt'")
    assert not (site.root / "made.txt").exists()


def test_a_cell_cannot_start_a_subprocess(site):
    site.write("posts/02-two.md", site.post(2, "Two", "import subprocess\nsubprocess.run(['true'])"))
    assert_fails_twice(site, "may not start a subprocess")


def test_an_import_built_at_run_time_has_to_be_declared(site):
    cell = "import importlib\nname = 'toy.' + 'leaf'\nprint(importlib.import_module(name).NUMBER)"
    site.write("posts/02-two.md", site.post(2, "Two", cell))
    assert_fails_twice(site, "toy/")
    site.write("posts/02-two.md", site.post(2, "Two", cell, depends="[toy]"))
    assert site.build().status == 0


def test_a_killed_kernel_leaves_no_cache_entry(site):
    site.write("posts/02-two.md", site.post(2, "Two", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))
    before = site.executed()
    assert_fails_twice(site, "kernel died", "cell 1", "posts/02-two.md")
    assert site.executed() == before


def test_what_a_cell_prints_on_stderr_is_a_finding(site):
    site.write("posts/02-two.md", site.post(2, "Two", "import warnings\nwarnings.warn('odd')"))
    assert_fails_twice(site, "posts/02-two.md")


def test_a_broken_link_is_sticky_too(site):
    site.edit("posts/02-two.md", "Some words.", "Some {doc}`nowhere` words.")
    assert_fails_twice(site, "nowhere")


def test_failures_in_two_posts_are_both_reported(site):
    site.write("posts/01-one.md", site.post(1, "One", "1 / 0"))
    site.write("posts/02-two.md", site.post(2, "Two", "[][1]"))
    said = assert_fails_twice(site, "posts/01-one.md", "posts/02-two.md")
    assert re.search("ZeroDivisionError", said)
    assert re.search("IndexError", said)


def test_a_stale_record_that_a_post_cites_stops_it(site):
    site.write("posts/02-two.md", site.post(2, "Two", "from nnfs.claims import cite\ncite('p9.toy/a/seed-0', 'abc')"))
    assert site.build().status == 0
    assert "not rehearsed again here" in site.page("02-two")
    site.write(".cache/verify.json", '{"p9.toy/a/seed-0": {"state": "stale", "digest": "abc"}}')
    assert_fails_twice(site, "p9.toy/a/seed-0 is stale", "nnfs run p9.toy")
    sound = {"state": "ok", "digest": "abc", "library": records.library()}
    for entry, words in (
        (sound, "(ok)"),
        ({**sound, "digest": "of an older record"}, "not rehearsed again here"),
        (sound, "(ok)"),
        ({**sound, "library": "of an older commit"}, "not rehearsed again here"),
    ):
        site.write(".cache/verify.json", json.dumps({"p9.toy/a/seed-0": entry}))
        assert site.build().status == 0
        assert words in site.page("02-two")


def test_a_build_that_was_killed_is_not_taken_for_clean(site):
    site.build()
    (site.root / "_build/html/posts/02-two.html").write_text("half a pa")
    site.write("_build/html/.doctrees/nnfs-unclean.json", '["*"]')
    assert site.build().status == 0
    assert "two 2" in site.page("02-two")
