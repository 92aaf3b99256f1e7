// The page's colours for those who draw on a canvas. SVG and HTML use var(--nn-…) directly and need nothing of this.

export type RGB = readonly [number, number, number];

let known = new WeakMap<Element, Map<string, RGB>>();
const listeners = new Set<() => void>();
let watching = false;

/** "rgb(1, 2, 3)", "rgba(…)" and "color(srgb 0.1 0.2 0.3)" → 0 … 255 each. Throws an Error on anything else. */
export function parseColour(css: string): RGB {
  const parts = css.match(/-?[\d.]+(e-?\d+)?/g)?.map(Number) ?? [];
  const [r, g, b] = css.startsWith("color(srgb") ? parts.map((x) => x * 255) : parts;
  if (!/^(rgba?|color)\(/.test(css) || r === undefined || g === undefined || b === undefined) {
    throw new Error(`cannot read the colour ${css}`);
  }
  return [r, g, b];
}

function changed(): void {
  known = new WeakMap();
  for (const listener of listeners) listener();
}

function watch(): void {
  if (watching) return;
  watching = true;
  new MutationObserver(changed).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-theme", "data-mode", "data-skin", "class", "style"],
  });
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", changed);
  }
}

/** What `var(name)` is at `at`, which may lie in a section with a skin of its own. */
export function colour(name: `--nn-${string}`, at: Element = document.documentElement): RGB {
  watch();
  let here = known.get(at);
  if (!here) known.set(at, (here = new Map()));
  let found = here.get(name);
  if (!found) {
    const probe = document.createElement("span"); // a variable may hold light-dark(): only a used colour is one colour
    probe.style.cssText = `position:absolute;visibility:hidden;forced-color-adjust:none;color:var(${name})`;
    at.append(probe);
    found = parseColour(getComputedStyle(probe).color);
    probe.remove();
    here.set(name, found);
  }
  return found;
}

/** Call `listener` when skin, mode, forced colours or contrast change; returns the undoing. */
export function onTheme(listener: () => void): () => void {
  watch();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function mix(a: RGB, b: RGB, t: number): RGB {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

const unit = (t: number): number => (t > 0 ? Math.min(t, 1) : 0);

/** The sequential colours --nn-seq1 … 5, t from 0 to 1. */
export function ramp(t: number, at?: Element): RGB {
  const place = unit(t) * 4;
  const i = Math.min(3, Math.floor(place));
  return mix(colour(`--nn-seq${i + 1}`, at), colour(`--nn-seq${i + 2}`, at), place - i);
}

/** From --nn-neg (t = −1) over the board (0) to --nn-pos (1). */
export function diverging(t: number, at?: Element): RGB {
  return mix(colour("--nn-board", at), colour(t < 0 ? "--nn-neg" : "--nn-pos", at), unit(Math.abs(t)));
}

export function css([r, g, b]: RGB, alpha = 1): string {
  return `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)} / ${alpha})`;
}
