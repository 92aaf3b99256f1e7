// What the maker of names knows without a page, on the very nets that the page gets: the same names as Python for the
// same seed and temperature, the same surprise, the same filter.
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { GPT, dequantise, type Shape } from "../core/gpt";
import golden from "../golden/names.json";
import { Game, told } from "./nn-names-game";
import { Bloom, Counts, LONGEST, LetterNet, SURE, V, bet, choose, draw, mean, parse, reading, spell, surprise, tempered, type Model } from "./nn-names-models";

// --- The trained nets, from their checkpoints --------------------------------------------------------------------

const Half = (globalThis as unknown as { Float16Array: { new (bytes: ArrayBuffer): ArrayLike<number> } }).Float16Array;

/** The matrices of a checkpoint in half precision (safetensors: a length, a JSON header, the numbers). */
function checkpoint(name: string): { config: { model: Record<string, unknown>; vocab: number }; matrix: (key: string) => Float64Array } {
  const bytes = readFileSync(new URL(`../../../runs/checkpoints/${name}.safetensors`, import.meta.url));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<string, { data_offsets: [number, number] } & Record<string, string>>;
  return {
    config: JSON.parse(header["__metadata__"]!["config"]!) as ReturnType<typeof checkpoint>["config"],
    matrix(key) {
      const [from, to] = header[key]!.data_offsets;
      return Float64Array.from(new Half(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer));
    },
  };
}

/** The same numbers in 255 levels a row, as nnfs/quantise.py rounds them. */
function rounded(matrix: Float64Array, rows: number): Float32Array {
  const n = matrix.length / rows;
  const row = (i: number): Float64Array => matrix.subarray(i * n, (i + 1) * n);
  const steps = Float32Array.from({ length: rows }, (_, i) => Math.max(...row(i).map(Math.abs)) / 127);
  const level = (x: number, step: number): number => {
    const exact = x / step;
    const low = Math.floor(exact);
    const up = exact - low === 0.5 ? low % 2 !== 0 : exact - low > 0.5; // a half goes to the even side
    return Math.min(127, Math.max(-127, low + (up ? 1 : 0)));
  };
  return dequantise(matrix.map((x, i) => (steps[Math.floor(i / n)]! === 0 ? 0 : level(x, steps[Math.floor(i / n)]!))), steps);
}

function mlp(): Model {
  const { matrix } = checkpoint("p3.ladder.ssa.mlp.seed-0");
  const [embedding, hidden, hiddenBias, head, headBias] = ["embedding", "body.0.weight", "body.0.bias", "head.weight", "head.bias"].map(matrix);
  return new LetterNet(embedding!, hidden!, hiddenBias!, head!, headBias!);
}

function transformer(): Model {
  const { config, matrix } = checkpoint("p3.ladder.ssa.ours.seed-0");
  const shape = { ratio: 4, softcap: 15, qk_norm: true, tables: true, vocab: config.vocab, ...config.model } as unknown as Shape;
  const rows = (name: string): number =>
    name.endsWith("into") ? shape.ratio * shape.width : name.startsWith("pairs") ? V * V : name.startsWith("blocks") ? shape.width : V;
  return reading(new GPT(shape, (name) => rounded(matrix(`${name.replace(/^blocks_(\d)_(\w+)_(\w+)$/, "blocks.$1.$2.$3")}.weight`), rows(name))));
}

const models: Readonly<Record<string, Model>> = { counts: new Counts(golden.counts), MLP: mlp(), transformer: transformer() };

// --- The same as Python ------------------------------------------------------------------------------------------

describe("names", () => {
  test.each(golden.draws)("by $model from seed $seed at temperature $temperature are Python's, letter by letter", ({ model, seed, temperature, names }) => {
    expect([...draw(models[model]!, names.length, seed, temperature)]).toEqual(names);
  });

  it("have no more letters than a net can read", () => {
    const babbler: Model = { reader: () => ({ read: () => Float64Array.from({ length: V }, (_, i) => (i === 0 ? -1e9 : 0)) }) };
    expect([...draw(babbler, 3, 0, 1)].map((name) => name.length)).toEqual([LONGEST, LONGEST, LONGEST]);
  });
});

describe("surprise", () => {
  test.each(Object.keys(models))("of %s is Python's, letter by letter", (model) => {
    const wanted = golden.surprise[model as keyof typeof golden.surprise];
    for (const [name, nats] of Object.entries(wanted)) {
      const found = surprise(models[model]!, name);
      expect(found).toHaveLength(name.length + 1);
      nats.forEach((nat, i) => expect(Math.abs(found[i]! - nat)).toBeLessThan(1e-10 * Math.max(1, nat)));
    }
  });

  it("is about probabilities: all that may follow sum to one", () => {
    for (const model of Object.values(models)) {
      const reader = model.reader();
      for (const token of [0, 5, 13]) expect(reader.read(token).reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 12);
    }
  });

  it("is refused for what is no name", () => {
    expect(() => surprise(models["counts"]!, "Emma")).toThrow(RangeError);
    expect(() => spell("a.b")).toThrow("letters a to z");
  });
});

test("the filter answers as Python's does", () => {
  const { bytes, hashes, asked, known } = golden.bloom;
  const list = new Bloom(bytes, hashes);
  expect(asked.map((word) => list.has(word))).toEqual(known);
  expect(known).toContain(false);
});

test("parts that do not fit together are refused", () => {
  expect(() => new Counts([1, 2, 3])).toThrow(RangeError);
  const zeros = (n: number): number[] => Array<number>(n).fill(0);
  expect(() => new LetterNet(zeros(270), zeros(6000), zeros(200), zeros(5400), zeros(26))).toThrow("do not fit");
  expect(() => new LetterNet(zeros(271), zeros(6000), zeros(200), zeros(5400), zeros(27))).toThrow("do not fit");
});

// --- Chance ------------------------------------------------------------------------------------------------------

describe("temperature", () => {
  const logP = Float64Array.from([0.5, 0.3, 0.2], Math.log);

  it("1 leaves the shares, a half squares them, 0 gives all to the likeliest", () => {
    expect([...tempered(logP, 1)].map((p) => p.toFixed(6))).toEqual(["0.500000", "0.300000", "0.200000"]);
    expect(tempered(logP, 0.5)[0]).toBeCloseTo(0.25 / 0.38, 12);
    expect([...tempered(logP, 0)]).toEqual([1, 0, 0]);
    expect([...tempered(Float64Array.from([-1, -1]), 0)]).toEqual([1, 0]);
  });

  it("chooses the token whose share holds u", () => {
    expect([0, 0.499, 0.501, 0.799, 0.801, 0.999].map((u) => choose(logP, u, 1))).toEqual([0, 0, 1, 1, 2, 2]);
    expect([0, 0.65, 0.67, 0.99].map((u) => choose(logP, u, 0.5))).toEqual([0, 0, 1, 2]);
    expect(choose(logP, 0.99, 0)).toBe(0);
  });
});

// --- What a reader types and marks -------------------------------------------------------------------------------

test.each([
  ["Emma", "emma"], [" zoë ", "zoe"], ["José", "jose"], ["abcdefghijklmno", "abcdefghijklmno"],
])("%s is read as %s", (typed, name) => expect(parse(typed)).toEqual({ name })); // prettier-ignore

test.each([
  ["", "Type a name."], ["anne-marie", "“-” is none of them"], ["<img>", "“<” is none of them"], ["李", "“李” is none of them"],
  ["abcdefghijklmnop", "15 letters"],
])("%s is no name", (typed, problem) => expect(parse(typed)).toEqual({ problem: expect.stringContaining(problem) })); // prettier-ignore

describe("a bet", () => {
  it("is a distribution, whatever is marked", () => {
    for (const marked of [[], [3], [0, 1, 2], Array.from({ length: V }, (_, i) => i)]) {
      const p = Array.from({ length: V }, (_, token) => Math.exp(-bet(new Set(marked), token)));
      expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    }
  });

  it("costs little if the letter was marked, and the less the fewer were", () => {
    expect(bet(new Set([5]), 5)).toBeCloseTo(-Math.log(SURE), 12);
    expect(bet(new Set([5, 6, 7]), 5)).toBeCloseTo(-Math.log(SURE / 3), 12);
    expect(bet(new Set([5]), 6)).toBeCloseTo(-Math.log((1 - SURE) / 26), 12);
    expect(bet(new Set(), 6)).toBeCloseTo(Math.log(27), 12);
  });
});

describe("a game", () => {
  const even = { name: "even", nats: (name: string) => Array<number>(name.length + 1).fill(Math.log(4)) };

  it("shows a name letter by letter, and its end", () => {
    const game = new Game(["abe", "bo"], 3); // 3 of 2: the second
    expect([game.name, game.known, game.over]).toEqual(["bo", "", false]);
    expect(told(game.turn(new Set([2])), [even])).toBe("It was b. You gave it 90%, even 25%.");
    game.turn(new Set());
    expect([game.known, game.over]).toEqual(["bo", false]);
    expect(game.turn(new Set([0, 1])).token).toBe(0);
    expect(game.over).toBe(true);
    expect(told(game.turns.at(-1)!, [])).toContain("It was the end. You gave it 45%");
    expect(mean(game.turns.map((turn) => turn.you))).toBeCloseTo((-Math.log(0.9) + Math.log(27) - Math.log(0.45)) / 3, 12);
    expect(() => game.turn(new Set())).toThrow("over");
  });

  it("counts the names that were finished, and no other", () => {
    const game = new Game(["bo", "abe"], 0);
    for (let i = 0; i < 3; i++) game.turn(new Set());
    game.go();
    game.turn(new Set([1]));
    expect([game.name, game.turns.length, game.all.length]).toEqual(["abe", 1, 4]);
    game.go();
    expect([game.name, game.turns.length, game.all.length]).toEqual(["bo", 0, 3]);
  });
});
