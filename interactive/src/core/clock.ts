// One animation loop for the page. It runs only while something plays or has asked for a frame, so a page at rest
// and a figure off screen cost nothing.

export type Tick = (now: DOMHighResTimeStamp) => void;

/** Where frames come from; a test brings its own. */
export interface FrameSource {
  request(callback: Tick): void;
}

const browser: FrameSource = { request: (callback) => void requestAnimationFrame(callback) };

export class Loop {
  readonly #source: FrameSource;
  readonly #every = new Set<Tick>();
  #once = new Set<Tick>();
  #asked = false;

  constructor(source: FrameSource = browser) {
    this.#source = source;
  }

  /** Call `tick` in every frame until `remove`. */
  add(tick: Tick): void {
    this.#every.add(tick);
    this.#ask();
  }

  remove(tick: Tick): void {
    this.#every.delete(tick);
    this.#once.delete(tick);
  }

  /** Call `tick` once, in the next frame, however often it is asked for until then. */
  once(tick: Tick): void {
    this.#once.add(tick);
    this.#ask();
  }

  get idle(): boolean {
    return this.#every.size === 0 && this.#once.size === 0;
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#source.request((now) => {
      this.#asked = false;
      for (const tick of [...this.#every]) if (this.#every.has(tick)) tick(now);
      const once = this.#once; // with what the steps above asked for: computed and drawn in the same frame
      this.#once = new Set();
      for (const tick of once) tick(now);
      if (!this.idle) this.#ask();
    });
  }
}

/** The page's loop. */
export const loop = new Loop();

/**
 * Run `step` until it returns false or `ms` are used up; returns how many steps ran (at least one).
 * `now` tells the time in ms; a test brings its own.
 */
export function slice(ms: number, step: () => boolean, now: () => number = () => performance.now()): number {
  const end = now() + ms;
  let steps = 0;
  let more = true;
  while (more) {
    more = step();
    steps++;
    if (now() >= end) break;
  }
  return steps;
}
