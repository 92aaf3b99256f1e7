"""The post's asides, as directives: predict, answer, expect, deadend, exercise, cost.

Two of them keep something back until the reader asks: `predict` (a question, its answer folded) and `answer`
(inside an exercise). They are native `<details>`, so that keyboard, search in the page and print work without
a script. The others are boxes with a word of chalk on top: what one should see, a dead end, an exercise, the
cost.

    ```{predict} Which of the four rows will one neuron get wrong?
    The body is any MyST, also cells' values and figures' numbers.
    ```

A question may ask for a guess first, by `:options:` (and which of them is `:right:`) or by `:number:`, lowest and
highest. The guess is a native input beside the folded answer: it stays in view when the answer opens, works without a
script, and is stored nowhere.

    ```{predict} Is that better?
    :options: better | the same | worse
    :right: the same
    Both cost a quarter.
    ```

Exercises are numbered per page. In every builder but HTML a fold is open and its question a bold line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class nn_box(nodes.General, nodes.Element):  # noqa: N801 (docutils nodes are lower-case)
    """An aside. `kind`: its name; its first child is an nn_label."""


class nn_fold(nodes.General, nodes.Element):  # noqa: N801
    """A folded aside, `<details>`. `kind`: its name; its first child is an nn_label, the `<summary>`."""


class nn_guess(nodes.General, nodes.Element):  # noqa: N801
    """Where the reader commits. `name`: unique on the page; `options` and `right`, or `span`: lowest, highest."""


class nn_label(nodes.Part, nodes.TextElement):  # noqa: N801
    """The first line: `word` is the chalk word, the children are the question or the title."""


class Box(SphinxDirective):
    """One aside. A subclass says its kind, its word, and whether a title after the name is due."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {}

    kind: ClassVar[str]
    word: ClassVar[str]
    fold: ClassVar[bool] = False
    title_required: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        title = self.arguments[0] if self.arguments else ""
        if self.title_required and not title:
            raise self.error(f"{{{self.name}}} needs its {'question' if self.fold else 'title'} on the first line")
        self.assert_has_content()
        fold, guess = self.fold, self.guess()
        box = nn_fold(kind=self.kind) if fold and guess is None else nn_box(kind=self.kind)
        label = nn_label(title, "", word=self.label())
        words, messages = self.parse_inline(title) if title else ([], [])
        label += words
        box += label
        self.set_source_info(box)
        body = self.parse_content_to_nodes()
        if guess is not None:
            box += guess
            body = [nn_fold("", nn_label("", "", word=Answer.word), *body, kind=Answer.kind)]
        box += body
        return [box, *messages]

    def guess(self) -> nn_guess | None:
        """What the reader is asked to commit to before the answer; None if nothing."""
        return None

    def label(self) -> str:
        return self.word


class Predict(Box):
    """A question to answer before reading on; the body is the answer."""

    kind, word, fold, title_required = "predict", "Predict", True, True
    option_spec: ClassVar[dict[str, Any]] = {"options": str, "right": str, "number": str}

    def guess(self) -> nn_guess | None:
        options = [option.strip() for option in (self.options.get("options") or "").split("|") if option.strip()]
        right, number = self.options.get("right"), self.options.get("number")
        if not ({"options", "number", "right"} & set(self.options)):
            return None
        if ("options" in self.options) == ("number" in self.options):
            raise self.error("{predict} asks by :options: or by :number:, one of the two")
        page: dict[str, Any] = self.env.temp_data  # type: ignore[assignment]
        page["nnfs_guesses"] = page.get("nnfs_guesses", 0) + 1
        guess = nn_guess(name=f"guess-{page['nnfs_guesses']}", options=options, right=None, span=None)
        if number is None:
            if len(set(options)) != len(options) or len(options) < 2:
                raise self.error("{predict} needs two or more different :options:, separated by |")
            if right is not None and right.strip() not in options:
                raise self.error(f"{{predict}} :right: {right.strip()!r} is none of its :options:")
            guess["right"] = right and right.strip()
        else:
            try:
                low, high = map(int, number.split())
            except ValueError:
                low = high = 0
            if low >= high or right is not None:
                raise self.error("{predict} :number: is the lowest and the highest guess, two whole numbers: 0 100")
            guess["span"] = (low, high)
        return guess


class Answer(Box):
    """The folded answer of an exercise."""

    kind, word, fold = "answer", "Answer", True


class Expect(Box):
    """What a cell should print, how far it varies, and what it means if it does not."""

    kind, word = "expect", "What you should see"


class DeadEnd(Box):
    """What we expected, what we did, what came out, what we now think."""

    kind, word = "deadend", "Dead end"


class Cost(Box):
    """Time, device, and how to reproduce it without money."""

    kind, word = "cost", "What it cost"


class Exercise(Box):
    """Something to do, with a title; numbered per page in order of appearance."""

    kind, word, title_required = "exercise", "Exercise", True

    def label(self) -> str:
        page: dict[str, Any] = self.env.temp_data  # type: ignore[assignment]  # lives as long as one page
        number = page["nnfs_exercises"] = page.get("nnfs_exercises", 0) + 1
        return f"Exercise {number}"


# --- HTML --------------------------------------------------------------------------------------------------


def _visit_box(self: Any, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "aside", CLASS=f"nn-box nn-{node['kind']}"))


def _depart_box(self: Any, node: nodes.Element) -> None:
    self.body.append("</aside>\n")


def _visit_fold(self: Any, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "details", CLASS=f"nn-{node['kind']}"))


def _depart_fold(self: Any, node: nodes.Element) -> None:
    self.body.append("</details>\n")


def _visit_guess(self: Any, node: nn_guess) -> None:
    name = node["name"]
    if node["span"]:
        low, high = node["span"]
        keys = "numeric" if low >= 0 else "text"  # phones show no minus among digits
        entry = f'<input type="number" name="{name}" min="{low}" max="{high}" inputmode="{keys}" autocomplete="off">'
        self.body.append(f'<div class="nn-guess"><label>Your guess, {low} to {high} {entry}</label></div>\n')
    else:
        self.body.append('<fieldset class="nn-guess"><legend>Your guess</legend>')
        for option in node["options"]:
            mark = ' class="nn-right"' if option == node["right"] else ""
            entry = f'<input type="radio" name="{name}" autocomplete="off">'
            self.body.append(f"<label{mark}>{entry}<span>{self.encode(option)}</span></label>")
        self.body.append("</fieldset>\n")
    raise nodes.SkipNode


def _visit_label(self: Any, node: nn_label) -> None:
    tag = "summary" if isinstance(node.parent, nn_fold) else "p"
    self.body.append(f'<{tag} class="nn-label"><span class="nn-word">{self.encode(node["word"])}</span>')
    if node.children:
        self.body.append(' <span class="nn-title">')


def _depart_label(self: Any, node: nn_label) -> None:
    tag = "summary" if isinstance(node.parent, nn_fold) else "p"
    self.body.append(f"{'</span>' if node.children else ''}</{tag}>\n")


# --- Other builders: the same words, unfolded --------------------------------------------------------------


def _visit_plain(self: Any, node: nodes.Element) -> None:
    pass


def _text_label(self: Any, node: nn_label) -> None:
    self.new_state(0)
    self.add_text(f"{node['word']}: " if node.children else node["word"])


def _text_label_end(self: Any, node: nn_label) -> None:
    self.end_state(wrap=False)


def _text_guess(self: Any, node: nn_guess) -> None:
    low, high = node["span"] or (None, None)
    self.new_state(0)
    self.add_text(f"({low} to {high})" if node["span"] else f"({' / '.join(node['options'])})")
    self.end_state(wrap=False)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    for directive in (Predict, Answer, Expect, DeadEnd, Exercise, Cost):
        app.add_directive(directive.kind, directive)
    plain = (_visit_plain, _visit_plain)
    app.add_node(nn_box, html=(_visit_box, _depart_box), text=plain)
    app.add_node(nn_fold, html=(_visit_fold, _depart_fold), text=plain)
    app.add_node(nn_guess, html=(_visit_guess, _visit_plain), text=(_text_guess, _visit_plain))
    app.add_node(nn_label, html=(_visit_label, _depart_label), text=(_text_label, _text_label_end))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
