// The game of guessing a name letter by letter, and its score. No DOM.
import { bet, next, percent, spell } from "./nn-names-models";

/** One round: a token of a name, and what it cost the reader, in nats. */
export interface Turn {
  readonly name: string;
  readonly at: number; // place in the name
  readonly token: number;
  readonly you: number;
}

/** Whom the reader plays against: what every letter of a name and its end cost it. */
export interface Opponent {
  readonly name: string;
  nats(name: string): readonly number[];
}

/** One name being guessed, and those before it. No DOM. */
export class Game {
  readonly #names: readonly string[];
  #at: number; // which name
  #turns: Turn[] = [];
  #before: Turn[] = []; // of the names before

  /** names: what is guessed, one after the other; start: the first of them. */
  constructor(names: readonly string[], start: number) {
    this.#names = names;
    this.#at = start % names.length;
  }

  get name(): string {
    return this.#names[this.#at]!;
  }

  /** Letters that are known. */
  get known(): string {
    return this.name.slice(0, this.#turns.length);
  }

  get over(): boolean {
    return this.#turns.length > this.name.length;
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /** All turns, those of earlier names too. */
  get all(): readonly Turn[] {
    return [...this.#before, ...this.#turns];
  }

  /** The next letter comes, and costs what `marked` makes it cost. RangeError if the name is over. */
  turn(marked: ReadonlySet<number>): Turn {
    if (this.over) throw new RangeError("the name is over");
    const at = this.#turns.length;
    const token = [...spell(this.name), 0][at]!;
    const turn = { name: this.name, at, token, you: bet(marked, token) };
    this.#turns.push(turn);
    return turn;
  }

  /** On to the next name; one that was not finished does not count. */
  go(): void {
    if (this.over) this.#before.push(...this.#turns);
    this.#turns = [];
    this.#at = (this.#at + 1) % this.#names.length;
  }
}

/** "It was r. You gave it 45%, counts 12%, …" */
export function told(turn: Turn, opponents: readonly Opponent[]): string {
  const share = (nats: number): string => percent(Math.exp(-nats));
  const others = opponents.map((other) => `${other.name} ${share(other.nats(turn.name)[turn.at]!)}`);
  return `It was ${next(turn.token)}. You gave it ${share(turn.you)}, ${others.join(", ")}.`;
}
