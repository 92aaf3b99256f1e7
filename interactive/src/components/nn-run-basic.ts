// BASIC in the page: wwwbasic (npm), which compiles a listing to JavaScript and evaluates it. Whatever JavaScript a
// listing smuggles in runs in a worker of a sealed frame (nn-run-sandbox) and finds nothing there.
// wwwbasic prints through console.log and turns numbers into text with toString; both are replaced in its realm.
import type { Output } from "./nn-run-output";

type Compiler = { Basic?: (listing: string) => void };
export interface Realm {
  console: { log(line: unknown): void; error(message: unknown): void; info(message: unknown): void };
  exports?: Compiler;
  Number: NumberConstructor;
  String: StringConstructor;
  eval(source: string): unknown;
}

/** Evaluate the text of wwwbasic.js in `realm`; call the result with a listing. It throws BASIC's errors. */
export function basic(realm: Realm, wwwbasic: string, output: Output): (listing: string) => void {
  let refused = "";
  realm.console = {
    log: (line) => output.print(String(line)),
    error: (message) => void (refused ||= String(message)), // a listing that does not compile
    info: () => undefined,
  };
  const compiler: Compiler = (realm.exports = {});
  realm.eval(wwwbasic);
  let written = 0;
  const counted = (text: string): string => {
    written += text.length; // a PRINT that ends in ";" sends nothing, and would go on for ever
    if (output.full || written > output.limits.characters) throw new Error("too much output");
    return text;
  };
  realm.Number.prototype.toString = function (this: number) {
    return counted(asPrinted(Number(this)));
  };
  realm.String.prototype.toString = function (this: string) {
    return counted(`${this.valueOf()}`);
  };
  return (listing) => {
    try {
      compiler.Basic!(`${listing}\n`);
    } catch (error) {
      refused = error instanceof Object && "message" in error ? String(error.message) : String(error);
    }
    if (refused) throw new Error(numbered(explained(refused), listing));
  };
}

/** wwwbasic leaves some mistakes to JavaScript; what they mean in BASIC. */
function explained(message: string): string {
  if (/ops\[.*not a function/.test(message)) return "undefined line number";
  if (/display|'(width|height|data)'/.test(message)) return "no graphics here";
  return message;
}

/** wwwbasic counts lines of text, and one too many where it misses the end of one; BASIC's lines have numbers. */
function numbered(message: string, listing: string): string {
  const [found, line = ""] = / at line (\d+)$/.exec(message) ?? [""];
  const numbers = listing.split("\n").slice(0, Number(line) - (message.includes("EOL") ? 1 : 0)).flatMap((text) => /^\s*(\d+)/.exec(text)?.[1] ?? []);
  if (!found) return message;
  const near = numbers.length > 0 && !message.startsWith("Unmatched") ? `, near line ${numbers.at(-1)}` : "";
  return message.slice(0, -found.length) + near;
}

/** A number as GW-BASIC prints a single: a blank or minus before it, seven digits at most, a blank after it. */
export function asPrinted(number: number): string {
  const sign = number < 0 ? "-" : " ";
  if (!Number.isFinite(number)) return `${sign}${Number.isNaN(number) ? "NAN" : "INF"} `;
  const [mantissa, exponent] = Math.abs(number).toExponential(6).split("e") as [string, string];
  const digits = mantissa.replace(".", "").replace(/0+$/, "");
  const point = Number(exponent) + 1; // digits before the point
  if (digits === "") return " 0 ";
  if (point > 7 || digits.length - point > 7) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const power = `${Math.abs(point - 1)}`.padStart(2, "0");
    return `${sign}${digits[0]}${rest}E${point > 0 ? "+" : "-"}${power} `;
  }
  if (point <= 0) return `${sign}.${"0".repeat(-point)}${digits} `;
  const whole = digits.slice(0, point).padEnd(point, "0");
  return `${sign}${whole}${digits.length > point ? `.${digits.slice(point)}` : ""} `;
}
