// The transformer of nnfs/gpt.py, one token at a time, with what it remembers of those before (the KV cache); and how
// it is made to speak, as nnfs/sample.py does it. No DOM. golden/gpt.json, written by Python, holds both to each other.
//
// Weights are float32, dequantised from the whole numbers of a recording (nnfs/quantise.py). Sums are float64, because
// JavaScript has nothing faster; torch sums in float32, so logits agree to about 1e-5 and not to the last bit.
import type { Trace } from "./trace";

/** What the net is; `Weights.shape` in nnfs/quantise.py. */
export interface Shape {
  readonly vocab: number; // tokens that exist
  readonly context: number; // tokens that it reads at most
  readonly layers: number;
  readonly heads: number;
  readonly width: number; // numbers that represent a token; divided among the heads
  readonly ratio: number; // hidden units of the feed-forward part, in widths
  readonly softcap: number; // logits stay within ± this; 0: they may go anywhere
  readonly qk_norm: boolean; // queries and keys are brought to length √head
  readonly tables: boolean; // a BigramGPT: each pair of neighbours has a vector and logits of its own
}

/** A matrix by its name in the recording, rows one after the other. */
export type Matrices = (name: string) => Float32Array;

const TINY = 2 ** -23; // what torch adds to a mean square before its root, in float32
const BASE = 10_000; // of RoPE

interface Layer {
  readonly query: Float32Array; // width × width, like the next three
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly out: Float32Array;
  readonly into: Float32Array; // hidden × width
  readonly back: Float32Array; // hidden × width: transposed, so that a unit that is silent can be passed over
  readonly keys: Float64Array; // context × width: what the layer remembers
  readonly values: Float64Array;
}

export class GPT {
  readonly shape: Shape;
  /** Tokens read since the last `forget`. */
  length = 0;
  readonly #tokens: Float32Array; // vocab × width
  readonly #head: Float32Array; // vocab × width
  readonly #pairsIn: Float32Array | undefined; // vocab² × width
  readonly #pairsOut: Float32Array | undefined; // vocab² × vocab
  readonly #layers: readonly Layer[];
  readonly #cos: Float64Array; // context × head / 2
  readonly #sin: Float64Array;
  readonly #x: Float64Array; // width: what flows through the net
  readonly #n: Float64Array; // width: the same, normed
  readonly #q: Float64Array; // width
  readonly #y: Float64Array; // width
  readonly #hidden: Float64Array;
  readonly #scores: Float64Array; // context
  readonly #logits: Float64Array; // vocab
  #last = 0; // the token before

  /** Throws a RangeError if a matrix does not have the size that `shape` gives it. */
  constructor(shape: Shape, matrices: Matrices) {
    const { vocab, context, layers, heads, width, ratio, tables } = shape;
    const part = width / heads;
    if (!Number.isInteger(part / 2)) throw new RangeError(`${heads} heads cannot share a width of ${width} in pairs`);
    const matrix = (name: string, rows: number, columns: number): Float32Array => {
      const found = matrices(name);
      if (found.length !== rows * columns) throw new RangeError(`${name} has ${found.length} numbers, not ${rows} × ${columns}`);
      return found;
    };
    this.shape = shape;
    this.#tokens = matrix("tokens", vocab, width);
    this.#head = matrix("head", vocab, width);
    if (tables) {
      this.#pairsIn = matrix("pairs_in", vocab * vocab, width);
      this.#pairsOut = matrix("pairs_out", vocab * vocab, vocab);
    }
    this.#layers = Array.from({ length: layers }, (_, i) => {
      const square = (name: string): Float32Array => matrix(`blocks_${i}_attention_${name}`, width, width);
      return {
        query: square("query"),
        key: square("key"),
        value: square("value"),
        out: square("out"),
        into: matrix(`blocks_${i}_ffn_into`, ratio * width, width),
        back: transposed(matrix(`blocks_${i}_ffn_out`, width, ratio * width), ratio * width),
        keys: new Float64Array(context * width),
        values: new Float64Array(context * width),
      };
    });
    const half = part / 2;
    this.#cos = new Float64Array(context * half);
    this.#sin = new Float64Array(context * half);
    for (let t = 0; t < context; t++) {
      for (let i = 0; i < half; i++) {
        const angle = t * BASE ** (-i / half);
        this.#cos[t * half + i] = Math.fround(Math.cos(angle));
        this.#sin[t * half + i] = Math.fround(Math.sin(angle));
      }
    }
    const vector = (): Float64Array => new Float64Array(width);
    [this.#x, this.#n, this.#q, this.#y] = [vector(), vector(), vector(), vector()];
    this.#hidden = new Float64Array(ratio * width);
    this.#scores = new Float64Array(context);
    this.#logits = new Float64Array(vocab);
  }

  /** Begin anew: the next token is the first. */
  forget(): void {
    this.length = 0;
  }

  /**
   * Read one more token; returns the logits of the next, in an array that the next call writes over. Without `wanted`
   * it only remembers, and returns what it likes. RangeError for what is no token, or one more than the net reads.
   */
  read(token: number, wanted = true): Float64Array {
    const { vocab, width, heads, context, softcap } = this.shape;
    if (!(Number.isInteger(token) && token >= 0 && token < vocab)) throw new RangeError(`${token} is no token`);
    if (this.length >= context) throw new RangeError(`this net reads ${context} tokens at a time`);
    const at = this.length++;
    const pair = at > 0 ? this.#last * vocab + token : -1; // the first token of a row has no neighbour
    this.#last = token;
    const x = this.#x;
    const n = this.#n;
    const hidden = this.#hidden;
    for (let i = 0; i < width; i++) x[i] = this.#tokens[token * width + i]!;
    if (this.#pairsIn && pair >= 0) for (let i = 0; i < width; i++) x[i]! += this.#pairsIn[pair * width + i]!;
    norm(x, x, 0, width);
    for (let l = 0; l < this.#layers.length; l++) {
      const layer = this.#layers[l]!;
      const k = layer.keys.subarray(at * width, (at + 1) * width);
      norm(x, n, 0, width);
      multiply(layer.key, n, k);
      multiply(layer.value, n, layer.values.subarray(at * width, (at + 1) * width));
      this.#turn(k, at);
      if (!wanted && l === this.#layers.length - 1) return this.#logits; // nobody asks what flows on
      multiply(layer.query, n, this.#q);
      this.#turn(this.#q, at);
      for (let head = 0; head < heads; head++) this.#attend(layer, head, at);
      multiply(layer.out, this.#y, n);
      for (let i = 0; i < width; i++) x[i]! += n[i]!;
      norm(x, n, 0, width);
      multiply(layer.into, n, hidden);
      for (let unit = 0, m = 0; unit < hidden.length; unit++, m += width) {
        const z = hidden[unit]!;
        if (z > 0) for (let i = 0; i < width; i++) x[i]! += z * z * layer.back[m + i]!;
      }
    }
    const logits = this.#logits;
    norm(x, n, 0, width);
    multiply(this.#head, n, logits);
    if (this.#pairsOut && pair >= 0) for (let v = 0; v < vocab; v++) logits[v]! += this.#pairsOut[pair * vocab + v]!;
    if (softcap) for (let v = 0; v < vocab; v++) logits[v] = softcap * Math.tanh(logits[v]! / softcap);
    return logits;
  }

  /** Norm each head of a query or a key, and turn it by its place: coordinate i goes with i + head / 2. */
  #turn(vector: Float64Array, at: number): void {
    const { width, heads, qk_norm } = this.shape;
    const part = width / heads;
    const half = part / 2;
    for (let begin = 0; begin < width; begin += part) {
      if (qk_norm) norm(vector, vector, begin, part);
      for (let i = 0; i < half; i++) {
        const cos = this.#cos[at * half + i]!;
        const sin = this.#sin[at * half + i]!;
        const a = vector[begin + i]!;
        const b = vector[begin + half + i]!;
        vector[begin + i] = a * cos - b * sin;
        vector[begin + half + i] = a * sin + b * cos;
      }
    }
  }

  /** What one head of the query finds in the tokens up to `at`, into its part of y. */
  #attend({ keys, values }: Layer, head: number, at: number): void {
    const { width, heads } = this.shape;
    const part = width / heads;
    const begin = head * part;
    const q = this.#q;
    const y = this.#y;
    const scores = this.#scores;
    const scale = 1 / Math.sqrt(part);
    let most = -Infinity;
    for (let t = 0; t <= at; t++) {
      let sum = 0;
      for (let i = begin, k = t * width + begin; i < begin + part; i++, k++) sum += q[i]! * keys[k]!;
      scores[t] = sum * scale;
      if (scores[t]! > most) most = scores[t]!;
    }
    let total = 0;
    for (let t = 0; t <= at; t++) total += scores[t] = Math.exp(scores[t]! - most);
    y.fill(0, begin, begin + part);
    for (let t = 0; t <= at; t++) {
      const weight = scores[t]! / total;
      for (let i = begin, k = t * width + begin; i < begin + part; i++, k++) y[i]! += weight * values[k]!;
    }
  }
}

/** `from[begin …]`, n numbers, scaled to a root mean square of 1, into the same places of `to`. */
function norm(from: Float64Array, to: Float64Array, begin: number, n: number): void {
  let squares = 0;
  for (let i = begin; i < begin + n; i++) squares += from[i]! * from[i]!;
  const scale = 1 / Math.sqrt(squares / n + TINY);
  for (let i = begin; i < begin + n; i++) to[i] = from[i]! * scale;
}

/** to = matrix · from, of an even length. Two rows at a time and two sums in each: one alone would wait for itself. */
function multiply(matrix: Float32Array, from: Float64Array, to: Float64Array): void {
  const columns = from.length;
  const rows = to.length;
  for (let row = 0; row < rows; row += 2) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    const p = row * columns;
    const q = row + 1 < rows ? p + columns : p; // an odd last row is its own companion
    for (let i = 0; i < columns; i += 2) {
      const x = from[i]!;
      const y = from[i + 1]!;
      a += matrix[p + i]! * x;
      b += matrix[p + i + 1]! * y;
      c += matrix[q + i]! * x;
      d += matrix[q + i + 1]! * y;
    }
    to[row] = a + b;
    if (row + 1 < rows) to[row + 1] = c + d;
  }
}

/** A matrix of so many columns with its rows as columns. */
function transposed(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
}

// --- Weights out of a recording --------------------------------------------------------------------------------------

/** rows × n numbers: level times the step of its row, in float32, as nnfs/quantise.py multiplies them. */
export function dequantise(levels: ArrayLike<number>, steps: ArrayLike<number>): Float32Array {
  const n = levels.length / steps.length;
  if (!Number.isInteger(n)) throw new RangeError(`${levels.length} numbers are not ${steps.length} rows`);
  return Float32Array.from(levels, (level, i) => level * steps[Math.floor(i / n)]!);
}

/** The net that `Weights.recorder` of nnfs/quantise.py recorded. Throws if the recording holds none. */
export function recordedGPT(trace: Trace): GPT {
  const matrices = (name: string): Float32Array => dequantise(trace.array(name).data, trace.array(`${name}_step`).data);
  return new GPT(trace.header.config as unknown as Shape, matrices);
}

// --- Speaking --------------------------------------------------------------------------------------------------------

/** Reads a row that grows, each token once; when the net's window is full it goes on with the last half of it. */
export class Reader {
  readonly gpt: GPT;
  #begin = 0; // the net's row is row[begin …]
  #known = 0; // and it has read so many of it

  constructor(gpt: GPT) {
    this.gpt = gpt;
    gpt.forget();
  }

  /** Logits of what comes after `row`: the same row as last time, and more. RangeError for an empty one. */
  logits(row: readonly number[]): Float64Array {
    const { context } = this.gpt.shape;
    if (row.length === 0) throw new RangeError("a net predicts from at least one token");
    if (row.length - this.#begin > context) {
      this.#begin = row.length - Math.max(1, Math.floor(context / 2));
      this.#known = 0;
      this.gpt.forget();
    }
    const last = row.length - 1;
    for (let i = this.#begin + this.#known; i < last; i++) this.gpt.read(row[i]!, false);
    this.#known = row.length - this.#begin;
    return this.gpt.read(row[last]!);
  }
}

/**
 * Probabilities from logits, 0 for all but the `topK` likeliest; among equals the lower token counts as likelier.
 * Temperature 0 leaves the likeliest. RangeError for a temperature below 0 or topK below 1.
 */
export function truncate(logits: ArrayLike<number>, temperature = 1, topK = logits.length): Float64Array {
  if (!(temperature >= 0 && topK >= 1)) throw new RangeError(`cannot draw with temperature ${temperature}, top-k ${topK}`);
  const order = Array.from(logits, (_, v) => v).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const kept = order.slice(0, temperature === 0 ? 1 : topK);
  const most = logits[order[0]!]!;
  const p = new Float64Array(logits.length);
  for (const v of kept) p[v] = Math.exp((logits[v]! - most) / (temperature || 1));
  const total = kept.reduce((sum, v) => sum + p[v]!, 0);
  for (const v of kept) p[v]! /= total;
  return p;
}

/** The token on which `u` in [0, 1) falls, when the tokens lie side by side, each as wide as its probability. */
export function draw(p: ArrayLike<number>, u: number): number {
  let total = 0;
  for (let v = 0; v < p.length; v++) total += p[v]!;
  let sum = 0;
  for (let v = 0; v < p.length; v++) {
    sum += p[v]!;
    if (sum > u * total) return v;
  }
  return Math.max(0, p.length - 1); // where rounding lets u · total reach the sum
}
