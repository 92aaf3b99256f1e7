"""Rules for the TypeScript of the elements that a compiler does not know: no chance, no clock, no network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sphinx_project import REPOSITORY

SRC = REPOSITORY / "interactive" / "src"
SHIPPED = sorted(p for p in SRC.rglob("*") if p.suffix in {".ts", ".css"} and ".test." not in p.name)

FORBIDDEN = {  # pattern → what to do instead
    r"\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b": "draw from a seed: nn-engine's mulberry32",
    r"\bDate\.now\b|\bnew Date\b": "the page's clock is core/clock; performance.now() measures a slice",
    r"\buserAgent\b|\bnavigator\.platform\b": "ask for the feature, not for the browser",
    r"\binnerHTML\b|\bouterHTML\b|\binsertAdjacentHTML\b|\bdocument\.write\b": "h() of core/element: text stays text",
    r"\blocalStorage\b|\bsessionStorage\b|\bdocument\.cookie\b": "state lives in the address: core/state",
    r"(?<!\")\b(?:sendBeacon|XMLHttpRequest|WebSocket|EventSource)\b": "nothing leaves the page; quoted: denied",
    r"(?<!xmlns=\")\b(?:https?|wss?)://(?!www\.w3\.org/)": "nothing is asked of another host",
    r"\battachShadow\b": "light DOM: the page's styles, search and print reach it",
}  # fmt: skip
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(\s*\d")


def code(path: Path) -> list[str]:
    """The lines of a file without its comments."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.S)
    return [re.sub(r"(^|\s)//.*", "", line) for line in text.splitlines()]


def findings(pattern: str | re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(code(path), start=1)
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("pattern", FORBIDDEN, ids=lambda p: re.sub(r"\W+", " ", p.split("|")[0]).strip()[-20:])
def test_what_an_element_does_not_do(pattern: str) -> None:
    assert len(SHIPPED) > 15
    assert findings(pattern, SHIPPED) == [], FORBIDDEN[pattern]


@pytest.mark.parametrize(
    "line",
    ["x = Math.random();", "const t = Date.now();", 'fetch("https://example.org/a");', "el.innerHTML = typed;",
     "localStorage.seed = 1;", "if (navigator.userAgent) {", "new WebSocket(at);", "this.attachShadow({});"],
)  # fmt: skip
def test_the_rules_find_what_they_look_for_and_comments_are_free(tmp_path: Path, line: str) -> None:
    for text, found in ((line, 1), (f"/* a\n {line} */", 0), (f"ok(); // {line}", 0)):
        (tmp_path / "a.ts").write_text(text)
        assert sum(bool(re.search(p, "\n".join(code(tmp_path / "a.ts")))) for p in FORBIDDEN) == found


def test_colours_are_variables_of_the_palette() -> None:
    assert findings(COLOUR, [path for path in SHIPPED if path.suffix == ".css"]) == []
