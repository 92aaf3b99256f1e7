"""`nnfs new 4 "Title"`: a post that builds and lints before its first own sentence, and a test beside it.

The template holds one full turn of what a section does (a question, a prediction, the smallest thing that can
answer it, a claim), on a toy that the author replaces. Every place to fill is an AUTHOR comment, so `nnfs lint`
lists what is left.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import yaml

from nnfs.errors import UserError

FRONT = """\
---
file_format: mystnb
kernelspec: {{name: python3, display_name: Python 3}}
{matter}---
"""

BODY = """
# @TITLE@

<!-- AUTHOR: the question somebody would really ask, and why now. -->

## Can one neuron learn OR?

```{predict} After a thousand steps, how far is one neuron from OR?
Its loss is {val}`or_loss:.4f`. The line it needs exists, so it only has to find it.
```

```{code-cell} python
from nnfs.claims import claim, value
from nnfs.mlp import MLP
from nnfs.perceptron import BOOLEAN_2, truth_table

losses = MLP([2, 1], seed=1).train(truth_table(2), BOOLEAN_2["OR"], lr=5.0, epochs=1000)
value("or_loss", losses[-1], seed=1)
claim("one neuron learns OR", losses[-1] < 0.01, loss=losses[-1])
```

```{expect}
One number, the same on every machine as far as it is printed.
```

<!-- AUTHOR: what came out, with its spread; what it means, in a sentence that could be wrong; what to ask next. -->

```{deadend}
<!-- AUTHOR: what you expected, what you did, what came out, what you now think. -->
This post has no dead end yet.
```

## What this page claims

```{claims}
```
"""

TEST = '''"""Part @PART@ holds what it promises: it passes lint, and its numbers come out again without the page."""

from pathlib import Path

from nnfs.mlp import MLP
from nnfs.perceptron import BOOLEAN_2, truth_table
from nnfs.site.lint import lint_post

POST = Path(__file__).parents[2] / "posts" / "@NAME@"


def test_the_prose_passes_lint():
    assert [str(finding) for finding in lint_post(POST) if finding.error] == []


def test_one_neuron_learns_or():
    losses = MLP([2, 1], seed=1).train(truth_table(2), BOOLEAN_2["OR"], lr=5.0, epochs=1000)
    assert losses[-1] < 0.01
'''


def slug(title: str) -> str:
    """A title as it stands in a file name: "Déjà vu, twice" → "deja-vu-twice". UserError if nothing is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    if not words:
        raise UserError(f"the title {title!r} has no letter or digit that could stand in a file name")
    return "-".join(words)


def new_post(part: int, title: str, root: Path) -> Path:
    """Write root/posts/NN-slug.md and root/tests/posts/test_NN.py, and return the path of the post.

    Raises UserError, before anything is written, if the part is not 1 to 99, if the title is no single line of words,
    or if a post or a test of that part exists.
    """
    title = title.strip()
    if not 1 <= part <= 99:
        raise UserError(f"a part has a number from 1 to 99, got {part}")
    if "\n" in title or any(mark in title for mark in "`{}<>"):
        raise UserError("a title is one line without markup (` { } < >)")
    post = root / "posts" / f"{part:02d}-{slug(title)}.md"
    test = root / "tests" / "posts" / f"test_{part:02d}.py"
    for existing in [*sorted((root / "posts").glob(f"{part:02d}-*.md")), *([test] if test.exists() else [])]:
        raise UserError(f"Part {part} exists: {existing.relative_to(root)}; edit it, or choose another number")
    matter = {
        "title": title,
        "part": part,
        "promise": "What the reader can do, or knows, at the end.",
        "needs": "What it takes to follow.",
        "gives": "What a later part may build on.",
        "status": "draft",
        "depends": [],
        "constants": re.findall(r"\d[\d.,]*\d|\d", title),
    }
    front = FRONT.format(matter=yaml.safe_dump(matter, sort_keys=False, allow_unicode=True, width=1000))
    _write(post, front + BODY.replace("@TITLE@", title))
    _write(test, TEST.replace("@PART@", str(part)).replace("@NAME@", post.name))
    return post


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)
