import { describe, expect, it } from "vitest";
import { band, format, linear, log, logTicks, ticks } from "./scale";

describe("scales", () => {
  it("map the ends of the domain to the ends of the range, and back", () => {
    for (const make of [linear, log]) {
      const x = make([2, 50], [300, 20]);
      expect(x(2)).toBeCloseTo(300, 10);
      expect(x(50)).toBeCloseTo(20, 10);
      for (const value of [2, 3.5, 20, 50]) expect(x.invert(x(value))).toBeCloseTo(value, 10);
    }
  });

  it("give a domain without width the middle of the range", () => {
    expect(linear([3, 3], [0, 10])(3)).toBe(5);
  });

  it("put equal factors at equal distances on a log scale, and zero on its start", () => {
    const x = log([0.001, 1], [0, 300]);
    expect(x(0.01) - x(0.001)).toBeCloseTo(x(1) - x(0.1), 10);
    expect(x(0)).toBeCloseTo(0, 10);
    expect(() => log([0, 1], [0, 1])).toThrow(/positive/);
  });

  it("fit n bands with gaps exactly into the range", () => {
    const x = band(4, [10, 110], 0.2);
    expect(x(0)).toBe(10);
    expect(x(3) + x.width).toBeCloseTo(110, 10);
    expect(x(1) - (x(0) + x.width)).toBeCloseTo((0.2 * x.width) / 0.8, 10);
  });
});

describe("ticks", () => {
  it("are round, inside, and free of floating-point dust", () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(-1, 1, 4)).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(ticks(0, 5000, 5)).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    expect(ticks(1.2, 1.3, 5)).toEqual([1.2, 1.22, 1.24, 1.26, 1.28, 1.3]);
  });

  it("survive ends in the wrong order, equal ends and ends that are no numbers", () => {
    expect(ticks(1, 0, 2)).toEqual(ticks(0, 1, 2));
    expect(ticks(4, 4, 5)).toEqual([4]);
    expect(ticks(Number.NaN, 1, 5)).toEqual([]);
    expect(ticks(0, Infinity, 5)).toEqual([]);
  });

  it("are powers of ten on a log scale, with doubles and fives where there are fewer than two", () => {
    expect(logTicks(0.001, 1)).toEqual([0.001, 0.01, 0.1, 1]);
    expect(logTicks(1.5, 8)).toEqual([2, 5]);
    expect(logTicks(0, 1)).toEqual([]);
  });
});

describe("format", () => {
  it.each([
    [0, "0"], [0.25, "0.250"], [-0.5, "−0.500"], [1200, "1,200"], [999.6, "1,000"], [0.0031, "0.00310"],
    [0.00001234, "1.23e−5"], [1234567, "1,230,000"], [12345678, "1.23e7"],
    [Number.NaN, "not a number"], [-Infinity, "−∞"],
  ])("writes %d as %s", (x, text) => expect(format(x)).toBe(text)); // prettier-ignore
});
