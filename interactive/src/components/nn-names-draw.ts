// Names by every model from one seed, side by side: in a row all had the same luck. A name is a button; pressed, it is
// the one that the table shows the way of, and that the other views are about.
import { button, numberField, range, toolbar } from "../core/controls";
import { h } from "../core/dom";

export const SHOWN = 6; // names of each model
export const SEEDS = 999_999; // the largest seed that can be typed
export const HOTTEST = 2;

export interface Column {
  readonly name: string; // of the model
  readonly said: readonly string[] | undefined; // undefined: not loaded yet
}

export interface DrawView {
  readonly root: HTMLElement;
  readonly slot: HTMLElement; // what stands where the transformer's names will be
  /** picked: the name that is pressed, if one is; verdict: what the models think of it. */
  draw(columns: readonly Column[], isKnown: (name: string) => boolean, picked: string, verdict: string): void;
  set(seed: number, temperature: number): void;
}

export function drawView(
  seed: number,
  temperature: number,
  wrong: string, // how often the list takes another name for one of its own
  on: { seed: (seed: number) => void; temperature: (temperature: number) => void; pick: (name: string) => void },
): DrawView {
  let now = seed;
  const field = numberField("Seed", { min: 0, max: SEEDS, step: 1, value: seed, onChange: on.seed });
  const another = button("Next seed", () => on.seed(now === SEEDS ? 0 : now + 1), { icon: "shuffle" });
  const heat = range("Temperature", {
    min: 0,
    max: HOTTEST,
    step: 0.1,
    value: temperature,
    format: (t) => (t === 0 ? "0, always the likeliest" : t.toFixed(1)),
    onInput: (t) => on.temperature(Number(t.toFixed(1))),
  });
  const slot = h("div", { class: "nn-names-slot" });
  const columns = h("div", { class: "nn-names-columns" });
  const verdict = h("p", { class: "nn-names-said" });

  return {
    root: h(
      "div",
      { class: "nn-names-draw" },
      toolbar("How names are drawn", field.root, another, heat.root),
      columns,
      verdict,
      h(
        "p",
        { class: "nn-names-note" },
        "Each row had the same random numbers. ",
        h("span", {}, h("span", { class: "nn-names-known", "aria-hidden": "true" }), " is on the training list"),
        ` (a filter that errs for ${wrong} of other names).`,
      ),
    ),
    slot,
    set(seed, temperature) {
      now = seed;
      if (field.input.valueAsNumber !== seed) field.set(seed);
      if (heat.input.valueAsNumber !== temperature) heat.set(temperature);
    },
    draw(all, isKnown, picked, sentence) {
      verdict.textContent = sentence;
      while (columns.children.length < all.length) {
        const { name } = all[columns.children.length]!;
        columns.append(h("div", { role: "group", "aria-label": `Names by ${name}` }, h("p", { class: "nn-names-model" }, name)));
      }
      all.forEach(({ said }, i) => {
        const group = columns.children[i]!;
        const list = group.querySelector("ol") ?? h("ol");
        const rest = said ? list : slot;
        if (rest.parentElement !== group) group.replaceChildren(group.firstElementChild!, rest);
        said?.forEach((one, place) => {
          const before = list.children[place];
          if (before?.firstElementChild?.getAttribute("data-name") !== one) {
            const row = h("li", {}, named(one, isKnown(one), on.pick));
            const focused = before?.contains(document.activeElement);
            if (before) before.replaceWith(row);
            else list.append(row);
            if (focused) row.querySelector("button")?.focus(); // the name is another, the place is the same
          }
          const name = list.children[place]!.firstElementChild!;
          if (name.matches("button")) name.setAttribute("aria-pressed", String(picked === one));
        });
      });
    },
  };
}

/** A button, which stays as long as the name does: a press must not fall between two drawings. */
function named(name: string, known: boolean, onPick: (name: string) => void): HTMLElement {
  if (name === "") return h("span", { class: "nn-names-none", "data-name": "" }, "(nothing)");
  return h(
    "button",
    { type: "button", class: "nn-names-name", "data-name": name, "data-long": name.length > 11, onclick: () => onPick(name) },
    name,
    ...(known ? [h("span", { class: "nn-names-known", role: "img", "aria-label": ", on the training list" })] : []),
  );
}
