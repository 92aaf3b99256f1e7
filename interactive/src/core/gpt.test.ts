// What the page computes is what torch computes: logits place by place, also where the window is full and slides, and
// the text that follows from a seed.
import { expect, test } from "vitest";
import golden from "../golden/gpt.json";
import { Mulberry32 } from "../nn-engine";
import { GPT, Reader, dequantise, draw, truncate, type Shape } from "./gpt";

type Case = (typeof golden)["gpt"];
const cases = Object.entries(golden) as [string, Case][];

/** The net of tests/unit/test_gpt_vectors.py: matrices in the order of their names, levels first, then steps. */
function drawn(shape: Shape, seed: number): GPT {
  const { vocab, layers, width, ratio, tables } = shape;
  const rng = new Mulberry32(seed);
  const sizes = new Map<string, [rows: number, columns: number]>();
  for (let i = 0; i < layers; i++) {
    for (const name of ["key", "out", "query", "value"]) sizes.set(`blocks_${i}_attention_${name}`, [width, width]);
    sizes.set(`blocks_${i}_ffn_into`, [ratio * width, width]).set(`blocks_${i}_ffn_out`, [width, ratio * width]);
  }
  sizes.set("head", [vocab, width]);
  if (tables) sizes.set("pairs_in", [vocab ** 2, width]).set("pairs_out", [vocab ** 2, vocab]);
  sizes.set("tokens", [vocab, width]);
  const made = new Map<string, Float32Array>();
  for (const [name, [rows, columns]] of sizes) {
    const levels = Array.from({ length: rows * columns }, () => rng.below(255) - 127);
    const steps = Float32Array.from({ length: rows }, () => (1 + rng.random()) / 256);
    made.set(name, dequantise(levels, steps));
  }
  return new GPT(shape, (name) => made.get(name)!);
}

test.each(cases)("%s: logits after every beginning of a row are torch's, also when the window is full", (_, { shape, seed, row, logits }) => {
  const reader = new Reader(drawn(shape, seed));
  row.forEach((_token, n) => {
    const found = reader.logits(row.slice(0, n + 1));
    found.forEach((logit, v) => expect(Math.abs(logit - logits[n]![v]!), `place ${n}, token ${v}`).toBeLessThan(1e-4));
  });
});

test.each(cases)("%s: a row that is read at once gives the logits that it gives token by token", (_, { shape, seed, row }) => {
  const gpt = drawn(shape, seed);
  for (const length of [1, shape.context, row.length]) {
    const growing = new Reader(gpt);
    if (length <= shape.context) for (let n = 1; n < length; n++) growing.logits(row.slice(0, n));
    const slowly = length <= shape.context ? Array.from(growing.logits(row.slice(0, length))) : undefined;
    const at_once = Array.from(new Reader(gpt).logits(row.slice(0, length)));
    const visible = length <= shape.context ? row.slice(0, length) : row.slice(length - Math.floor(shape.context / 2), length);
    expect(at_once).toEqual(slowly ?? Array.from(new Reader(gpt).logits(visible)));
  }
});

test.each(cases)("%s: a seed says what it says in Python", (_, { shape, seed, row, said }) => {
  for (const { temperature, top_k, seed: draws, ids } of said) {
    const reader = new Reader(drawn(shape, seed));
    const rng = new Mulberry32(draws);
    const all = row.slice(0, 2);
    for (const _ of ids) all.push(draw(truncate(reader.logits(all), temperature, top_k), rng.random()));
    expect(all.slice(2)).toEqual(ids);
  }
});

test("each token of a row is read once, until the window is full", () => {
  const gpt = drawn(golden.gpt.shape, 1);
  const read: number[] = [];
  const real = gpt.read.bind(gpt);
  gpt.read = (token, wanted) => (read.push(token), real(token, wanted));
  const reader = new Reader(gpt);
  for (let n = 1; n <= 6; n++) reader.logits([0, 1, 2, 3, 4, 5].slice(0, n));
  expect(read).toEqual([0, 1, 2, 3, 4, 5]);
  reader.logits([0, 1, 2, 3, 4, 5, 6]);
  expect(read.slice(6)).toEqual([4, 5, 6]);
});

test("what does not fit is refused", () => {
  const gpt = drawn(golden.gpt.shape, 1);
  for (const token of [-1, 7, 0.5, NaN]) expect(() => gpt.read(token)).toThrow(/is no token/);
  expect(() => new Reader(gpt).logits([])).toThrow(/at least one token/);
  gpt.forget();
  for (let i = 0; i < 6; i++) gpt.read(0);
  expect(() => gpt.read(0)).toThrow(/reads 6 tokens/);
  expect(() => new GPT(golden.gpt.shape, () => new Float32Array(3))).toThrow(/tokens has 3 numbers, not 7 × 8/);
  expect(() => new GPT({ ...golden.gpt.shape, heads: 3 }, () => new Float32Array(56))).toThrow(/3 heads cannot share/);
  expect(() => dequantise([1, 2, 3], [1, 1])).toThrow(/3 numbers are not 2 rows/);
});

test("a level stands for itself times the step of its row, in float32", () => {
  expect([...dequantise([1, -2, 127, 0], [Math.fround(0.1), 2])]).toEqual([0.1, -0.2, 254, 0].map(Math.fround));
});

test("temperature sharpens, top-k cuts, and equals go by their number", () => {
  const logits = [0, 1, 1, -1];
  const sum = (p: Float64Array): number => p.reduce((a, b) => a + b, 0);
  expect(sum(truncate(logits))).toBeCloseTo(1, 12);
  expect([...truncate(logits, 0)]).toEqual([0, 1, 0, 0]);
  expect([...truncate(logits, 1, 2)]).toEqual([0, 0.5, 0.5, 0]);
  expect([...truncate(logits, 1, 1)]).toEqual([0, 1, 0, 0]);
  expect(truncate(logits, 0.5)[0]! / truncate(logits, 0.5)[1]!).toBeCloseTo(Math.exp(-2), 12);
  expect(sum(truncate(logits, 5, 3))).toBeCloseTo(1, 12);
  expect(() => truncate(logits, -1)).toThrow(RangeError);
  expect(() => truncate(logits, 1, 0)).toThrow(RangeError);
  expect(() => truncate(logits, NaN)).toThrow(RangeError);
});

test("a draw falls on the token in whose part of the line it lies", () => {
  const p = [0.25, 0, 0.5, 0.25];
  expect([0, 0.2499, 0.25, 0.7499, 0.75, 0.9999].map((u) => draw(p, u))).toEqual([0, 0, 2, 2, 3, 3]);
});
