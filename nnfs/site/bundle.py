"""The scripts of the interactives, bundled while the site is built.

When a page uses an element, the TypeScript under `interactive/src` goes through one Node process (`bundle.mjs`,
esbuild) into `_static/nn/`: a chunk an element, what they share, and a loader of less than 2 KB. Only pages with an
element load it. The result is kept in `.cache/nnfs/bundle/<digest>/`; the digest is over the sources, the installed
packages and the bundler's own two files, so an edit cannot leave an old bundle behind. Names carry a hash of their
content, and a page that names another loader than the current one is written again.

`NNFS_INTERACTIVE=posters` builds the same pages without scripts: every figure shows its poster, caption and table.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.errors import ExtensionError
from sphinx.util import logging

from nnfs.site import pages
from nnfs.site.assets import write
from nnfs.site.maths import FIX, node_program

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

LOGGER = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_name("bundle.mjs")
SWITCH = "NNFS_INTERACTIVE"
KEPT = 4  # bundles in the cache: going back to what was there a moment ago is free
LOADER_LIMIT = 2048  # bytes, before compression

# The terms of packages whose archives forget them.
MIT = """\
The MIT License (MIT)

{copyright}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
"""
# Packages that an element loads on a click, copied file by file: name → (package, files, licence if it brings none).
VENDOR: dict[str, tuple[str, tuple[str, ...], str]] = {
    "micropython": (
        "@micropython/micropython-webassembly-pyscript",
        ("micropython.mjs", "micropython.wasm"),
        MIT.format(copyright="Copyright (c) 2013-2026 Damien P. George"),
    ),
    "wwwbasic": ("wwwbasic", ("wwwbasic.js",), ""),
}
# Where no live view can come, the poster needs no room for one.
POSTERS_ONLY = "<style>.nn-interactive .nn-poster{min-height:0!important;padding:0!important}</style>"


def posters_only() -> bool:
    """Does the person at the keyboard want pages without scripts? Raises ExtensionError on any other wish."""
    wish = os.environ.get(SWITCH, "")
    if wish not in ("", "posters"):
        raise ExtensionError(f"{SWITCH}={wish}: the only value is 'posters'")
    return bool(wish)


def installed(packages: Path) -> Path:
    """The folder of npm packages. Raises ExtensionError, with what to do, if esbuild is not in it."""
    if not (packages / "esbuild" / "package.json").is_file():
        raise ExtensionError(
            f"esbuild, which bundles the interactives, is not in {packages.parent.name}/node_modules: {FIX}; "
            f"{SWITCH}=posters builds the pages without scripts"
        )
    return packages


def sources(src: Path) -> list[Path]:
    """What a bundle is made of, in a fixed order: tests and their golden values are not."""
    return sorted(p for p in src.rglob("*") if p.is_file() and ".test." not in p.name and "golden" not in p.parts)


def digest(src: Path, packages: Path) -> str:
    """Of everything that decides what the bundle is."""
    total = hashlib.sha256(SCRIPT.read_bytes() + Path(__file__).read_bytes())
    lock = packages / ".package-lock.json"
    total.update(lock.read_bytes() if lock.is_file() else b"")
    for path in sources(src):
        total.update(path.relative_to(src).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:24]


def vendored(packages: Path) -> dict[str, str]:
    """Name → folder beside the chunks, of the packages that are installed."""
    found = {}
    for name, (package, _, _) in VENDOR.items():
        manifest = packages / package / "package.json"
        if manifest.is_file():
            found[name] = f"vendor/{name}@{json.loads(manifest.read_text(encoding='utf-8'))['version']}"
    return found


def call_esbuild(root: Path, src: Path, packages: Path) -> dict[str, Any]:
    """What `bundle.mjs` answers: files, chunks and loader, or errors. ExtensionError if Node itself fails."""
    request = {"root": str(root), "src": str(src), "modules": str(packages), "vendor": vendored(packages)}
    run = subprocess.run(
        [node_program(), str(SCRIPT)],
        input=json.dumps(request),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    if run.returncode:
        raise ExtensionError(f"Node could not bundle the interactives ({FIX}):\n{run.stderr.strip()[-1500:]}")
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def licences(packages: Path, names: list[str]) -> str:
    """The licences of the packages whose code is in the bundles."""
    texts = []
    for name in names:
        (found, *_) = sorted((packages / name).glob("LICEN[CS]E*"))
        texts.append(f"{name}\n{'=' * len(name)}\n\n{found.read_text(encoding='utf-8').strip()}\n")
    return "\n\n".join(texts)


def bundle(root: Path, src: Path, packages: Path, cache: Path) -> Path | None:
    """The folder of the finished bundle with its `manifest.json`, from the cache or made now.

    None if esbuild refuses a source file, after each error was logged with file and line; nothing is cached then.
    Raises ExtensionError if packages are missing, or the loader is larger than it may be.
    """
    kept = cache / digest(src, installed(packages))
    if (kept / "manifest.json").is_file():
        os.utime(kept)
        return kept
    answer = call_esbuild(root, src, packages)
    for error in answer.get("errors", ()):
        place = f"{error['file']}:{error['line']}" if error.get("file") else None
        LOGGER.error("%s", error["text"], location=place, extra={"repeats": True})  # nothing is cached: so does it
    if "errors" in answer:
        return None
    size = next(len(f["text"].encode()) for f in answer["files"] if f["name"] == answer["loader"])
    if size > LOADER_LIMIT:
        raise ExtensionError(f"the loader of the interactives has {size} bytes, its limit is {LOADER_LIMIT}")
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=cache, prefix="new-"))
    for file in answer["files"]:
        (fresh / file["name"]).write_text(file["text"], encoding="utf-8")
    (fresh / "LICENSES.txt").write_text(licences(packages, answer["packages"]), encoding="utf-8")
    manifest = {"loader": answer["loader"], "chunks": answer["chunks"]}
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    if kept.exists():  # half a bundle, from a disk that was full
        shutil.rmtree(kept)
    fresh.rename(kept)
    for old in sorted(cache.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return kept


def publish(made: Path, packages: Path, target: Path) -> None:
    """The bundle and the vendored packages into the output; what an earlier build left there goes."""
    wanted = {path.name: path for path in made.iterdir() if path.name != "manifest.json"}
    for name, path in wanted.items():
        write(target / name, path.read_bytes())
    folders = vendored(packages)
    for name, folder in folders.items():
        package, files, licence = VENDOR[name]
        for file in files:
            write(target / folder / file, (packages / package / file).read_bytes())
        text = licence.encode() if licence else (packages / package / "LICENSE").read_bytes()
        write(target / folder / "LICENSE.txt", text)
    for old in target.iterdir():
        if old.is_file() and old.name not in wanted:
            old.unlink()
    for old in (target / "vendor").glob("*"):
        if f"vendor/{old.name}" not in folders.values():
            shutil.rmtree(old)


# --- Sphinx ----------------------------------------------------------------------------------------------------------


def elements(env: BuildEnvironment) -> dict[str, list[str]]:
    """Page → the elements it uses, of the pages that use any."""
    return {name: page.tags for name, page in pages.all_pages(env).items() if page.tags}


def loader(app: Sphinx) -> str | None:
    """The file name of this build's loader; None if there is no script."""
    return getattr(app.builder, "nnfs_loader", None)


def prepare(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Bundle if any page needs it; the pages to write again are those that do not name the loader of this build."""
    used = elements(env)
    if app.builder.format != "html" or not used:
        return []
    if not posters_only():
        root, folder = Path(app.confdir), Path(app.confdir, app.config.nnfs_interactive)
        packages = folder / "node_modules"
        made = bundle(root, folder / "src", packages, root / ".cache" / "nnfs" / "bundle")
        if made is None:
            return []
        manifest = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
        for docname, tags in sorted(used.items()):
            for tag in sorted(set(tags) - set(manifest["chunks"])):
                LOGGER.error("no element %s: src/entries/ has no %s.ts", tag, tag, location=docname)
        publish(made, packages, Path(app.outdir, "_static", "nn"))
        app.builder.nnfs_loader = manifest["loader"]  # type: ignore[attr-defined]
    return [docname for docname in used if stale(app, docname)]


def stale(app: Sphinx, docname: str) -> bool:
    """Was the page written with another loader, or with one where there should be none?"""
    page, name = Path(app.builder.get_output_path(docname)), loader(app)  # type: ignore[attr-defined]
    if not page.is_file():
        return False  # it is about to be written
    text = page.read_text(encoding="utf-8")
    return f"nn/{name}" not in text if name else "nn/loader-" in text


def link(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """The style of interactives on the pages that have one or its poster, and the loader on those that have one."""
    live = elements(app.env).get(page)
    if live or 'class="nn-data"' in context.get("body", ""):
        app.add_css_file("interactive.css", priority=865)
    if not live:
        return
    if name := loader(app):
        app.add_js_file(f"nn/{name}", type="module")
    else:
        context["metatags"] = context.get("metatags", "") + POSTERS_ONLY + "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("env-updated", prepare)
    app.connect("html-page-context", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
