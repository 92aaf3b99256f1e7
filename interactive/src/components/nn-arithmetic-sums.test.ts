// What the arithmetic trainer knows without a page: answers, regions, words, and the forward pass held to Python's.
import { describe, expect, it, test } from "vitest";
import golden from "../golden/arithmetic.json";
import { LARGEST, NAMES, Sums, parse, shadeOf, words, type Code, type Recording } from "./nn-arithmetic-sums";

const SIZE = 40;
const EPOCHS = [0, 1, 5, 1200];

/** Answers that a test can foresee: at checkpoint t every net says a + b − t, but digits are right in the end. */
function made(change: Partial<Recording> = {}): Recording {
  const answers = (last: number): Int8Array =>
    Int8Array.from({ length: EPOCHS.length * SIZE ** 2 }, (_, i) => {
      const [t, a, b] = [Math.floor(i / SIZE ** 2), Math.floor(i / SIZE) % SIZE, i % SIZE];
      return a + b - (t === EPOCHS.length - 1 ? last : t);
    });
  return {
    epochs: EPOCHS,
    said: { sigmoid: answers(3), relu: answers(3), digits: answers(0), "one-hot": answers(25) },
    split: Uint8Array.from({ length: SIZE ** 2 }, (_, i) => {
      const [a, b] = [Math.floor(i / SIZE), i % SIZE];
      return Math.max(a, b) > 19 ? 2 : (a + b) % 10 === 0 ? 1 : 0;
    }),
    line: [1, 1, 0],
    weights: { relu: golden["scalar-relu"].weights, sigmoid: golden["scalar-sigmoid"].weights },
    ...change,
  };
}
const sums = new Sums(made());

describe("the forward pass", () => {
  test.each([["relu", "scalar-relu"], ["sigmoid", "scalar-sigmoid"]] as const)("of %s says what Python's says", (code, model) => {
    golden.pairs.forEach(([a, b], i) => {
      const wanted = golden[model].exact[i]!;
      expect(Math.abs(sums.exact(code, a!, b!)! - wanted)).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted)));
    });
    const all = Array.from({ length: SIZE ** 2 }, (_, i) => Math.round(sums.exact(code, Math.floor(i / SIZE), i % SIZE)!));
    expect(all).toEqual(golden[model].rounded);
  });

  it("of the line is its three weights", () => {
    expect(new Sums(made({ line: [2, 3, 0.25] })).exact("linear", 10, 100)).toBe(320.25);
  });

  it("is not there for the codes that choose", () => {
    expect([sums.exact("digits", 7, 5), sums.exact("one-hot", 7, 5)]).toEqual([undefined, undefined]);
  });
});

describe("answers", () => {
  it("are found by checkpoint, first and second number", () => {
    expect(sums.answer("digits", 2, 12, 30)).toBe(40);
    expect(sums.answer("digits", 3, 12, 30)).toBe(42);
    expect(sums.answer("one-hot", 3, 0, 0)).toBe(-25);
    expect(sums.history("relu", 7, 5)).toEqual([12, 11, 10, 9]);
  });

  it("of the line are the same at every epoch", () => {
    expect(sums.history("linear", 7, 5)).toEqual([12, 12, 12, 12]);
  });

  it("above the recorded range are computed, after training only, where the net takes sizes", () => {
    expect(sums.history("relu", 37, 58)).toEqual([undefined, undefined, undefined, Math.round(golden["scalar-relu"].exact[5]!)]);
    expect(sums.history("digits", 37, 58)).toEqual([undefined, undefined, undefined, undefined]);
    expect(sums.answer("linear", 0, 5000, 4000)).toBe(9000);
  });

  it("are counted by region", () => {
    const inside = Array.from(made().split).filter((region) => region < 2).length;
    const held = Array.from(made().split).filter((region) => region === 1).length;
    expect(sums.scores("digits", 3)).toEqual({
      taught: { right: inside - held, of: 400 - held },
      "held out": { right: held, of: held },
      outside: { right: 1200, of: 1200 },
    });
    expect(sums.scores("digits", 1).outside).toEqual({ right: 0, of: 1200 });
  });

  it("that do not fit the checkpoints are refused", () => {
    expect(() => new Sums(made({ epochs: [0, 1] }))).toThrow("do not fit");
    expect(() => new Sums(made({ line: [1, 1] }))).toThrow(RangeError);
    expect(() => new Sums(made({ split: new Uint8Array(1599) }))).toThrow(RangeError);
    expect(() => new Sums(made({ weights: { relu: [1, 2, 3], sigmoid: [1, 2, 3] } }))).toThrow(RangeError);
  });
});

describe("scrubbing", () => {
  it("lands on the checkpoint at an epoch, or on the last before it", () => {
    expect([0, 1, 4, 5, 1199, 1200, 1e6].map((epoch) => sums.checkpoint(epoch))).toEqual([0, 1, 1, 2, 2, 3, 3]);
    expect(sums.checkpoint(-1)).toBe(0);
  });
});

describe("the map", () => {
  it("has one shade for each distance", () => {
    expect([0, 1, -2, 3, -9, 10, 19, 20, -99].map(shadeOf)).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it("draws runs of cells of a shade, and nothing where all is right", () => {
    expect(sums.paths("digits", 3)).toEqual(["", "", "", "", ""]);
    const off = sums.paths("one-hot", 3);
    expect(off.slice(0, 4)).toEqual(["", "", "", ""]);
    expect(off[4]!.match(/M0 \d+h40v1h-40z/g)).toHaveLength(SIZE);
  });

  it("draws a row of mixed shades cell by cell, the first number upwards", () => {
    const said = Int8Array.from({ length: EPOCHS.length * SIZE ** 2 }, (_, i) => (Math.floor(i / SIZE) % SIZE) + (i % SIZE));
    said[3 * SIZE ** 2 + 2 * SIZE + 0] = 3; // 2 + 0, off by 1
    said[3 * SIZE ** 2 + 2 * SIZE + 4] = 16; // 2 + 4, off by 10
    said[3 * SIZE ** 2 + 2 * SIZE + 39] = 0; // 2 + 39, off by 41
    const one = new Sums(made({ said: { ...made().said, digits: said } }));
    expect(one.paths("digits", 3)).toEqual(["", "M0 37h1v1h-1z", "", "M4 37h1v1h-1z", "M39 37h1v1h-1z"]);
  });
});

describe("words", () => {
  it("say the cell's sentence", () => {
    expect(sums.sentence("digits", 3, 7, 5)).toBe("7 + 5: answers 12, right.");
    expect(sums.sentence("one-hot", 3, 3, 5)).toBe("3 + 5: answers −17, off by 25.");
    expect(sums.sentence("linear", 3, 1000, 234)).toBe("1,000 + 234: answers 1,234, right.");
  });

  it("say what a net was never asked", () => {
    expect(sums.sentence("one-hot", 3, 37, 58)).toBe("37 + 58: this net was never asked above 39 + 39.");
    expect(sums.sentence("relu", 1, 37, 58)).toBe("37 + 58: asked above 39 + 39 only after training.");
  });

  it("say where a sum lies", () => {
    expect(sums.place(7, 5)).toMatch(/taught/);
    expect(sums.place(7, 3)).toMatch(/^Held out/);
    expect([sums.region(20, 0), sums.region(0, 39), sums.region(150, 150)]).toEqual(["outside", "outside", "outside"]);
    expect(sums.place(20, 0)).toBe("Outside: no number above 19 was ever taught.");
  });

  it("have separators and true minus signs", () => {
    expect([0, 7, 1200, 19998, -3, -1234].map(words)).toEqual(["0", "7", "1,200", "19,998", "−3", "−1,234"]);
  });

  it("name every code as the post does", () => {
    expect(Object.values(NAMES)).toEqual(["linear", "sigmoid", "ReLU", "digits", "one-hot"]);
    expect(Object.keys(NAMES) satisfies string[] as Code[]).toHaveLength(5);
  });
});

describe("what a reader types", () => {
  test.each([["7", 7], [" 12 ", 12], ["007", 7], ["1,234", 1234], [String(LARGEST), LARGEST], ["0", 0]])("%j is %d", (typed, number) => {
    expect(parse(typed)).toEqual({ number });
  });

  test.each([
    ["", "Type a whole number."],
    ["   ", "Type a whole number."],
    ["10000", "9,999 is the largest"],
    ["9".repeat(400), "9,999 is the largest"],
    ["-3", "whole numbers from 0 only"],
    ["−3", "whole numbers from 0 only"],
    ["2.5", "whole numbers from 0 only"],
    ["7,5", "is not a number"],
    ["1 2", "is not a number"],
    ["1e3", "is not a number"],
    ["NaN", "is not a number"],
    ["__proto__", "is not a number"],
    ["<img src=x onerror=alert(1)>", "“<img src=x onerror=a…” is not a number."],
  ])("%j gets a reason", (typed, reason) => {
    expect((parse(typed) as { problem: string }).problem).toContain(reason);
  });
});
