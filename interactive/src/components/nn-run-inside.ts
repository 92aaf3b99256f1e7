// The part of a run that both machines share, inside the worker: deny what reaches outside, start, run, report.
import { Output } from "./nn-run-output";
import type { Job, Report } from "./nn-run-sandbox";

// The frame's policy refuses all of these; they are taken away as well, so that a program meets a plain "not defined".
const DENIED = [
  "fetch", "XMLHttpRequest", "WebSocket", "WebTransport", "EventSource", "importScripts", "Worker", "SharedWorker",
  "BroadcastChannel", "indexedDB", "caches", "cookieStore", "postMessage", "close", "onmessage",
]; // prettier-ignore

/** Take the ways out of a global object and of what it inherits from. */
export function deny(realm: object): void {
  for (let owner: object | null = realm; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner) as object | null) {
    for (const name of DENIED) Reflect.deleteProperty(owner, name);
  }
  for (const name of DENIED) {
    if (name in realm) Object.defineProperty(realm, name, { value: undefined });
  }
}

/** Wait for the one job, make the machine ready with `start`, shut the doors, and run. */
export function serve(start: (job: Job, output: Output) => Promise<(program: string) => void>): void {
  addEventListener("message", (event: MessageEvent<Job>) => void work(event.data, event.ports[0]!), { once: true });

  async function work(job: Job, port: MessagePort): Promise<void> {
    const tell = (report: Report): void => port.postMessage(report);
    const output = new Output(
      (text) => tell({ kind: "line", text }),
      () => tell({ kind: "ends", how: "full" }),
    );
    try {
      const run = await start(job, output);
      deny(globalThis);
      tell({ kind: "begins" });
      run(job.program);
      if (!output.full) tell({ kind: "ends", how: "done" });
    } catch (error) {
      if (output.full) return;
      output.print(error instanceof Error ? error.message : String(error));
      tell({ kind: "ends", how: "error" });
    }
  }
}
