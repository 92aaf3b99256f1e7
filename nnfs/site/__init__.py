"""The Sphinx extension that makes a post a program and a page its verified output.

Read in this order: deps (what a number depends on) → kernel, execution (run or answer from the cache) → pages (what
is known of each page) → values (numbers, claims, golden values) → strict (any warning fails, and goes on failing) →
furniture, boxes, figures, interactive, traces, maths, citations, assets, bundle, skins, diet (what the reader sees) →
lint, scaffold, build (the author's commands).
Nothing in the series imports this package, and it imports no model.
"""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

PARTS = ["pages", "strict", "execution", "values", "boxes", "figures", "interactive", "traces", "maths", "furniture"]
PARTS += ["citations", "assets", "bundle", "skins", "diet"]


def setup(app: Any) -> dict[str, Any]:
    """Entry point of Sphinx. The imports are here so that the kernel can load `nnfs.site.kernel` without Sphinx."""
    app.setup_extension("myst_nb")
    for part in PARTS:
        importlib.import_module(f"nnfs.site.{part}").setup(app)
    # a changed extension reads every page again; the cells still come from the store
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    env_version = int.from_bytes(hashlib.sha256(sources).digest()[:4], "big")
    return {"version": "1", "env_version": env_version, "parallel_read_safe": True, "parallel_write_safe": True}
