// What a program prints, on its way to the page: cut into lines, and bounded, so that an endless PRINT cannot fill the
// reader's memory. Used inside the worker (nn-run-python, nn-run-basic).

export const LIMITS = { lines: 2000, characters: 200_000 } as const;

export class Output {
  #lines = 0;
  #characters = 0;
  #bytes: number[] = []; // the line that has not ended
  #full = false;

  /** `send` gets each line as it ends. `full` is called once, when there is room for no more; nothing is sent after it. */
  constructor(
    readonly send: (line: string) => void,
    readonly whenFull: () => void,
    readonly limits: { readonly lines: number; readonly characters: number } = LIMITS,
  ) {}

  get full(): boolean {
    return this.#full;
  }

  /** One or more whole lines. */
  print(text: string): void {
    for (const line of text.replace(/\n$/, "").split("\n")) this.#line(line);
  }

  /** Bytes of UTF-8, as an interpreter writes them. */
  write(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === 10) this.end();
      else if (this.#bytes.length < this.limits.characters) this.#bytes.push(byte);
      else if (!this.#full) this.end();
    }
  }

  /** Send what was written since the last line ended. */
  end(): void {
    const line = new TextDecoder().decode(new Uint8Array(this.#bytes));
    this.#bytes = [];
    this.#line(line);
  }

  /** At the end of a program: a line that was not ended, if there is one. */
  flush(): void {
    if (this.#bytes.length > 0) this.end();
  }

  #line(text: string): void {
    if (this.#full) return;
    const room = this.limits.characters - this.#characters;
    this.send(text.length > room ? text.slice(0, room) : text);
    this.#characters += text.length;
    this.#lines += 1;
    if (this.#lines < this.limits.lines && this.#characters < this.limits.characters) return;
    this.#full = true;
    this.whenFull();
  }
}
