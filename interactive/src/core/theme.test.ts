import { describe, expect, it } from "vitest";
import { css, mix, parseColour } from "./theme";
import { pitches } from "./sound";

describe("colours", () => {
  it("are read in every form in which a browser gives a used colour", () => {
    expect(parseColour("rgb(31, 42, 46)")).toEqual([31, 42, 46]);
    expect(parseColour("rgba(31, 42, 46, 0.5)")).toEqual([31, 42, 46]);
    expect(parseColour("color(srgb 1 0.2 0)")).toEqual([255, 51, 0]);
    expect(() => parseColour("light-dark(#fff, #000)")).toThrow(/light-dark/);
  });

  it("are mixed from one end to the other", () => {
    expect(mix([0, 0, 0], [10, 20, 30], 0)).toEqual([0, 0, 0]);
    expect(mix([0, 0, 0], [10, 20, 30], 1)).toEqual([10, 20, 30]);
    expect(css([1.4, 2.6, 3], 0.5)).toBe("rgb(1 3 3 / 0.5)");
  });
});

describe("a curve as pitches", () => {
  it("is highest where the curve is, and stays within its octaves", () => {
    const found = pitches([4, 2, 1, 0]);
    expect(found[0]).toBeCloseTo(220 * 2 ** 2.5, 2);
    expect(found[3]).toBe(220);
    expect([...found]).toEqual([...found].sort((a, b) => b - a));
  });

  it("has two points at least, for a level curve, an empty one and one with holes", () => {
    expect([...pitches([1, 1, 1])]).toEqual([220, 220, 220]);
    expect(pitches([])).toHaveLength(2);
    expect(pitches([Number.NaN, 1, Infinity])).toHaveLength(2);
  });

  it("is not longer for a longer curve", () => {
    expect(pitches(new Float64Array(100_000))).toHaveLength(200);
  });
});
