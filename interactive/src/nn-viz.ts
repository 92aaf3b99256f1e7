// Drawings of a net, for any element: the network, the loss curve, the decision surface. They hold no state but what
// was drawn last; colours are classes of nn-viz.css and, on the canvas, the page's ramp.

import { select } from "d3-selection";
import { put, putAttribute } from "./core/dom";
import { addStyle, h, s } from "./core/element";
import { format, linear, log as logScale, logTicks, ticks, type Scale } from "./core/scale";
import { onTheme, ramp } from "./core/theme";
import css from "./nn-viz.css";

/** The weight from unit `input` of the layer before to unit `unit` of layer `layer`; the last input is the bias. */
export interface Edge {
  readonly layer: number;
  readonly unit: number;
  readonly input: number;
}

export interface Unit {
  readonly layer: number;
  readonly unit: number;
}

/** All weights in the order in which the engine keeps them. */
export function edgesOf(sizes: readonly number[]): Edge[] {
  const edges: Edge[] = [];
  for (let layer = 1; layer < sizes.length; layer++) {
    for (let unit = 0; unit < sizes[layer]!; unit++) {
      for (let input = 0; input <= sizes[layer - 1]!; input++) edges.push({ layer, unit, input });
    }
  }
  return edges;
}

/** An input as it stands in its circle: 1, 0.45, −1.3. */
export const short = (x: number): string => (Number.isInteger(x) ? format(x, 1) : format(x, 2));

const same = (a: Unit, b: Unit): boolean => a.layer === b.layer && a.unit === b.unit;

// --- The network -------------------------------------------------------------------------------------------------

const WIDTH = 340;
const HEIGHT = 252;
const FEW = 24; // weights whose numbers fit into the drawing at once

interface Node extends Unit {
  readonly x: number;
  readonly y: number;
  readonly bias: boolean; // the 1 that a bias is multiplied with
}

export interface NetworkState {
  readonly parameters: ArrayLike<number>;
  readonly acts: readonly ArrayLike<number>[];
  readonly edge: Edge | null; // selected
  readonly unit: Unit | null; // whose answers the surface shows
  readonly numbers: boolean;
}

export class NetworkView {
  readonly root = s("svg", { class: "nn-viz nn-network", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  #edges: Edge[] = [];
  #radius = 0;
  #lines: SVGPathElement[] = [];
  #labels: SVGGElement[] = [];
  #units: { node: Node; group: SVGGElement; text: SVGTextElement }[] = [];
  readonly #chosen = s("path", { class: "nn-chosen" });
  readonly #onEdge: (edge: Edge) => void;
  readonly #onUnit: (unit: Unit) => void;

  constructor(onEdge: (edge: Edge) => void, onUnit: (unit: Unit) => void) {
    addStyle("nn-viz", css);
    this.#onEdge = onEdge;
    this.#onUnit = onUnit;
  }

  /** Lay out a net of these sizes; `name` says what a unit is called, which is written where there is room. */
  shape(sizes: readonly number[], name: (layer: number, unit: number) => string): void {
    this.#edges = edgesOf(sizes);
    const last = sizes.length - 1;
    const rows = Math.max(...sizes.map((n, layer) => n + (layer < last ? 1 : 0)));
    const gap = Math.min(58, (HEIGHT - 8) / rows);
    this.#radius = Math.min(17, 0.44 * gap);
    const at = (layer: number, unit: number): Node => {
      const slots = sizes[layer]! + (layer < last ? 1 : 0);
      return {
        layer,
        unit,
        x: 36 + ((WIDTH - 72) * layer) / last,
        y: HEIGHT / 2 + (unit - (slots - 1) / 2) * gap,
        bias: unit === sizes[layer],
      };
    };
    const nodes = sizes.flatMap((n, layer) =>
      Array.from({ length: n + (layer < last ? 1 : 0) }, (_, unit) => at(layer, unit)),
    );
    const path = ({ layer, unit, input }: Edge): string => {
      const from = at(layer - 1, input);
      const to = at(layer, unit);
      return `M${from.x} ${from.y}L${to.x} ${to.y}`;
    };
    this.root.replaceChildren(this.#chosen);
    const edges = select(this.root).append("g").selectAll("path").data(this.#edges);
    this.#lines = edges.join("path").attr("class", "nn-edge").attr("d", path).nodes() as SVGPathElement[];
    select(this.root).append("g").selectAll("path").data(this.#edges).join("path")
      .attr("class", "nn-touch").attr("d", path)
      .on("click", (_: Event, edge: Edge) => this.#onEdge(edge)); // prettier-ignore

    const groups = select(this.root).append("g").selectAll("g").data(nodes).join("g")
      .attr("class", "nn-unit")
      .attr("transform", (node) => `translate(${node.x} ${node.y})`); // prettier-ignore
    const r = this.#radius;
    groups.filter((node) => node.bias).append("rect")
      .attr("x", -0.6 * r).attr("y", -0.6 * r).attr("width", 1.2 * r).attr("height", 1.2 * r); // prettier-ignore
    groups.filter((node) => !node.bias).append("circle").attr("r", r);
    groups.filter((node) => !node.bias && node.layer > 0).on("click", (_: Event, node: Node) => this.#onUnit(node));
    groups.append("text").style("font-size", `${r < 14 ? 9.5 : 11.5}px`).text((node) => (node.bias ? "1" : ""));
    const roomy = gap >= 2 * r + 15;
    groups.filter((node) => !node.bias && (roomy || node.layer === 0 || node.layer === last)).append("text")
      .attr("class", "nn-quiet nn-halo").attr("y", (node) => (node.layer === 0 ? 0 : -r - 8))
      .attr("x", (node) => (node.layer === 0 ? -r - 10 : 0)).text((node) => name(node.layer, node.unit)); // prettier-ignore

    this.#units = (groups.nodes() as SVGGElement[]).map((group, i) => ({
      node: nodes[i]!,
      group,
      text: group.querySelector("text")!,
    }));
    const labels = select(this.root).append("g").selectAll("g").data(this.#edges).join("g");
    const places = this.#labelPlaces(at);
    labels.attr("class", "nn-weight").attr("transform", (_, i) => `translate(${places[i]!.join(" ")})`);
    labels.append("rect").attr("y", -8.5).attr("height", 17).attr("rx", 3); // no line runs through a number
    labels.append("text");
    this.#labels = labels.nodes() as SVGGElement[];
  }

  /** Where along each line its number stands: as far as can be from the others that may be shown with it. */
  #labelPlaces(at: (layer: number, unit: number) => Node): [number, number][] {
    const few = this.#edges.length <= FEW;
    const placed: [number, number][] = [];
    for (let pass = 0; pass < 3; pass++) {
      this.#edges.forEach(({ layer, unit, input }, i) => {
        const from = at(layer - 1, input);
        const to = at(layer, unit);
        const margin = Math.min(0.45, (this.#radius + 18) / (to.x - from.x)); // clear of the circles
        let widest = -1;
        for (let t = margin; t <= 1 - margin; t += 0.03) {
          const here: [number, number] = [from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)];
          let room = 60 - 20 * Math.abs(t - 0.5); // the middle, other things being equal
          this.#edges.forEach((other, j) => {
            const [x, y] = (j === i ? undefined : placed[j]) ?? [Infinity, 0];
            if (few || same(other, this.#edges[i]!)) room = Math.min(room, Math.hypot((here[0] - x) / 2.8, here[1] - y));
          });
          if (room > widest) [widest, placed[i]] = [room, here];
        }
      });
    }
    return placed;
  }

  draw({ parameters, acts, edge, unit, numbers }: NetworkState): void {
    let largest = 0;
    for (let i = 0; i < parameters.length; i++) largest = Math.max(largest, Math.abs(parameters[i]!));
    const few = this.#edges.length <= FEW;
    let marked = "";
    this.#edges.forEach((here, i) => {
      const w = parameters[i]!;
      const path = this.#lines[i]!;
      const chosen = edge !== null && same(edge, here) && edge.input === here.input;
      path.classList.toggle("nn-minus", w < 0);
      putAttribute(path, "stroke-width", (0.7 + (largest > 0 ? (3.8 * Math.abs(w)) / largest : 0)).toFixed(2));
      if (chosen) marked = path.getAttribute("d")!;
      const label = this.#labels[i]!;
      const told = chosen || (numbers && (few || (edge !== null && same(edge, here))));
      label.style.display = told ? "" : "none";
      if (!told) return;
      const [plate, digits] = label.children as unknown as [SVGRectElement, SVGTextElement];
      const words = format(w, few && this.#edges.length > 13 ? 2 : 3);
      put(digits, words);
      const width = 6.6 * words.length + 4; // of digits in 12 px
      putAttribute(plate, "x", String(-width / 2));
      putAttribute(plate, "width", String(width));
      label.classList.toggle("nn-minus", w < 0);
    });
    putAttribute(this.#chosen, "d", marked);
    for (const { node, group, text } of this.#units) {
      if (node.bias) continue;
      const a = acts[node.layer]![node.unit]!;
      group.dataset["shade"] = String(1 + Math.max(0, Math.min(4, Math.floor(5 * a))));
      group.classList.toggle("nn-shown", unit !== null && same(unit, node));
      const words = node.layer === 0 ? short(a) : a.toFixed(2);
      put(text, this.#radius < 14 ? words.replace(/^(−?)0\./, "$1.") : words);
    }
  }
}

// --- The loss curve ----------------------------------------------------------------------------------------------

export interface Line {
  readonly epochs: readonly number[];
  readonly losses: readonly number[];
}

export interface LossState {
  readonly curve: Line;
  readonly earlier: readonly Line[]; // faint, behind
  readonly epoch: number; // where the reader is
  readonly loss: number;
  readonly log: boolean;
}

const BOX = { width: 340, height: 236, left: 44, right: 332, top: 20, bottom: 212 };

/** 1, 2 or 5 times a power of ten, at or above x. */
function roundUp(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  return power * ([1, 2, 5].find((lead) => lead * power >= x * (1 - 1e-9)) ?? 10);
}

/** A tick's number: 0.05, and powers of ten below a thousandth as such. */
function tick(value: number): string {
  const power = Math.round(Math.log10(value));
  const small = power < -3 && Math.abs(value / 10 ** power - 1) < 1e-9;
  const digits = (n: number): string => String(n).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]!));
  return small ? `10${digits(power)}` : String(Number(value.toPrecision(2)));
}

export class LossView {
  readonly root = s("svg", { class: "nn-viz nn-loss", viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img" });
  readonly #ticks = s("g");
  readonly #lines = s("g");
  readonly #curve = s("path", { class: "nn-curve" });
  readonly #now = s("circle", { class: "nn-now", r: 5 });
  #drawn = ""; // the axes that stand there

  constructor() {
    addStyle("nn-viz", css);
    const axis = s("path", { class: "nn-axis", d: `M${BOX.left} ${BOX.top}V${BOX.bottom}H${BOX.right}` });
    this.root.append(this.#ticks, axis, this.#lines, this.#curve, this.#now);
  }

  draw({ curve, earlier, epoch, loss, log }: LossState): void {
    const all = [curve, ...earlier].filter((each) => each.losses.length > 0);
    let end = 100;
    let least = Infinity;
    let most = 0;
    for (const { epochs, losses } of all) {
      end = Math.max(end, epochs[epochs.length - 1]!);
      for (const value of losses) {
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    const x = linear([0, roundUp(end)], [BOX.left, BOX.right]);
    const low = 10 ** Math.floor(Math.log10(Math.max(1e-12, Math.min(least, 0.1))));
    const y = log
      ? logScale([low, roundUp(Math.max(most, 2 * low))], [BOX.bottom, BOX.top])
      : linear([0, roundUp(Math.max(most, 0.01))], [BOX.bottom, BOX.top]);
    this.#axes(x, y, log, earlier.length > 0);
    const path = ({ epochs, losses }: Line): string =>
      losses.map((loss, i) => `${i === 0 ? "M" : "L"}${x(epochs[i]!).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
    select(this.#lines).selectAll("path").data(earlier).join("path")
      .attr("class", "nn-curve nn-earlier").attr("d", path); // prettier-ignore
    putAttribute(this.#curve, "d", path(curve));
    this.#now.style.display = Number.isFinite(loss) ? "" : "none"; // a plane without points has no loss
    if (!Number.isFinite(loss)) return;
    putAttribute(this.#now, "cx", x(epoch).toFixed(1));
    putAttribute(this.#now, "cy", y(loss).toFixed(1));
  }

  #axes(x: Scale, y: Scale, log: boolean, earlier: boolean): void {
    const end = x.invert(BOX.right);
    const [low, high] = [y.invert(BOX.bottom), y.invert(BOX.top)];
    const key = `${log} ${end} ${low} ${high} ${earlier}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    const say = (text: string, at: Readonly<Record<string, unknown>>): SVGTextElement =>
      s("text", { class: "nn-quiet", ...at }, text);
    const powers = log ? logTicks(low * 0.99, high * 1.01) : ticks(low, high, 4);
    const few = powers.filter((_, i) => i % Math.ceil(powers.length / 6) === 0);
    this.#ticks.replaceChildren(
      say("loss", { x: BOX.left, y: BOX.top - 8, "text-anchor": "middle" }),
      ...(earlier ? [say("grey: runs before this one", { x: BOX.right, y: BOX.top - 8, "text-anchor": "end" })] : []),
      ...few.flatMap((value) => [
        s("path", { class: "nn-level", d: `M${BOX.left} ${y(value).toFixed(1)}H${BOX.right}` }),
        say(tick(value), { x: BOX.left - 5, y: y(value) + 4, "text-anchor": "end" }),
      ]),
      ...ticks(0, end, 4).map((value) =>
        say(value === 0 ? "0" : value.toLocaleString("en"), {
          x: x(value),
          y: BOX.bottom + 17,
          "text-anchor": value > 0.95 * end ? "end" : "middle", // inside the drawing
        }),
      ),
    );
  }
}

// --- The decision surface ------------------------------------------------------------------------------------------

const CELLS = 40; // a side

export interface Domain {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly kind: number; // 0 or 1: what is wanted there
}

export interface SurfaceState {
  readonly answer: (x: number, y: number) => number;
  readonly marks: readonly Mark[];
  readonly asked: readonly [number, number] | null; // the input that the network shows
  readonly cursor: readonly [number, number] | null; // of the keyboard
  readonly large: boolean; // few marks, with their digits
}

export class SurfaceView {
  readonly root = h("div", { class: "nn-surface" });
  readonly #canvas = h("canvas", { width: CELLS, height: CELLS, "aria-hidden": "true" });
  readonly #over = s("svg", { class: "nn-viz", viewBox: "0 0 200 200", "aria-hidden": "true" });
  readonly #context: CanvasRenderingContext2D | null;
  readonly #image: ImageData | null;
  readonly #shades = new Uint8ClampedArray(256 * 3);
  readonly #values = new Float64Array(CELLS * CELLS);
  readonly #half = s("path", { class: "nn-half" });
  readonly #marks = s("g");
  readonly #across = s("text", { class: "nn-axis-name nn-halo", x: 100, y: 194 });
  readonly #up = s("text", { class: "nn-axis-name nn-halo", x: 14, y: 100 });
  readonly #asked = s("g", {}, s("circle", { class: "nn-asked-edge" }), s("circle", { class: "nn-asked" }));
  readonly #cursor = s("g", {}, s("rect", { class: "nn-cursor-edge" }), s("rect", { class: "nn-cursor" }));
  #domain: Domain = { x: [0, 1], y: [0, 1] };
  #painted = false;

  constructor() {
    addStyle("nn-viz", css);
    this.#context = this.#canvas.getContext("2d");
    this.#image = this.#context?.createImageData(CELLS, CELLS) ?? null;
    this.#image?.data.fill(255);
    this.#over.append(this.#half, this.#across, this.#up, this.#marks, this.#asked, this.#cursor);
    this.root.append(this.#canvas, this.#over);
  }

  /** Follow the page's colours; returns the undoing. */
  follow(redraw: () => void): () => void {
    return onTheme(() => {
      this.#painted = false;
      redraw();
    });
  }

  /** The part of the plane that is shown, and what its axes are called. */
  shape(domain: Domain, [across, up]: readonly [string, string]): void {
    this.#domain = domain;
    put(this.#across, `${across} →`); // an arrow, so that no name is taken for a point
    put(this.#up, `${up} ↑`);
  }

  /** The input under a click. */
  where(event: MouseEvent): readonly [number, number] {
    const box = this.#over.getBoundingClientRect();
    const { x, y } = this.#domain;
    const across = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const down = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
    return [x[0] + across * (x[1] - x[0]), y[1] - down * (y[1] - y[0])];
  }

  draw({ answer, marks, asked, cursor, large }: SurfaceState): void {
    this.#paint(answer);
    const { x, y } = this.#domain;
    const px = linear(x, [0, 200]);
    const py = linear(y, [200, 0]);
    const r = large ? 11 : 5;
    const shapes = [`M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`, `M0 ${-1.3 * r}L${1.3 * r} 0L0 ${1.3 * r}L${-1.3 * r} 0z`];
    select(this.#marks).selectAll<SVGGElement, Mark>("g").data(marks).join((enter) => {
      const group = enter.append("g");
      group.append("path");
      group.append("text");
      return group;
    }).each(function ({ x, y, kind }) {
      putAttribute(this, "transform", `translate(${px(x).toFixed(1)} ${py(y).toFixed(1)})`);
      const [dot, digit] = this.children as unknown as [SVGElement, SVGElement];
      putAttribute(dot, "class", kind ? "nn-point nn-one" : "nn-point");
      putAttribute(dot, "d", shapes[kind ? 1 : 0]!); // a disc for 0, a diamond for 1
      putAttribute(digit, "class", kind ? "nn-digit nn-one" : "nn-digit");
      put(digit, large ? String(kind) : "");
    }); // prettier-ignore
    this.#asked.style.display = asked ? "" : "none";
    for (const circle of asked ? this.#asked.children : []) {
      putAttribute(circle, "cx", px(asked![0]).toFixed(1));
      putAttribute(circle, "cy", py(asked![1]).toFixed(1));
      putAttribute(circle, "r", String(1.3 * r + 4.5));
    }
    this.#cursor.style.display = cursor ? "" : "none";
    for (const rect of cursor ? this.#cursor.children : []) {
      putAttribute(rect, "x", (px(cursor![0]) - 7).toFixed(1));
      putAttribute(rect, "y", (py(cursor![1]) - 7).toFixed(1));
      putAttribute(rect, "width", "14");
      putAttribute(rect, "height", "14");
    }
  }

  #paint(answer: (x: number, y: number) => number): void {
    const { x, y } = this.#domain;
    const values = this.#values;
    for (let row = 0; row < CELLS; row++) {
      const v = y[1] - ((row + 0.5) / CELLS) * (y[1] - y[0]);
      for (let column = 0; column < CELLS; column++) {
        values[row * CELLS + column] = answer(x[0] + ((column + 0.5) / CELLS) * (x[1] - x[0]), v);
      }
    }
    putAttribute(this.#half, "d", halfway(values));
    if (!this.#context || !this.#image) return;
    if (!this.#painted) {
      for (let i = 0; i < 256; i++) this.#shades.set(ramp(i / 255, this.root), 3 * i);
      this.#painted = true;
    }
    const pixels = this.#image.data;
    for (let i = 0; i < values.length; i++) {
      const shade = 3 * Math.max(0, Math.min(255, Math.round(255 * values[i]!)));
      for (let c = 0; c < 3; c++) pixels[4 * i + c] = this.#shades[shade + c]!;
    }
    this.#context.putImageData(this.#image, 0, 0);
  }
}

/** The line on which the answer is one half, by marching squares between the centres of cells. */
function halfway(values: Float64Array): string {
  const step = 200 / CELLS;
  let path = "";
  for (let row = 0; row + 1 < CELLS; row++) {
    for (let column = 0; column + 1 < CELLS; column++) {
      const i = row * CELLS + column;
      const corners = [values[i]!, values[i + 1]!, values[i + CELLS + 1]!, values[i + CELLS]!] as const;
      let first = true;
      for (let side = 0; side < 4; side++) {
        const a = corners[side]! - 0.5;
        const b = corners[(side + 1) % 4]! - 0.5;
        if (a < 0 === b < 0) continue;
        const t = a / (a - b);
        const dx = side === 0 ? t : side === 1 ? 1 : side === 2 ? 1 - t : 0;
        const dy = side === 0 ? 0 : side === 1 ? t : side === 2 ? 1 : 1 - t;
        path += `${first ? "M" : "L"}${((column + dx + 0.5) * step).toFixed(1)} ${((row + dy + 0.5) * step).toFixed(1)}`;
        first = !first;
      }
    }
  }
  return path;
}
