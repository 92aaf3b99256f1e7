"""A Sphinx project in a temporary folder, built in this process, for tests of single parts of `nnfs.site`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.console import strip_escape_sequences
from sphinx.util.docutils import docutils_namespace, patch_docutils

REPOSITORY = Path(__file__).resolve().parents[2]
MYST = {"myst_enable_extensions": ["dollarmath", "colon_fence"]}
SETTINGS: dict[str, dict[str, Any]] = {  # what an extension needs to be told
    # Suffixes are named because Sphinx keeps those of the first build in a process for all later ones.
    "myst_parser": MYST | {"source_suffix": {".rst": "restructuredtext", ".md": "markdown"}},
    "myst_nb": MYST | {"source_suffix": {".md": "myst-nb", ".ipynb": "myst-nb"}, "nb_execution_mode": "off"},
    "nnfs.site.maths": {"nnfs_interactive": str(REPOSITORY / "interactive")},
}


class Project:
    """Sources in `root`; `build` runs Sphinx and leaves what it said in `warnings` and its pages in `out`."""

    def __init__(self, root: Path, extensions: list[str], **settings: Any) -> None:
        self.root, self.out = root, root / "_build" / "html"
        self.settings: dict[str, Any] = {"project": "toy", "html_theme": "basic", "extensions": extensions}
        for extension in extensions:
            self.settings |= SETTINGS.get(extension, {})
        self.settings |= {"exclude_patterns": ["_build", ".cache"], **settings}
        self.warnings = ""
        (root / "conf.py").write_text("", encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def build(self, builder: str = "html", jobs: int = 1) -> Project:
        warnings = io.StringIO()
        self.out = self.root / "_build" / builder
        with patch_docutils(self.root), docutils_namespace():
            app = Sphinx(
                srcdir=self.root,
                confdir=self.root,
                outdir=self.out,
                doctreedir=self.root / "_build" / "doctrees",
                buildername=builder,
                confoverrides=self.settings,
                status=None,
                warning=warnings,
                parallel=jobs,
            )
            app.build()
        self.warnings = strip_escape_sequences(warnings.getvalue())
        return self

    def page(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")
