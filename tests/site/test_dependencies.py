"""A page shows what this commit's code computes: exactly the dependents run again, and nothing else does."""

from __future__ import annotations

import os
import py_compile

import pytest


def test_first_build_runs_every_post_and_shows_its_values(new_site):
    site = new_site
    built = site.build()
    assert built.status == 0, built.output
    assert sorted(built.ran) == ["01-one", "02-two"]
    assert ">1.50<" in site.page("01-one")


def test_second_build_runs_nothing(site):
    site.build()
    assert site.build().ran == []


def test_edited_leaf_module_reruns_exactly_the_dependents_and_the_new_number_appears(site):
    site.build()
    site.edit("toy/leaf.py", "1.5", "2.5")
    site.golden("01-one", x=2.5)
    built = site.build()
    assert (built.status, built.ran) == (0, ["01-one"]), built.output
    assert ">2.50<" in site.page("01-one")
    assert ">1.50<" not in site.page("01-one")


def test_reverted_module_is_served_from_the_cache(site):
    site.build()
    before = site.page("01-one")
    site.edit("toy/leaf.py", "1.5", "2.5")
    site.golden("01-one", x=2.5)
    site.build()
    site.edit("toy/leaf.py", "2.5", "1.5")
    site.golden("01-one", x=1.5)
    built = site.build()
    assert (built.status, built.ran) == (0, []), built.output
    assert site.page("01-one") == before


@pytest.mark.parametrize(
    "cell",
    [
        "from toy import leaf\nprint(leaf.NUMBER)",
        "import toy.leaf as short\nprint(short.NUMBER)",
        "def f():\n    import toy.leaf\n    return toy.leaf.NUMBER\nprint(f())",
        "import importlib\nprint(importlib.import_module('toy.leaf').NUMBER)",
        "from toy.middle import *\nprint(number())",
        "from toy.deep.deeper import value\nprint(value)",
    ],
)
def test_every_form_of_import_is_followed(site, cell):
    site.write("toy/deep/__init__.py", "from ..leaf import NUMBER as kept\n")
    site.write("toy/deep/deeper.py", "from . import kept as value\n")
    site.write("posts/02-two.md", site.post(2, "Two", cell))
    first = site.build()
    assert first.status == 0, first.output
    site.edit("toy/leaf.py", "1.5", "7.25")
    site.golden("01-one", x=7.25)
    assert "02-two" in site.build().ran
    assert "7.25" in site.page("02-two")


def test_a_package_init_is_a_dependency(site):
    site.build()
    site.write("toy/__init__.py", "EXTRA = 1\n")
    assert site.build().ran == ["01-one"]


def test_presentation_tag_and_prose_edits_run_nothing(site):
    site.build()
    keys = site.executed()
    site.write("posts/02-two.md", site.post(2, "Two", "print('two', 1 + 1)", tags="hide-input"))
    tagged = site.build()
    assert (tagged.status, tagged.ran) == (0, [])
    assert "tag_hide-input" in site.page("02-two"), "the new tag must be seen although nothing ran"
    site.edit("posts/02-two.md", "Some words.", "Other words.")
    assert site.build().ran == []
    assert "Other words." in site.page("02-two")
    assert site.executed() == keys


def test_a_tag_that_changes_execution_is_in_the_key(site):
    site.build()
    site.write("posts/02-two.md", site.post(2, "Two", "print('two', 1 + 1)", tags="raises-exception"))
    assert site.build().ran == ["02-two"]


def test_a_declared_data_file_is_a_dependency(site):
    site.write("data/a.txt", "41")
    site.write("posts/02-two.md", site.post(2, "Two", "print(int(open('data/a.txt').read()) + 1)", depends="[data]"))
    assert site.build().status == 0
    assert "42" in site.page("02-two")
    site.write("data/a.txt", "99")
    assert site.build().ran == ["02-two"]
    assert "100" in site.page("02-two")


def test_an_edit_that_leaves_time_and_size_alone_is_seen(site):
    site.build()
    for name, old, new in (("toy/leaf.py", "1.5", "2.5"), ("posts/02-two.md", "1 + 1", "1 + 8")):
        before = (site.root / name).stat()
        site.edit(name, old, new)
        os.utime(site.root / name, ns=(before.st_atime_ns, before.st_mtime_ns))
    site.golden("01-one", x=2.5)
    built = site.build()
    assert (built.status, sorted(built.ran)) == (0, ["01-one", "02-two"]), built.output
    assert "two 9" in site.page("02-two")
    assert ">2.50<" in site.page("01-one")


def test_bytecode_older_than_its_source_is_not_used(site):
    source = site.root / "toy/leaf.py"
    py_compile.compile(str(source))
    before = source.stat()
    site.edit("toy/leaf.py", "1.5", "2.5")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same time: Python would believe it
    site.golden("01-one", x=2.5)
    assert site.build().status == 0
    assert ">2.50<" in site.page("01-one")


def test_output_of_another_build_is_not_taken_for_ours(site):
    ours = ("-d", str(site.root / "_build/doctrees"))
    site.build(*ours)
    site.edit("toy/leaf.py", "1.5", "2.5")
    assert site.build().status != 0, "other doctrees, same output, a number that moved"
    site.edit("toy/leaf.py", "2.5", "1.5")
    assert site.build(*ours).status == 0
    assert ">1.50<" in site.page("01-one")


def test_another_builder_on_the_same_doctrees_does_not_hide_a_change(site):
    doctrees = ("-d", str(site.root / "_build/doctrees"))
    site.build(*doctrees)
    site.edit("toy/leaf.py", "1.5", "2.5")
    site.golden("01-one", x=2.5)
    with_text = ["-q", "-b", "text", *doctrees, str(site.root), str(site.root / "_build/text")]
    assert site.sphinx(with_text).status == 0
    assert site.build(*doctrees).status == 0
    assert ">2.50<" in site.page("01-one")


def test_what_the_user_has_in_the_environment_stays_outside(site, tmp_path_factory):
    startup = tmp_path_factory.mktemp("home") / "startup.py"
    startup.write_text("leaked = 1\n")
    cell = "import os\nassert 'FOO' not in os.environ\nprint('leaked' in globals())\nassert 1 == 1"
    site.write("posts/02-two.md", site.post(2, "Two", cell))
    built = site.build(FOO="bar", PYTHONSTARTUP=str(startup), PYTHONOPTIMIZE="1", IPYTHONDIR=str(startup.parent))
    assert built.status == 0, built.output
    assert "False" in site.page("02-two")


def test_percent_signs_in_plain_code_do_not_hide_its_imports(site):
    site.write("posts/02-two.md", site.post(2, "Two", "from toy import leaf\nprint('%.2f'\n  % leaf.NUMBER)"))
    assert site.build().status == 0
    assert "1.50" in site.page("02-two")


def test_a_changed_pin_reruns_everything(site):
    site.write("constraints.txt", "numpy==1\n")
    site.build()
    site.write("constraints.txt", "numpy==2\n")
    assert sorted(site.build().ran) == ["01-one", "02-two"]


def test_fresh_forces_one_post(site):
    site.build()
    assert site.build(NNFS_FRESH="02").ran == ["02-two"]


def test_parallel_builds_give_the_same_pages(new_site):
    site = new_site
    assert site.build("-j", "2").status == 0
    parallel = site.page("01-one"), site.page("02-two")
    site.write("index.md", site.read("index.md") + "\nMore.\n")
    assert site.build("-E").status == 0
    assert (site.page("01-one"), site.page("02-two")) == parallel


def test_a_page_from_the_cache_has_all_its_figures_values_and_claims(site):
    cell = """
    from nnfs import plot
    from nnfs.claims import claim, value
    fig, ax = plot.figure()
    plot.line(ax, [0, 1, 2], [0.0, 1.0, 4.0], series=1, label="squares")
    plot.show(fig, "fig-squares", caption="Squares grow.", alt="Three points on a parabola.")
    y = value("y", 4.0)
    claim("four is more than three", y > 3, y=y)
    """
    site.write("posts/02-two.md", site.post(2, "Two", cell) + "It is {val}`y:.1f`.\n\n```{claims}\n```\n")
    site.golden("02-two", y=4.0)
    assert site.build().status == 0
    ran = site.page("02-two")
    assert "<svg" in ran
    assert ">4.0<" in ran
    assert "four is more than three" in ran
    again = site.build("-E", "-a")
    assert (again.status, again.ran) == (0, []), again.output
    assert site.page("02-two") == ran
