// The text twin of a view: the same state as a table, inside the figure's fold. It is written only while the fold is
// open, so that a figure which changes sixty times a second costs nothing for a table that nobody has opened.
import { h, put } from "./dom";
import { format } from "./scale";

export type Cell = string | number;

export interface DataTable {
  readonly root: HTMLElement;
  rows(rows: readonly (readonly Cell[])[]): void;
}

const words = (cell: Cell): string => (typeof cell === "number" ? format(cell, 4) : cell);

/** Give `parent` exactly `count` children, keeping those it has. */
function fit(parent: Element, count: number, make: (i: number) => Node): void {
  while (parent.children.length > count) parent.lastElementChild!.remove();
  while (parent.children.length < count) parent.append(make(parent.children.length));
}

export function dataTable(caption: string, columns: readonly string[]): DataTable {
  const body = h("tbody");
  const head = h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)));
  const table = h("table", { class: "table" }, h("caption", {}, caption), h("thead", {}, head), body);
  const root = h("div", { class: "nn-table", role: "group", tabindex: 0, "aria-label": caption }, table);
  let latest: readonly (readonly Cell[])[] = [];
  let listening: HTMLDetailsElement | undefined;

  function write(): void {
    fit(body, latest.length, () => h("tr"));
    latest.forEach((cells, i) => {
      const row = body.children[i]!;
      fit(row, cells.length, (j) => (j === 0 ? h("th", { scope: "row" }) : h("td")));
      cells.forEach((cell, j) => {
        put(row.children[j]!, words(cell));
      });
    });
  }

  return {
    root,
    rows(next) {
      latest = next;
      const fold = root.closest("details") ?? undefined;
      if (fold && fold !== listening) {
        listening = fold;
        fold.addEventListener("toggle", () => fold.open && fold.contains(root) && write());
      }
      if (!fold || fold.open) write();
    },
  };
}
