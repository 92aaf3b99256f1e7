"""Lint, each rule both ways: what it must catch, with the line, and what it must leave alone."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs.errors import UserError
from nnfs.site.lint import Finding, lint_post, run
from nnfs.site.scaffold import new_post, slug

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

MATTER = {
    "title": "A toy",
    "part": 2,
    "promise": "A promise.",
    "needs": "Nothing.",
    "gives": "Something.",
    "status": "draft",
    "constants": ["60", "2-4-1", "14/16", "137 + 158", "−1", "0.5", "3", "4"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("posts")


@pytest.fixture(scope="module")
def lint(folder):
    """Findings as (line of the body, rule), with the body beginning at line 1; front matter findings are negative.
    Constants that no sentence needs are left out: see test_a_constant_that_frees_nothing_has_to_go."""

    def found(body: str, heading: bool = True, **changes: object) -> list[tuple[int, str]]:
        matter = {key: value for key, value in {**MATTER, **changes}.items() if value is not ...}
        front = f"---\n{yaml.safe_dump(matter, sort_keys=False, allow_unicode=True)}---\n" + "# A toy\n\n" * heading
        path = folder / "02-toy.md"
        path.write_text(front + body, encoding="utf-8")
        findings = [finding for finding in lint_post(path) if "stands in no sentence" not in finding.message]
        return [(finding.line - front.count("\n"), finding.rule) for finding in findings]

    return found


# --- structure ----------------------------------------------------------------------------------------------


def test_a_plain_post_has_no_findings(lint):
    assert lint("A sentence.\n\n## A section\n\nAnother sentence.\n") == []


def test_no_heading_of_the_first_level(lint):
    assert lint("## A section\n", heading=False) == [(1 - len(front_lines()), "heading")]


def front_lines():
    return f"---\n{yaml.safe_dump(MATTER, sort_keys=False)}---\n".splitlines()


def test_two_headings_of_the_first_level(lint):
    assert lint("Text.\n\n# Another\n") == [(3, "heading")]


def test_a_hash_in_a_cell_is_no_heading(lint):
    assert lint("```{code-cell} python\n# a comment\n```\n") == []


@pytest.mark.parametrize("key", ["title", "part", "promise", "needs", "gives", "status"])
@pytest.mark.parametrize("value", [..., "", None, True])
def test_front_matter_is_complete(lint, key, value):
    assert [rule for _, rule in lint("", **{key: value})] == ["front matter"]


@pytest.mark.parametrize("change", [{"status": "done"}, {"part": "2"}, {"part": 2.5}, {"constants": [0.25]}])
def test_front_matter_has_the_right_kinds(lint, change):
    assert [rule for _, rule in lint("", **change)] == ["front matter"]


@pytest.mark.parametrize("status", ["draft", "review", "published"])
def test_known_states(lint, status):
    assert lint("", status=status) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [("# A toy\n", 1), ("---\ntitle: [\n---\n# A toy\n", 3), ("---\n- a list\n---\n# A toy\n", 1)],
)
def test_front_matter_that_is_none(tmp_path, text, line):
    path = tmp_path / "post.md"
    path.write_text(text)
    assert [(f.line, f.rule) for f in lint_post(path)] == [(line, "front matter")]


def test_the_sentences_of_the_front_matter_are_prose(lint):
    assert [rule for _, rule in lint("", promise="It is just 17.")] == ["number", "word"]
    assert lint("", promise="From the 1990s, as Part 1 says.") == []


# --- numbers ------------------------------------------------------------------------------------------------

RIGHT = [
    "The loss is {val}`xor_loss:.4f` in the end.",
    "It was trained for 1,024 words {cite}`nettalk87`.",
    "{cite:t}`rosenblatt58` used 50 trials.",
    "In 1958, on 8 July 1958, in July 1958, July 8, 1958, 2026-11-23, 1960–62, 1960-1962, the 1990s and the '90s.",
    "Published on 4 March and read on 9 Oct 1986.",
    "In 1986 Rumelhart, in 1969 and 1986 always, and 1974 was earlier.",
    "A net 2-4-1 learns 14/16 in 60 lines, as Part 2 and Parts 3 and 4 say, like Figure 7 and Chapter 8.",
    "From −1 to 60, 3–4 of 3 × 4 is 137 +\n158 (60).",
    "GPT-2, float64, H100, A000609, w1, UTF-8 and x_1 are names.",
    "The code `x = 0.25` and the formula $x = 0.25$ are not prose.",
    "$$\nx = 0.25\n$$",
    "[a link](https://example.org/17/0.25) and <https://example.org/17>.",
    "1. first\n2. second",
    "[](#fig-17) and {numref}`fig-17` and {ref}`the text <part-17>`.",
    "(target-17)=\n## A section",
    "% a comment about 17\n\nText.",
    "<!-- 17 -->",
    "<!-- AUTHOR: which of the 17? -->",
    "```python\nx = 17\n```",
    "    x = 17",
    "```{code-cell} python\n:tags: [hide-input]\nx = 17\n```",
    "```{literalinclude} listings/x17.py\n:lines: 17-25\n:emphasize-lines: 17\n```",
    "```{math}\n:label: eq-17\n17\n```",
    "```{claims}\n```",
    "```{figure} x17.svg\n:alt: A line\n:width: 17%\n:name: fig-17\n\nIt falls.\n```",
    "| who | what |\n|---|---|\n| {cite}`nettalk87` | 18,629 weights. They said 95. |",
    "A committee under J. R. Pierce spent 17 million {cite}`hutchins`.",
    "See e.g. the 17 cases of {cite}`rhw86b`.",
    "Half, a thousand and twice are words.",
    "See Parts 4, 5 and 6, Figures 3–7 and Part 2.",
    "(1986) and “1958” and, since 1969, the 1943 paper; 1974 was earlier.",
]


@pytest.mark.parametrize("body", RIGHT)
def test_a_number_that_stands_there_rightly(lint, body):
    assert [finding for finding in lint(body + "\n") if finding[1] != "author"] == []


WRONG = [
    ("The loss is 0.25.", [1]),
    ("It took\n17 steps.", [2]),
    ("One sentence cites {cite}`hutchins`. The next says 17.", [1]),
    ("The next cites. It says 17. This one cites {cite}`hutchins`.", [1]),
    ("After 2000 epochs it stops.", [1]),
    ("A 2000-step run with a context of 2048.", [1, 1]),
    ("It has 1,986 weights and 1986.5 of them.", [1, 1]),
    ("Between 0.2 and 0.3, that is 99 %, −17, 10⁵, .75, 1e-9 or ½.", [1] * 8),
    ("Of 16 rules 14 work.", [1, 1]),
    ("A net 2-4-2 and a net 2-4-10.", [1, 1]),
    ("The constant 60 is not 60.5, 160, 60/7 or 1.60.", [1] * 4),
    ("The constant −1 is not 1.", [1]),
    ("It is 3x faster, for 10k tokens, the 2nd time.", [1] * 3),
    ("## 17 ways", [1]),
    ("- a list\n- of 17\n\n> quoted 18", [2, 4]),
    ("| a | b |\n|---|---|\n| x | 17 |\n| {cite}`k` | 5 |", [3]),
    ("**17** and *18* and [19](https://example.org)", [1, 1, 1]),
    ("term\n: a definition with 17", [2]),
    ("A note.[^n]\n\n[^n]: It says 17.", [3]),
    ("```{note}\nIt says 17.\n```", [2]),
    ("```{predict} Will it be 17?\nNo,\n\nit is 18.\n```", [1, 4]),
    (":::{expect}\n:class: wide\n\nA range\nof 17.\n:::", [5]),
    ("```{exercise} Title\nDo it.\n\n````{answer}\nIt is\n17.\n````\n```", [6]),
    ("````{deadend}\n```{margin}\nFirst\n17\n```\nThen 18.\n````", [4, 6]),
    ("```{cost}\n---\nclass: x\n---\nIt cost 17 $.\n```", [5]),
    ("```{some-new-box}\nIt says 17.\n```", [2]),
    ("- in a list:\n\n  ```{note}\n  It says 17.\n  ```", [4]),
    ("```{literalinclude} x.py\n:language: python\n:caption: All 17 lines.\n```", [3]),
    ("```{figure} x.svg\n:alt: A line\n\nIt falls by 17.\n```", [4]),
    ("<div>\nIt says 17.\n</div>", [2]),
    ("Text with `code\nover lines` and\n17.", [3]),
    ("Text <!-- a\ncomment --> and\n17.", [3]),
    ("As in Part 1, 14 of its nets fail, in Parts 1 and 17 of the seeds, and in Table 1, 93% are there.", [1] * 3),
    ("It has 2016 free parameters.", [1]),
    ("With 60% of it, 3 % and 4 million: the constant is a number without a unit.", [1] * 3),
    ("```{note} It says 17.\nText.\n```", [1]),
    ("```{expect} About 17\nText.\n```", [1]),
    ("```{margin} 17 of them\nText.\n```", [1]),
]


@pytest.mark.parametrize(("body", "lines"), WRONG)
def test_a_number_that_nothing_computed_is_an_error_at_its_line(lint, body, lines):
    # (line, rule, message) of equal numbers on one line is one finding; the cases have no such pair
    assert lint(body + "\n") == [(line, "number") for line in lines]


@given(
    st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False, places=3).map(str),
    st.sampled_from(["It is {}.", "From {} on", "({})", "about {} %", "It is\n{} now", "**{}**", "- {} of them"]),
)
def test_any_decimal_in_prose_is_caught_unless_it_is_a_constant(lint, number, sentence):
    body = sentence.format(number) + "\n"
    line = 1 + sentence.split("{}")[0].count("\n")
    assert lint(body) == [(line, "number")]
    assert lint(body, constants=[number, f"{number} %"]) == []


def test_a_constant_that_frees_nothing_has_to_go(folder):
    path = folder / "02-idle.md"
    matter = {**MATTER, "constants": ["3", "7", "60", "8–9", "8", "9", "11"]}
    body = "From 3 to 60, 8–9, {val}`x:.2f` of {cite:t}`rhw86b` who had 7, and 3 again.\n"
    path.write_text(f"---\n{yaml.safe_dump(matter, allow_unicode=True)}---\n# A toy\n\n{body}", encoding="utf-8")
    found = [finding.message for finding in lint_post(path)]
    assert found == [
        f"constants: '{c}' stands in no sentence that needs it" for c in ("11", "3", "60", "7", "8", "8–9", "9")
    ]
    path.write_text(path.read_text().replace("{cite:t}`rhw86b`", "them"))
    found = [finding.message for finding in lint_post(path)]
    assert found == [f"constants: '{c}' stands in no sentence that needs it" for c in ("11", "8", "9")]


@given(st.text(alphabet="abc XYZ0123456789.,-–/%*_`'\"()[]{}<>!#|\n:$&", max_size=80))
def test_no_text_makes_lint_fail_and_every_finding_has_a_line_of_it(lint, text):
    last = max(1, len(text.splitlines()))
    assert all(1 <= line <= last for line, _ in lint(text))


@given(st.integers(0, 30), st.integers(0, 6))
def test_the_line_of_a_number_is_its_line_however_deep_it_stands(lint, before, inside):
    body = "Words.\n\n" * before + "`````{note}\n````{margin}\n" + "Words.\n\n" * inside + "It is 17.\n````\n`````\n"
    assert lint(body) == [(2 * before + 3 + 2 * inside, "number")]


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("It is simply so.", [1]),
        ("Just\nobviously.", [1, 2]),
        ("So let's dive in, and let’s\ndive in.", [1, 1]),
        ("In this post we will see.", [1]),
        ("It turns\nout that it is so.", [1]),
        ("```{margin}\nIt just works.\n```", [2]),
        ("The rule is unjust, adjusted and justified.", []),
        ("The word `just` in code, and {term}`just`.", []),
    ],
)
def test_empty_words(lint, body, lines):
    assert lint(body + "\n") == [(line, "word") for line in lines]


# --- figures ------------------------------------------------------------------------------------------------

GOOD_CALL = 'plot.show(fig, "fig-x", caption="It falls.", alt="A line "\n  "that falls.")'


def test_what_stands_in_a_fence_is_read_however_it_is_opened(lint):
    assert lint("``` {admonition} A title\nThen 7 things.\n```") == [(2, "number")]
    assert lint(":::{admonition} A title\nWords.\n:::\n\n:::\nThen 7 things.\n:::") == [(5, "fence"), (6, "number")]


def test_a_title_with_backticks_opens_no_directive_and_hides_what_follows(lint):
    fenced = ("```{predict} A price {cite}`a`?", ":right: a", "b", "```", "", "Then 7 things.")
    assert lint("\n".join(fenced)) == [(1, "fence")]
    assert lint("\n".join(("Words.", *fenced))) == [(2, "fence")]
    assert lint("Words.\n   " + "\n".join(fenced)) == [(2, "fence")]
    assert lint("\n".join(("``` " + fenced[0][3:], *fenced[1:]))) == [(1, "fence")]
    assert lint("```{val}`x` ``` is how one writes it.") == []
    assert lint("\n".join((":" * 3 + fenced[0][3:], *fenced[1:3], ":::", *fenced[4:]))) == [(6, "number")]


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (f"from nnfs import plot\n{GOOD_CALL}", []),
        ('from nnfs import plot\nplot.show(fig, "fig-x", caption="It falls.")', [3]),
        ('from nnfs import plot\n\nplot.show(fig, "fig-x", alt="A line.")', [4]),
        ('from nnfs import plot\nplot.show(fig, "fig-x", caption=" ", alt="")', [3, 3]),
        ('from nnfs import plot\nplot.show(fig, "fig-x", caption=words, alt=f"{n}")', [3, 3]),
        ('from nnfs import plot as p\np.show(fig, "fig-x")', [3, 3]),
        ('import nnfs.plot\nnnfs.plot.show(fig, "fig-x")', [3, 3]),
        ('from nnfs.plot import show as draw\ndraw(fig, "fig-x")', [3, 3]),
        ('from nnfs import plot\nplot.poster(fig, "fig-x", alt="A line.")', []),
        ('from nnfs import plot\nplot.poster(fig, "fig-x", alt=words)', [3]),
        ('from nnfs import plot\nfor x in y:\n    if x:\n        plot.show(x, "fig-x")', [5, 5]),
        ("import other\nother.show(fig)\nplot = other\nself.plot.show(fig)", []),
    ],
)
def test_a_figure_of_a_cell_has_caption_and_alt(lint, code, lines):
    assert lint(f"```{{code-cell}} python\n{code}\n```\n") == [(line, "figure") for line in lines]


@pytest.mark.parametrize("call", ["show", "poster"])
def test_an_alt_may_count_what_is_drawn_but_not_say_a_measured_number(lint, call):
    caption = 'caption="It falls.", ' * (call == "show")
    for alt, errors in (
        ("Three lines, 17 marks and a grid of 40 by 40.", 0),
        ("It falls from {val}`x:.2f` to {val}`y`.", 0),
        ("It falls to 0.25.", 1),
        ("It falls from 1.5e-3.", 1),
    ):
        code = f'from nnfs import plot\nplot.{call}(f, "fig-x", {caption}alt="{alt}")'
        assert lint(f"```{{code-cell}} python\n{code}\n```\n") == [(3, "number")] * errors


def test_the_caption_of_a_cell_is_prose_and_its_alt_counts(lint):
    call = 'plot.show(f, "fig-x", caption="After 17 steps, {val}`x`.", alt="1, 2, 3")'
    assert lint(f"```{{code-cell}} python\nfrom nnfs import plot\n{call}\n```\n") == [(3, "number")]


def test_cells_share_their_imports(lint):
    body = "```{code-cell} python\nfrom nnfs import plot\n```\n\n```{code-cell} python\n:tags: [x]\nplot.show(f)\n```\n"
    assert lint(body) == [(7, "figure"), (7, "figure")]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ('![A line that falls](x.svg "It falls.")', 0),
        ("![A line](x.svg)", 1),
        ('![](x.svg "It falls.")', 1),
        ("![](x.svg)", 2),
        ("```{figure} x.svg\n:alt: A line\n\nIt falls.\n```", 0),
        ("```{figure} x.svg\n\nIt falls.\n```", 1),
        ("```{figure} x.svg\n:alt: A line\n```", 1),
        ("```{figure} x.svg\n:alt:\n```", 2),
        ("```{image} x.svg\n:alt: A line\n```", 1),
        ('<img src="x.svg" alt="A line">', 1),
        ('A line with <img src="x.svg">', 1),
    ],
)
def test_an_image_in_markdown_has_caption_and_alt(lint, body, count):
    assert [rule for _, rule in lint(body + "\n")] == ["figure"] * count


# --- draws --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("import numpy as np\nrng = np.random.default_rng(7)\nrng.normal()", []),
        ("import numpy as np\nrng = np.random.default_rng(seed=7)", []),
        ("import numpy as np\nrng = np.random.default_rng()", [3]),
        ("import numpy as np\nrng = np.random.default_rng(None)", [3]),
        ("from numpy.random import default_rng\nx = default_rng()", [3]),
        ("from numpy import random as r\nx = r.rand(3)", [3]),
        ("import numpy as np\nnp.random.seed(7)\nx = np.random.randn(3)", [3, 4]),
        ("import numpy\nx = numpy.random.RandomState(7)\ng = numpy.random.Generator(numpy.random.PCG64(7))", []),
        ("import numpy\ng = numpy.random.Generator(numpy.random.PCG64())", [3]),
        ("import random\nr = random.Random(7)\nr.random()", []),
        ("import random\nr = random.Random()", [3]),
        ("import random\nrandom.seed(7)\nx = random.random()", [3, 4]),
        ("from random import shuffle, Random\nshuffle(x)\nRandom(7).shuffle(x)", [3]),
        ("import random\nx = random.SystemRandom()", [3]),
        ("import torch\nx = torch.rand(3)", [3]),
        ("import torch\ntorch.manual_seed(7)\nx = torch.rand(3)", []),
        ("import torch\nx = torch.randn(3)\ntorch.manual_seed(7)", [3]),
        ("import torch\ng = torch.Generator().manual_seed(7)\nx = torch.rand(3, generator=g)", []),
        ("import torch\nx = torch.empty(3).uniform_()", [3]),
        ("import torch\ntorch.seed()", [3]),
        ("from torch import randn as draw\nx = draw(3)", [3]),
        ("from nnfs.rng import Mulberry32\nrng = Mulberry32(7)\nrng.random()", []),
        ("class X:\n    def rand(self): ...\nx = X().rand()", []),
    ],
)
def test_draws_have_seeds(lint, code, lines):
    assert lint(f"```{{code-cell}} python\n{code}\n```\n") == [(line, "seed") for line in lines]


def test_a_cell_that_is_not_python(lint):
    assert lint("```{code-cell} python\n:tags: [x]\nx = 1\n%time x\n```\n") == [(4, "cell")]


# --- the author's places ------------------------------------------------------------------------------------


def test_the_authors_places_are_listed_wherever_they_stand(lint):
    body = "<!-- AUTHOR: the year -->\n\nText <!-- AUTHOR: a\nname --> goes on.\n\n"
    body += "```{margin}\n<!-- AUTHOR! now -->\n```\n"
    assert lint(body) == [(1, "author"), (3, "author"), (7, "author")]


def test_a_published_post_does_not_wait_for_its_author(lint):
    body = "<!-- AUTHOR: the year -->\n\n<!-- AUTHOR! the name -->\n"
    assert lint(body, status="review") == [(1, "author"), (3, "author")]
    assert lint(body, status="published") == [(1, "author"), (3, "author!")]


# --- the command --------------------------------------------------------------------------------------------


def write(folder: Path, body: str) -> Path:
    path = folder / "02-toy.md"
    path.write_text(
        f"---\n{yaml.safe_dump({**MATTER, 'constants': []}, allow_unicode=True)}---\n# A toy\n\n{body}\n",
        encoding="utf-8",
    )
    return path


def test_run_prints_place_rule_and_message_and_fails(tmp_path, capsys):
    path = write(tmp_path, "The loss is 0.25 here.\n\n<!-- AUTHOR: the year -->")
    line = path.read_text().splitlines().index("The loss is 0.25 here.") + 1
    assert run([path]) == 1
    printed = capsys.readouterr().out
    expected = (
        f'{path}:{line}: number: "0.25" is neither {{val}}, cited, a date nor in constants: The loss is 0.25 here.'
    )
    assert expected in printed
    assert f"waiting for the author:\n  {path}:{line + 2}: the year" in printed
    assert printed.endswith("linted 1, errors 1, places for the author 1\n")


def test_run_names_posts_from_where_it_stands(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run([write(tmp_path, "It is 17.")])
    assert capsys.readouterr().out.startswith("02-toy.md:")


def test_run_passes_a_post_that_only_waits_for_its_author(tmp_path, capsys):
    assert run([write(tmp_path, "<!-- AUTHOR: the year -->")]) == 0
    assert "the year" in capsys.readouterr().out


def test_findings_are_sorted_by_line_and_only_notes_are_no_errors(tmp_path):
    path = write(tmp_path, "It is 17.\n\n<!-- AUTHOR: the year -->\n\nJust 18.")
    findings = lint_post(path)
    assert findings == sorted(findings)
    assert [finding.error for finding in findings] == [True, False, True, True]
    assert isinstance(findings[0], Finding)


# --- scaffold -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Names, and How They Fall", "names-and-how-they-fall"),
        ("Déjà vu: it's back", "deja-vu-its-back"),
        ("4 Experts", "4-experts"),
    ],
)
def test_a_new_post_passes_lint_and_its_own_test(tmp_path, title, name):
    post = new_post(4, title, tmp_path)
    assert post == tmp_path / "posts" / f"04-{name}.md"
    assert [str(finding) for finding in lint_post(post) if finding.error] == []
    assert [finding.rule for finding in lint_post(post)].count("author") == 3
    test = tmp_path / "tests" / "posts" / "test_04.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)], capture_output=True, text=True
    )
    assert "2 passed" in done.stdout, done.stdout
    assert sorted(path.name for path in tmp_path.rglob("*.new")) == []


def test_the_cell_of_a_new_post_runs_and_its_claim_holds(tmp_path):
    source = new_post(5, "A title", tmp_path).read_text()
    cell = source.split("```{code-cell} python\n")[1].split("```")[0]
    names = {}
    exec(cell, names)
    assert names["losses"][-1] < 0.01


def test_a_title_keeps_its_marks_in_the_front_matter(tmp_path):
    title = 'What: "yes", #1 & no?'
    source = new_post(6, title, tmp_path).read_text()
    assert yaml.safe_load(source.split("---\n")[1])["title"] == title


@given(st.text(min_size=1, max_size=40))
def test_a_slug_is_fit_for_a_file_name_or_refused(title):
    try:
        name = slug(title)
    except UserError:
        assert not any(c.isascii() and c.isalnum() for c in title)
    else:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("part", "title", "message"),
    [
        (0, "A title", "from 1 to 99"),
        (100, "A title", "from 1 to 99"),
        (3, "…", "no letter or digit"),
        (3, "Two\nlines", "one line"),
        (3, "With `code`", "without markup"),
        (4, "Another title", "Part 4 exists: posts/04-here.md"),
        (5, "A title", r"Part 5 exists: tests/posts/test_05\.py"),
    ],
)
def test_scaffold_refuses_and_writes_nothing(tmp_path, part, title, message):
    for there in ("posts/04-here.md", "tests/posts/test_05.py"):
        (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / there).write_text("kept")
    with pytest.raises(UserError, match=message):
        new_post(part, title, tmp_path)
    assert {path.read_text() for path in tmp_path.rglob("*.*")} == {"kept"}
