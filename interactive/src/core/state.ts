// The state of a figure in the address, so that a reader can send it: `#fig-x=v1,task:XOR,seed:8`, several figures
// joined by `&`. Only what differs from the default is written. What comes in is clamped to what the figure allows;
// unknown keys, other versions and nonsense are ignored.

/** One parameter: its default, and its way to text and back. `read` gives undefined for nonsense. */
export interface Param<T> {
  readonly fallback: T;
  read(text: string): T | undefined;
  write(value: T): string;
}

export type Values<S> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never };

export function oneOf<const T extends string>(allowed: readonly T[], fallback: T): Param<T> {
  return { fallback, read: (text) => allowed.find((value) => value === text), write: (value) => value };
}

export function int(lo: number, hi: number, fallback: number): Param<number> {
  return real(lo, hi, fallback, Math.round);
}

/** A number from `lo` to `hi`; `round` may put it on a grid. */
export function real(lo: number, hi: number, fallback: number, round = (x: number) => x): Param<number> {
  const fit = (x: number): number | undefined =>
    Number.isNaN(x) ? undefined : Math.min(hi, Math.max(lo, round(Math.min(hi, Math.max(lo, x)))));
  return {
    fallback,
    read: (text) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? fit(Number(text)) : undefined),
    write: (value) => String(fit(value) ?? fallback),
  };
}

export function flag(fallback: boolean): Param<boolean> {
  return {
    fallback,
    read: (text) => (text === "1" ? true : text === "0" ? false : undefined),
    write: (value) => (value ? "1" : "0"),
  };
}

/** Any text, cut to `longest` characters. */
export function text(longest: number, fallback = ""): Param<string> {
  const cut = (value: string): string => [...value].slice(0, longest).join("");
  return { fallback, read: cut, write: cut };
}

/** Where fragments live; a test brings its own. */
export interface Address {
  read(): string;
  replace(fragment: string): void;
}

const browser: Address = {
  read: () => location.hash,
  // a sandboxed frame and a page that changes its address too often may not: the state then stays in the figure
  replace: (fragment) => {
    try {
      history.replaceState(history.state, "", fragment || location.pathname + location.search);
    } catch (error) {
      console.warn(error);
    }
  },
};

export interface FragmentState<S> {
  get(): Values<S>;
  /** Change some parameters; out-of-range values are clamped, and the address follows. */
  set(change: Partial<Values<S>>): void;
  /** Call `listener` when the reader changes the address by hand or by a link on the page; returns the undoing. */
  onAddress(listener: (values: Values<S>) => void): () => void;
  /** The whole address with this figure's state. */
  link(): string;
  /** Put `link()` on the clipboard; false if the browser does not allow it. */
  copyLink(): Promise<boolean>;
}

/** `fig-a=v1,…&fig-b=v1,…` → its parts by figure; an ordinary anchor has none. */
function parts(fragment: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at > 0) found.set(part.slice(0, at), part.slice(at + 1));
  }
  return found;
}

function decoded(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined; // a lone percent sign
  }
}

/** The state of the figure `id`, whose parameters `spec` names; a new meaning of a parameter is a new `version`. */
export function fragmentState<S extends { readonly [K in keyof S]: Param<never> | Param<any> }>(
  id: string,
  version: number,
  spec: S,
  address: Address = browser,
): FragmentState<S> {
  const params = spec as unknown as Readonly<Record<string, Param<unknown>>>;
  const names = Object.keys(params);
  const mark = `v${version}`;

  function parse(): Values<S> {
    const values: Record<string, unknown> = {};
    for (const name of names) values[name] = params[name]!.fallback;
    const [first, ...rest] = (parts(address.read()).get(id) ?? "").split(",");
    if (first === mark) {
      for (const entry of rest) {
        const at = entry.indexOf(":");
        const name = entry.slice(0, at);
        const raw = at > 0 && Object.hasOwn(params, name) ? decoded(entry.slice(at + 1)) : undefined;
        const value = raw === undefined ? undefined : params[name]!.read(raw);
        if (value !== undefined) values[name] = value;
      }
    }
    return values as Values<S>;
  }

  let current = parse();

  function fragment(): string {
    const state = current as Readonly<Record<string, unknown>>;
    const changed = names
      .filter((name) => state[name] !== params[name]!.fallback)
      .map((name) => `${name}:${encodeURIComponent(params[name]!.write(state[name]))}`);
    const all = parts(address.read());
    if (changed.length > 0) all.set(id, [mark, ...changed].join(","));
    else all.delete(id);
    const joined = [...all].map(([name, value]) => `${name}=${value}`).join("&");
    return joined === "" ? "" : `#${joined}`;
  }

  const link = (): string => {
    const own = fragment()
      .slice(1)
      .split("&")
      .find((part) => part.startsWith(`${id}=`));
    return `${location.href.split("#")[0]}#${own ?? id}`;
  };

  return {
    get: () => ({ ...current }),
    set(change) {
      const next = { ...(current as Record<string, unknown>) };
      for (const [name, value] of Object.entries(change)) {
        const param = params[name];
        if (param && value !== undefined) next[name] = param.read(param.write(value)) ?? param.fallback;
      }
      current = next as Values<S>;
      const before = address.read();
      const after = fragment();
      if (after !== before && (after !== "" || parts(before).size > 0)) address.replace(after);
    },
    onAddress(listener) {
      const heard = (): void => {
        if (!parts(address.read()).has(id)) return; // an anchor elsewhere says nothing about this figure
        const next = parse() as Record<string, unknown>;
        const now = current as Record<string, unknown>;
        if (names.every((name) => next[name] === now[name])) return; // back from a footnote: nothing to begin again
        current = next as Values<S>;
        listener({ ...current });
      };
      addEventListener("hashchange", heard);
      return () => removeEventListener("hashchange", heard);
    },
    link,
    async copyLink() {
      try {
        await navigator.clipboard.writeText(link());
        return true;
      } catch {
        return false;
      }
    },
  };
}
