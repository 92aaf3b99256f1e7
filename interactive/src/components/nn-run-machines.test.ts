// The two machines of nn-run, without a page: MicroPython against CPython, wwwbasic against PC-BASIC, on the very
// listings of the posts. What CPython and PC-BASIC print is in golden/run.json (tests/unit/test_run_golden.py).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";
import { expect, test } from "vitest";
import golden from "../golden/run.json";
import { asPrinted, basic, type Realm } from "./nn-run-basic";
import { compare } from "./nn-run-compare";
import { Output } from "./nn-run-output";
import { python, type LoadMicroPython } from "./nn-run-python";

const require = createRequire(import.meta.url);
const listing = (name: string): string => readFileSync(new URL(`../../../posts/listings/${name}`, import.meta.url), "utf8");
const wwwbasic = readFileSync(require.resolve("wwwbasic"), "utf8");
const wasm = require.resolve("@micropython/micropython-webassembly-pyscript/micropython.wasm");
const load: LoadMicroPython = (options) => (loadMicroPython as LoadMicroPython)({ ...options, url: wasm });

interface Printed {
  readonly text: string;
  readonly full: boolean;
  readonly error: string;
}

function listen(limits?: { lines: number; characters: number }): { output: Output; printed(run: () => void): Printed } {
  const lines: string[] = [];
  let full = false;
  const output = new Output((line) => lines.push(line), () => (full = true), limits);
  return {
    output,
    printed(run) {
      let error = "";
      try {
        run();
      } catch (thrown) {
        error = (thrown as Error).message;
      }
      return { text: lines.join("\n"), full, error };
    },
  };
}

async function inPython(program: string, limits?: { lines: number; characters: number }): Promise<Printed> {
  const { output, printed } = listen(limits);
  const run = await python(load, output);
  return printed(() => run(program));
}

function inBasic(program: string, limits?: { lines: number; characters: number }): Printed {
  const { output, printed } = listen(limits);
  const realm = runInContext("globalThis", createContext()) as Realm; // its own Number and String, as in a worker
  const run = basic(realm, wwwbasic, output);
  return printed(() => run(program));
}

test("net.py prints in MicroPython what CPython prints, digit by digit", async () => {
  const { text, error } = await inPython(listing("net.py"));
  expect(error).toBe("");
  expect(text).toBe(golden.printed["net.py"].trimEnd());
}, 120_000);

test("numbers of Python have double precision", async () => {
  const { text } = await inPython("print(0.1 + 0.2, 2 ** 0.5, 1e-300 * 1e10)");
  expect(text.split(" ").map(Number)).toEqual([0.1 + 0.2, 2 ** 0.5, 1e-290]);
});

test("the integer perceptron prints in wwwbasic what PC-BASIC prints", () => {
  const { text, error } = inBasic(listing("perceptron.bas"));
  expect(error).toBe("");
  expect(compare(golden.printed["perceptron.bas"], text, 0)).toEqual({ same: "equal" });
});

test("XOR by back-propagation agrees with PC-BASIC to 0.001", () => {
  const { text, error } = inBasic(listing("xor.bas"));
  expect(error).toBe("");
  expect(text).toContain("EPOCH 50 LOSS");
  expect(compare(golden.printed["xor.bas"], text, 1e-3).same).not.toBe("no");
});

test.each(golden.singles)("PRINT writes %s as GW-BASIC does", (expression, shown) => {
  expect(inBasic(`10 A=${expression}: PRINT "<";A;">"`).text.trimEnd()).toBe(`<${shown}>`);
});

test("a number that is none is printed, too", () => {
  expect([Infinity, -Infinity, NaN].map(asPrinted)).toEqual([" INF ", "-INF ", " NAN "]);
});

test("Python's traceback names the error and its line", async () => {
  const { text, error } = await inPython("print('before')\n1 / 0");
  expect(text).toBe("before");
  expect(error).toMatch(/line 2[\s\S]*ZeroDivisionError/);
});

test("a program may end itself, and may nest its calls", async () => {
  expect((await inPython("import sys\nprint('x')\nsys.exit()")).error).toBe("");
  expect((await inPython("def f(n):\n  return n and 1 + f(n - 1)\nprint(f(100))")).text).toBe("100");
});

test("input() says that nobody will answer", async () => {
  expect((await inPython("input('name? ')")).error).toContain("EOFError");
});

test.each(["import js", "from js import fetch", "import jsffi", "__import__('js')"])("%s is refused", async (attempt) => {
  const { text, error } = await inPython(`${attempt}\nprint('reached')`);
  expect(error).toContain("ImportError");
  expect(error).toContain("cannot reach the page");
  expect(text).toBe("");
});

test.each([
  ["10 GOTO 99", "undefined line number"],
  ["10 FOO 7", "Expected"],
  ["10 FOR I=1 TO 3", "Unmatched for"],
  ["10 SCREEN 1: CLS", "no graphics"],
])("an error of BASIC is told: %s", (program, message) => {
  expect(inBasic(program).error).toContain(message);
});

test.each([
  ["10 PRINT 1\n20 FOO 7\n30 END", "near line 20"],
  ["100 A=1\n\n200 B=A+\n300 PRINT B", "near line 200"],
  ["10 DIM A(3)\n20 PRINT A(1,2)", "near line 20"],
])("and near which of the listing's own line numbers: %j", (program, where) => {
  expect(inBasic(program).error).toMatch(new RegExp(`, ${where}$`));
});

test("BASIC computes in singles where it keeps them", () => {
  expect(inBasic('10 A=16777217: PRINT A-16777216\n20 PRINT "END"').text).toBe(" 0 \nEND");
});

test.each([
  ["10 PRINT 7: GOTO 10", 50],
  ['10 PRINT "ABC";: GOTO 10', 0],
])("endless output of BASIC ends: %s", (program, lines) => {
  const { text, full, error } = inBasic(program, { lines: 50, characters: 1000 });
  expect(full || error === "too much output").toBe(true);
  expect(text.split("\n").filter(Boolean)).toHaveLength(lines);
});

test("what Python prints beyond the limit is not sent", async () => {
  const { text, full } = await inPython("for i in range(100): print(i)", { lines: 7, characters: 1000 });
  expect(full).toBe(true);
  expect(text).toBe("0\n1\n2\n3\n4\n5\n6");
});
