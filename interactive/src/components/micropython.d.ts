// The package comes without types; nn-run-python.ts says what it uses.
declare module "@micropython/micropython-webassembly-pyscript/micropython.mjs" {
  export const loadMicroPython: unknown;
}
