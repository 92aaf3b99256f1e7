// The thread in which nn-shakespeare's net speaks. It is told to load, to say something or to stop, and tells one token
// at a time; between two tokens it listens, so that stopping takes no longer than a token.
import { Reader, draw, recordedGPT, truncate, type GPT } from "../core/gpt";
import { loadTrace, type Trace } from "../core/trace";
import { Mulberry32 } from "../nn-engine";

export type Ask =
  | { readonly kind: "load"; readonly url: string }
  | {
      readonly kind: "say";
      readonly run: number; // comes back with every token
      readonly row: readonly number[]; // what the net reads first, one token at least
      readonly n: number;
      readonly temperature: number;
      readonly topK: number;
      readonly seed: number;
    }
  | { readonly kind: "stop" };

export type Tell =
  | { readonly kind: "loading"; readonly bytes: number }
  | { readonly kind: "loaded" }
  | { readonly kind: "said"; readonly run: number; readonly token: number }
  | { readonly kind: "done"; readonly run: number; readonly ms: number }
  | { readonly kind: "failed"; readonly message: string };

type Load = (url: string, tell: (bytes: number) => void) => Promise<Trace>;

/** Returns what hears the page; `tell` reaches it. */
export function speaker(tell: (message: Tell) => void, load: Load = loadTrace): (message: Ask) => Promise<void> {
  let gpt: GPT | undefined;
  let wanted = 0; // the run that goes on; 0: none
  const pulse = new MessageChannel(); // a turn of the event loop without the 4 ms of a timer
  const turn = (): Promise<unknown> =>
    new Promise((done) => {
      pulse.port1.onmessage = done;
      pulse.port2.postMessage(0);
    });

  async function say({ run, row, n, temperature, topK, seed }: Ask & { kind: "say" }): Promise<void> {
    if (!gpt) throw new Error("the net is not loaded");
    const [all, rng, reader, begin] = [[...row], new Mulberry32(seed), new Reader(gpt), performance.now()];
    wanted = run;
    for (let i = 0; i < n; i++) {
      const token = draw(truncate(reader.logits(all), temperature, topK), rng.random());
      all.push(token);
      tell({ kind: "said", run, token });
      await turn();
      if (wanted !== run) return;
    }
    wanted = 0;
    tell({ kind: "done", run, ms: performance.now() - begin });
  }

  return async (message) => {
    try {
      if (message.kind === "stop") wanted = 0;
      else if (message.kind === "say") await say(message);
      else {
        gpt = recordedGPT(await load(message.url, (bytes) => tell({ kind: "loading", bytes })));
        tell({ kind: "loaded" });
      }
    } catch (error) {
      tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
}
