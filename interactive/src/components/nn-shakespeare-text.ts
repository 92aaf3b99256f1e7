// What eleven stages of one net wrote (posts/03, p3.stages), and what a reader writes for it. No DOM.

/** What the trace holds. `text` and `belongs` by stage and place. */
export interface Recording {
  readonly steps: readonly number[];
  readonly symbols: readonly string[];
  readonly text: ArrayLike<number>; // by place in symbols
  readonly belongs: ArrayLike<number>; // 0: to no word, 1: to one of the training text, 2: to another
  readonly loss: ArrayLike<number>;
  readonly real: ArrayLike<number>;
  readonly words: ArrayLike<number>;
}

export const MARKS = ["invented", "kept", "nothing"] as const;
export type Mark = (typeof MARKS)[number];

/** A piece of text, and whether it is marked. */
export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

export const number = (x: number): string => x.toLocaleString("en");

export class Stages {
  readonly steps: readonly number[];
  readonly symbols: readonly string[];
  readonly last: number;
  readonly texts: readonly string[];
  readonly #recording: Recording;
  readonly #places: number;

  /** Throws a RangeError if the parts of the recording do not fit together. */
  constructor(recording: Recording) {
    const { steps, symbols, text, belongs, loss, real, words } = recording;
    const places = text.length / steps.length;
    const sound = Number.isInteger(places) && places > 0 && belongs.length === text.length;
    if (!sound || [loss, real, words].some(({ length }) => length !== steps.length)) {
      throw new RangeError("the recorded texts do not fit their stages");
    }
    this.#recording = recording;
    this.#places = places;
    this.steps = steps;
    this.symbols = symbols;
    this.last = steps.length - 1;
    this.texts = steps.map((_, at) => Array.from({ length: places }, (_, i) => symbols[text[at * places + i]!] ?? "").join(""));
  }

  /** The stage of a step, or the last before it. */
  stage(step: number): number {
    return Math.max(0, this.steps.findLastIndex((known) => known <= step));
  }

  loss(at: number): number {
    return this.#recording.loss[at]!;
  }

  /** Words of a text, and how many of them stand in the training text. */
  words(at: number): { readonly real: number; readonly of: number } {
    return { real: this.#recording.real[at]!, of: this.#recording.words[at]! };
  }

  /** Characters that stand at the same place in the stage before; none for the first stage. */
  kept(at: number): number {
    return this.#flags(at, "kept").filter(Boolean).length;
  }

  /** The text of a stage in pieces that are marked or not. */
  pieces(at: number, mark: Mark): Piece[] {
    const flags = this.#flags(at, mark);
    const pieces: { text: string; marked: boolean }[] = [];
    [...this.texts[at]!].forEach((character, i) => {
      const open = pieces.at(-1);
      if (open && open.marked === flags[i]) open.text += character;
      else pieces.push({ text: character, marked: flags[i]! });
    });
    return pieces;
  }

  /** What can be said of a stage in words. */
  sentence(at: number): string {
    const { real, of } = this.words(at);
    const when = at === 0 ? "Before training" : `After ${number(this.steps[at]!)} steps`;
    return `${when}: ${this.loss(at).toFixed(2)} nats a character, ${real} of ${of} words stand in the training text.`;
  }

  #flags(at: number, mark: Mark): boolean[] {
    const [now, before] = [this.texts[at]!, this.texts[at - 1]];
    return Array.from({ length: this.#places }, (_, i) => {
      if (mark === "kept") return before !== undefined && before[i] === now[i];
      return mark === "invented" && this.#recording.belongs[at * this.#places + i] === 2;
    });
  }
}

// --- What a reader types ---------------------------------------------------------------------------------------------

export const LONGEST = 500; // characters of a prompt

/** What keyboards write and the text does not have, and what it has instead. */
const READ_AS: Readonly<Record<string, string>> = {
  "’": "'", "‘": "'", "“": "'", "”": "'", '"': "'", "–": "--", "—": "--", "\t": " ", "\u00a0": " ",
}; // prettier-ignore
const VISIBLE = /^[\p{L}\p{N}\p{P}\p{S}]$/u;

export interface Prompt {
  readonly ids: readonly number[]; // what the net reads
  readonly text: string; // the same as text
  readonly changed: readonly string[]; // what was read as something else: "’ as '"
  readonly unknown: readonly string[]; // what was left out, each once
}

/** A character for a sentence about it: itself if it can be seen, else its number in Unicode. */
function named(character: string): string {
  return VISIBLE.test(character) ? character : `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** What a net with these symbols makes of what was typed. */
export function readable(typed: string, symbols: readonly string[]): Prompt {
  const place = new Map(symbols.map((symbol, id) => [symbol, id]));
  const ids: number[] = [];
  const changed = new Set<string>();
  const unknown = new Set<string>();
  for (const character of typed.replace(/\r\n?/g, "\n")) {
    const read = place.has(character) ? character : READ_AS[character];
    if (read === undefined || [...read].some((c) => !place.has(c))) {
      unknown.add(named(character));
      continue;
    }
    if (read !== character) changed.add(`${named(character)} as ${read === " " ? "a space" : read}`);
    for (const c of read) ids.push(place.get(c)!);
  }
  return { ids, text: ids.map((id) => symbols[id]!).join(""), changed: [...changed], unknown: [...unknown] };
}

const MANY = 8; // that are listed by name

/** The sentences about a prompt that its writer should know; "" if it is read as it stands. */
export function about(prompt: Prompt, symbols: number, context: number): string {
  const list = (all: readonly string[]): string => all.slice(0, MANY).join(", ") + (all.length > MANY ? ` and ${all.length - MANY} more` : "");
  const said: string[] = [];
  if (prompt.unknown.length > 0) {
    said.push(`Left out, because the net knows ${symbols} characters and these are not among them: ${list(prompt.unknown)}.`);
  }
  if (prompt.changed.length > 0) said.push(`Read as what the training text has: ${list(prompt.changed)}.`);
  if (prompt.ids.length + 1 > context) {
    said.push(`The net reads ${context} characters at most: of these it reads the last ${Math.floor(context / 2)}.`);
  }
  return said.join(" ");
}
