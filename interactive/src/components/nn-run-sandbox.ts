// Where a reader's program runs: a worker, inside a frame that has an origin of its own and may load nothing.
//
//   page ──frame.postMessage(job, [port])──► frame ──worker.postMessage(job, [port])──► worker ──port──► page
//
// The frame (sandbox without allow-same-origin) cannot see the page, its storage or its cookies; its content policy
// forbids every request, and a worker made from a blob inherits both. The worker is a thread of its own, so an endless
// loop holds up nobody, and taking the frame out of the page ends it. A program gets at most what the port carries.

/** What a worker is told: the interpreter's script, its binary if it has one, and the program. */
export interface Job {
  readonly script: string;
  readonly binary?: ArrayBuffer;
  readonly program: string;
}

/** What it tells: the program begins, a line, the end. */
export type Report =
  | { readonly kind: "begins" }
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "ends"; readonly how: "done" | "error" | "full" };

/** BASIC is compiled to JavaScript and evaluated; Python needs WebAssembly and no evaluation. */
export type Needs = "'unsafe-eval'" | "'wasm-unsafe-eval'";

export function frameText(needs: Needs): string {
  const policy = `default-src 'none'; script-src 'nonce-nn' ${needs} blob:; worker-src blob:`;
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<script nonce="nn">
addEventListener("message", (event) => {
  if (event.source !== parent) return;
  const [port] = event.ports;
  const fail = (text) => { port.postMessage({kind: "line", text}); port.postMessage({kind: "ends", how: "error"}); };
  try {
    const worker = new Worker(URL.createObjectURL(new Blob([event.data.worker], {type: "text/javascript"})));
    worker.onerror = (error) => { error.preventDefault(); fail(error.message || "the program's thread failed"); };
    worker.postMessage(event.data.job, [port]);
  } catch (error) { fail(String(error)); }
}, {once: true});
</script>`;
}

/**
 * Run `job` in a frame of its own inside `host`. `worker`: the text of the worker's script. Returns what stops it: no
 * report comes after that call, nor after the one that it ends.
 */
export function launch(host: Element, worker: string, needs: Needs, job: Job, tell: (report: Report) => void): () => void {
  const frame = document.createElement("iframe");
  const { port1: here, port2: there } = new MessageChannel();
  const stop = (): void => {
    here.onmessage = null;
    here.close();
    frame.remove();
  };
  here.onmessage = ({ data }: MessageEvent<Report>) => {
    if (data.kind === "ends") stop();
    tell(data);
  };
  frame.setAttribute("sandbox", "allow-scripts");
  frame.hidden = true;
  frame.title = "The sealed place where the program runs";
  frame.srcdoc = frameText(needs);
  // An opaque origin has no name, so the target is "*"; the window is the one that we have just made.
  frame.addEventListener("load", () => frame.contentWindow?.postMessage({ worker, job }, "*", [there]), { once: true });
  host.append(frame);
  return stop;
}
