// Did the program print here what it printed when the page was built?

export type Comparison =
  | { readonly same: "equal" } // every character, but for blanks at the ends of lines
  | { readonly same: "close" } // the words are equal and every number lies within the tolerance
  | { readonly same: "no"; readonly line: number }; // the first line that differs, counted from 1

const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi;

/** `built` and `here`: everything that was printed. `tolerance`: how far numbers may lie apart; 0 asks for equality. */
export function compare(built: string, here: string, tolerance: number): Comparison {
  const before = lines(built);
  const now = lines(here);
  let close = false;
  for (let i = 0; i < Math.max(before.length, now.length); i++) {
    const [a, b] = [before[i], now[i]];
    if (a === b) continue;
    if (a === undefined || b === undefined || !within(a, b, tolerance)) return { same: "no", line: i + 1 };
    close = true;
  }
  return { same: close ? "close" : "equal" };
}

function lines(text: string): string[] {
  return text
    .replace(/\s+$/, "")
    .split("\n")
    .map((line) => line.trimEnd());
}

function within(a: string, b: string, tolerance: number): boolean {
  const words = (line: string): string => line.replace(NUMBER, " # ").replace(/\s+/g, " ").trim();
  const numbers = (line: string): number[] => (line.match(NUMBER) ?? []).map(Number);
  const [as, bs] = [numbers(a), numbers(b)];
  return words(a) === words(b) && as.every((number, i) => Math.abs(number - bs[i]!) <= tolerance);
}
