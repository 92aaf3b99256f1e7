// From data to pixels and to words: linear, log and band scales, round ticks, numbers as text.

export interface Scale {
  (x: number): number;
  /** From the range back to the domain. */
  invert(y: number): number;
}

type Pair = readonly [number, number];

function scale(forth: (x: number) => number, back: (y: number) => number): Scale {
  return Object.assign(forth, { invert: back });
}

/** Straight from `domain` to `range`; a domain without width maps to the middle. */
export function linear([a, b]: Pair, [c, d]: Pair): Scale {
  if (a === b) return scale(() => (c + d) / 2, () => a);
  const slope = (d - c) / (b - a);
  return scale((x) => c + (x - a) * slope, (y) => (slope === 0 ? a : a + (y - c) / slope));
}

/** By the logarithm. Throws a RangeError if the domain is not positive; values at or below zero land on its start. */
export function log([a, b]: Pair, range: Pair): Scale {
  if (!(a > 0 && b > 0)) throw new RangeError(`a log scale needs a positive domain, not ${a} to ${b}`);
  const inner = linear([Math.log(a), Math.log(b)], range);
  const least = Math.min(a, b);
  return scale((x) => inner(Math.log(Math.max(x, least))), (y) => Math.exp(inner.invert(y)));
}

/** `n` equal bands with `gap` (a share of a band's step) between them: start of band i, and the width of each. */
export function band(n: number, [c, d]: Pair, gap = 0): { (i: number): number; readonly width: number } {
  const step = n > 0 ? (d - c) / (n - gap) : 0;
  return Object.assign((i: number) => c + i * step, { width: step * (1 - gap) });
}

/** Round numbers from `lo` to `hi`, about `n` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(lo: number, hi: number, n: number): number[] {
  if (!(Number.isFinite(lo) && Number.isFinite(hi)) || n < 1) return [];
  if (lo > hi) [lo, hi] = [hi, lo];
  if (lo === hi) return [lo];
  const rough = (hi - lo) / n;
  const power = Math.floor(Math.log10(rough));
  const lead = rough / 10 ** power;
  const step = lead >= Math.sqrt(50) ? 10 : lead >= Math.sqrt(10) ? 5 : lead >= Math.SQRT2 ? 2 : 1;
  // whole numbers times or divided by a whole power: 3/10 is 0.3, 3*0.1 is not
  const at = power >= 0 ? (i: number) => i * step * 10 ** power : (i: number) => (i * step) / 10 ** -power;
  const size = step * 10 ** power;
  const found: number[] = [];
  for (let i = Math.ceil(lo / size - 1e-9); i <= Math.floor(hi / size + 1e-9); i++) found.push(at(i) || 0);
  return found;
}

/** The powers of ten from `lo` to `hi`; with fewer than two of them also their doubles and fives. */
export function logTicks(lo: number, hi: number): number[] {
  if (!(lo > 0 && hi > 0 && Number.isFinite(lo) && Number.isFinite(hi))) return [];
  if (lo > hi) [lo, hi] = [hi, lo];
  const inside = (leads: readonly number[]): number[] => {
    const found: number[] = [];
    for (let p = Math.floor(Math.log10(lo)); p <= Math.ceil(Math.log10(hi)); p++) {
      for (const lead of leads) {
        const x = p >= 0 ? lead * 10 ** p : lead / 10 ** -p;
        if (x >= lo * (1 - 1e-12) && x <= hi * (1 + 1e-12)) found.push(x);
      }
    }
    return found;
  };
  const powers = inside([1]);
  return powers.length >= 2 ? powers : inside([1, 2, 5]);
}

/**
 * `x` with `digits` significant digits, as a reader writes it: 1,200 and 0.0031, a true minus sign, powers only
 * below 1e-4 and from 1e7 on.
 */
export function format(x: number, digits = 3): string {
  if (Number.isNaN(x)) return "not a number";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const rounded = Number(x.toPrecision(digits));
  const size = Math.abs(rounded);
  let text: string;
  if (size < 1e-4 || size >= 1e7) {
    const [lead = "", power = "0"] = rounded.toExponential().split("e");
    text = `${lead}e${Number(power)}`;
  } else {
    const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
    const [whole = "", part] = size.toFixed(Math.min(places, 12)).split(".");
    text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
    if (rounded < 0) text = `-${text}`;
  }
  return text.replace(/-/g, "−");
}
