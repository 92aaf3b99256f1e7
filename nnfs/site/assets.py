"""The faces and the style sheets of the site, made at build time from what npm brought and what we wrote.

Nothing of the fonts is in the repository: the build takes them from the `@fontsource` packages, keeps the
characters that an English page needs, and writes woff2 files with their licences into `_static/fonts/`. The
same input gives the same bytes; results are kept under `.cache/nnfs/fonts/` by digest. Until a face arrives
the reader sees Arial with the face's own widths and heights, so that nothing jumps.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.errors import ExtensionError

from nnfs.site.maths import FIX

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ASCII = range(0x20, 0x7F)
LATIN = (*ASCII, *range(0xA0, 0x100), *map(ord, "ıŒœˆ˜–—‘’‚“”„†‡•…‰‹›⁄€™↑↓−"))
HAND = (*ASCII, *map(ord, "\u00a0°±²·×éöü–—‘’“”…−"))  # headings and labels; é ö ü for the names of people


@dataclass(frozen=True)
class Face:
    """One font file: which package and style, which characters stay, and how Arial stands in for it."""

    family: str  # the name in the style sheet
    package: str  # of @fontsource
    weight: int
    characters: tuple[int, ...]
    style: str = "normal"
    features: tuple[str, ...] = ("kern", "mark", "mkmk", "ccmp", "locl")
    first: str = ""  # the skin whose first screen needs it

    @property
    def file(self) -> str:
        return f"{self.package}-{self.weight}{'-italic' if self.style == 'italic' else ''}.woff2"

    @property
    def source(self) -> str:
        return f"@fontsource/{self.package}/files/{self.package}-latin-{self.weight}-{self.style}.woff2"


FACES = (
    Face("Caveat", "caveat", 700, HAND, features=("kern",), first="chalkboard"),
    Face("Atkinson Hyperlegible", "atkinson-hyperlegible", 400, LATIN, first="chalkboard"),
    Face("Atkinson Hyperlegible", "atkinson-hyperlegible", 400, LATIN, style="italic"),
    Face("Atkinson Hyperlegible", "atkinson-hyperlegible", 700, LATIN),
    Face("JetBrains Mono", "jetbrains-mono", 400, LATIN, features=()),  # no ligatures: != stays two signs
    # the theorem skin's: a browser fetches a face when something on the page is set in it, so not for the board
    Face("STIX Two Text", "stix-two-text", 400, LATIN, first="theorem"),
    Face("STIX Two Text", "stix-two-text", 400, LATIN, style="italic"),
    Face("STIX Two Text", "stix-two-text", 700, LATIN, first="theorem"),
)

# What every machine has, in the place of a face. size-adjust is the ratio of mean advance widths over English text
# (letters by frequency, with spaces); ascent and descent are the face's own, divided by it.
STAND_INS = (
    ("Caveat stand-in", 700, ("Arial Bold", "Arial-BoldMT", "Liberation Sans Bold"), 71.8, 133.7, 41.8),
    ("Atkinson stand-in", 400, ("Arial", "ArialMT", "Liberation Sans"), 99.8, 95.2, 29.1),
    ("STIX stand-in", 400, ("Times New Roman", "TimesNewRomanPSMT", "Liberation Serif"), 105.5, 72.2, 22.6),
    (
        "STIX stand-in",
        700,
        ("Times New Roman Bold", "TimesNewRomanPS-BoldMT", "Liberation Serif Bold"),
        109.9,
        69.3,
        21.7,
    ),
)


def subset(source: bytes, face: Face) -> bytes:
    """The face with its characters only, as woff2; the same bytes for the same input and fontTools."""
    from fontTools import subset as tool
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(source), recalcTimestamp=False)
    options = tool.Options(
        layout_features=list(face.features),
        name_IDs=[0, 1, 2, 4, 6, 13, 14],  # with copyright and licence
        hinting=False,
        notdef_outline=True,
        flavor="woff2",
    )
    worker = tool.Subsetter(options)
    worker.populate(unicodes=[c for c in face.characters if c in font.getBestCmap()])
    worker.subset(font)
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out, reorderTables=True)
    return out.getvalue()


def cached_subset(source: bytes, face: Face, cache: Path) -> bytes:
    """`subset`, answered from `cache` when the same was asked before."""
    import fontTools

    digest = hashlib.sha256(source + repr((face, fontTools.version)).encode()).hexdigest()
    kept = cache / f"{digest[:24]}.woff2"
    if not kept.is_file():
        write(kept, subset(source, face))
    return kept.read_bytes()


def write(path: Path, content: bytes) -> None:
    """Write through a temporary name, and only if it changes something."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    fresh.write_bytes(content)
    fresh.replace(path)


def fonts_css() -> str:
    """The @font-face rules of all faces and of their stand-ins."""
    rules = [
        f'@font-face{{font-family:"{face.family}";font-style:{face.style};font-weight:{face.weight};'
        f'font-display:swap;src:url(fonts/{face.file}) format("woff2")}}'
        for face in FACES
    ]
    rules += [
        f'@font-face{{font-family:"{name}";font-weight:{weight};src:{",".join(map("local({!r})".format, names))};'
        f"size-adjust:{size}%;ascent-override:{ascent}%;descent-override:{descent}%;line-gap-override:0%}}"
        for name, weight, names, size, ascent, descent in STAND_INS
    ]
    return "\n".join(rules) + "\n"


def make_fonts(app: Sphinx) -> None:
    """Put faces, licences and their style sheet into the output; ExtensionError if a package is missing."""
    if app.builder.format != "html":
        return
    packages = Path(app.confdir, app.config.nnfs_interactive, "node_modules")
    static, cache = Path(app.outdir, "_static"), Path(app.confdir, ".cache", "nnfs", "fonts")
    for face in FACES:
        source, licence = packages / face.source, packages / "@fontsource" / face.package / "LICENSE"
        if not source.is_file():
            raise ExtensionError(f"{face.source} is not in {app.config.nnfs_interactive}/node_modules: {FIX}")
        write(static / "fonts" / face.file, cached_subset(source.read_bytes(), face, cache))
        write(static / "fonts" / f"{face.package}.LICENSE.txt", licence.read_bytes())
    write(static / "fonts.css", fonts_css().encode())


def first_faces(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Tell the page's first script (templates/before-paint.js) which faces to ask for in which skin."""
    faces: dict[str, list[str]] = {}
    for face in FACES:
        if face.first:
            faces.setdefault(face.first, []).append(context["pathto"](f"_static/fonts/{face.file}", resource=True))
    context["first_faces"] = faces


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", make_fonts)
    app.connect("html-page-context", first_faces)
    app.add_css_file("fonts.css", priority=850)
    app.add_css_file("palette.css", priority=860)  # after the theme, which they override
    app.add_css_file("page.css", priority=870)
    app.add_js_file("nnfs.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
