"""From a cell's drawing to the page's figure: one SVG that the page's colours and faces reach.

`nnfs.plot.show` leaves an SVG with sentinel colours in a cell's outputs. Here it becomes part of the HTML:
sentinels become CSS variables, fonts are left to the style sheet, ids get the figure's name in front
(matplotlib uses the same ones in every figure), and what a reader of HTML does not need is dropped. The
figure is a Sphinx figure: it has a number, and `` {numref}`fig-…` `` finds it from every post.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx import addnodes

from nnfs.claims import FIGURE_MIME, FOR_THE_BUILD
from nnfs.plot import SENTINELS
from nnfs.site import pages
from nnfs.site.values import filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from myst_nb.core.render import MimeData, NbElementRenderer
    from sphinx.application import Sphinx

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
PAINT = re.compile(r"#[0-9a-f]{6}\b")
LOCAL = re.compile(r"url\(#([^)]+)\)")
PRESENTATION = ("fill", "stroke", "stop-color")


def themed_svg(svg: str, name: str, title: str, description: str) -> str:
    """The drawing `svg` as an element of an HTML page, under the id prefix `name`.

    title, description: plain text for who does not see it (`<title>`, `<desc>`). The result has a viewBox and
    no size, colours as `var(--nn-…)`, sizes of text scaled by `--nn-figure-text` (of labels by `--nn-label-text`),
    and no metadata, style sheet, fonts or unused groups. The same input gives the same bytes.
    Raises ValueError for text that is no SVG.
    """
    try:
        root = ET.fromstring(svg)
    except ET.ParseError as error:
        raise ValueError(f"figure {name!r} is not well-formed SVG: {error}") from error
    if root.tag != SVG + "svg" or "viewBox" not in root.attrib:
        raise ValueError(f"figure {name!r} is not an SVG with a viewBox")

    used = {m for e in root.iter() for m in LOCAL.findall(" ".join(e.attrib.values()))}
    used |= {e.attrib[a][1:] for e in root.iter() for a in (XLINK + "href", "href") if e.attrib.get(a, "")[:1] == "#"}
    for element in list(root.iter()):
        _dress(element, name, used)
    _thin(root)

    view = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib |= {
        "xmlns": SVG[1:-1],
        "class": "nn-figure-svg",
        "viewBox": view,
        "style": f"max-width:{6 * float(view.split()[2]) / 72:g}em",  # 6.4 inches fill the column
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
        "stroke-linejoin": "round",  # what matplotlib says in a style sheet, which would reach the whole page
        "stroke-linecap": "butt",
    }
    for place, (tag, words) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag, {"id": f"{name}-{tag}"})
        element.text = words
        root.insert(place, element)
    return ET.tostring(root, encoding="unicode")


def _dress(element: ET.Element, name: str, used: set[str]) -> None:
    """Rename, recolour and strip one element's attributes in place."""
    element.tag = element.tag.removeprefix(SVG)
    attributes = dict(element.attrib)
    element.attrib.clear()
    style = dict(_declarations(attributes.pop("style", "")))
    for paint in PRESENTATION:  # a variable works in a style only
        if paint in attributes:
            style.setdefault(paint, attributes.pop(paint))
    classes = attributes.get("class", "").split()
    if element.tag == "text" or element.tag == "tspan":
        if "italic" in style.pop("font-style", "") + style.get("font", ""):
            classes.append("nn-hand")  # italics are plot.py's word for handwriting
        for face in ("font-family", "font-weight", "font-stretch", "font-variant"):
            style.pop(face, None)
        size = re.search(r"([\d.]+)px", style.pop("font-size", "") or style.pop("font", ""))
        style.pop("font", None)
        if size:
            scale = "--nn-label-text" if "nn-hand" in classes else "--nn-figure-text"
            style["font-size"] = f"calc({size[1]}px*var({scale},1))"
    if "nn-hand" in classes:
        _lower_digits(element)
    for attribute, content in attributes.items():
        attribute = attribute.replace(XLINK, "")
        if attribute == "id":
            if content not in used:
                continue
            content = f"{name}-{content}"
        elif attribute == "href" and content.startswith("#"):
            content = f"#{name}-{content[1:]}"
        elif attribute == "class" or (attribute == "transform" and content.startswith("rotate(-0 ")):
            continue
        element.set(attribute, LOCAL.sub(rf"url(#{name}-\1)", content))
    if classes:
        element.set("class", " ".join(classes))
    if style:
        text = ";".join(f"{key}:{_variable(content)}" for key, content in style.items())
        element.set("style", LOCAL.sub(rf"url(#{name}-\1)", text))


def _lower_digits(element: ET.Element) -> None:
    """Subscript digits, which the handwritten face lacks, as its own digits, smaller and lower."""
    parts = re.split("([₀-₉]+)", element.text or "")
    element.text = parts[0]
    for digits, rest in zip(parts[1::2], parts[2::2], strict=True):
        lowered = ET.SubElement(element, "tspan", {"class": "nn-sub", "baseline-shift": "-18%"})
        lowered.text = digits.translate({ord("₀") + i: str(i) for i in range(10)})
        lowered.tail = rest


def _declarations(style: str) -> list[tuple[str, str]]:
    pairs = (part.partition(":") for part in style.split(";") if part.strip())
    return [(key.strip(), content.strip()) for key, _, content in pairs]


def _variable(content: str) -> str:
    return PAINT.sub(lambda m: f"var({SENTINELS[m[0]]})" if m[0] in SENTINELS else m[0], content)


def _thin(element: ET.Element) -> None:
    """Drop what shows nothing (metadata, style sheets, unpainted paths), unwrap bare groups."""
    kept: list[ET.Element] = []
    for child in element:
        _thin(child)
        style = child.get("style", "")
        empty = child.tag in ("g", "defs") and not len(child)
        unpainted = child.tag == "path" and "fill:none" in style and "stroke:" not in style and element.tag != "defs"
        if child.tag in ("metadata", "style") or empty or unpainted:
            continue
        kept.extend(child if child.tag == "g" and not child.attrib else [child])
    element[:] = kept
    if element.tag != "tspan":  # whose tail is text; elsewhere it is indentation
        element.tail = None
    if element.text is not None and not element.text.strip():
        element.text = None


class FigureRenderer:
    """What MyST-NB does with our private outputs: a figure is drawn, the others show nothing.

    Named in pyproject.toml as an entry point of `myst_nb.mime_renderers`; the priorities below make it the
    choice of every builder, so that conf.py needs no setting.
    """

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = [
        ("*", mime, 1) for mime in (FIGURE_MIME, *FOR_THE_BUILD)
    ]

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """Nodes for one output; [] for what only the build reads; None for what is not ours."""
        if data.mime_type in FOR_THE_BUILD:
            return []
        if data.mime_type != FIGURE_MIME or inline:
            return None
        return [_figure(renderer.renderer, dict(data.content), data.line or 0)]


def _figure(renderer: Any, payload: dict[str, str], line: int) -> nodes.figure:
    """The docutils figure: the SVG as raw HTML, a caption parsed as MyST, a name for `numref` to find."""
    box = nodes.Element()
    with renderer.current_node_context(box):
        renderer.nested_render_text(payload["caption"], line, inline=True)
    name, docname = payload["name"], renderer.sphinx_env.current_document.docname
    alt = filled(payload["alt"], pages.of(renderer.sphinx_env, docname), (docname, line))
    svg = nodes.raw("", themed_svg(payload["svg"], name, spoken(box), alt), format="html")
    return numbered(renderer.document, name, line, svg, box.children)


def spoken(caption: nodes.Element) -> str:
    """The caption as plain words, without the keys of its citations, which are nothing to read aloud."""
    copy = caption.deepcopy()
    for reference in list(copy.findall(addnodes.pending_xref)):
        if reference.get("refdomain") == "cite":
            reference.parent.remove(reference)
    return " ".join(copy.astext().split())


def numbered(
    document: nodes.document, name: str, line: int, body: nodes.Node, caption: Sequence[nodes.Node], *classes: str
) -> nodes.figure:
    """A figure that Sphinx numbers and that `numref` finds as `name`; `line` is where messages about it point."""
    figure = nodes.figure(classes=["nn-figure", *classes])
    figure.source, figure.line = document["source"], line
    figure["names"].append(nodes.fully_normalize_name(name))
    document.note_explicit_target(figure, figure)
    words = nodes.caption("", "", *caption)
    words.source, words.line = figure.source, figure.line
    figure += [body, words]
    return figure


def setup(app: Sphinx) -> dict[str, Any]:
    """Number the figures; the renderer registers itself, with its priorities, as an entry point."""

    def number_figures(_app: Sphinx, config: Any) -> None:
        config.numfig = True

    app.connect("config-inited", number_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
