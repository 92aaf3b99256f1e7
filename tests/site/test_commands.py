"""The author's commands: `nnfs build`, `new`, `lint`, `verify --update`; their help and their mistakes."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys

import pytest


def test_build_then_nothing_to_do_then_an_edit_is_seen(new_site):
    site = new_site
    first = site.nnfs("build", "--jobs", "1")  # a forked reader would print past the test
    assert (first.status, sorted(first.ran)) == (0, ["01-one", "02-two"]), first.output
    assert "nothing changed" in site.nnfs("build").output
    site.edit("posts/02-two.md", "Some words.", "Other words.")
    third = site.nnfs("build", "--jobs", "1")
    assert "nothing changed" not in third.output
    assert third.ran == []
    assert "Other words." in site.page("02-two")


def test_a_second_build_waits_for_the_first(site):
    with (site.root / ".cache" / "build.lock").open("w") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "nnfs", "build", "--jobs", "1"]
        waiting = subprocess.Popen(command, cwd=site.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "another build of this checkout is under way" in waiting.stderr.readline()
        assert waiting.poll() is None
        assert not (site.root / "_build" / "html" / "index.html").exists()
    output, errors = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, errors
    assert "built _build/html/index.html" in output


def test_a_script_and_the_wish_for_no_scripts_are_inputs_of_a_build(site):
    site.write("interactive/src/entries/nn-toy.ts", "export {};")
    site.nnfs("build")
    assert "nothing changed" in site.nnfs("build").output
    site.write("interactive/src/entries/nn-toy.ts", "export default 1;")
    assert "nothing changed" not in site.nnfs("build").output
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNFS_INTERACTIVE", "posters")
        assert "nothing changed" not in site.nnfs("build").output
    assert "nothing changed" not in site.nnfs("build").output


def test_a_failed_build_is_not_taken_for_done(site):
    site.nnfs("build")
    site.edit("posts/02-two.md", "print('two', 1 + 1)", "1 / 0")
    for _ in range(2):
        failed = site.nnfs("build")
        assert failed.status == 1
        assert "cell 1 failed" in failed.output


def test_a_build_by_another_command_makes_the_next_one_look_again(site):
    site.nnfs("build")
    site.edit("toy/leaf.py", "1.5", "2.5")
    assert site.build().status != 0
    site.edit("toy/leaf.py", "2.5", "1.5")
    assert "nothing changed" not in site.nnfs("build").output
    assert ">1.50<" in site.page("01-one")


def test_fresh_runs_one_post_and_only_that(site):
    site.nnfs("build")
    assert site.nnfs("build", "--fresh", "02", "--jobs", "1").ran == ["02-two"]


def test_fresh_with_an_unknown_post_lists_the_posts(site):
    said = site.nnfs("build", "--fresh", "9")
    assert said.status == 2
    assert "01-one, 02-two" in said.output
    assert "Traceback" not in said.output


def test_update_rewrites_golden_values(site):
    site.golden("01-one", x=1.4)
    assert site.nnfs("build").status == 1
    assert site.nnfs("verify", "--update").status == 0
    assert site.nnfs("build").status == 0


def test_a_new_post_passes_lint_and_builds(site):
    made = site.nnfs("new", "3", "A New Post")
    assert made.status == 0, made.output
    assert site.nnfs("lint", "posts/03-a-new-post.md").status == 0
    assert site.nnfs("new", "3", "A New Post").status == 2, "an existing part is not overwritten"


def test_lint_names_file_line_and_rule(site):
    site.edit("posts/02-two.md", "Some words.", "Some 12.5 words.")
    said = site.nnfs("lint", "posts/02-two.md")
    assert said.status == 1
    assert re.search(r"posts/02-two.md:15: number: .*12\.5", said.output)
    assert site.nnfs("lint", "posts/none.md").status == 2


def test_outside_a_project_the_error_says_what_to_do(tmp_path):
    command = [sys.executable, "-m", "nnfs", "build"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "no conf.py here or above" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("verb", ["build", "preview", "new", "lint", "run", "status", "report", "verify"])
def test_every_verb_has_help_that_explains_its_options(site, verb):
    said = site.nnfs(verb, "--help")
    assert said.status == 0
    assert len(said.output.split()) > 25, said.output


def test_two_cold_builds_give_byte_identical_pages(new_site):
    def pages() -> dict[str, bytes]:
        html = new_site.root / "_build" / "html"
        return {str(path.relative_to(html)): path.read_bytes() for path in html.rglob("*.html")}

    command = [sys.executable, "-m", "nnfs", "build"]  # two processes, two hash seeds
    first: dict[str, bytes] = {}
    for _ in range(2):
        subprocess.run(["rm", "-rf", "_build", ".cache"], cwd=new_site.root, check=True)
        subprocess.run(command, cwd=new_site.root, check=True, capture_output=True)
        first = first or pages()
    assert pages() == first
    assert len(first) >= 3


def test_pages_ask_no_other_host_for_anything(site):
    site.nnfs("build")
    foreign = re.compile(r"""(?:src|href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//""")
    pages = list((site.root / "_build" / "html").rglob("*.html"))
    assert len(pages) >= 3
    for page in pages:
        for tag in re.findall(r"<(?:script|link|img|iframe|source|use)\b[^>]*>", page.read_text()):
            assert not foreign.search(tag), f"{page.name}: {tag}"


def test_preview_watches_the_sources_and_not_what_it_builds(site, monkeypatch):
    from nnfs.site import build

    started = []
    monkeypatch.chdir(site.root)
    monkeypatch.setattr(
        build.subprocess, "run", lambda command, **_: started.append(command) or subprocess.CompletedProcess(command, 0)
    )
    assert build.preview(port=8123) == 0
    command = started[0]
    ignored = command[command.index("--re-ignore") + 1]
    assert re.search(ignored, f"{site.root}/_build/jupyter_execute/posts/02-two.ipynb")
    assert re.search(ignored, f"{site.root}/.cache/nnfs/katex.json")
    assert not re.search(ignored, f"{site.root}/posts/02-two.md")
    assert not re.search(ignored, f"{site.root}/interactive/src/core/clock.ts")
    assert re.search(ignored, f"{site.root}/interactive/node_modules/d3-shape/package.json")
    assert "8123" in command
