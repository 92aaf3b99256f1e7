"""What the pages of the built site weigh, by kind: `python benchmarks/weight.py [FOLDER]`, by default `_build/html`.

Counted as tests/site/test_budget.py counts them: everything that a page's HTML and its style sheets make a browser
fetch, `gzip -9`; of the faces those of the default skin. A folder with another build gives the other side.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

REPOSITORY = Path(__file__).resolve().parents[1]
OTHER_SKIN = re.compile(r"stix-two-text")


def packed(content: bytes) -> int:
    return len(gzip.compress(content, 9, mtime=0))


def behind(page: Path, address: str) -> Path:
    """The file that an address in `page` names."""
    return (page.parent / urlsplit(urldefrag(address).url).path).resolve()


def sheets(sheet: Path) -> set[Path]:
    """A style sheet and those that it imports."""
    imported = re.findall(r"@import\s+(?:url\()?[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8"))
    return {sheet}.union(*(sheets(behind(sheet, address)) for address in imported))


def weigh(page: Path) -> dict[str, int]:
    """Bytes of one page by kind."""
    text = page.read_text(encoding="utf-8")
    links = [tag for tag in re.findall(r"<link[^>]*>", text) if 'rel="stylesheet"' in tag]
    css = set().union(*(sheets(behind(page, re.findall(r'href="([^"]*)"', tag)[0])) for tag in links))
    js = {behind(page, address) for address in re.findall(r'<script[^>]*\bsrc="([^"]*)"', text)}
    fonts = set()
    inline = "\n".join(re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL))
    for sheet, rules in [(page, inline), *((sheet, sheet.read_text(encoding="utf-8")) for sheet in css)]:
        for rule in re.findall(r"@font-face\s*\{[^}]*\}", rules):
            fonts |= {behind(sheet, a) for a in re.findall(r"url\([\"']?([^)\"']+\.woff2)", rule)}
    fonts = {font for font in fonts if font.is_file() and not OTHER_SKIN.search(font.name)}
    found = {"HTML": packed(text.encode()), "CSS": 0, "JS": 0, "fonts": sum(f.stat().st_size for f in fonts)}
    found["CSS"] = sum(packed(file.read_bytes()) for file in css)
    found["JS"] = sum(packed(file.read_bytes()) for file in js)
    return {**found, "all": sum(found.values())}


def main(folder: Path) -> None:
    print("| page | HTML | CSS | JS | fonts | all |\n|---|---|---|---|---|---|")
    posts = (page.name for page in (folder / "posts").glob("*.html") if not page.stem.endswith("-checks"))
    for name in ["index.html", *sorted(f"posts/{post}" for post in posts)]:
        cells = " | ".join(f"{size / 1000:.1f} KB" for size in weigh(folder / name).values())
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "_build" / "html")
