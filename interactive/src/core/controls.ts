// Controls made of native inputs, so that keyboard, focus, screen reader and forced colours work as everywhere else.
// Targets are 44 px; how they look is in _static/interactive.css.
import { h, put, putAttribute, s } from "./dom";

const ICONS = {
  play: "M7 4.500 19 12 7 19.500Z",
  pause: "M7 5h3.500v14H7zM13.500 5H17v14h-3.500z",
  step: "M5 5 14 12 5 19zM16 5h3v14h-3z",
  back: "M19 5 10 12 19 19zM5 5h3v14H5z",
  stop: "M6 6h12v12H6z",
  reset: "M12 4a8 8 0 1 0 7.700 5.800l-2.400.700A5.500 5.500 0 1 1 12 6.500V10l5.500-4.700L12 .600z",
  shuffle: "M3 6h4l10 11h1v-3l4 4.200-4 4.200v-3h-2.200L6 8.500H3zM3 16.500h3l2.300-2.600 1.600 1.800L7 19H3zM13.600 8.300 15.800 6H18V3l4 4.200-4 4.200v-3h-1l-1.800 1.900z",
  link: "M10 13.500a4 4 0 0 0 6 .400l3-3a4.200 4.200 0 0 0-6-6l-1.500 1.500 1.500 1.500L14.500 6.400a2 2 0 0 1 3 3l-3 3a2 2 0 0 1-3-.200zM14 10.500a4 4 0 0 0-6-.400l-3 3a4.200 4.200 0 0 0 6 6l1.500-1.500-1.500-1.500-1.500 1.500a2 2 0 0 1-3-3l3-3a2 2 0 0 1 3 .200z",
  sound: "M4 9h4l5-4.500v15L8 15H4zM15.500 8a5 5 0 0 1 0 8M18 5.500a8.500 8.500 0 0 1 0 13",
  clear: "M6.800 5 12 10.200 17.200 5 19 6.800 13.800 12 19 17.200 17.200 19 12 13.800 6.800 19 5 17.200 10.200 12 5 6.800z",
  help: "M8 9a4 4 0 1 1 6 3.400c-1.200.700-1.500 1.200-1.500 2.600h-2c0-2.300.700-3.200 2.100-4.100A2 2 0 1 0 10 9zM10.300 17h2.600v2.600h-2.600z",
} as const;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const shape = s("path", { d: ICONS[name] });
  return s("svg", { class: `nn-icon nn-icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, shape);
}

let count = 0;
const fresh = (): string => `nn-control-${++count}`;

export function button(
  label: string,
  onClick: () => void,
  options: { icon?: IconName; title?: string } = {},
): HTMLButtonElement {
  const text = h("span", { class: "nn-button-label" }, label);
  return h(
    "button",
    { type: "button", class: "nn-button", title: options.title, onclick: onClick },
    ...(options.icon ? [icon(options.icon)] : []),
    text,
  );
}

/** A new label and icon for a button: Train becomes Pause. Focus stays where it is. */
export function relabel(target: HTMLButtonElement, label: string, name?: IconName): void {
  const text = target.querySelector(".nn-button-label")!;
  put(text, label);
  const old = target.querySelector(".nn-icon");
  if (name && !old?.classList.contains(`nn-icon-${name}`)) {
    old?.remove();
    target.prepend(icon(name));
  }
}

/** Copies a link by `copy`, which says whether the clipboard took it; the button and `tell` say what became of it. */
export function copyButton(title: string, copy: () => Promise<boolean>, tell: (words: string) => void): HTMLButtonElement {
  const press = async (): Promise<void> => {
    const done = await copy();
    relabel(made, done ? "Copied" : "The link is in the address bar");
    tell(done ? "Link copied." : "The link is in the address bar.");
  };
  const made = button("Copy link", () => void press(), { icon: "link", title });
  made.addEventListener("blur", () => relabel(made, "Copy link"));
  return made;
}

export function range(
  label: string,
  o: {
    min: number;
    max: number;
    step: number;
    value: number;
    format?: (value: number) => string;
    onInput: (value: number) => void;
  },
): { root: HTMLElement; input: HTMLInputElement; set(value: number): void } {
  const id = fresh();
  const input = h("input", { type: "range", id, min: o.min, max: o.max, step: o.step });
  const shown = h("output", { for: id, class: "nn-shown", "aria-live": "off" }); // the figure announces, now and then
  const tell = (): void => {
    const text = o.format?.(input.valueAsNumber) ?? input.value;
    put(shown, text);
    putAttribute(input, "aria-valuetext", text);
  };
  const set = (value: number): void => {
    input.value = String(value);
    tell();
  };
  input.addEventListener("input", () => {
    tell();
    o.onInput(input.valueAsNumber);
  });
  set(o.value);
  return { root: h("div", { class: "nn-range" }, h("label", { for: id }, label), input, shown), input, set };
}

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
}

/** One of a few, all of them visible: a group of radio buttons that looks like one bar. */
export function segmented<T extends string>(
  label: string,
  options: readonly Option<T>[],
  value: T,
  onChange: (value: T) => void,
): { root: HTMLFieldSetElement; set(value: T): void } {
  const name = fresh();
  const inputs = options.map((option) =>
    h("input", { type: "radio", name, value: option.value, onchange: () => onChange(option.value) }),
  );
  const root = h(
    "fieldset",
    { class: "nn-segmented" },
    h("legend", {}, label),
    ...options.map((option, i) => h("label", {}, inputs[i]!, h("span", {}, option.label))),
  );
  const set = (next: T): void => {
    for (const input of inputs) input.checked = input.value === next;
  };
  set(value);
  return { root, set };
}

export function select<T extends string>(
  label: string,
  options: readonly Option<T>[],
  value: T,
  onChange: (value: T) => void,
): { root: HTMLElement; set(value: T): void } {
  const id = fresh();
  const list = h("select", { id }, ...options.map((option) => h("option", { value: option.value }, option.label)));
  list.addEventListener("change", () => onChange(list.value as T));
  const set = (next: T): void => void (list.value = next);
  set(value);
  return { root: h("div", { class: "nn-select" }, h("label", { for: id }, label), list), set };
}

/** A number typed by hand. What is out of range or off the steps is put right when the reader leaves the field. */
export function numberField(
  label: string,
  o: { min: number; max: number; step: number; value: number; onChange: (value: number) => void },
): { root: HTMLElement; input: HTMLInputElement; set(value: number): void } {
  const id = fresh();
  const whole = Number.isInteger(o.step) && Number.isInteger(o.min);
  const input = h("input", {
    type: "number",
    id,
    min: o.min,
    max: o.max,
    step: o.step,
    inputmode: whole ? (o.min < 0 ? null : "numeric") : "decimal",
  });
  let last = o.value;
  const set = (value: number): void => {
    last = value;
    input.value = String(value);
  };
  const fit = (value: number): number => {
    const steps = Math.round((Math.min(o.max, Math.max(o.min, value)) - o.min) / o.step);
    return Number((o.min + steps * o.step).toPrecision(12));
  };
  input.addEventListener("input", () => {
    const value = input.valueAsNumber;
    if (Number.isNaN(value) || fit(value) !== value || value === last) return;
    last = value;
    o.onChange(value);
  });
  input.addEventListener("change", () => {
    const before = last;
    set(Number.isNaN(input.valueAsNumber) ? last : fit(input.valueAsNumber));
    if (last !== before) o.onChange(last);
  });
  set(o.value);
  return { root: h("div", { class: "nn-number" }, h("label", { for: id }, label), input), input, set };
}

export function switchBox(
  label: string,
  on: boolean,
  onChange: (on: boolean) => void,
): { root: HTMLElement; set(on: boolean): void } {
  const input = h("input", { type: "checkbox", role: "switch" });
  input.addEventListener("change", () => onChange(input.checked));
  const set = (next: boolean): void => void (input.checked = next);
  set(on);
  return { root: h("label", { class: "nn-switch" }, input, h("span", {}, label)), set };
}

/** A named row of controls; it wraps. */
export function toolbar(label: string, ...children: Node[]): HTMLElement {
  return h("div", { class: "nn-toolbar", role: "group", "aria-label": label }, ...children);
}
