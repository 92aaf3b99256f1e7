// The text twin of a view: the same state as a table, inside the figure's fold. It is written only while the fold is
// open, so that a figure which changes sixty times a second costs nothing for a table that nobody has opened.
import { h } from "./dom";
import { format } from "./scale";

export type Cell = string | number;

export interface DataTable {
  readonly root: HTMLElement;
  rows(rows: readonly (readonly Cell[])[]): void;
}

const words = (cell: Cell): string => (typeof cell === "number" ? format(cell, 4) : cell);

export function dataTable(caption: string, columns: readonly string[]): DataTable {
  const body = h("tbody");
  const head = h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)));
  const table = h("table", { class: "table" }, h("caption", {}, caption), h("thead", {}, head), body);
  const root = h("div", { class: "nn-table", role: "group", tabindex: 0, "aria-label": caption }, table);
  let latest: readonly (readonly Cell[])[] = [];
  let listening: HTMLDetailsElement | undefined;

  function write(): void {
    while (body.rows.length > latest.length) body.deleteRow(-1);
    latest.forEach((cells, i) => {
      const row = body.rows[i] ?? body.insertRow();
      cells.forEach((cell, j) => {
        const text = words(cell);
        const place = row.cells[j] ?? row.appendChild(j === 0 ? h("th", { scope: "row" }) : h("td"));
        if (place.textContent !== text) place.textContent = text;
      });
      while (row.cells.length > cells.length) row.deleteCell(-1);
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
