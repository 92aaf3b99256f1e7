// Models that say which letter comes next, and what one does with them: draw names, be surprised by a name, bet
// against them. No DOM.
//
// The twin of nnfs/namegen.py: float64, the same numbers, the same draws, sums in the same order, so that a seed writes
// the same names in Python and here. golden/names.json, written by Python, holds both to it.
import type { GPT } from "../core/gpt";
import { Mulberry32 } from "../nn-engine";

export const SYMBOLS = ".abcdefghijklmnopqrstuvwxyz"; // "." opens and closes every name
export const V = SYMBOLS.length;
export const LONGEST = 15; // letters of a name

/** Reads a name letter by letter, beginning with ".". */
export interface Reader {
  /** After one more token: log p of each token that may follow. The array is the caller's to keep. */
  read(token: number): Float64Array;
}

export interface Model {
  reader(): Reader;
}

/** The ids of a name's letters. RangeError for what is no name: see `parse`. */
export function spell(name: string): number[] {
  return [...name].map((letter) => {
    const id = SYMBOLS.indexOf(letter);
    if (id < 1) throw new RangeError(`a name consists of the letters a to z, got ${name}`);
    return id;
  });
}

export function letters(ids: readonly number[]): string {
  return ids.map((id) => SYMBOLS[id]!).join("");
}

export function logSoftmax(z: Float64Array): Float64Array {
  const most = z.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (const x of z) sum += Math.exp(x - most);
  const log = Math.log(sum);
  return z.map((x) => x - most - log);
}

// --- The models -------------------------------------------------------------------------------------------------

/** A table: p(b | a) = (count of ab + 1) / (count of a + 27). */
export class Counts implements Model {
  readonly counts: ArrayLike<number>; // 27 × 27, row a, column b
  readonly totals: readonly number[]; // of each row
  readonly #rows: readonly Float64Array[];

  /** Throws a RangeError if the table is not 27 × 27. */
  constructor(counts: ArrayLike<number>) {
    if (counts.length !== V * V) throw new RangeError(`a table of pairs has ${V * V} counts, not ${counts.length}`);
    this.counts = counts;
    const rows = Array.from({ length: V }, (_, a) => Float64Array.from({ length: V }, (_, b) => counts[a * V + b]!));
    this.totals = rows.map((row) => row.reduce((sum, count) => sum + count, 0));
    this.#rows = rows.map((row) => logSoftmax(row.map((count) => Math.log(count + 1))));
  }

  reader(): Reader {
    return { read: (token) => this.#rows[token]! };
  }
}

/** The last letters, each as a place in a small space; one layer of tanh; logits. */
export class LetterNet implements Model {
  readonly #embedding: ArrayLike<number>; // 27 × width
  readonly #hidden: ArrayLike<number>; // units × context · width
  readonly #hiddenBias: ArrayLike<number>;
  readonly #head: ArrayLike<number>; // 27 × units
  readonly #headBias: ArrayLike<number>;
  readonly #width: number;
  readonly #context: number;

  /** Throws a RangeError if the parts do not fit together. */
  constructor(
    embedding: ArrayLike<number>, hidden: ArrayLike<number>, hiddenBias: ArrayLike<number>,
    head: ArrayLike<number>, headBias: ArrayLike<number>,
  ) {
    // prettier-ignore
    const units = hiddenBias.length;
    this.#width = embedding.length / V;
    this.#context = hidden.length / units / this.#width;
    const whole = [this.#width, this.#context].every((n) => Number.isInteger(n) && n > 0);
    if (!whole || head.length !== V * units || headBias.length !== V) throw new RangeError("the parts of the net do not fit together");
    [this.#embedding, this.#hidden, this.#hiddenBias] = [embedding, hidden, hiddenBias];
    [this.#head, this.#headBias] = [head, headBias];
  }

  reader(): Reader {
    const context = Array.from({ length: this.#context }, () => 0); // before the beginning stands "."
    return {
      read: (token) => {
        context.shift();
        context.push(token);
        return this.#after(context);
      },
    };
  }

  #after(context: readonly number[]): Float64Array {
    const width = this.#width;
    const x = Float64Array.from({ length: context.length * width }, (_, i) => {
      return this.#embedding[context[Math.floor(i / width)]! * width + (i % width)]!;
    });
    const h = product(this.#hidden, x, this.#hiddenBias).map(Math.tanh);
    return logSoftmax(product(this.#head, h, this.#headBias));
  }
}

/** W x + b, W row by row. */
function product(W: ArrayLike<number>, x: Float64Array, b: ArrayLike<number>): Float64Array {
  const y = new Float64Array(b.length);
  for (let row = 0; row < y.length; row++) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += W[row * x.length + i]! * x[i]!;
    y[row] = sum + b[row]!;
  }
  return y;
}

/** A transformer (core/gpt) as a model. It remembers one row: a new reader ends the one before. */
export function reading(gpt: GPT): Model {
  return {
    reader() {
      gpt.forget();
      return { read: (token) => logSoftmax(gpt.read(token)) };
    },
  };
}

// --- Names ------------------------------------------------------------------------------------------------------

/** −log p of each letter of a name and of its end, in nats. */
export function surprise(model: Model, name: string): number[] {
  const reader = model.reader();
  const ids = [0, ...spell(name), 0];
  return ids.slice(1).map((next, i) => -reader.read(ids[i]!)[next]!);
}

/** p of each token in proportion to exp(log p / temperature); at temperature 0 the likeliest has it all. */
export function tempered(logP: Float64Array, temperature: number): Float64Array {
  const most = logP.reduce((a, b) => Math.max(a, b), -Infinity);
  if (temperature === 0) {
    const best = logP.indexOf(most);
    return logP.map((_, i) => (i === best ? 1 : 0));
  }
  const share = logP.map((x) => Math.exp((x - most) / temperature));
  const sum = share.reduce((a, b) => a + b, 0);
  return share.map((p) => p / sum);
}

/** The token whose share of [0, 1) holds u, the shares standing side by side from token 0 upwards. */
export function choose(logP: Float64Array, u: number, temperature: number): number {
  const most = logP.reduce((a, b) => Math.max(a, b), -Infinity);
  if (temperature === 0) return logP.indexOf(most);
  let sum = 0;
  const upto = logP.map((x) => (sum += Math.exp((x - most) / temperature)));
  const at = upto.findIndex((edge) => edge > u * sum);
  return at < 0 ? logP.length - 1 : at;
}

/** One name after the other, n of them. Name i has a generator of its own, whose seed is the ith number of the first,
 *  and spends one draw on a letter: so every model has the same luck. One of LONGEST letters ends there. */
export function* draw(model: Model, n: number, seed: number, temperature: number): Generator<string, void> {
  const seeds = new Mulberry32(seed);
  for (let i = 0; i < n; i++) {
    const luck = new Mulberry32(seeds.uint32());
    const reader = model.reader();
    const ids: number[] = [];
    for (let token = 0; ids.length < LONGEST; ids.push(token)) {
      token = choose(reader.read(token), luck.random(), temperature);
      if (token === 0) break;
    }
    yield letters(ids);
  }
}

/** What a reader typed: a name, or what is wrong with it, in words. */
export function parse(typed: string): { readonly name: string } | { readonly problem: string } {
  const name = typed.trim().normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  if (name === "") return { problem: "Type a name." };
  const strange = [...name].find((letter) => !/^[a-z]$/.test(letter));
  if (strange !== undefined) return { problem: `The models know the letters a to z; “${strange}” is none of them.` };
  return name.length <= LONGEST ? { name } : { problem: `The longest name on the list has ${LONGEST} letters.` };
}

/** What a letter is called before and after another: the end and the beginning of a name have no letter. */
export const first = (a: number): string => (a === 0 ? "the start" : SYMBOLS[a]!);
export const next = (b: number): string => (b === 0 ? "the end" : SYMBOLS[b]!);

export const percent = (p: number): string => {
  if (p > 0 && p < 0.001) return "under 0.1%";
  return `${(100 * p).toFixed(p < 0.0995 ? 1 : 0)}%`;
};

// --- A bet ------------------------------------------------------------------------------------------------------

export const SURE = 0.9; // the share of belief that goes to the marked tokens

/** What a reader's marks are as a distribution: nine tenths shared equally by the marked tokens, the rest by the
 *  others; without a mark, or with all of them marked, every token is as likely. Returns −log p of `token`, in nats. */
export function bet(marked: ReadonlySet<number>, token: number): number {
  if (marked.size === 0 || marked.size === V) return Math.log(V);
  return -Math.log(marked.has(token) ? SURE / marked.size : (1 - SURE) / (V - marked.size));
}

/** The mean; of nothing, 0. */
export function mean(xs: readonly number[]): number {
  return xs.length === 0 ? 0 : xs.reduce((a, b) => a + b, 0) / xs.length;
}

// --- Is this name on the list? ----------------------------------------------------------------------------------

/** 32 bits that stand for a text of ASCII letters (Fowler, Noll and Vo, 1991). */
function fnv1a(text: string): number {
  let digest = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) digest = Math.imul(digest ^ text.charCodeAt(i), 0x01000193);
  return digest >>> 0;
}

/** A Bloom filter (Bloom 1970): never wrong about a name on the list, now and then about another. */
export class Bloom {
  readonly #bytes: ArrayLike<number>;
  readonly #hashes: number;

  constructor(bytes: ArrayLike<number>, hashes: number) {
    this.#bytes = bytes;
    this.#hashes = hashes;
  }

  has(word: string): boolean {
    const draws = new Mulberry32(fnv1a(word));
    for (let i = 0; i < this.#hashes; i++) {
      const place = draws.below(8 * this.#bytes.length);
      if (!((this.#bytes[place >> 3]! >> (place & 7)) & 1)) return false;
    }
    return true;
  }
}
