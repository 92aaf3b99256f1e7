"""The author's commands: `nnfs build`, `new`, `lint`, `verify --update`; their help and their mistakes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def nnfs(site, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nnfs", *arguments]
    return subprocess.run(command, cwd=site.root, env=os.environ, capture_output=True, text=True, check=False)


def test_build_then_nothing_to_do_then_an_edit_is_seen(site):
    first = nnfs(site, "build")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "ran posts/01-one" in first.stdout
    second = nnfs(site, "build")
    assert "nothing changed" in second.stdout
    site.edit("posts/02-two.md", "Some words.", "Other words.")
    third = nnfs(site, "build")
    assert "nothing changed" not in third.stdout
    assert "ran posts" not in third.stdout
    assert "Other words." in site.page("02-two")


def test_a_failed_build_is_not_taken_for_done(site):
    nnfs(site, "build")
    site.edit("posts/02-two.md", "print('two', 1 + 1)", "1 / 0")
    for _ in range(2):
        failed = nnfs(site, "build")
        assert failed.returncode == 1
        assert "cell 1 failed" in failed.stderr


def test_fresh_runs_one_post_and_only_that(site):
    nnfs(site, "build")
    assert nnfs(site, "build", "--fresh", "02").stdout.count("ran posts/") == 1


def test_fresh_with_an_unknown_post_lists_the_posts(site):
    said = nnfs(site, "build", "--fresh", "9")
    assert said.returncode == 2
    assert "01-one, 02-two" in said.stderr
    assert "Traceback" not in said.stderr


def test_update_rewrites_golden_values(site):
    site.golden("01-one", x=1.4)
    assert nnfs(site, "build").returncode == 1
    assert nnfs(site, "verify", "--update").returncode == 0
    assert nnfs(site, "build").returncode == 0


def test_outside_a_project_the_error_says_what_to_do(tmp_path):
    command = [sys.executable, "-m", "nnfs", "build"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "no conf.py here or above" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("verb", ["build", "preview", "new", "lint", "run", "status", "report", "verify"])
def test_every_verb_has_help_that_explains_its_options(tmp_path, verb):
    command = [sys.executable, "-m", "nnfs", verb, "--help"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0
    assert len(said.stdout.split()) > 25, said.stdout


def test_two_cold_builds_give_byte_identical_pages(site):
    nnfs(site, "build")
    first = {p.name: p.read_bytes() for p in (site.root / "_build/html").rglob("*.html")}
    for folder in ("_build", ".cache"):
        subprocess.run(["rm", "-rf", folder], cwd=site.root, check=True)
    nnfs(site, "build")
    assert {p.name: p.read_bytes() for p in (site.root / "_build/html").rglob("*.html")} == first


def test_pages_ask_no_other_host_for_anything(site):
    import re

    nnfs(site, "build")
    fetched = re.compile(r"""(?:src|href)=["'](?:https?:)?//[^"']+|url\(["']?(?:https?:)?//""")
    for page in (site.root / "_build/html").rglob("*.html"):
        for tag in re.findall(r"<(?:script|link|img|iframe|source|use)\b[^>]*>", page.read_text()):
            assert not fetched.search(tag), f"{page.name}: {tag}"
