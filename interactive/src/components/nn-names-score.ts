// How surprised each model is by a name that the reader typed: −log p of every letter and of the end, in nats, one row
// of bars for each model, a bar under its letter.
import { h } from "../core/dom";
import { mean } from "./nn-names-models";

export interface Row {
  readonly name: string; // of the model
  readonly nats: readonly number[] | undefined; // undefined: not loaded yet
  readonly usual: number; // mean of all letters of the held-out names
}

export interface ScoreView {
  readonly root: HTMLElement;
  readonly slot: HTMLElement;
  readonly input: HTMLInputElement;
  draw(name: string, rows: readonly Row[], listed: string): void;
  complain(problem: string): void;
}

const FULL = 5; // nats of the highest bar, unless there is a higher one

export function scoreView(id: string, longest: number, on: { input: () => void; change: () => void }): ScoreView {
  const problem = h("p", { class: "nn-names-problem", id: `${id}-problem`, role: "alert" });
  const input = h("input", {
    type: "text", id: `${id}-name`, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 4 * longest,
    "aria-describedby": problem.id, oninput: on.input, onchange: on.change,
  }); // prettier-ignore
  const listed = h("p", { class: "nn-names-listed" });
  const bars = h("div", { class: "nn-names-bars" });
  const slot = h("div", { class: "nn-names-slot" });
  return {
    root: h(
      "div",
      { class: "nn-names-score" },
      h("div", { class: "nn-names-ask" }, h("label", { for: input.id }, "A name"), input),
      problem,
      listed,
      bars,
    ),
    slot,
    input,
    complain(text) {
      if (input.value === "") text = ""; // an emptied field is no mistake yet
      problem.textContent = text;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
    draw(name, rows, list) {
      listed.textContent = list;
      const places = [...name, "end"];
      const top = Math.max(FULL, ...rows.flatMap(({ nats }) => nats ?? []));
      bars.replaceChildren(...rows.map((row) => barRow(row, places, top, slot)));
    },
  };
}

function barRow({ name, nats, usual }: Row, places: readonly string[], top: number, slot: HTMLElement): HTMLElement {
  if (!nats) return h("div", { class: "nn-names-row" }, h("p", { class: "nn-names-model" }, name), slot);
  const said = `${name}: ${mean(nats).toFixed(2)} nats a letter`;
  return h(
    "div",
    { class: "nn-names-row" },
    h("p", { class: "nn-names-model" }, said, h("span", {}, ` (held-out names: ${usual.toFixed(2)})`)),
    h(
      "ol",
      { class: "nn-names-strip", "data-many": places.length > 9, "aria-label": "surprise at each letter, in nats" },
      ...nats.map((nat, i) =>
        h(
          "li",
          {},
          h("span", { class: "nn-names-bar", "aria-hidden": "true" }, h("span", { style: `height:${((100 * nat) / top).toFixed(1)}%` })),
          h("span", { class: "nn-names-letter" }, places[i]!),
          h("span", { class: "nn-names-nats" }, nat.toFixed(nat < 9.95 ? 1 : 0)),
        ),
      ),
    ),
  );
}
