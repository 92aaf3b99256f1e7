"""Is the Shakespeare net of the page the trained one, and how fast does it write there?

`python benchmarks/generator.py [--contexts 2000]` runs `interactive/src/core/gpt.ts` in a real Chromium, on the net
that the page loads, each weight in one byte, and torch on the net as it was trained.

- Parity: the next character after 2,000 stretches of 128 characters of validation text. Wanted: the likeliest is the
  same for 99 % of them, and the log-probability of what follows moves by at most 0.02 on average.
- Speed: 1,000 characters in the page's worker and by torch with its cache, in turns. Wanted: 200 a second.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Page, sync_playwright

from nnfs import recipes, stages, trace
from nnfs.site import bundle

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "interactive" / "src"
BATCH, TURNS, WRITES = 50, 5, 1000
TOP, MOVED, SPEED = 0.99, 0.02, 200  # what is wanted

ENTRY = """
import { GPT, Reader, recordedGPT } from "../core/gpt";
import { loadTrace } from "../core/trace";
import { workerURL } from "../core/worker";

let gpt: GPT | undefined;
/** log p of every symbol after each row. */
export async function ask(url: string, rows: number[][]): Promise<number[][]> {
  gpt ??= recordedGPT(await loadTrace(url));
  return rows.map((row) => {
    const logits = Array.from(new Reader(gpt!).logits(row));
    const most = Math.max(...logits);
    const total = Math.log(logits.reduce((sum, z) => sum + Math.exp(z - most), 0)) + most;
    return logits.map((z) => z - total);
  });
}
/** Milliseconds for n characters in the worker, between the request and the last of them. */
let worker: Worker | undefined;
export async function write(url: string, n: number, seed: number): Promise<number> {
  const heard = (kind: string) => new Promise<void>((done) => {
    const hear = ({ data }: MessageEvent) => {
      if (data.kind === kind) { worker!.removeEventListener("message", hear); done(); }
    };
    worker!.addEventListener("message", hear);
  });
  if (!worker) {
    worker = new Worker(workerURL("nn-shakespeare"), { type: "module" });
    const loaded = heard("loaded");
    worker.postMessage({ kind: "load", url });
    await loaded;
  }
  const [begin, done] = [performance.now(), heard("done")];
  worker.postMessage({ kind: "say", run: seed, row: [0], n, temperature: 0.8, topK: 65, seed });
  await done;
  return performance.now() - begin;
}
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def built(folder: Path) -> tuple[str, str]:
    """The benchmark's module and the net in `folder`/out; returns the addresses of both."""
    source, out = folder / "src", folder / "out"
    for kind in ("core", "components", "entries"):
        shutil.copytree(SOURCES / kind, source / kind)
    shutil.copy(SOURCES / "nn-engine.ts", source)
    for entry in (source / "entries").glob("nn-*.ts"):
        if entry.name != "nn-shakespeare.worker.ts":
            entry.unlink()
    (source / "entries" / "nn-asked.ts").write_text(ENTRY, encoding="utf-8")
    answer = bundle.call_esbuild(folder, source, ROOT / "interactive" / "node_modules")
    out.mkdir()
    for file in answer["files"]:
        (out / file["name"]).write_text(file["text"], encoding="utf-8")
    made = stages.net()
    origin = {"post": "benchmark", "digest": "0" * 24, "command": "none", "poster": "none"}
    files = trace.files(trace.finish(made.header, made.data, cell=1, **origin), made.data)
    for name, content in files.items():
        (out / name).write_bytes(content)
    (out / "index.html").write_text("<!doctype html><title>Benchmark</title>", encoding="utf-8")
    return f"/{answer['chunks']['nn-asked']}", f"/{next(iter(files))}"


def call(page: Page, module: str, name: str, *arguments: Any) -> Any:
    """What an export of the module answers."""
    return page.evaluate("async ([at, name, given]) => (await import(at))[name](...given)", [module, name, arguments])


def parity(page: Page, module: str, net: str, n: int) -> bool:
    """Ask both nets what comes next; prints the two gates and whether they hold."""
    rows, after = stages.contexts(n)
    trained = recipes.load(stages.NET)
    with torch.no_grad():
        logits = [trained(torch.from_numpy(part))[0][:, -1] for part in np.array_split(rows, len(rows) // 50)]
    theirs = torch.cat(logits).double().log_softmax(dim=-1).numpy()
    found: list[list[float]] = []
    for start in range(0, len(rows), BATCH):
        found += call(page, module, "ask", net, rows[start : start + BATCH].tolist())
        print(f"\r{len(found):,} of {len(rows):,}", end="", file=sys.stderr)
    ours, at = np.array(found), np.arange(len(rows))
    same = float(np.mean(ours.argmax(axis=1) == theirs.argmax(axis=1)))
    moved = float(np.abs(ours - theirs)[at, after].mean())
    kl = float((np.exp(theirs) * (theirs - ours)).sum(axis=1).mean())
    loss = [-float(p[at, after].mean()) for p in (theirs, ours)]
    print(f"\rof {len(rows):,} contexts the likeliest character is the same for {same:.2%} (wanted {TOP:.0%})")
    print(f"log p of what follows moves by {moved:.4f} on average (wanted {MOVED}), of any symbol by "
          f"{np.abs(ours - theirs).mean():.4f}; KL {kl:.1e} nats")  # fmt: skip
    print(f"loss on them: trained {loss[0]:.4f}, in the page {loss[1]:.4f}")
    return same >= TOP and moved <= MOVED


def speed(page: Page, module: str, net: str) -> bool:
    """Let both write, in turns; prints characters a second and whether it is enough."""
    torch.set_num_threads(1)
    model = stages.rounded()
    spent: dict[str, list[float]] = {"page": [], "torch": []}
    call(page, module, "write", net, WRITES, 0)  # compiled, and its net loaded
    for turn in range(1, TURNS + 1):
        spent["page"].append(call(page, module, "write", net, WRITES, turn) / 1000)
        start = time.perf_counter()
        stages.say(model, [0], WRITES, temperature=0.8, seed=turn)
        spent["torch"].append(time.perf_counter() - start)
    ours, theirs = (WRITES / statistics.median(spent[side]) for side in ("page", "torch"))
    print(
        f"{ours:,.0f} characters a second in the page's worker (wanted {SPEED}), {theirs:,.0f} by torch on one thread"
    )
    return ours >= SPEED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contexts", type=int, default=stages.CONTEXTS, help="0: only the speed")
    asked = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        module, net = built(Path(folder))
        handler = functools.partial(Quiet, directory=str(Path(folder, "out")))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/index.html")
        print(f"Chromium {browser.version}, torch {torch.__version__}, load {os.getloadavg()[0]:.1f}")
        held = [speed(page, module, net)]
        held += [parity(page, module, net, asked.contexts)] if asked.contexts else []
        browser.close()
        server.shutdown()
    if not all(held):
        raise SystemExit("not as wanted")


if __name__ == "__main__":
    main()
