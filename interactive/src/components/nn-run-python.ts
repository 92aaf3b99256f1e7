// Python in the page: MicroPython, compiled to WebAssembly, with numbers of double precision as in CPython.
// It runs in a worker of a sealed frame (nn-run-sandbox). Two limits are the build's own: calls nest about a hundred
// deep, and no memory is freed while a program runs, so that a very long one ends with a MemoryError. Each run starts
// a fresh interpreter.
import type { Output } from "./nn-run-output";

interface Interpreter {
  runPython(code: string): unknown;
}
/** `loadMicroPython` of @micropython/micropython-webassembly-pyscript. */
export type LoadMicroPython = (options: {
  url?: string; // of the .wasm file
  linebuffer?: boolean;
  stdout?: (bytes: Uint8Array) => void;
  stderr?: (bytes: Uint8Array) => void;
}) => Promise<Interpreter>;

// The frame has nothing to offer to a program that gets hold of JavaScript, and there is nobody to answer input();
// this says so in Python's words.
const CLOSED = `
def close():
    import builtins
    found = builtins.__import__
    def guarded(name, *rest):
        if name.split(".")[0] in ("js", "jsffi"):
            raise ImportError("no module named '" + name + "': programs here cannot reach the page")
        return found(name, *rest)
    def nobody(prompt=""):
        raise EOFError("input(): programs here cannot ask")
    builtins.__import__ = guarded
    builtins.input = nobody
close()
del close
`;

/** An interpreter that is ready; call the result with a program. It throws what the program did not catch. */
export async function python(load: LoadMicroPython, output: Output): Promise<(program: string) => void> {
  const write = (bytes: Uint8Array): void => output.write(bytes);
  const interpreter = await load({
    url: "micropython.wasm",
    linebuffer: false,
    stdout: write,
    stderr: write,
  });
  interpreter.runPython(CLOSED);
  return (program) => {
    try {
      interpreter.runPython(program);
    } catch (error) {
      if ((error as { type?: string }).type !== "SystemExit") throw error;
    } finally {
      output.flush();
    }
  };
}
