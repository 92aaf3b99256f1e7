"""The asides: folds that work by keyboard and without a script, boxes with a word, numbered exercises."""

from __future__ import annotations

import re

import pytest
from sphinx_project import Project

PAGE = """# Page

```{predict} Which row will $x$ get *wrong*?
All of them.

- a list
```

````{exercise} Turn the sign
Change it.

```{answer}
The bias.
```
````

```{exercise} Again
Once more.
```

```{expect}
Five rows.
```

```{deadend}
We expected less.
```

```{cost}
4 s.
```
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("boxes"), ["myst_parser", "nnfs.site.boxes"])
    project.write("index.md", PAGE + "\n```{toctree}\nother\n```\n")
    project.write("other.md", "# Other\n\n```{exercise} First here\nDo it.\n```\n")
    return project


@pytest.fixture(scope="module")
def html(project: Project) -> str:
    project.build()
    assert project.warnings == ""
    return project.page("index.html")


def test_a_prediction_is_a_native_fold_closed_at_first_with_its_question_as_summary(html: str) -> None:
    fold = re.search(r'<details class="nn-predict">(.*?)</details>', html, re.S)
    assert fold is not None
    summary, body = re.split("</summary>", fold[1])
    assert "<summary" in summary
    assert "Predict" in summary
    assert "<em>wrong</em>?" in summary
    assert '<span class="math' in summary
    assert "<li><p>a list</p></li>" in body


def test_an_answer_is_folded_inside_its_exercise(html: str) -> None:
    exercise = re.search(r'<aside class="nn-box nn-exercise">(.*?)</aside>', html, re.S)
    assert exercise is not None
    assert re.search(r'<details class="nn-answer">.*The bias\.', exercise[1], re.S)


def test_exercises_are_numbered_on_each_page(html: str, project: Project) -> None:
    titles = r'<span class="nn-word">(Exercise \d)</span> <span class="nn-title">([\w ]+)'
    assert re.findall(titles, html) == [("Exercise 1", "Turn the sign"), ("Exercise 2", "Again")]
    assert re.findall(titles, project.page("other.html")) == [("Exercise 1", "First here")]


@pytest.mark.parametrize(
    ("kind", "word"), [("expect", "What you should see"), ("deadend", "Dead end"), ("cost", "What it cost")]
)
def test_a_box_is_an_aside_with_its_word(html: str, kind: str, word: str) -> None:
    label = f'<p class="nn-label"><span class="nn-word">{word}</span></p>'
    assert f'<aside class="nn-box nn-{kind}">\n{label}' in html


def test_in_plain_text_nothing_is_folded_away(project: Project) -> None:
    text = project.build("text").page("index.txt")
    assert "Predict: Which row" in text
    assert "All of them." in text
    assert "Exercise 1: Turn the sign" in text
    assert "The bias." in text


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("```{predict}\nBody.\n```", "needs its question"),
        ("```{exercise}\nBody.\n```", "needs its title"),
        ("```{expect}\n```", "Content block expected"),
    ],
)
def test_a_fold_without_question_and_a_box_without_content_are_reported(
    tmp_path_factory: pytest.TempPathFactory, source: str, complaint: str
) -> None:
    broken = Project(tmp_path_factory.mktemp("broken"), ["myst_parser", "nnfs.site.boxes"])
    broken.write("index.md", f"# Page\n\n{source}\n")
    assert complaint in broken.build().warnings
