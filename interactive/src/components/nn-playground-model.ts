// What the playground computes, without a DOM: tasks, points drawn by the reader, and a run that can be rewound.
//
// A run is a function of its settings and the epoch: task, sizes, seed, rate and points decide every number in it.
// So a rewind is exact, a link reproduces it, and net.py prints the same digits (nn-engine.ts says why).

import { MLP, type Data } from "../nn-engine";
import { TRUTH_TABLES, moons, truthTable } from "../nn-tasks";

export const TASKS = ["AND", "OR", "XOR", "moons", "points"] as const;
export type Task = (typeof TASKS)[number];
export const MOONS = { n: 40, noise: 0.1, seed: 1 } as const;

export const RIGHT = 0.4; // an answer this near to its target is right: what Part 2 calls learned
export const MARK = 2000; // epochs after which the post prints its results, and a guess is judged
export const LAST = 50_000; // epochs in a run
export const MOST_HIDDEN = 8; // units in a hidden layer, of which there are at most three
export const MOST_LAYERS = 3;

export interface Settings {
  readonly task: Task;
  readonly hidden: readonly number[]; // units a hidden layer, none for a single neuron
  readonly seed: number;
  readonly rate: number;
  readonly points: readonly Point[];
}

export const isTable = (task: Task): task is keyof typeof TRUTH_TABLES => task in TRUTH_TABLES;

// --- Hidden layers as text: "0", "3", "8-8-8" --------------------------------------------------------------------

export function readHidden(text: string): readonly number[] | undefined {
  if (!/^\d{1,3}([-.]\d{1,3}){0,9}$/.test(text)) return undefined;
  const layers = text.split(/[-.]/).map((n) => Math.min(Number(n), MOST_HIDDEN));
  return layers.filter((n) => n > 0).slice(0, MOST_LAYERS);
}

export const writeHidden = (hidden: readonly number[]): string => hidden.join("-") || "0";

// --- Points on a grid of 21 × 21, x and y from 0 to 1 ------------------------------------------------------------

export const GRID = 20; // steps along a side
export const MOST_POINTS = 40;

export interface Point {
  readonly x: number; // 0 … GRID
  readonly y: number;
  readonly kind: 0 | 1;
}

/** `points` with a point of `kind` at (x, y), in place of what was there; null takes it away. */
export function place(points: readonly Point[], x: number, y: number, kind: 0 | 1 | null): readonly Point[] {
  const others = points.filter((p) => p.x !== x || p.y !== y);
  if (kind === null || others.length >= MOST_POINTS) return others;
  return [...others, { x, y, kind }];
}

/** Two letters a point, a … u along x and y; the first a capital for kind 1. Nonsense is left out. */
export function readPoints(text: string): readonly Point[] {
  let points: readonly Point[] = [];
  for (const [, x, y] of text.matchAll(/([a-uA-U])([a-u])/g)) {
    const kind = x! < "a" ? 1 : 0;
    points = place(points, x!.toLowerCase().charCodeAt(0) - 97, y!.charCodeAt(0) - 97, kind);
  }
  return points;
}

export function writePoints(points: readonly Point[]): string {
  const letter = (n: number): string => String.fromCharCode(97 + n);
  return points.map(({ x, y, kind }) => (kind ? letter(x).toUpperCase() : letter(x)) + letter(y)).join("");
}

export function dataOf(settings: Settings): Data {
  const { task, points } = settings;
  if (isTable(task)) return truthTable(task);
  if (task === "moons") return moons(MOONS.n, MOONS.noise, MOONS.seed);
  return {
    rows: points.length,
    X: Float64Array.from(points.flatMap(({ x, y }) => [x / GRID, y / GRID])),
    Y: Float64Array.from(points, ({ kind }) => kind),
  };
}

// --- A run -------------------------------------------------------------------------------------------------------

const KEPT = 512; // snapshots

/**
 * Snapshots at every stride-th epoch from 0 on, 512 at most: when they are full every second one goes and the stride
 * doubles, so that they always span the run. Epochs in between are trained again from the one before.
 */
class History {
  count = 0;
  stride = 1;
  readonly losses = new Float64Array(KEPT);
  readonly #parameters: Float64Array;
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
    this.#parameters = new Float64Array(KEPT * width);
  }

  wants(epoch: number): boolean {
    return epoch === this.count * this.stride;
  }

  keep(parameters: Float64Array, loss: number): void {
    this.#parameters.set(parameters, this.count * this.#width);
    this.losses[this.count++] = loss;
    if (this.count < KEPT) return;
    for (let i = 0; i < KEPT / 2; i++) {
      this.#parameters.copyWithin(i * this.#width, 2 * i * this.#width, (2 * i + 1) * this.#width);
      this.losses[i] = this.losses[2 * i]!;
    }
    this.count = KEPT / 2;
    this.stride *= 2;
  }

  /** Put the last snapshot at or before `epoch` into `parameters`; returns its epoch. */
  fetch(epoch: number, parameters: Float64Array): number {
    const i = Math.min(this.count - 1, Math.floor(epoch / this.stride));
    parameters.set(this.#parameters.subarray(i * this.#width, (i + 1) * this.#width));
    return i * this.stride;
  }
}

export interface Curve {
  readonly epochs: readonly number[];
  readonly losses: readonly number[];
}

export class Run {
  readonly settings: Settings;
  readonly net: MLP;
  readonly data: Data;
  epoch = 0; // of the weights that the net holds now
  last = 0; // as far as it has been trained
  readonly #history: History;

  /** `nudge` moves the first weight: a run that ends elsewhere for a nudge of a last bit ends elsewhere in Python, too. */
  constructor(settings: Settings, nudge = 0) {
    this.settings = settings;
    this.net = new MLP([2, ...settings.hidden, 1], settings.seed, { init: "listing" });
    this.net.parameters[0]! += nudge;
    this.data = dataOf(settings);
    this.#history = new History(this.net.parameters.length);
    if (this.data.rows > 0) this.#remember(this.net.loss(this.data));
  }

  get done(): boolean {
    return this.data.rows === 0 || this.epoch >= LAST;
  }

  get loss(): number {
    return this.data.rows > 0 ? this.net.loss(this.data) : NaN;
  }

  /** One epoch on. Returns false at the end of the run. */
  step(): boolean {
    if (this.done) return false;
    const known = this.epoch < this.last;
    this.net.step(this.data, this.settings.rate);
    this.epoch++;
    if (!known) {
      this.last = this.epoch;
      if (this.#history.wants(this.epoch)) this.#remember(this.net.loss(this.data));
    }
    return !this.done;
  }

  /** Go to an epoch that has been trained before; others are clamped. */
  seek(epoch: number): void {
    if (this.data.rows === 0) return;
    const goal = Math.max(0, Math.min(this.last, Math.round(epoch)));
    this.epoch = this.#history.fetch(goal, this.net.parameters);
    for (; this.epoch < goal; this.epoch++) this.net.step(this.data, this.settings.rate);
  }

  /** The loss so far, at the snapshots and now. */
  curve(): Curve {
    const { count, stride, losses } = this.#history;
    const epochs = Array.from({ length: count }, (_, i) => i * stride);
    const values = Array.from(losses.subarray(0, count));
    if (this.epoch === this.last && this.epoch > (epochs.at(-1) ?? Infinity)) {
      epochs.push(this.epoch);
      values.push(this.loss);
    }
    return { epochs, losses: values };
  }

  /** The net's answer to (x, y). */
  answer(x: number, y: number): number {
    this.#input[0] = x;
    this.#input[1] = y;
    return this.net.forward(this.#input).at(-1)![0]!;
  }
  readonly #input = new Float64Array(2);

  /** Its answers to all rows. */
  answers(): number[] {
    return Array.from({ length: this.data.rows }, (_, row) => this.net.forward(this.data.X, row).at(-1)![0]!);
  }

  /** Which rows are right: within 0.4 of what is wanted. */
  right(): boolean[] {
    return this.answers().map((answer, row) => Math.abs(answer - this.data.Y[row]!) < RIGHT);
  }

  #remember(loss: number): void {
    this.#history.keep(this.net.parameters, loss);
  }
}

// --- The run in the words of net.py --------------------------------------------------------------------------------

/** The line that the last lines of net.py would print for this run, now; on a plane without the answers to all points. */
export function printed(run: Run): string {
  const { task, hidden } = run.settings;
  const answers = run.answers().map((a) => a.toFixed(2));
  const line = `${task} [${[2, ...hidden, 1].join(", ")}] loss ${run.loss.toFixed(4)}`;
  return isTable(task) ? `${line} answers ${answers.join(" ")}` : line;
}

/** The lines of Python that compute it, below an import of net.py. */
export function program(run: Run): string {
  const { task, hidden, seed, rate } = run.settings;
  const name = isTable(task) ? task : "data";
  const lines = [`net = make_net([${[2, ...hidden, 1].join(", ")}], seed=${seed})`];
  if (task === "moons") {
    lines.unshift(
      "from nnfs.data.moons import moons",
      "",
      `X, y = moons(${MOONS.n}, noise=${MOONS.noise}, seed=${MOONS.seed})`,
      "data = [(list(x), (side + 1) / 2) for x, side in zip(X, y)]",
    );
  } else if (task === "points") {
    const rows = run.settings.points.map(({ x, y, kind }) => `([${x / GRID}, ${y / GRID}], ${kind})`);
    lines.unshift(`data = [${rows.join(", ")}]`);
  }
  lines.push(`for epoch in range(${run.epoch}):`, `    update(net, backprop(net, ${name}), rate=${rate})`);
  lines.push(`print("loss %.4f" % loss(net, ${name}))`);
  return lines.join("\n");
}

// --- A guess before the first training -----------------------------------------------------------------------------

export interface Question {
  readonly text: string;
  readonly options: readonly string[];
  /** Which option the run turned out to be, judged at MARK. */
  judge(right: readonly boolean[]): number;
  /** What happened, in words. */
  tell(right: readonly boolean[]): string;
}

export function question(task: Task): Question {
  const count = (right: readonly boolean[]): number => right.filter(Boolean).length;
  const epochs = MARK.toLocaleString("en");
  if (isTable(task)) {
    return {
      text: `Guess first: how many of the four rows will be right after ${epochs} epochs?`,
      options: ["0", "1", "2", "3", "4"],
      judge: count,
      tell: (right) => `${count(right)} of 4 rows are right`,
    };
  }
  return {
    text: `Guess first: will all points be right after ${epochs} epochs?`,
    options: ["yes", "no"],
    judge: (right) => (right.every(Boolean) ? 0 : 1),
    tell: (right) => `${count(right)} of ${right.length} points are right`,
  };
}
