// The map of all sums: first number upwards, second to the right, each cell shaded by how far off the answer is.
// Where the net was taught is framed; what was held out of it carries a dot; the edges say it in words. One tab stop:
// arrows move the choice, the cell's sentence is announced by whoever listens.
import { h, s } from "../core/dom";
import { REGIONS, SHADES, type Code, type Sums } from "./nn-arithmetic-sums";

const CLASSES = SHADES.map((_, i) => `nn-shade-${i + 1}`);
const LEFT = 4.5;
const TOP = 2.6;

export interface SumMap {
  readonly root: HTMLElement;
  readonly field: HTMLElement; // what takes the keys
  draw(code: Code, at: number, a: number, b: number): void;
}

export function sumMap(sums: Sums, describedBy: string, onPick: (a: number, b: number) => void): SumMap {
  const { size, top } = sums;
  const half = size / 2;
  const width = LEFT + size + 0.8;
  const height = TOP + size + 6.4;
  const most = size - 1;

  const shades = CLASSES.slice(1).map((name) => s("path", { class: name }));
  const dots: string[] = [];
  for (let a = 0; a <= top; a++) {
    for (let b = 0; b <= top; b++) {
      if (sums.region(a, b) === REGIONS[1]) dots.push(`M${b + 0.5} ${most - a + 0.5}h0`);
    }
  }
  const cross = s("path", { class: "nn-map-cross" });
  const ring = [s("rect", { class: "nn-map-gap", width: 2, height: 2 }), s("rect", { class: "nn-map-ring", width: 2, height: 2 })];
  const hatch = s("pattern", { id: `${describedBy}-hatch`, width: 0.9, height: 0.9, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  hatch.append(s("rect", { class: "nn-map-bar", width: 0.4, height: 0.9 }));

  const marks: Node[] = [];
  for (let n = 0; n < size; n += 10) {
    marks.push(
      s("text", { x: n + 0.5, y: size + 3.1, "text-anchor": "middle" }, String(n)),
      s("text", { x: -1.6, y: most - n + 1.1, "text-anchor": "end" }, String(n)),
    );
  }
  const bars = [
    s("rect", { class: "nn-map-bar", x: 0, y: size + 0.6, width: half, height: 0.5 }),
    s("rect", { x: half, y: size + 0.6, width: half, height: 0.5, fill: `url(#${hatch.id})` }),
    s("rect", { class: "nn-map-bar", x: -1.1, y: half, width: 0.5, height: half }),
    s("rect", { x: -1.1, y: 0, width: 0.5, height: half, fill: `url(#${hatch.id})` }),
  ];
  const picture = s(
    "svg",
    { viewBox: `${-LEFT} ${-TOP} ${width} ${height}`, "aria-hidden": "true" },
    s("defs", {}, hatch),
    s("rect", { class: CLASSES[0], width: size, height: size }),
    ...shades,
    s("path", { class: "nn-map-dots", d: dots.join("") }),
    s("path", { class: "nn-map-frame", d: `M0 ${half}H${half}V${size}H0z` }),
    ...bars,
    cross,
    ...ring,
    s("g", { class: "nn-map-numbers" }, ...marks),
    s("text", { class: "nn-map-name", x: 0, y: -0.9 }, "first number ↑"),
    s("text", { class: "nn-map-name", x: size, y: -0.9, "text-anchor": "end" }, "second number →"),
    s("text", { class: "nn-map-word", x: half / 2, y: size + 5.7, "text-anchor": "middle" }, `taught: 0–${top}`),
    s("text", { class: "nn-map-word", x: half * 1.5, y: size + 5.7, "text-anchor": "middle" }, `never: ${top + 1}–${most}`),
  );
  const field = h(
    "div",
    {
      class: "nn-map-field",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map of sums",
      "aria-label": `All sums up to ${most} + ${most}. Arrow keys: up and down change the first number, left and right the second; with Shift by ten.`,
      "aria-describedby": describedBy,
    },
    picture,
  );

  let at = { a: 0, b: 0 };
  const fit = (n: number): number => Math.min(most, Math.max(0, n));
  const move = (a: number, b: number): void => {
    const next = { a: fit(a), b: fit(b) };
    if (next.a === at.a && next.b === at.b) return;
    at = next; // two keys may come before one drawing
    onPick(next.a, next.b);
  };

  field.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? 10 : 1;
    const [up, right] = { ArrowUp: [by, 0], ArrowDown: [-by, 0], ArrowRight: [0, by], ArrowLeft: [0, -by] }[event.key] ?? [];
    if (up === undefined || right === undefined) return;
    event.preventDefault(); // and the figure's own arrows keep out of it
    move(fit(at.a) + up, fit(at.b) + right);
  });

  const pick = (event: MouseEvent): void => {
    const box = picture.getBoundingClientRect();
    const scale = width / box.width;
    const b = Math.floor((event.clientX - box.left) * scale - LEFT);
    const a = most - Math.floor((event.clientY - box.top) * scale - TOP);
    if (event.type === "pointermove" || (a >= 0 && a < size && b >= 0 && b < size)) move(a, b);
  };
  field.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") return; // a finger may be about to scroll the page
    pick(event);
    field.setPointerCapture(event.pointerId);
  });
  field.addEventListener("click", pick);
  field.addEventListener("pointermove", (event) => {
    if (field.hasPointerCapture(event.pointerId) && event.pointerType === "mouse") pick(event);
  });

  const key = h(
    "ul",
    { class: "nn-map-key", "aria-label": "What the shades mean" },
    ...SHADES.map((name, i) => h("li", {}, swatch(s("rect", { class: CLASSES[i], width: 10, height: 10 })), name)),
    h("li", {}, swatch(s("rect", { class: CLASSES[0], width: 10, height: 10 }), s("path", { class: "nn-map-dots", d: "M5 5h0" })), "held out"),
    h("li", {}, swatch(s("path", { class: "nn-map-frame", d: "M1 1h8v8h-8z" })), `framed: numbers up to ${top}`),
  );

  return {
    root: h("div", { class: "nn-map" }, field, key),
    field,
    draw(code, checkpoint, a, b) {
      at = { a, b };
      sums.paths(code, checkpoint).forEach((data, i) => shades[i - 1]?.setAttribute("d", data));
      const inside = a <= most && b <= most;
      const y = most - a;
      for (const mark of [...ring, cross]) mark.toggleAttribute("hidden", !inside);
      for (const mark of ring) {
        mark.setAttribute("x", String(b - 0.5));
        mark.setAttribute("y", String(y - 0.5));
      }
      cross.setAttribute("d", `M0 ${y + 0.5}H${b - 0.5}M${b + 0.5} ${size}V${y + 1.5}`);
    },
  };
}

function swatch(...shapes: SVGElement[]): SVGSVGElement {
  return s("svg", { class: "nn-map-swatch", viewBox: "0 0 10 10", "aria-hidden": "true" }, ...shapes);
}
