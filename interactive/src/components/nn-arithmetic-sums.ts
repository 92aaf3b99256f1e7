// What five ways of writing a number say to every sum, and when they said it. No DOM.
//
// Four nets were trained on the sums of 0 … top (posts/02, p2.addition-mlp/….0-19, seed 0) and asked for every pair up
// to twice as far at each checkpoint; their answers, rounded, are recorded. Answers of a class are whole numbers
// anyway, and rounding is how the post reads the others. The line and the two nets that take numbers as sizes can be
// asked for more than was recorded: their weights are here too, and the forward pass is nn-engine's.
import { MLP } from "../nn-engine";

export const CODES = ["linear", "sigmoid", "relu", "digits", "one-hot"] as const;
export type Code = (typeof CODES)[number];
export const NAMES: Readonly<Record<Code, string>> = {
  linear: "linear", sigmoid: "sigmoid", relu: "ReLU", digits: "digits", "one-hot": "one-hot",
}; // prettier-ignore

/** Where a sum lies: among those that were taught, held out of them, or outside, with a number above `top`. */
export const REGIONS = ["taught", "held out", "outside"] as const;
export type Region = (typeof REGIONS)[number];

export const LARGEST = 9999; // that can be typed
export const SHADES = ["right", "off by 1 or 2", "3 to 9", "10 to 19", "20 or more"] as const;
const FROM = [1, 3, 10, 20]; // where the shades after the first begin

/** What the trace holds. `said` by checkpoint, first number, second number; `split` by first and second number. */
export interface Recording {
  readonly epochs: ArrayLike<number>;
  readonly said: Readonly<Record<Exclude<Code, "linear">, ArrayLike<number>>>;
  readonly split: ArrayLike<number>; // by place in REGIONS
  readonly line: ArrayLike<number>; // w1, w2, bias
  readonly weights: Readonly<Record<"relu" | "sigmoid", ArrayLike<number>>>; // unit by unit, its weights, then its bias
}

export interface Score {
  readonly right: number;
  readonly of: number;
}

export class Sums {
  readonly epochs: readonly number[];
  readonly last: number; // checkpoint after training
  readonly size: number; // numbers 0 … size − 1 were asked for
  readonly top: number; // the largest that was taught
  readonly #recording: Recording;
  readonly #scores = new Map<string, Readonly<Record<Region, Score>>>();
  readonly #nets: Readonly<Record<"relu" | "sigmoid", MLP>>;

  /** Throws a RangeError if the parts of the recording do not fit together. */
  constructor(recording: Recording) {
    this.#recording = recording;
    this.epochs = Array.from(recording.epochs);
    this.last = this.epochs.length - 1;
    this.size = Math.sqrt(recording.split.length);
    this.top = this.size / 2 - 1;
    const answers = this.epochs.length * this.size ** 2;
    const sound = Number.isInteger(this.top) && this.last >= 0 && recording.line.length === 3;
    if (!sound || Object.values(recording.said).some(({ length }) => length !== answers)) {
      throw new RangeError("the recorded answers do not fit their checkpoints and pairs");
    }
    this.#nets = { relu: trained(recording.weights.relu, "relu"), sigmoid: trained(recording.weights.sigmoid, "sigmoid") };
  }

  region(a: number, b: number): Region {
    return a < this.size && b < this.size ? REGIONS[this.#recording.split[a * this.size + b]!]! : "outside";
  }

  /** Was this pair put to this net at this checkpoint, or can it be asked now? */
  answer(code: Code, at: number, a: number, b: number): number | undefined {
    if (code !== "linear" && a < this.size && b < this.size) {
      return this.#recording.said[code][(at * this.size + a) * this.size + b]!;
    }
    const exact = at === this.last || code === "linear" ? this.exact(code, a, b) : undefined;
    return exact === undefined ? undefined : Math.round(exact) || 0; // −0 is 0
  }

  /** What the trained net says, unrounded, computed here from its weights; undefined for the two that answer by
   *  choosing, whose weights are not on the page. */
  exact(code: Code, a: number, b: number): number | undefined {
    if (code === "linear") {
      const { line } = this.#recording;
      return line[0]! * a + line[1]! * b + line[2]!;
    }
    if (code !== "relu" && code !== "sigmoid") return undefined;
    const unit = this.top + 1; // numbers go in as shares of this, and sums come out as shares of twice as much
    const acts = this.#nets[code].forward([a / unit, b / unit]);
    return acts[acts.length - 1]![0]! * 2 * unit;
  }

  /** The answers to one pair through training. */
  history(code: Code, a: number, b: number): (number | undefined)[] {
    return this.epochs.map((_, at) => this.answer(code, at, a, b));
  }

  /** How many sums of each region are right. */
  scores(code: Code, at: number): Readonly<Record<Region, Score>> {
    const kept = this.#scores.get(`${code} ${at}`);
    if (kept) return kept;
    const found = REGIONS.map(() => ({ right: 0, of: 0 }));
    this.#each((a, b) => {
      const score = found[this.#recording.split[a * this.size + b]!]!;
      score.of++;
      if (this.answer(code, at, a, b) === a + b) score.right++;
    });
    const scores = Object.fromEntries(REGIONS.map((region, i) => [region, found[i]!])) as Record<Region, Score>;
    this.#scores.set(`${code} ${at}`, scores);
    return scores;
  }

  /** SVG path data of the cells of every shade, row `size` − 1 − a, column b; the first shade is the ground. */
  paths(code: Code, at: number): string[] {
    const data = SHADES.map(() => "");
    for (let a = this.size - 1; a >= 0; a--) {
      let start = 0;
      let shade = 0;
      for (let b = 0; b <= this.size; b++) {
        const next = b < this.size ? shadeOf(this.answer(code, at, a, b)! - a - b) : -1;
        if (next === shade && b > 0) continue;
        if (b > start && shade > 0) data[shade] += `M${start} ${this.size - 1 - a}h${b - start}v1h${start - b}z`;
        start = b;
        shade = next;
      }
    }
    return data;
  }

  /** The checkpoint at `epoch` or the last one before it. */
  checkpoint(epoch: number): number {
    let at = 0;
    while (at < this.last && this.epochs[at + 1]! <= epoch) at++;
    return at;
  }

  /** The cell's sentence: "7 + 5: answers 12, right." */
  sentence(code: Code, at: number, a: number, b: number): string {
    const said = this.answer(code, at, a, b);
    const pair = `${words(a)} + ${words(b)}`;
    if (said === undefined) {
      const most = `${this.size - 1} + ${this.size - 1}`;
      return code === "digits" || code === "one-hot"
        ? `${pair}: this net was never asked above ${most}.`
        : `${pair}: asked above ${most} only after training.`;
    }
    const off = Math.abs(said - a - b);
    return `${pair}: answers ${words(said)}, ${off === 0 ? "right" : `off by ${words(off)}`}.`;
  }

  /** What the reader should know about this pair's place. */
  place(a: number, b: number): string {
    return {
      taught: "This sum was taught.",
      "held out": "Held out: its numbers were taught, this pair never.",
      outside: `Outside: no number above ${this.top} was ever taught.`,
    }[this.region(a, b)];
  }

  #each(visit: (a: number, b: number) => void): void {
    for (let a = 0; a < this.size; a++) for (let b = 0; b < this.size; b++) visit(a, b);
  }
}

function trained(weights: ArrayLike<number>, hidden: "relu" | "sigmoid"): MLP {
  const net = new MLP([2, 32, 32, 1], 0, { hidden, output: "linear" });
  net.restore({ sizes: net.sizes, parameters: Float64Array.from(weights) });
  return net;
}

export function shadeOf(off: number): number {
  const size = Math.abs(off);
  return FROM.filter((from) => size >= from).length;
}

/** A whole number as a reader writes it: 1,200, −3. */
export function words(x: number): string {
  return String(Math.abs(x)).replace(/\B(?=(\d{3})+$)/g, ",").replace(/^/, x < 0 ? "−" : "");
}

/** What a reader typed: a number, or what is wrong with it, in words. */
export function parse(typed: string): { readonly number: number } | { readonly problem: string } {
  const text = typed.trim();
  if (text === "") return { problem: "Type a whole number." };
  if (/^(\d+|\d{1,3}(,\d{3})+)$/.test(text)) {
    const number = Number(text.replace(/,/g, ""));
    return number <= LARGEST ? { number } : { problem: `${words(LARGEST)} is the largest number that can be typed here.` };
  }
  if (/^[-−+]?(\d+\.?\d*|\.\d+)$/.test(text)) return { problem: "These nets were asked for whole numbers from 0 only." };
  const shown = [...text].slice(0, 20).join("");
  return { problem: `“${shown}${shown.length < text.length ? "…" : ""}” is not a number.` };
}
