// The playground's smaller views: the question before training, the truth table, one update by hand. Each has a root
// and a draw(); none keeps state of its own.

import { button } from "../core/controls";
import { put } from "../core/dom";
import { h } from "../core/element";
import { format } from "../core/scale";
import type { Edge } from "../nn-viz";
import { edgesOf } from "../nn-viz";
import { isTable, RIGHT, type Question, type Run, type Task } from "./nn-playground-model";

/** Inputs are A and B in a truth table, x and y on a plane. */
export const namesOf = (task: Task): readonly [string, string] => (isTable(task) ? ["A", "B"] : ["x", "y"]);

export function nameOf(sizes: readonly number[], task: Task, layer: number, unit: number): string {
  if (unit === sizes[layer]) return "1 (bias)";
  if (layer === 0) return namesOf(task)[unit]!;
  if (layer === sizes.length - 1) return "answer";
  return sizes.length > 3 ? `h${layer}.${unit + 1}` : `h${unit + 1}`;
}

// --- The question --------------------------------------------------------------------------------------------------

let questions = 0;

export class Say {
  readonly root = h("div", { class: "pg-say" });
  readonly #text = h("p", { id: `pg-question-${++questions}` });
  readonly #options = h("div", { class: "pg-options", role: "group", "aria-labelledby": this.#text.id });
  readonly #onGuess: (guess: number | null) => void;
  #asked: Question | null = null;

  constructor(onGuess: (guess: number | null) => void) {
    this.#onGuess = onGuess;
    this.root.append(this.#text, this.#options);
  }

  /** The question with its options, or a sentence. */
  draw(asked: Question | null, text: string): void {
    put(this.#text, asked?.text ?? text);
    if (asked?.text === this.#asked?.text) return;
    this.#asked = asked;
    this.#options.replaceChildren(
      ...(asked?.options ?? []).map((option, i) => button(option, () => this.#onGuess(i))),
      ...(asked ? [button("skip", () => this.#onGuess(null), { title: "Train without a guess" })] : []),
    );
  }

  focus(): void {
    this.#options.querySelector("button")?.focus();
  }
}

// --- The rows --------------------------------------------------------------------------------------------------------

/** A truth table whose rows set the input; on a plane the count of points and what is said to the place asked for. */
export class Rows {
  readonly root = h("div", { class: "pg-rows" });
  readonly #onRow: (row: number) => void;
  #task: Task | null = null;
  #cells: { row: HTMLTableRowElement; pick: HTMLButtonElement; answer: HTMLElement; mark: HTMLElement }[] = [];
  readonly #count = h("p", {});
  readonly #asked = h("p", {});

  constructor(onRow: (row: number) => void) {
    this.#onRow = onRow;
  }

  #shape(run: Run): void {
    const { task } = run.settings;
    this.#task = task;
    if (!isTable(task)) {
      this.root.replaceChildren(this.#count, this.#asked);
      return;
    }
    const { X, Y } = run.data;
    this.#cells = Array.from(Y, (wanted, i) => {
      const pick = h("button", { type: "button", class: "pg-pick", onclick: () => this.#onRow(i) }, `${X[2 * i]} ${X[2 * i + 1]}`);
      const answer = h("span", {});
      const mark = h("span", { class: "pg-mark", role: "img" });
      const row = h("tr", {}, h("th", { scope: "row" }, pick), h("td", {}, String(wanted)), h("td", {}, answer, " ", mark));
      row.addEventListener("click", (event) => event.target !== pick && this.#onRow(i));
      return { row, pick, answer, mark };
    });
    const head = ["A B", "wanted", "answer"].map((name) => h("th", { scope: "col" }, name));
    const rows = this.#cells.map(({ row }) => row);
    const caption = h("caption", { class: "pg-hidden" }, `${task}: rows, wanted and answered. A row sets the net's input.`);
    this.root.replaceChildren(h("table", {}, caption, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
  }

  draw(run: Run, asked: readonly [number, number] | null): void {
    const { task } = run.settings;
    if (task !== this.#task) this.#shape(run);
    if (!isTable(task)) {
      const right = run.right();
      put(this.#count, right.length === 0 ? "No points yet." : `${right.filter(Boolean).length} of ${right.length} points right`);
      put(this.#asked, asked ? `At (${asked.map((v) => v.toFixed(2)).join(", ")}) the net says ${run.answer(...asked).toFixed(2)}.` : "");
      return;
    }
    const answers = run.answers();
    const { X, Y } = run.data;
    this.#cells.forEach(({ row, pick, answer, mark }, i) => {
      const right = Math.abs(answers[i]! - Y[i]!) < RIGHT;
      const picked = asked !== null && asked[0] === X[2 * i] && asked[1] === X[2 * i + 1];
      put(answer, answers[i]!.toFixed(2));
      put(mark, right ? "✓" : "✗");
      mark.setAttribute("aria-label", right ? "right" : "wrong");
      mark.classList.toggle("pg-wrong", !right);
      row.classList.toggle("pg-picked", picked);
      pick.setAttribute("aria-pressed", String(picked));
    });
  }
}

// --- One update by hand ----------------------------------------------------------------------------------------------

// Factors get a digit more than their product, so that a reader who multiplies what is shown gets what is shown.
const factor = (x: number): string => (Number.isInteger(x) ? String(x) : format(x, 4));
const result = (x: number): string => format(x, 3);
const bracketed = (text: string): string => (text.startsWith("−") ? `(${text})` : text);

/** The next update of one weight: for every row the numbers whose products add up to its slope, and the new weight. */
export class Hand {
  readonly root = h("div", { class: "pg-hand" });
  readonly #list = h("select", { "aria-label": "Weight" });
  readonly #body = h("tbody");
  readonly #sum = h("td");
  readonly #update = h("p", { class: "pg-update" });
  readonly #words = h("p", { class: "pg-words" });
  readonly #scroll: HTMLElement;
  readonly #onEdge: (edge: Edge) => void;
  #listed = "";
  #edges: Edge[] = [];

  constructor(onEdge: (edge: Edge) => void) {
    this.#onEdge = onEdge;
    this.#list.addEventListener("change", () => this.#onEdge(this.#edges[this.#list.selectedIndex]!));
    const head = ["row", "blame", "× slope", "× input", "= share"].map((name) => h("th", { scope: "col" }, name));
    const total = h("tr", {}, h("th", { scope: "row", colspan: 4 }, "slope of the loss, the sum"), this.#sum);
    const table = h("table", {}, h("thead", {}, h("tr", {}, ...head)), this.#body, h("tfoot", {}, total));
    this.#scroll = h("div", { class: "pg-scroll", tabindex: 0, role: "group", "aria-label": "The numbers of every row" }, table);
    const pick = h("div", { class: "pg-weight" }, h("span", { "aria-hidden": "true" }, "weight"), this.#list);
    this.root.append(pick, this.#words, this.#scroll, this.#update);
  }

  draw(run: Run, edge: Edge): void {
    const { sizes } = run.net;
    const { task, rate } = run.settings;
    this.#enumerate(sizes, task);
    this.#list.selectedIndex = this.#edges.findIndex(
      (e) => e.layer === edge.layer && e.unit === edge.unit && e.input === edge.input,
    );
    const last = sizes.length - 1;
    const unit = nameOf(sizes, task, edge.layer, edge.unit);
    const above = edge.layer + 1;
    const [listener, weight] = [nameOf(sizes, task, above, 0), run.net.parameters[run.net.index(above, 0, edge.unit)]!];
    const blame =
      edge.layer === last
        ? `2 × (answer − wanted) / ${run.data.rows}`
        : sizes[above] === 1
          ? `${listener}'s blame × its slope × the weight between, ${factor(weight)}`
          : "what each listener passes back, its blame × its slope × the weight between, added up";
    put(this.#words, `Blame: ${blame}. Slope: ${unit} × (1 − ${unit}).`);
    const terms = run.net.terms(run.data, edge.layer, edge.unit, edge.input);
    while (this.#body.rows.length > terms.length) this.#body.deleteRow(-1);
    let slope = 0;
    terms.forEach((term, i) => {
      let row = this.#body.rows[i];
      if (!row) {
        row = this.#body.insertRow();
        row.append(h("th", { scope: "row" }), h("td"), h("td"), h("td"), h("td"));
      }
      const name = isTable(task) ? `${run.data.X[2 * i]} ${run.data.X[2 * i + 1]}` : String(i + 1);
      [name, factor(term.blame), factor(term.slope), factor(term.input), result(term.product)].forEach((text, j) =>
        put(row.cells[j]!, text),
      );
      slope += term.product;
    });
    put(this.#sum, result(slope));
    const old = run.net.parameters[run.net.index(edge.layer, edge.unit, edge.input)]!;
    const sum = `${factor(old)} − ${factor(rate)} × ${bracketed(result(slope))}`;
    put(this.#update, `new weight = old − rate × slope = ${sum} = ${factor(old - rate * slope)}`);
  }

  #enumerate(sizes: readonly number[], task: Task): void {
    const key = `${namesOf(task).join("")} ${sizes.join("-")}`;
    if (key === this.#listed) return;
    this.#listed = key;
    this.#edges = edgesOf(sizes);
    this.#list.replaceChildren(
      ...this.#edges.map(({ layer, unit, input }) =>
        h("option", {}, `${nameOf(sizes, task, layer - 1, input)} → ${nameOf(sizes, task, layer, unit)}`),
      ),
    );
  }
}
