"""Scripts of the interactives: bundled when a page needs them, never stale, small; the page is whole without."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest
from sphinx.errors import ExtensionError
from sphinx_project import REPOSITORY, Project

from nnfs.site import bundle

INTERACTIVE = REPOSITORY / "interactive"
ELEMENT = """
import {{ define, h, NNElement }} from "../core/element";
import {{ WORD }} from "../word";
import css from "../look.css";
class Toy extends NNElement {{
  protected override mount(stage: HTMLElement): void {{ stage.append(h("p", {{}}, WORD, css, "{0}")); }}
}}
define("{0}", Toy);
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two pages with an element, one without; sources of two elements with the real core and loader."""
    project = Project(
        tmp_path,
        ["myst_parser", "toy_elements", "nnfs.site.bundle"],
        nnfs_interactive=str(tmp_path / "interactive"),
        html_static_path=[str(REPOSITORY / "_static")],
        exclude_patterns=["_build", ".cache", "interactive"],
    )
    shutil.copytree(INTERACTIVE / "src" / "core", tmp_path / "interactive" / "src" / "core")
    (tmp_path / "interactive" / "src" / "entries").mkdir()
    (tmp_path / "interactive" / "node_modules").symlink_to(INTERACTIVE / "node_modules")
    shutil.copy(INTERACTIVE / "src" / "entries" / "loader.ts", tmp_path / "interactive" / "src" / "entries")
    project.write("interactive/src/word.ts", 'export const WORD = "first word";\n')
    project.write("interactive/src/look.css", "nn-a { color: inherit }\n")
    for tag in ("nn-a", "nn-b"):
        project.write(f"interactive/src/entries/{tag}.ts", ELEMENT.format(tag))
    project.write("index.md", "# Page\n\nNothing live.\n")
    project.write("one.md", "---\norphan: true\n---\n# One\n\n```{toy} nn-a\n```\n")
    project.write("two.md", "---\norphan: true\n---\n# Two\n\n```{toy} nn-a\n```\n\n```{toy} nn-b\n```\n")
    return project


def loader_of(project: Project, page: str) -> str | None:
    found = re.findall(r'<script type="module" src="_static/nn/([\w-]+\.js)', project.page(page))
    assert len(found) <= 1
    return found[0] if found else None


def scripts(project: Project) -> dict[str, str]:
    """Name → text of what the build left beside the loader."""
    return {path.name: path.read_text(encoding="utf-8") for path in (project.out / "_static" / "nn").glob("*.js")}


def test_only_pages_with_an_element_load_the_loader_and_the_style(project: Project) -> None:
    project.build()
    assert project.warnings == ""
    assert loader_of(project, "one.html") == loader_of(project, "two.html") != None  # noqa: E711
    assert loader_of(project, "index.html") is None
    assert "interactive.css" in project.page("one.html")
    assert "interactive.css" not in project.page("index.html")


def test_a_site_without_elements_needs_no_bundler(project: Project) -> None:
    for page in ("one.md", "two.md"):
        (project.root / page).unlink()
    (project.root / "interactive" / "node_modules").unlink()
    assert project.build().warnings == ""
    assert not (project.out / "_static" / "nn").exists()


def test_the_loader_knows_every_element_and_they_share_the_core(project: Project) -> None:
    project.build()
    files = scripts(project)
    loader = files[loader_of(project, "one.html") or ""]
    for tag in ("nn-a", "nn-b"):
        (chunk,) = (name for name in files if name.startswith(f"{tag}-"))
        assert chunk in loader
        assert files[chunk].count("IntersectionObserver") == 0, "the core is in a chunk of its own"


def test_the_loader_and_every_element_with_what_it_shares_keep_their_budget() -> None:
    src, packages = INTERACTIVE / "src", INTERACTIVE / "node_modules"
    answer = bundle.call_esbuild(REPOSITORY, src, packages)
    files = {file["name"]: file["text"].encode() for file in answer["files"]}
    assert len(files[answer["loader"]]) <= 2048
    assert len(gzip.compress(files[answer["loader"]])) <= 1024

    def closure(name: str) -> set[str]:
        """The chunk and what it imports."""
        imports = re.findall(rb'(?:from|import)"\./([\w.-]+\.js)"', files[name])
        return {name}.union(*(closure(other.decode()) for other in imports))

    sizes = {name: len(gzip.compress(content, 9)) for name, content in files.items()}
    for tag, chunk in answer["chunks"].items():
        assert sum(sizes[name] for name in closure(chunk)) <= 30_000, tag
    assert len(set().union(*map(closure, answer["chunks"].values()))) < sum(
        len(closure(chunk)) for chunk in answer["chunks"].values()
    ), "what they share is in chunks of its own"


def test_a_chunk_is_named_by_its_content_and_the_same_sources_give_the_same_bytes(project: Project) -> None:
    first = scripts(project.build())
    shutil.rmtree(project.root / ".cache")
    shutil.rmtree(project.root / "_build")
    assert scripts(project.build()) == first


# --- Never stale -----------------------------------------------------------------------------------------------------


def test_an_edit_far_from_the_entries_reaches_every_page_that_has_an_element(project: Project) -> None:
    project.build()
    before, untouched = loader_of(project, "one.html"), (project.out / "index.html").stat().st_mtime_ns
    project.write("interactive/src/word.ts", 'export const WORD = "second word";\n')
    project.build()
    files = scripts(project)
    assert loader_of(project, "one.html") == loader_of(project, "two.html") != before
    assert loader_of(project, "one.html") in files
    assert any("second word" in text for text in files.values())
    assert not any("first word" in text for text in files.values())
    assert (project.out / "index.html").stat().st_mtime_ns == untouched


@pytest.mark.parametrize("change", ["style", "new element", "removed element"])
def test_what_else_a_bundle_is_made_of(project: Project, change: str) -> None:
    project.build()
    before = loader_of(project, "one.html")
    if change == "style":
        project.write("interactive/src/look.css", "nn-a { color: red }\n")
    elif change == "new element":
        project.write("interactive/src/entries/nn-c.ts", ELEMENT.format("nn-c"))
    else:
        (project.root / "interactive/src/entries/nn-b.ts").unlink()
        project.write("two.md", "---\norphan: true\n---\n# Two\n\n```{toy} nn-a\n```\n")
    project.build()
    assert project.warnings == ""
    assert loader_of(project, "one.html") != before


def test_another_package_version_is_another_bundle(project: Project, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    src = project.root / "interactive" / "src"
    (packages / ".package-lock.json").write_text('{"d3-shape": "3.2.0"}')
    before = bundle.digest(src, packages)
    (packages / ".package-lock.json").write_text('{"d3-shape": "3.2.1"}')
    assert bundle.digest(src, packages) != before


def test_an_edited_test_is_not_another_bundle(project: Project) -> None:
    src, packages = project.root / "interactive" / "src", INTERACTIVE / "node_modules"
    before = bundle.digest(src, packages)
    project.write("interactive/src/core/scale.test.ts", "// nothing\n")
    assert bundle.digest(src, packages) == before


def test_the_cache_answers_and_half_a_bundle_in_it_does_not(project: Project, monkeypatch) -> None:
    first = scripts(project.build())
    (kept,) = (project.root / ".cache" / "nnfs" / "bundle").iterdir()
    calls = []
    real = bundle.call_esbuild
    monkeypatch.setattr(bundle, "call_esbuild", lambda *args: calls.append(args) or real(*args))
    shutil.rmtree(project.root / "_build")
    assert scripts(project.build()) == first
    assert calls == []
    (kept / "manifest.json").unlink()
    shutil.rmtree(project.root / "_build")
    assert scripts(project.build()) == first
    assert len(calls) == 1


def test_the_cache_keeps_a_few_bundles(project: Project) -> None:
    src, cache = project.root / "interactive" / "src", project.root / "cache"
    for i in range(bundle.KEPT + 2):
        project.write("interactive/src/word.ts", f'export const WORD = "{i}";\n')
        made = bundle.bundle(project.root, src, INTERACTIVE / "node_modules", cache)
        assert made is not None
        assert made.is_dir()
    assert len(list(cache.iterdir())) == bundle.KEPT


# --- What fails, and what it says ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("word.ts", "export const WORD = ;\n", r"interactive/src/word\.ts:1: .*Unexpected"),
        ("word.ts", "\n\nexport const OTHER = 1;\n", r"interactive/src/entries/nn-a\.ts:3: .*WORD"),
        ("look.css", "nn-a { color: inherit }\n\n}\n", r"interactive/src/look\.css:3: .*Unexpected"),
        ("entries/nn-a.ts", 'import "no-such-package";\n', r"interactive/src/entries/nn-a\.ts:1: .*no-such-package"),
    ],
    ids=["syntax", "missing export", "style", "missing package"],
)
def test_what_esbuild_refuses_is_an_error_with_file_and_line(project: Project, file: str, text: str, says: str) -> None:
    project.write(f"interactive/src/{file}", text)
    for _ in range(2):  # and again: nothing of a failure is kept
        assert re.search(says, project.build().warnings)
        assert not list((project.root / ".cache" / "nnfs").glob("bundle/*"))


def test_pages_find_their_scripts_again_after_a_failure(project: Project) -> None:
    project.build()
    good = (project.root / "interactive/src/word.ts").read_text(encoding="utf-8")
    project.write("interactive/src/word.ts", "export const WORD = ;\n")
    project.write("one.md", "---\norphan: true\n---\n# Once more\n\n```{toy} nn-a\n```\n")
    assert "word.ts:1" in project.build().warnings
    project.write("interactive/src/word.ts", good)
    assert project.build().warnings == ""
    assert loader_of(project, "one.html") in scripts(project)


def test_an_element_that_lost_its_source_is_an_error_on_the_page_that_uses_it(project: Project) -> None:
    project.build()
    (project.root / "interactive/src/entries/nn-b.ts").unlink()
    warnings = project.build().warnings
    assert re.search(r"two\.md.*no element nn-b", warnings)
    assert "one.md" not in warnings


def test_without_packages_the_build_says_which_command_installs_them(project: Project) -> None:
    (project.root / "interactive" / "node_modules").unlink()
    with pytest.raises(ExtensionError, match=r"npm ci --prefix interactive.*NNFS_INTERACTIVE=posters"):
        project.build()


def test_a_loader_that_grew_too_large_stops_the_build(project: Project, monkeypatch) -> None:
    monkeypatch.setattr(bundle, "LOADER_LIMIT", 100)
    with pytest.raises(ExtensionError, match=r"the loader of the interactives has \d+ bytes, its limit is 100"):
        project.build()


# --- Posters ---------------------------------------------------------------------------------------------------------


def test_posters_mode_builds_the_pages_without_scripts_and_both_ways_back(project: Project, monkeypatch) -> None:
    live = project.build().page("one.html")
    monkeypatch.setenv(bundle.SWITCH, "posters")
    project.build()
    assert project.warnings == ""
    for page in ("one.html", "two.html"):
        assert loader_of(project, page) is None
        assert '<div class="nn-poster">poster of nn-a</div>' in project.page(page)
        assert "interactive.css" in project.page(page)
    monkeypatch.delenv(bundle.SWITCH)
    assert project.build().page("one.html") == live


def test_posters_mode_needs_no_bundler(project: Project, monkeypatch) -> None:
    monkeypatch.setenv(bundle.SWITCH, "posters")
    monkeypatch.setattr(bundle, "call_esbuild", None)
    assert project.build().warnings == ""


def test_another_wish_than_posters_is_refused(project: Project, monkeypatch) -> None:
    monkeypatch.setenv(bundle.SWITCH, "poster")
    with pytest.raises(ExtensionError, match="the only value is 'posters'"):
        project.build()


# --- What others wrote -----------------------------------------------------------------------------------------------


def test_packages_that_load_on_a_click_are_copied_with_version_and_licence(project: Project) -> None:
    folders = {path.name: path for path in (project.build().out / "_static" / "nn" / "vendor").iterdir()}
    assert {name.split("@")[0] for name in folders} == set(bundle.VENDOR)
    for name, folder in folders.items():
        package, files, _ = bundle.VENDOR[name.split("@")[0]]
        source = INTERACTIVE / "node_modules" / package
        assert name.split("@")[1] == json.loads((source / "package.json").read_text(encoding="utf-8"))["version"]
        for file in files:
            assert (folder / file).read_bytes() == (source / file).read_bytes()
        terms = (folder / "LICENSE.txt").read_text(encoding="utf-8")
        assert "Apache License" in terms or ("Copyright (c)" in terms and "Permission is hereby granted" in terms)


def test_an_older_version_of_a_package_does_not_stay_in_the_output(project: Project) -> None:
    vendor = project.build().out / "_static" / "nn" / "vendor"
    (vendor / "wwwbasic@0.1.0").mkdir()
    project.write("interactive/src/word.ts", 'export const WORD = "again";\n')
    project.build()
    assert not (vendor / "wwwbasic@0.1.0").exists()


def test_the_licences_of_bundled_packages_lie_beside_the_bundle(project: Project) -> None:
    project.write("interactive/src/word.ts", 'import { line } from "d3-shape";\nexport const WORD = String(line());\n')
    text = (project.build().out / "_static" / "nn" / "LICENSES.txt").read_text(encoding="utf-8")
    assert "d3-shape" in text
    assert "Permission to use, copy, modify" in text
