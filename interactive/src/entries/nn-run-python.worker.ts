// The worker in which nn-run runs Python.
import { serve } from "../components/nn-run-inside";
import { python, type LoadMicroPython } from "../components/nn-run-python";

serve(async (job, output) => {
  const url = URL.createObjectURL(new Blob([job.script], { type: "text/javascript" }));
  const { loadMicroPython } = (await import(url)) as { loadMicroPython: LoadMicroPython };
  // It asks for its binary by fetch, and the page has brought it already.
  globalThis.fetch = () => Promise.resolve(new Response(job.binary!, { headers: { "Content-Type": "application/wasm" } }));
  return python(loadMicroPython, output);
});
