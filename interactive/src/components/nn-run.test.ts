// nn-run's logic that needs no machine: bounds on the output, the comparison with the build, the editor's keys.
// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { compare } from "./nn-run-compare";
import { editor, indentAfter, type Editor } from "./nn-run-editor";
import { deny } from "./nn-run-inside";
import { Output } from "./nn-run-output";
import { frameText } from "./nn-run-sandbox";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function collect(limits?: { lines: number; characters: number }): { output: Output; lines: string[]; full: ReturnType<typeof vi.fn> } {
  const lines: string[] = [];
  const full = vi.fn();
  return { output: new Output((line) => lines.push(line), full, limits), lines, full };
}

test("bytes become lines, also when a character is cut in two", () => {
  const { output, lines } = collect();
  for (const byte of bytes("grün\n→ ok\nrest")) output.write(new Uint8Array([byte]));
  expect(lines).toEqual(["grün", "→ ok"]);
  output.flush();
  output.flush();
  expect(lines).toEqual(["grün", "→ ok", "rest"]);
});

test("after the last line that fits nothing is sent, and that is told once", () => {
  const { output, lines, full } = collect({ lines: 3, characters: 1000 });
  for (let i = 0; i < 10; i++) output.print(`${i}`);
  expect(lines).toEqual(["0", "1", "2"]);
  expect(full).toHaveBeenCalledTimes(1);
});

test("a line without an end is cut where there is no more room", () => {
  const { output, lines, full } = collect({ lines: 100, characters: 20 });
  for (let i = 0; i < 500; i++) output.write(bytes("x"));
  output.flush();
  expect(lines.join("")).toBe("x".repeat(20));
  expect(full).toHaveBeenCalledTimes(1);
});

test("the same text is equal, whatever the blanks at the ends of its lines", () => {
  expect(compare("LOSS .25\nEND\n", "LOSS .25  \nEND", 0)).toEqual({ same: "equal" });
});

test.each([
  ["LOSS .2500", "LOSS .2504", 1e-3, { same: "close" }],
  ["LOSS .2500", "LOSS .2604", 1e-3, { same: "no", line: 1 }],
  ["LOSS .2500", "LOSS .2504", 0, { same: "no", line: 1 }],
  ["A 1\nLOSS .25", "A 1\nCOST .25", 1, { same: "no", line: 2 }],
  ["A 1", "A 1\nA 2", 1, { same: "no", line: 2 }],
  ["A 1\nA 2", "A 1", 1, { same: "no", line: 2 }],
  ["X 1E-03 B-2", "X .001 B -2", 1e-9, { same: "close" }],
  ["A 1 2", "A 1", 1, { same: "no", line: 1 }],
])("%j against %j within %d", (built, here, tolerance, found) => {
  expect(compare(built, here, tolerance)).toEqual(found);
});

test("a new line begins where the last one did, and deeper after a colon", () => {
  expect(indentAfter("a = 1")).toBe("");
  expect(indentAfter("def f():\n    return 1")).toBe("    ");
  expect(indentAfter("def f():")).toBe("    ");
  expect(indentAfter("    for i in x:  # all")).toBe("        ");
  expect(indentAfter("x = {1: 2}")).toBe("");
});

let field: Editor;
const run = vi.fn();
const press = (key: string, init: KeyboardEventInit = {}): boolean =>
  field.area.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }));
beforeEach(() => {
  document.execCommand = () => false; // no browser types here: the editor falls back to setRangeText
  run.mockClear();
  field = editor("Text", "text", true, () => undefined, run);
  field.area.value = "ab";
  field.area.setSelectionRange(1, 1);
});

test("Tab indents and keeps the focus", () => {
  expect(press("Tab")).toBe(false);
  expect(field.area.value).toBe("a    b");
});

test("Escape gives Tab back to the page, until another key is pressed", () => {
  press("Escape");
  expect(press("Tab")).toBe(true);
  expect(field.area.value).toBe("ab");
  press("x");
  expect(press("Tab")).toBe(false);
});

test("Shift+Tab always leaves, and so does Tab in a field that does not indent", () => {
  expect(press("Tab", { shiftKey: true })).toBe(true);
  field = editor("Text", "text", false, () => undefined, run);
  expect(press("Tab")).toBe(true);
});

test.each(["ctrlKey", "metaKey"])("%s and Enter run the program", (held) => {
  expect(press("Enter", { [held]: true })).toBe(false);
  expect(run).toHaveBeenCalledTimes(1);
});

test("what is denied is gone, from the object and from what it inherits", () => {
  const parent = { fetch: () => 1, Date };
  const realm = Object.create(parent) as Record<string, unknown>;
  realm["importScripts"] = () => 1;
  Object.defineProperty(realm, "indexedDB", { get: () => 1, configurable: true });
  deny(realm);
  expect([realm["fetch"], realm["importScripts"], realm["indexedDB"]]).toEqual([undefined, undefined, undefined]);
  expect(realm["Date"]).toBe(Date);
});

test("the frame's policy allows nothing but its own script and a worker made of it", () => {
  const policy = /content="(default-src[^"]*)"/.exec(frameText("'wasm-unsafe-eval'"))![1];
  expect(policy).toBe("default-src 'none'; script-src 'nonce-nn' 'wasm-unsafe-eval' blob:; worker-src blob:");
});
