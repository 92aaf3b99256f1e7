// The table of all pairs of letters: row = the letter that was, column = the letter that comes, each cell shaded by its
// probability. A grid with one tab stop: arrows move from cell to cell, and each cell says pair, count and probability.
// The two lists below it do the same for a thumb, to which a cell is too small.
import { select } from "../core/controls";
import { h } from "../core/dom";
import { SYMBOLS, V, first, next, percent, spell, tempered, type Counts } from "./nn-names-models";

const FROM = [0.01, 0.03, 0.1, 0.25]; // where the shades after the first begin
const SHADES = ["under 1%", "1 to 3%", "3 to 10%", "10 to 25%", "a quarter or more"];
const LETTERS = [...SYMBOLS];

export interface PairTable {
  readonly root: HTMLElement;
  /** Shade the table at a temperature, choose the pair (a, b), and mark the way that letters take from the start, and to
   *  the end if they are a whole name. */
  draw(temperature: number, a: number, b: number, letters: string, whole: boolean): void;
}

const words = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

export function pairTable(counts: Counts, onPick: (a: number, b: number) => void): PairTable {
  const reader = counts.reader();
  const cells: HTMLElement[] = [];
  let [here, shown] = [-1, -1]; // cell of the chosen pair; temperature that is drawn
  let marked: HTMLElement[] = [];
  const p: Float64Array[] = [];

  const sentence = (a: number, b: number, temperature: number): string => {
    const count = counts.counts[a * V + b]!;
    const plain = percent(Math.exp(reader.read(a)[b]!));
    const at = temperature === 1 ? "" : `; at temperature ${temperature}, ${percent(p[a]![b]!)}`;
    return `${first(a)}, then ${next(b)}: ${words(count)} of ${words(counts.totals[a]!)}, ${plain} with one added everywhere${at}`;
  };

  const grid = h(
    "div",
    { class: "nn-pairs", role: "grid", "aria-label": "How often which letter follows which: rows, the letter that was; columns, the letter that comes" },
    h(
      "div",
      { role: "row" },
      h("span", { role: "columnheader", "aria-label": "letter" }, "↘"),
      ...LETTERS.map((letter, b) => h("span", { role: "columnheader", "aria-label": next(b) }, letter)),
    ),
  );
  for (let a = 0; a < V; a++) {
    const row = h("div", { role: "row" }, h("span", { role: "rowheader", "aria-label": first(a) }, LETTERS[a]!));
    for (let b = 0; b < V; b++) cells.push(row.appendChild(h("span", { role: "gridcell", tabindex: -1 })));
    grid.append(row);
  }

  const at = (target: EventTarget | null): number => cells.indexOf(target as HTMLElement);
  const pick = (cell: number, focus: boolean): void => {
    if (focus) cells[cell]!.focus();
    if (cell !== here) onPick(Math.floor(cell / V), cell % V);
  };
  grid.addEventListener("click", (event) => at(event.target) >= 0 && pick(at(event.target), true));
  grid.addEventListener("keydown", (event) => {
    const cell = at(event.target);
    if (cell < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const [a, b] = [Math.floor(cell / V), cell % V];
    const to = {
      ArrowUp: [a - 1, b], ArrowDown: [a + 1, b], ArrowLeft: [a, b - 1], ArrowRight: [a, b + 1],
      Home: [a, 0], End: [a, V - 1], PageUp: [0, b], PageDown: [V - 1, b],
    }[event.key]; // prettier-ignore
    if (!to) return;
    event.preventDefault(); // and the figure's own keys keep out of it
    const inside = to.map((place) => Math.min(V - 1, Math.max(0, place)));
    pick(inside[0]! * V + inside[1]!, true);
  });

  const options = (name: (letter: number) => string) => LETTERS.map((letter, i) => ({ value: letter, label: name(i) }));
  const before = select("After", options(first), ".", (letter) => onPick(LETTERS.indexOf(letter), here % V));
  const after = select("comes", options(next), ".", (letter) => onPick(Math.floor(here / V), LETTERS.indexOf(letter)));
  const said = h("p", { class: "nn-pairs-said" });
  const key = h(
    "ul",
    { class: "nn-pairs-key", "aria-label": "What the shades mean" },
    ...SHADES.map((name, i) => h("li", {}, h("span", { "data-shade": i + 1, "aria-hidden": "true" }), name)),
  );

  return {
    root: h("div", { class: "nn-names-table" }, h("p", { class: "nn-pairs-axes", "aria-hidden": "true" }, "↓ a letter", h("span", {}, "the next one →")), grid, key, h("div", { class: "nn-pairs-ask" }, before.root, after.root), said),
    draw(temperature, a, b, letters, whole) {
      if (temperature !== shown) {
        shown = temperature;
        for (let i = 0; i < V; i++) p[i] = tempered(reader.read(i), temperature);
        cells.forEach((cell, i) => {
          const [row, column] = [Math.floor(i / V), i % V];
          cell.dataset["shade"] = String(1 + FROM.filter((from) => p[row]![column]! >= from).length);
          cell.setAttribute("aria-label", sentence(row, column, temperature));
        });
      }
      for (const cell of marked) cell.removeAttribute("data-way");
      const way = letters ? [0, ...spell(letters), ...(whole ? [0] : [])] : [];
      marked = way.slice(1).map((to, i) => cells[way[i]! * V + to]!);
      for (const cell of marked) cell.dataset["way"] = "";
      for (const [cell, on] of [[here, false], [a * V + b, true]] as const) {
        cells[cell]?.setAttribute("tabindex", on ? "0" : "-1");
        cells[cell]?.setAttribute("aria-selected", String(on));
      }
      here = a * V + b;
      before.set(LETTERS[a]!);
      after.set(LETTERS[b]!);
      said.textContent = `${sentence(a, b, temperature)}.`;
    },
  };
}
