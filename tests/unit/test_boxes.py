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


ASKED = """
```{predict} Is that *better*?
:options: better | the <same> | worse
:right: the <same>
Both cost a quarter.
```

```{predict} How many of the hundred?
:number: 0 100
Thirty.
```
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("asked"), ["myst_parser", "nnfs.site.boxes"])
    project.write("index.md", f"# Page\n{ASKED}")
    assert project.build().warnings == ""
    return project


def test_a_guess_among_options_is_a_radio_group_beside_the_folded_answer(asked: Project) -> None:
    box, _ = re.findall(r'<aside class="nn-box nn-predict">(.*?)</aside>', asked.page("index.html"), re.S)
    question, rest = box.split("<fieldset", 1)
    guess, answer = rest.split("</fieldset>")
    assert "<em>better</em>?" in question
    assert re.findall(r"<span>([^<]+)</span>", guess) == ["better", "the &lt;same&gt;", "worse"]
    assert len(set(re.findall(r'type="radio" name="([\w-]+)"', guess))) == 1
    assert re.findall(r'<label class="nn-right">.*?<span>(.*?)</span>', guess) == ["the &lt;same&gt;"]
    assert re.search(r'<details class="nn-answer">.*<summary.*Both cost a quarter\.', answer, re.S)


def test_a_guessed_number_has_its_limits_and_every_guess_its_own_name(asked: Project) -> None:
    page = asked.page("index.html")
    (number,) = re.findall(r'<input type="number"[^>]*>', page)
    assert 'min="0" max="100"' in number
    assert len(set(re.findall(r'name="(guess-\d)"', page))) == 2


def test_in_plain_text_the_options_stand_after_the_question(asked: Project) -> None:
    text = asked.build("text").page("index.txt")
    assert re.search(r"Is that \*better\*\?\s+\(better / the <same> / worse\)", text)
    assert "(0 to 100)" in text
    assert "Both cost a quarter." in text


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
        ("```{predict} Q?\n:options: yes\nBody.\n```", "two or more different"),
        ("```{predict} Q?\n:options: yes | yes\nBody.\n```", "two or more different"),
        ("```{predict} Q?\n:options: yes | no\n:right: maybe\nBody.\n```", "'maybe' is none of its"),
        ("```{predict} Q?\n:options: yes | no\n:number: 0 9\nBody.\n```", "one of the two"),
        ("```{predict} Q?\n:right: yes\nBody.\n```", "one of the two"),
        ("```{predict} Q?\n:number: 9 0\nBody.\n```", "two whole numbers"),
        ("```{predict} Q?\n:number: many\nBody.\n```", "two whole numbers"),
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
