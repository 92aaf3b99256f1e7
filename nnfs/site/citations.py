"""Labels of the bibliography that tell two works of one year apart, as the text does: Kar22a, Kar22b.

Where somebody wrote twice in a year, `references.bib` says 2022a and 2022b. The text then cites "Karpathy, 2022a";
pybtex's `alpha` would take the last two characters, "2a", for its label.
"""

from __future__ import annotations

from typing import Any

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.alpha import Style as Alpha
from pybtex.style.labels.alpha import LabelStyle
from sphinx.application import Sphinx


class Labels(LabelStyle):
    """alpha's, with all of the year after the century."""

    def format_label(self, entry: Entry) -> str:
        """`Kar` + `22a`."""
        year = entry.fields.get("year", "")
        label: str = super().format_label(entry)
        return label.removesuffix(year[-2:]) + year[2:] if year else label


class Style(Alpha):
    """alpha, with those labels."""

    default_label_style = Labels


def setup(app: Sphinx) -> dict[str, Any]:
    register_plugin("pybtex.style.formatting", "years", Style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
