"""What a post may not do: print a number that nothing computed, draw without a seed, show a figure without words.

`nnfs lint` reads posts as the site does (MyST's parser, so that a number in code, in a formula or in a link target
is no number in prose) and reports findings by file and line. What belongs to the author, the places
`<!-- AUTHOR: … -->`, is listed and does not fail; `<!-- AUTHOR! … -->` fails a post that says `status: published`.

A number in prose stands there rightly if it is a `{val}`, if its sentence cites a source, if it is a date, if it is
a label (Part 2, Figure 3), or if the front matter lists it under `constants`. Digits inside a name (GPT-2, float64)
are not a number.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

STATUSES = ("draft", "review", "published")
EMPTY_WORDS = re.compile(
    r"\b(?:simply|just|obviously|let[’']s\s+dive\s+in|in\s+this\s+post,?\s+we\s+will|it\s+turns\s+out\s+that)\b", re.I
)

# Directives whose body is no prose. Any other body is read as prose, so that a new kind of box is not overlooked.
LITERAL = {
    "bibliography", "claims", "code", "code-block", "code-cell", "contents", "csv-table", "eval-rst", "glue",
    "highlight",
    "include", "literalinclude", "math", "mermaid", "parsed-literal", "raw", "sourcecode", "tableofcontents", "toctree",
}  # fmt: skip
NAMED = {"figure", "image", "interactive"}  # what stands behind them on the line is the name of a file or an element
FIGURE_WORDS = {"nnfs.plot.show": ("caption", "alt"), "nnfs.plot.poster": ("alt",)}

# Stand-ins in flattened text, one character each, from a range of Unicode that no text uses.
CITED, OPAQUE = "\ue000", "\ue001"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing found at a line (from 1) of a post. The rule "author" is a note, every other rule an error."""

    path: Path
    line: int
    rule: str
    message: str

    @property
    def error(self) -> bool:
        return self.rule != "author"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def run(paths: Iterable[Path]) -> int:
    """Lint the posts, print errors, then the author's places and a summary. Returns 0 without errors, else 1."""
    here = Path.cwd()
    paths = [path.relative_to(here) if path.is_relative_to(here) else path for path in paths]
    findings = [finding for path in paths for finding in lint_post(path)]
    errors = [f for f in findings if f.error]
    notes = [f for f in findings if not f.error]
    for finding in errors:
        print(finding)
    if notes:
        print("waiting for the author:")
        for note in notes:
            print(f"  {note.path}:{note.line}: {note.message}")
    print(f"linted {len(paths)}, errors {len(errors)}, places for the author {len(notes)}")
    return 1 if errors else 0


def lint_post(path: Path) -> list[Finding]:
    """Every finding of one post, in order of lines. Raises OSError if the file cannot be read."""
    post = _Post(Path(path))
    text = post.path.read_text(encoding="utf-8")
    post.source = text.split("\n")
    post.front_matter(text)
    post.walk(_parser().parse(text), 0)
    post.headings()
    post.cells()
    post.idle_constants()
    return sorted(set(post.findings))


@cache
def _parser() -> MarkdownIt:
    extensions = {"attrs_inline", "colon_fence", "deflist", "dollarmath"}  # conf.py's, without smart quotes
    return create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)


class _Post:
    """One post while it is being read: what was found so far, and what later rules need."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source: list[str] = []
        self.findings: list[Finding] = []
        self.constants: list[str] = []
        self.used: set[str] = set()  # constants that free a number of the text
        self.status: Any = None
        self.titles: list[int] = []  # lines of first-level headings
        self.code: list[tuple[int, str]] = []  # cells: line before the first one, source

    def report(self, line: int, rule: str, message: str) -> None:
        self.findings.append(Finding(self.path, line, rule, message))

    # --- front matter and structure ------------------------------------------------------------------------

    def front_matter(self, text: str) -> None:
        """Check the YAML at the top of `text`; its sentences are prose too."""
        block = re.match(r"---\n(.*?)^---\s*$", text, re.S | re.M)
        try:
            data = yaml.safe_load(block.group(1)) if block else None
        except yaml.YAMLError as wrong:
            mark = getattr(wrong, "problem_mark", None)
            self.report(
                mark.line + 2 if mark else 1, "front matter", f"this is no YAML: {getattr(wrong, 'problem', wrong)}"
            )
            return
        if block is None or not isinstance(data, dict):
            self.report(1, "front matter", "a post opens with front matter between two lines ---")
            return
        at = {key: n for n, line in enumerate(block.group(1).split("\n"), 2) for key in re.findall(r"^(\w+):", line)}
        for key in ("title", "promise", "needs", "gives"):
            if not isinstance(data.get(key), str) or not data[key].strip():
                self.report(at.get(key, 1), "front matter", f"{key}: needs a sentence")
        if not isinstance(data.get("part"), int) or isinstance(data["part"], bool):
            self.report(at.get("part", 1), "front matter", f"part: needs a whole number, got {data.get('part')!r}")
        self.status = data.get("status")
        if self.status not in STATUSES:
            self.report(at.get("status", 1), "front matter", f"status: {', '.join(STATUSES)}; got {self.status!r}")
        constants = data.get("constants") or []
        if not isinstance(constants, list) or not all(isinstance(c, str) for c in constants):
            self.report(at["constants"], "front matter", 'constants: a list of strings in quotes, ["0.25", "2-4-1"]')
        else:
            self.constants = sorted(constants, key=len, reverse=True)
        for key in ("title", "promise", "needs", "gives"):
            if isinstance(data.get(key), str):
                self.prose(data[key], [at[key]] * len(data[key]))

    def idle_constants(self) -> None:
        """A constant that frees no number today would free a wrong one tomorrow."""
        for constant in sorted(set(self.constants) - self.used):
            line = next((n for n, text in enumerate(self.source, 1) if text.startswith("constants:")), 1)
            self.report(line, "front matter", f"constants: {constant!r} stands in no sentence that needs it")

    def headings(self) -> None:
        if not self.titles:
            self.report(1, "heading", "a post has one heading of the first level, its title: # …")
        for line in self.titles[1:]:
            self.report(line, "heading", "a second heading of the first level; a post has one")

    def walk(self, tokens: list[Token], offset: int) -> None:
        """Visit block tokens; `offset`: lines before the first line of what was parsed."""
        line = offset + 1
        row: tuple[str, list[int]] | None = None
        for token in tokens:
            if token.map:
                line = offset + token.map[0] + 1
            if token.type == "heading_open" and token.tag == "h1":
                self.titles.append(line)
            elif token.type == "tr_open":
                row = ("", [])  # a row of a table counts as one sentence: its source may have a column of its own
            elif token.type == "tr_close" and row:
                self.prose(*row, one_sentence=True)
                row = None
            elif token.type == "inline":
                # a run of the same length later on the line makes it inline code
                for lost in re.finditer(r"^[ \t]*(`{3,})[ \t]*\{(?![^\n]*\1)", token.content, re.M):
                    where = line + token.content[: lost.start()].count("\n")
                    self.report(where, "fence", "a title with backticks opens no directive: write :::{…} here")
                text, lines = self.flatten(token.children or [], line)
                if row is None:
                    self.prose(text, lines)
                else:
                    row = (row[0] + text + " ", row[1] + lines + [line])
            elif token.type == "html_block":
                self.html(token.content, line)
            elif token.type in ("fence", "colon_fence"):
                if named := re.match(r"\{([^}]+)\}\s*(.*)", token.info.strip()):
                    self.directive(named[1].strip(), named[2].strip(), token.content, line)
                elif token.type == "colon_fence":  # its body is shown as prose
                    self.report(line, "fence", "a colon fence without {name}; an outer one needs more colons")
                    self.walk(_parser().parse(token.content), line)

    def directive(self, name: str, argument: str, content: str, line: int) -> None:
        """`line`: where the fence opens; `content` begins on the next one."""
        options, skipped = _options(content)
        body = "\n".join(content.split("\n")[skipped:])
        if name == "code-cell":
            self.code.append((line + skipped, body))
        if name == "figure" and not options.get("alt", ("", 0))[0]:
            self.report(line, "figure", f"figure {argument} needs an :alt: that says what the data look like")
        if name == "figure" and not body.strip():
            self.report(line, "figure", f"figure {argument} needs a caption that states the finding")
        if name == "image":
            self.report(line, "figure", f"image {argument} has no caption: use {{figure}}")
        if name not in LITERAL | NAMED:
            self.walk(_parser().parse(argument), line - 1)
        if "caption" in options:
            self.walk(_parser().parse(options["caption"][0]), line + options["caption"][1])
        if name not in LITERAL:
            self.walk(_parser().parse(body), line + skipped)

    # --- prose ---------------------------------------------------------------------------------------------

    def flatten(self, children: list[Token], line: int) -> tuple[str, list[int]]:
        """The text of inline tokens and the line of each character; what is not prose becomes one stand-in."""
        text, lines, hidden = "", [], 0
        for token in children:
            piece = OPAQUE
            if token.type == "text":
                piece = "" if hidden else token.content
            elif token.type in ("softbreak", "hardbreak"):
                piece = "\n"
            elif token.type == "myst_role":
                piece = CITED if token.meta["name"].startswith("cite") else OPAQUE
            elif token.type == "html_inline":
                piece = self.html(token.content, line)
            elif token.type == "image":
                self.image(token, line)
            elif token.type == "link_open" and token.info == "auto":
                hidden += 1  # the text of <https://…> is its address
            elif token.type == "link_close" and token.info == "auto":
                hidden -= 1
            elif token.type.endswith(("_open", "_close")):
                piece = ""
            text += piece
            lines += [line] * len(piece)
            line += (token.content if token.type in ("html_inline", "code_inline", "myst_role") else piece).count("\n")
        return text, lines

    def image(self, token: Token, line: int) -> None:
        if not token.content.strip():
            self.report(line, "figure", f"image {token.attrs['src']} needs an alternative text")
        if not str(token.attrs.get("title", "")).strip():
            self.report(line, "figure", f"image {token.attrs['src']} has no caption: use {{figure}}")

    def html(self, source: str, line: int) -> str:
        """Note the author's places in raw HTML and check what is left when comments and tags are gone."""
        for comment in re.finditer(r"<!--(.*?)-->", source, re.S):
            words = " ".join(comment[1].split())
            at = line + source[: comment.start()].count("\n")
            if words.startswith("AUTHOR!") and self.status == "published":
                self.report(at, "author!", f"a published post still needs its author: {words[7:].strip()}")
            elif words.startswith(("AUTHOR:", "AUTHOR!")):
                self.report(at, "author", words[7:].strip())
        if re.search(r"<img\b", source, re.I):
            self.report(line, "figure", "an image in HTML has no caption: use {figure}")
        text = re.sub(r"<!--.*?-->|<[^>]*>", lambda tag: "\n" * tag[0].count("\n"), source, flags=re.S)
        self.prose(text, [line + text[:i].count("\n") for i in range(len(text))])
        return ""

    def prose(self, text: str, lines: list[int], one_sentence: bool = False, decimals: bool = False) -> None:
        """Check words and numbers of flattened text; with `decimals` of the numbers only those with a point."""
        for found in EMPTY_WORDS.finditer(text):
            words = " ".join(found[0].split())
            self.report(
                self.line(lines[found.start()], words.split()[0]),
                "word",
                f'"{words}": say the thing, or cut the sentence',
            )
        for start, end in [(0, len(text))] if one_sentence else _sentences(text):
            sentence = text[start:end]
            if CITED in sentence:
                continue
            shown = " ".join(re.sub(f"[{CITED}{OPAQUE}]", "…", sentence).split())
            for number in _numbers(sentence, self.constants, self.used):
                if decimals and not re.search(r"\.\d", number[0]):
                    continue
                message = f'"{number[0]}" is neither {{val}}, cited, a date nor in constants: {shown[:80]}'
                self.report(self.line(lines[start + number.start()], number[0]), "number", message)

    def line(self, line: int, word: str) -> int:
        """The line of `word` at or soon after `line`: the parser drops line breaks inside inline code."""
        near = range(line, min(line + 5, len(self.source) + 1))
        return next((n for n in near if word in self.source[n - 1]), line)

    # --- cells ---------------------------------------------------------------------------------------------

    def cells(self) -> None:
        """Figures and draws in the cells, which share their names as one program would."""
        names = _Names()
        for before, source in self.code:
            try:
                tree = ast.parse(source)
            except SyntaxError as wrong:
                self.report(before + (wrong.lineno or 1), "cell", f"this is not plain Python: {wrong.msg}")
                continue
            for node in sorted(ast.walk(tree), key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0))):
                names.learn(node)
                if isinstance(node, ast.Call):
                    called = names.of(node.func)
                    if called in FIGURE_WORDS:
                        self.figure(called, node, before)
                    if wrong_draw := names.unseeded(called, node):
                        self.report(before + node.lineno, "seed", wrong_draw)

    def figure(self, called: str, call: ast.Call, before: int) -> None:
        """A figure's words are literals. A caption is prose; an alternative text as well, but it may count."""
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        for key in FIGURE_WORDS[called]:
            literal = given.get(key)
            if not (isinstance(literal, ast.Constant) and isinstance(literal.value, str) and literal.value.strip()):
                self.report(before + call.lineno, "figure", f"{called[5:]} needs {key}= as a literal, non-empty string")
            else:
                for token in _parser().parse(literal.value):
                    if token.type == "inline":
                        text, lines = self.flatten(token.children or [], before + literal.lineno)
                        self.prose(text, lines, decimals=key == "alt")


def _options(content: str) -> tuple[dict[str, tuple[str, int]], int]:
    """Options at the head of a directive, {name: (value, index of its line)}, and how many lines they take."""
    lines = content.split("\n")
    if lines[0].strip() == "---" and "---" in (rest := [line.strip() for line in lines[1:]]):
        end = rest.index("---") + 1
        found = {m[1]: (m[2], i) for i, line in enumerate(lines[:end]) if (m := re.match(r"([\w-]+):\s*(.*)", line))}
        return found, end + 1
    options, count = {}, 0
    for count, line in enumerate(lines):
        option = re.match(r"\s*:([\w-]+):\s*(.*)", line)
        if not option:
            break
        options[option[1]] = (option[2].strip(), count)
    return options, count


# --- sentences, dates, numbers ------------------------------------------------------------------------------

ABBREVIATION = re.compile(r"\b(?:[A-Z]|(?i:e\.g|i\.e|cf|vs|al|ca|ch|pp?|vol|fig|figs|eq|dr|mr|mrs|prof|st))\.$")


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence; a point after an initial or an abbreviation ends none."""
    start = 0
    for stop in re.finditer(r"[.!?…][)\]”’\"']*(?=\s)", text):
        if not ABBREVIATION.search(text[start : stop.start() + 1]):
            yield start, stop.end()
            start = stop.end()
    yield start, len(text)


MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?|Sep(?:t|tember|t?\.)?"
    r"|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
YEAR = r"(?:1[89]\d\d|20[0-3]\d)"
# "2000 steps" and "2000-step" count something, "1986 always" does not
COUNTED = r"(?!-\w|\s+(?!(?:always|perhaps|besides|towards|afterwards|unless|across)\b)[a-z]{3,}[^\Wus]s\b)"
DATES = re.compile(
    rf"(?<![\w.,/-])(?:{YEAR}-\d\d-\d\d|\d\d?(?:[–-]\d\d?)?\s+{MONTH}(?:\s+{YEAR})?|{MONTH}\s+\d\d?,\s+{YEAR}|{MONTH}\s+{YEAR}"
    rf"|{YEAR}(?:[–-](?:{YEAR}|\d\d)|/\d\d)|{YEAR}s|[’']\d0s|{YEAR}{COUNTED})(?![\w%]|[.,/–-]\d)"
)
# "Parts 4, 5 and 6", but of "in Part 1, 14 of them" and "Table 1, 93%" only what is a label
LABELS = re.compile(
    r"\b(?:Part|Figure|Fig\.|Table|Section|Chapter|Exercise|Listing|Equation|Appendix|Volume|Lecture|§)"
    r"(?:\s*\d+|s\s*\d+(?:(?:\s*(?:,|–|-|to|and|or)\s*)+\d+(?!\s?%|\s+of\b))*)\b(?!\.\d|%)"
)
# what stands before a year that is only four digits: "has 2016 parameters" is no date
BEFORE_A_YEAR = re.compile(
    rf"(?:^|[(,;:–—-]|\b{MONTH}|\b(?i:in|since|from|until|till|by|of|before|after|around|about|to|and|or|the|early|late"
    r"|mid|than|for|with))[\s‘’“”\"'*(]*\Z"
)
NUMBERS = re.compile(
    r"(?<!\w)(?<![A-Za-z]-)(?:[−+-](?=[\d.]))?(?:\d+(?:[.,/:×–−-]\d+)*|\.\d+|[¼-¾⅐-⅞])(?:e[−+-]?\d+)?\w*"
)


def _numbers(sentence: str, constants: list[str], used: set[str]) -> Iterator[re.Match[str]]:
    """The numbers of a sentence that are neither constants nor dates nor labels; positions stay those of `sentence`.
    Constants that free a number are added to `used`."""

    def blank(match: re.Match[str]) -> str:
        return OPAQUE * len(match[0])

    def date(match: re.Match[str]) -> str:
        bare = re.fullmatch(YEAR, match[0]) and not BEFORE_A_YEAR.search(sentence[: match.start()])
        return match[0] if bare else blank(match)

    sentence = LABELS.sub(blank, sentence)
    for constant in constants:  # longest first: "2-4-1" before "2"
        words = r"\s+".join(map(re.escape, constant.split()))
        unit = r"\s?%|\s(?:thousand|million|billion|[kMG]B)\b"
        free = re.compile(rf"(?<![\w−+-])(?<!\d[.,/:×–]){words}(?!\w|[.,/:×–−-]\d|{unit})")
        if free.search(sentence):
            used.add(constant)
        sentence = free.sub(blank, sentence)
    sentence = DATES.sub(date, sentence)
    for number in NUMBERS.finditer(sentence):
        parts = re.split("[–/×]", number[0])  # a range of two constants is none the less constant
        if len(parts) > 1 and set(parts) <= set(constants):
            used.update(parts)
        else:
            yield number


# --- random draws -------------------------------------------------------------------------------------------

SEEDABLE = {"numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.SeedSequence", "random.Random"}
HARMLESS = {"numpy.random.Generator"}
BIT_GENERATORS = {f"numpy.random.{name}" for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")}
TORCH_DRAWS = {
    f"torch.{name}"
    for name in ("rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal",
                 "bernoulli", "multinomial", "poisson")
}  # fmt: skip
IN_PLACE = {"uniform_", "normal_", "random_", "bernoulli_", "exponential_", "cauchy_", "log_normal_", "geometric_"}


class _Names:
    """What the names of a post's cells stand for, as far as imports tell, and whether torch has been seeded."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.torch_seeded = False

    def learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                self.known[name.asname or name.name.split(".")[0]] = (
                    name.name if name.asname else name.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                self.known[name.asname or name.name] = f"{node.module}.{name.name}"

    def of(self, node: ast.expr) -> str:
        """The full name of an expression such as np.random.rand, "" if it starts from something that no import gave."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id, "")
        if isinstance(node, ast.Attribute):
            base = self.of(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def unseeded(self, called: str, call: ast.Call) -> str:
        """What is wrong with a call as a random draw, or ""."""
        given = [*call.args, *[k.value for k in call.keywords]]
        seeded = any(not (isinstance(value, ast.Constant) and value.value is None) for value in given)
        if called in ("torch.manual_seed", "torch.random.manual_seed"):
            self.torch_seeded = True
        elif called in SEEDABLE | BIT_GENERATORS:
            return "" if seeded else f"{called}() without a seed"
        elif called.startswith("numpy.random.") and called not in HARMLESS:
            return f"{called} draws from a hidden state: use numpy.random.default_rng(seed)"
        elif re.match(r"random\.[a-z]\w*$", called) or called == "random.SystemRandom":
            return f"{called} draws from a hidden state: use random.Random(seed)"
        elif called == "torch.seed":
            return "torch.seed() takes its seed from the clock: use torch.manual_seed(seed)"
        elif not self.torch_seeded and any(name.split(".")[0] == "torch" for name in self.known.values()):
            own = any(k.arg == "generator" for k in call.keywords)
            in_place = isinstance(call.func, ast.Attribute) and call.func.attr in IN_PLACE
            if (called in TORCH_DRAWS or in_place) and not own:
                return f"{called or ast.unparse(call.func)} before torch.manual_seed(seed), and without a generator="
        return ""
