// What the playground's nets learn: truth tables, two moons (the twin of nnfs/data/moons.py), points drawn by the reader.

import { Mulberry32, type Data } from "./nn-engine";

export const TRUTH_TABLES = {
  AND: [0, 0, 0, 1],
  OR: [0, 1, 1, 1],
  XOR: [0, 1, 1, 0],
} as const;

/** The four rows 00, 01, 10, 11 of a truth table with what is wanted of each. */
export function truthTable(name: keyof typeof TRUTH_TABLES): Data {
  return { rows: 4, X: Float64Array.of(0, 0, 0, 1, 1, 0, 1, 1), Y: Float64Array.from(TRUTH_TABLES[name]) };
}

/** n points on two interleaved half circles; Y is 0 for the upper moon and 1 for the lower one (Python says -1, +1). */
export function moons(n: number, noise: number, seed: number): Data {
  if (n < 2 || noise < 0) throw new RangeError(`moons need two points or more and noise of 0 or more, got ${n}, ${noise}`);
  const rng = new Mulberry32(seed);
  const upper = Math.floor(n / 2);
  const X = new Float64Array(2 * n);
  const Y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const first = i < upper;
    const size = first ? upper : n - upper;
    const angle = (Math.PI * (first ? i : i - upper)) / Math.max(size - 1, 1);
    X[2 * i] = (first ? Math.cos(angle) : 1 - Math.cos(angle)) + noise * rng.normal();
    X[2 * i + 1] = (first ? Math.sin(angle) : 0.5 - Math.sin(angle)) + noise * rng.normal();
    Y[i] = first ? 0 : 1;
  }
  return { rows: n, X, Y };
}
