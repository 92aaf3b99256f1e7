// The thread that speaks: one token at a time, the same for the same seed, and silent when it is told to be.
import { expect, test } from "vitest";
import type { Trace } from "../core/trace";
import { speaker, type Ask, type Tell } from "./nn-shakespeare-inside";

const SHAPE = { vocab: 4, context: 6, layers: 1, heads: 1, width: 2, ratio: 1, softcap: 0, qk_norm: true, tables: false };
const COUNTS: Readonly<Record<string, number>> = { tokens: 8, head: 8 };

/** A recorded net of arbitrary numbers. */
function net(change: object = {}): Trace {
  const array = (name: string): { data: Float64Array } => {
    const count = COUNTS[name] ?? 4;
    return { data: name.endsWith("_step") ? new Float64Array((COUNTS[name.slice(0, -5)] ?? 4) / 2).fill(0.25) : Float64Array.from({ length: count }, (_, i) => ((i * 5) % 7) - 3) };
  };
  return { header: { config: { ...SHAPE, ...change } }, array } as unknown as Trace;
}

function started(change: object = {}): { told: Tell[]; hear: (message: Ask) => Promise<void> } {
  const told: Tell[] = [];
  const hear = speaker((message) => told.push(message), async (url, tell) => (tell(url.length), net(change)));
  return { told, hear };
}
const ask = (run: number, n: number, seed = 1): Ask => ({ kind: "say", run, row: [0], n, temperature: 1, topK: 4, seed });
const tokens = (told: Tell[], run: number): number[] => told.flatMap((t) => (t.kind === "said" && t.run === run ? [t.token] : []));

test("it loads, tells how far it is, and then says as many tokens as it is asked for", async () => {
  const { told, hear } = started();
  await hear({ kind: "load", url: "net.json" });
  expect(told).toEqual([{ kind: "loading", bytes: 8 }, { kind: "loaded" }]);
  await hear(ask(1, 20));
  expect(tokens(told, 1)).toHaveLength(20);
  expect(told.at(-1)).toMatchObject({ kind: "done", run: 1 });
});

test("the same seed says the same, whatever was said before", async () => {
  const { told, hear } = started();
  await hear({ kind: "load", url: "" });
  await hear(ask(1, 30, 7));
  await hear(ask(2, 30, 8));
  await hear(ask(3, 30, 7));
  expect(tokens(told, 3)).toEqual(tokens(told, 1));
  expect(tokens(told, 2)).not.toEqual(tokens(told, 1));
});

test.each([
  ["stop", { kind: "stop" } as Ask],
  ["another run", ask(2, 3)],
])("after %s at most one more token comes of the old run, and no end of it", async (_, interruption) => {
  const { told, hear } = started();
  await hear({ kind: "load", url: "" });
  void hear(ask(1, 100_000));
  while (tokens(told, 1).length < 3) await new Promise((done) => setTimeout(done));
  const before = tokens(told, 1).length;
  await hear(interruption);
  await new Promise((done) => setTimeout(done, 20));
  expect(tokens(told, 1).length).toBeLessThanOrEqual(before + 1);
  expect(told.some((message) => message.kind === "done" && message.run === 1)).toBe(false);
  if (interruption.kind === "say") expect(tokens(told, 2)).toHaveLength(3);
});

test("what goes wrong is told and not thrown", async () => {
  const { told, hear } = started();
  await hear(ask(1, 3));
  expect(told).toEqual([{ kind: "failed", message: "the net is not loaded" }]);
  const odd = started({ vocab: 5 });
  await odd.hear({ kind: "load", url: "" });
  expect(odd.told.at(-1)).toMatchObject({ kind: "failed", message: "tokens has 8 numbers, not 5 × 2" });
  const lost: Tell[] = [];
  await speaker((message) => lost.push(message), () => Promise.reject(new Error("gone")))({ kind: "load", url: "" });
  expect(lost).toEqual([{ kind: "failed", message: "gone" }]);
});
