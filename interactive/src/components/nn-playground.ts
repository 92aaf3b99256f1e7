// <nn-playground>: a net that trains in the page. Choose a task and a net, guess, train it, go back in time, look at
// every number. What it computes is nn-playground-model.ts; the page's attributes give the defaults, the address the
// reader's own (data-task, data-net, data-seed, data-rate; #fig-…=v1,task:AND,net:4,epoch:200).

import { loop, slice } from "../core/clock";
import { button, copyButton, numberField, range, relabel, segmented, select, switchBox, toolbar } from "../core/controls";
import { put, putAttribute } from "../core/dom";
import { NNElement, addStyle, h } from "../core/element";
import { keys, keysButton } from "../core/keys";
import { format } from "../core/scale";
import { soundButton } from "../core/sound";
import { flag, fragmentState, int, oneOf, real, type FragmentState, type Param } from "../core/state";
import { dataTable } from "../core/table";
import { LossView, NetworkView, SurfaceView, edgesOf, short, type Edge, type Line, type Unit } from "../nn-viz";
import css from "./nn-playground.css";
import {
  GRID, LAST, MARK, MOST_HIDDEN, MOST_LAYERS, MOST_POINTS, Run, TASKS, isTable, place, printed, program, question,
  readHidden, readPoints, writeHidden, writePoints, type Settings, type Task,
} from "./nn-playground-model"; // prettier-ignore
import { Hand, Rows, Say, nameOf, namesOf } from "./nn-playground-parts";

const SPEEDS = ["1", "10", "100", "1000"] as const; // epochs a frame
const STOPS = [MARK, 10_000, LAST]; // where training pauses by itself
const MILESTONES = [10, 100, 500, 1000, MARK, 5000, 10_000, 20_000, LAST]; // what a screen reader hears
const EARLIER = 3; // old curves kept
const BUDGET = 5; // ms of training a frame
const NUDGE = 1e-12;
const SAME = "✓ The same numbers: with one weight off by 1e-12 it prints this, too.";
const PARTED = "Here the last bit of a number decides: with one weight off by 1e-12 it prints something else, and so may Python.";
const NETS = [
  { value: "0", label: "1 neuron" },
  { value: "3", label: "3 hidden" },
  { value: "4", label: "4 hidden" },
  { value: "free", label: "free" },
] as const;

/** Text that is read and written again, so that the address holds only what the playground understood. */
function understood(fallback: string, read: (text: string) => string | undefined): Param<string> {
  return { fallback, read, write: (value) => value };
}

function spec(fallback: Settings) {
  return {
    task: oneOf(TASKS, fallback.task),
    net: understood(writeHidden(fallback.hidden), (text) => {
      const hidden = readHidden(text);
      return hidden && writeHidden(hidden);
    }),
    seed: int(0, 9999, fallback.seed),
    rate: real(0.01, 100, fallback.rate),
    speed: oneOf(SPEEDS, "10"),
    epoch: int(0, LAST, 0),
    log: flag(false),
    points: understood("", (text) => writePoints(readPoints(text))),
  };
}
type Spec = ReturnType<typeof spec>;

export class NNPlayground extends NNElement {
  #state!: FragmentState<Spec>;
  #default!: Settings;
  #run!: Run;
  #speed = 10;
  #log = false;
  #numbers = false;
  #edge: Edge | null = null;
  #unit: Unit | null = null; // null: the answer
  #asked: readonly [number, number] | null = [0, 0];
  #earlier: Line[] = [];
  #free = false;
  #tool: "0" | "1" | "erase" = "1";
  #cursor: readonly [number, number] = [GRID / 2, GRID / 2];

  #guess: number | null | undefined; // undefined: not asked yet; null: declined
  #verdict = ""; // what became of the guess
  #askedOnce = false; // the first training waits for a guess, later ones do not
  #pending: (() => void) | null = null; // what the reader wanted when the question came
  #goal = 0; // epoch at which training pauses
  #silent = false; // train up to the goal without drawing
  #python = new Map<number, readonly string[]>(); // what the build wrote at some epochs
  #twin: Run | null = null; // the run again, with one weight off by a last bit

  #draw: (() => void)[] = []; // of the part that is being made; in the end, what is always drawn
  #parts: { roots: HTMLElement[]; draw: (() => void)[] }[] = [];
  #undo: (() => void)[] = [];
  #focusTrain = (): void => {};
  #focusQuestion = (): void => {};

  // --- Making -----------------------------------------------------------------------------------------------------

  protected override mount(stage: HTMLElement): void {
    addStyle("nn-playground", css);
    this.#default = {
      task: TASKS.find((task) => task === this.param("task", "XOR")) ?? "XOR",
      hidden: readHidden(this.param("net", "3")) ?? [3],
      seed: Number(this.param("seed", "1")),
      rate: Number(this.param("rate", "5")),
      points: [],
    };
    this.#python = pythonRows(this);
    this.#state = fragmentState(this.closest("figure")?.id ?? this.id, 1, spec(this.#default));
    this.#undo.push(this.#state.onAddress(() => this.#adopt()));
    [this.#draw, this.#parts] = [[], []];
    const views = h("div", { class: "pg" });
    const above = [this.#choices, this.#network, this.#surface, this.#rows, this.#say, this.#transport];
    for (const part of [...above, this.#panel, this.#foot]) {
      const roots = [(part as () => HTMLElement | HTMLElement[]).call(this)].flat();
      views.append(...roots);
      this.#parts.push({ roots, draw: this.#draw.splice(0) });
    }
    this.#draw.push(() => void (views.dataset["task"] = this.#settings.task));
    stage.append(views);
    this.#table();
    this.#bindKeys();
    this.#adopt();
  }

  protected override unmount(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#twin = null;
  }

  /** Take over what the address says. */
  #adopt(): void {
    const { task, net, seed, rate, speed, epoch, log, points } = this.#state.get();
    this.#speed = Number(speed);
    this.#log = log;
    this.#free = !NETS.some((known) => known.value === net);
    this.#begin({ task, hidden: readHidden(net)!, seed, rate, points: readPoints(points) });
    if (epoch > 0) {
      this.#guess ??= null;
      this.#askedOnce = true;
      this.#train(epoch, true);
    }
  }

  get #settings(): Settings {
    return this.#run.settings;
  }

  /** A new run; the old one stays as a faint curve. */
  #begin(settings: Settings): void {
    const old = this.#run as Run | undefined;
    this.#run = new Run(settings);
    if (old && old.last > 0 && JSON.stringify(old.settings) !== JSON.stringify(settings)) {
      const kept = old.settings.task === settings.task ? this.#earlier : [];
      old.seek(old.last);
      this.#earlier = [...kept, old.curve()].slice(-EARLIER);
    }
    if (old?.settings.task !== settings.task) {
      this.#earlier = [];
      this.#asked = isTable(settings.task) ? [0, 0] : [0.5, 0.5];
    }
    if (old?.settings.task !== settings.task || writeHidden(old.settings.hidden) !== writeHidden(settings.hidden)) {
      this.#guess = undefined;
      this.#edge = null;
      this.#unit = null;
    }
    this.#verdict = "";
    if (this.playing) this.#stop();
    this.invalidate();
  }

  #change(change: Partial<Settings>): void {
    this.#begin({ ...this.#settings, ...change });
    this.#save();
  }

  #save(): void {
    const { task, hidden, seed, rate, points } = this.#settings;
    const speed = SPEEDS.find((s) => s === String(this.#speed)) ?? "10";
    const [net, drawn] = [writeHidden(hidden), writePoints(points)];
    this.#state.set({ task, net, seed, rate, points: drawn, speed, log: this.#log, epoch: this.#run.epoch });
  }

  // --- Time -------------------------------------------------------------------------------------------------------

  #toggle(): void {
    if (this.playing) this.#stop();
    else this.#first(() => this.#train(this.#nextStop, this.reducedMotion));
  }

  get #nextStop(): number {
    return STOPS.find((stop) => stop > this.#run.epoch) ?? LAST;
  }

  override play(): void {
    if (this.#goal <= this.#run.epoch) this.#goal = this.#nextStop;
    super.play();
  }

  /** Run `action`, after the question if nothing has been guessed yet. */
  #first(action: () => void): void {
    if (this.#askedOnce || this.#guess !== undefined || this.#run.data.rows === 0) {
      if (this.#run.data.rows > 0) this.#guess ??= null; // too late for a guess
      action();
      return;
    }
    this.#pending = action;
    this.#focusQuestion();
  }

  #answer(guess: number | null): void {
    this.#guess = guess;
    this.#askedOnce = true;
    const pending = this.#pending;
    this.#pending = null;
    this.#focusTrain();
    this.invalidate();
    pending?.();
  }

  #train(goal: number, silent: boolean): void {
    this.#goal = goal;
    this.#silent = silent;
    if (this.#run.done) return;
    this.play();
    if (silent) this.#paint(); // the button says Pause; the next picture is that of the goal
    else this.invalidate();
  }

  #stop(): void {
    this.pause();
    this.#silent = false;
    this.#save();
    this.announce(this.#sentence());
    this.invalidate();
  }

  protected override frame(): void {
    const run = this.#run;
    const before = run.epoch;
    const most = this.#silent ? Infinity : this.#speed;
    let steps = 0;
    slice(BUDGET, () => run.epoch < this.#goal && run.step() && ++steps < most);
    if (MILESTONES.some((epoch) => before < epoch && epoch <= run.epoch)) this.announce(this.#sentence());
    this.#judge();
    if (run.epoch >= this.#goal || run.done) this.#stop();
    else if (!this.#silent) this.invalidate();
  }

  #step(count: number): void {
    if (count < 0) this.#seek(this.#run.epoch + count);
    else {
      this.#first(() => {
        if (this.playing) this.#stop();
        for (let i = 0; i < count; i++) this.#run.step();
        this.#arrive();
      });
    }
  }

  #seek(epoch: number): void {
    if (this.playing) this.pause();
    this.#run.seek(epoch);
    this.#arrive();
  }

  #arrive(): void {
    this.#judge();
    this.#save();
    this.announce(this.#sentence());
    this.invalidate();
  }

  #reset(): void {
    this.#begin(this.#settings);
    this.#save();
    this.announce("Back at epoch 0.");
  }

  #judge(): void {
    const { task } = this.#settings;
    if (this.#verdict !== "" || this.#guess === undefined || this.#guess === null || this.#run.epoch < MARK) return;
    const q = question(task);
    const right = this.#run.right();
    const said = q.options[this.#guess]!;
    this.#verdict = `You said ${said}. After ${this.#run.epoch.toLocaleString("en")} epochs ${q.tell(right)}.`;
    this.announce(this.#verdict);
  }

  #sentence(): string {
    const run = this.#run;
    if (run.data.rows === 0) return "No points yet.";
    const { task } = this.#settings;
    const right = run.right();
    return `Epoch ${run.epoch.toLocaleString("en")}, loss ${format(run.loss)}: ${question(task).tell(right)}.`;
  }

  // --- Views ------------------------------------------------------------------------------------------------------

  protected override render(): void {
    if (!(this.playing && this.#silent)) this.#paint();
  }

  /** While it plays, only what is on the screen: on a phone half of the figure is not, and a picture must be short, for
   * a press waits for it. Whoever scrolls sees a part in its next picture, and at rest all of them are drawn. */
  #paint(): void {
    const parts = this.playing ? this.#parts.filter(({ roots }) => roots.some(isOnScreen)) : this.#parts;
    for (const { draw } of [...parts, { draw: this.#draw }]) for (const each of draw) each();
  }

  #choices(): HTMLElement {
    const labels: Record<Task, string> = { AND: "AND", OR: "OR", XOR: "XOR", moons: "moons", points: "draw" };
    const task = segmented("Task", TASKS.map((value) => ({ value, label: labels[value] })), "XOR", (next) =>
      this.#change({ task: next }),
    ); // prettier-ignore
    const net = segmented<string>("Net", NETS, "3", (next) => {
      this.#free = next === "free";
      if (this.#free) this.invalidate();
      else this.#change({ hidden: readHidden(next)! });
    });
    const numbers = Array.from({ length: MOST_HIDDEN + 1 }, (_, n) => ({ value: String(n), label: n === 0 ? "none" : String(n) }));
    const units = Array.from({ length: MOST_LAYERS }, (_, layer) =>
      select(`Layer ${layer + 1}`, numbers, "0", (value) => {
        const hidden = [...this.#settings.hidden, 0, 0, 0].slice(0, MOST_LAYERS);
        hidden[layer] = Number(value);
        this.#change({ hidden: hidden.filter((n) => n > 0) });
      }),
    );
    const free = toolbar("Hidden neurons", ...units.map(({ root }) => root));
    this.#draw.push(() => {
      const { task: now, hidden } = this.#settings;
      task.set(now);
      net.set(this.#free ? "free" : writeHidden(hidden));
      free.hidden = !this.#free;
      units.forEach(({ set }, layer) => set(String(hidden[layer] ?? 0)));
    });
    return h("div", { class: "pg-choices" }, task.root, net.root, free);
  }

  #network(): HTMLElement {
    const view = new NetworkView(
      (edge) => this.#pick(edge),
      (unit) => this.#show(unit.layer === this.#run.net.sizes.length - 1 ? null : unit),
    );
    const frame = h("div", { class: "pg-network", tabindex: 0, role: "group", "aria-label": "The network. Up and down arrow: another weight." }, view.root);
    keys(frame, { ArrowUp: () => this.#next(-1), ArrowDown: () => this.#next(1) });
    let laid = "";
    const numbers = switchBox("numbers", false, (on) => {
      this.#numbers = on;
      this.invalidate();
    });
    const signs = [h("span", { class: "pg-plus" }, "positive"), h("span", { class: "pg-minus" }, "negative")];
    const key = h("div", { class: "pg-key" }, ...signs, numbers.root);
    this.#draw.push(() => {
      const { net, settings } = this.#run;
      const wanted = `${namesOf(settings.task).join()} ${net.sizes.join()}`;
      if (laid !== wanted) view.shape(net.sizes, (layer, unit) => nameOf(net.sizes, settings.task, layer, unit));
      laid = wanted;
      numbers.set(this.#numbers);
      if (this.#asked) this.#run.answer(...this.#asked);
      view.draw({ parameters: net.parameters, acts: net.acts, edge: this.#edge, unit: this.#unit, numbers: this.#numbers });
      putAttribute(view.root, "aria-label", this.#description());
    });
    return h("div", { class: "pg-view pg-left" }, frame, key);
  }

  /** The network in words. */
  #description(): string {
    const { net, settings } = this.#run;
    const inputs = this.#asked ? this.#asked.map(short).join(" and ") : "nothing";
    const layers = net.acts.slice(1, -1).map((acts) => Array.from(acts, (a) => a.toFixed(2)).join(", "));
    const hidden = layers.length > 0 ? `hidden neurons say ${layers.join("; ")}; ` : "";
    const names = namesOf(settings.task).join(" and ");
    return `Network ${net.sizes.join("-")}. ${names} are ${inputs}; ${hidden}the answer is ${net.acts.at(-1)![0]!.toFixed(2)}.`;
  }

  #pick(edge: Edge): void {
    this.#edge = edge;
    const { net, settings } = this.#run;
    const from = nameOf(net.sizes, settings.task, edge.layer - 1, edge.input);
    const to = nameOf(net.sizes, settings.task, edge.layer, edge.unit);
    this.announce(`Weight ${from} to ${to}: ${format(net.parameters[net.index(edge.layer, edge.unit, edge.input)]!, 4)}`);
    this.invalidate();
  }

  #next(by: number): void {
    const edges = edgesOf(this.#run.net.sizes);
    const { net } = this.#run;
    const at = this.#edge ? net.index(this.#edge.layer, this.#edge.unit, this.#edge.input) : by > 0 ? -1 : 0;
    this.#pick(edges[(at + by + edges.length) % edges.length]!);
  }

  #show(unit: Unit | null): void {
    this.#unit = unit;
    this.invalidate();
  }

  #surface(): HTMLElement {
    const view = new SurfaceView();
    this.#undo.push(view.follow(() => this.invalidate()));
    view.root.addEventListener("click", (event) => this.#touch(view.where(event)));
    view.root.tabIndex = 0;
    view.root.setAttribute("role", "application");
    view.root.setAttribute("aria-roledescription", "plane");
    this.#bindCursor(view.root);
    const shows = h("select", { "aria-label": "The square shows" });
    let listed: readonly number[] = [];
    const units: (Unit | null)[] = [];
    shows.addEventListener("change", () => this.#show(units[shows.selectedIndex] ?? null));
    const key = h("span", { class: "pg-ramp", "aria-hidden": "true" }, h("span", {}, "0"), h("i", {}), h("span", {}, "1"));
    const picker = h("label", { class: "pg-shows" }, h("span", { "aria-hidden": "true" }, "shows"), shows);
    const label = h("div", { class: "pg-key" }, picker, key);
    this.#draw.push(() => {
      const run = this.#run;
      const { net, settings, data } = run;
      if (listed !== net.sizes) {
        listed = net.sizes;
        units.length = 0;
        units.push(null);
        for (let layer = 1; layer < listed.length - 1; layer++) {
          for (let unit = 0; unit < listed[layer]!; unit++) units.push({ layer, unit });
        }
        shows.replaceChildren(...units.map((unit) => h("option", {}, unit ? nameOf(listed, settings.task, unit.layer, unit.unit) : "answer")));
      }
      const chosen = this.#unit;
      const at = Math.max(0, units.findIndex((unit) => unit?.layer === chosen?.layer && unit?.unit === chosen?.unit));
      if (shows.selectedIndex !== at) shows.selectedIndex = at;
      view.shape(domainOf(settings.task), namesOf(settings.task));
      const marks = Array.from(data.Y, (kind, i) => ({ x: data.X[2 * i]!, y: data.X[2 * i + 1]!, kind }));
      const [cx, cy] = this.#cursorPlace();
      view.draw({
        answer: (x, y) => {
          const answer = run.answer(x, y);
          return chosen ? net.acts[chosen.layer]![chosen.unit]! : answer;
        },
        marks,
        asked: settings.task === "points" ? null : this.#asked,
        cursor: isTable(settings.task) ? null : [cx, cy],
        large: isTable(settings.task),
      });
      putAttribute(view.root, "aria-label", this.#plane());
    });
    return h("div", { class: "pg-view pg-square" }, view.root, label);
  }

  #plane(): string {
    const { task } = this.#settings;
    if (task === "points") return `Plane with ${this.#run.data.rows} points. Arrows move, Enter places class 1, Shift+Enter class 0, Delete removes.`;
    if (task === "moons") return "Plane with two moons of points. Arrows move the place that the net is asked about.";
    return "The net's answer to every A and B. Arrows go from corner to corner.";
  }

  // --- The plane by keyboard and by touch ---------------------------------------------------------------------------

  #cursorPlace(): readonly [number, number] {
    const { x, y } = PLANES[this.#settings.task];
    const [cx, cy] = this.#cursor;
    return [x[0] + (cx / GRID) * (x[1] - x[0]), y[0] + (cy / GRID) * (y[1] - y[0])];
  }

  #bindCursor(plane: HTMLElement): void {
    const move = (dx: number, dy: number): void => {
      if (isTable(this.#settings.task)) {
        const [a, b] = this.#asked ?? [0, 0];
        this.#ask([dx === 0 ? a : dx > 0 ? 1 : 0, dy === 0 ? b : dy > 0 ? 1 : 0]);
        return;
      }
      const clamp = (v: number): number => Math.max(0, Math.min(GRID, v));
      this.#cursor = [clamp(this.#cursor[0] + dx), clamp(this.#cursor[1] + dy)];
      this.#ask(this.#cursorPlace());
    };
    const put = (kind: 0 | 1 | null): void => {
      if (this.#settings.task === "points") this.#place(...this.#cursor, kind);
    };
    keys(plane, {
      ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0), ArrowUp: () => move(0, 1), ArrowDown: () => move(0, -1),
      "Shift+ArrowLeft": () => move(-5, 0), "Shift+ArrowRight": () => move(5, 0),
      "Shift+ArrowUp": () => move(0, 5), "Shift+ArrowDown": () => move(0, -5),
      Enter: () => put(1), "Shift+Enter": () => put(0), Delete: () => put(null), Backspace: () => put(null),
    }); // prettier-ignore
  }

  #touch([x, y]: readonly [number, number]): void {
    const { task } = this.#settings;
    if (isTable(task)) {
      this.#ask([Math.round(Math.min(1, Math.max(0, x))), Math.round(Math.min(1, Math.max(0, y)))]);
      return;
    }
    const { x: [x0, x1], y: [y0, y1] } = PLANES[task]; // prettier-ignore
    const grid = (v: number): number => Math.max(0, Math.min(GRID, Math.round(v * GRID)));
    this.#cursor = [grid((x - x0) / (x1 - x0)), grid((y - y0) / (y1 - y0))];
    if (task === "points") this.#place(...this.#cursor, this.#tool === "erase" ? null : this.#tool === "1" ? 1 : 0);
    else this.#ask([x, y]);
  }

  #ask(place: readonly [number, number]): void {
    this.#asked = place;
    const where = namesOf(this.#settings.task).map((name, i) => `${name} ${short(place[i]!)}`).join(", ");
    const here = this.#settings.points.find((p) => p.x === this.#cursor[0] && p.y === this.#cursor[1]);
    const point = this.#settings.task === "points" && here ? `, a point of class ${here.kind}` : "";
    this.announce(`${where}: answer ${this.#run.answer(...place).toFixed(2)}${point}`);
    this.invalidate();
  }

  #place(x: number, y: number, kind: 0 | 1 | null): void {
    const points = place(this.#settings.points, x, y, kind);
    const full = kind !== null && points.length === this.#settings.points.length && !points.some((p) => p.x === x && p.y === y);
    const playing = this.playing;
    this.#asked = [x / GRID, y / GRID];
    this.#change({ points });
    if (playing && points.length > 0) this.#train(this.#nextStop, this.reducedMotion);
    this.announce(full ? `No room for more than ${MOST_POINTS} points.` : `${points.length} points.`);
  }

  // --- Below the views --------------------------------------------------------------------------------------------

  #rows(): HTMLElement {
    const rows = new Rows((i) => {
      const { X } = this.#run.data;
      this.#ask([X[2 * i]!, X[2 * i + 1]!]);
    });
    const tool = segmented<"0" | "1" | "erase">(
      "A tap places",
      [{ value: "0", label: "0" }, { value: "1", label: "1" }, { value: "erase", label: "erase" }],
      this.#tool,
      (value) => (this.#tool = value),
    ); // prettier-ignore
    const clear = button("Clear", () => this.#change({ points: [] }), { icon: "clear" });
    const tools = h("div", { class: "pg-tools" }, tool.root, clear);
    this.#draw.push(() => {
      rows.draw(this.#run, this.#asked);
      tools.hidden = this.#settings.task !== "points";
    });
    return h("div", { class: "pg-beside" }, tools, rows.root);
  }

  #say(): HTMLElement {
    const say = new Say((guess) => this.#answer(guess));
    this.#focusQuestion = () => say.focus();
    this.#draw.push(() => {
      const run = this.#run;
      const open = this.#guess === undefined && run.data.rows > 0;
      const waits = this.#guess !== undefined && this.#guess !== null && this.#verdict === "";
      const said = waits ? `You said ${question(this.#settings.task).options[this.#guess!]}. ` : "";
      const empty = "Tap the square, or use arrows and Enter, to place points of two classes.";
      const words = run.data.rows === 0 ? empty : run.epoch === 0 && said ? `${said}Now train it.` : said + this.#sentence();
      const judged = run.epoch >= MARK ? this.#verdict : ""; // who scrubs back reads about the epoch that is shown
      say.draw(open ? question(this.#settings.task) : null, judged || words);
    });
    return say.root;
  }

  #transport(): HTMLElement {
    const train = button("Train", () => this.#toggle(), { icon: "play" });
    train.classList.add("pg-train");
    this.#focusTrain = () => train.focus();
    const back = button("Back", () => this.#step(-1), { icon: "back", title: "One epoch back (←)" });
    const step = button("Step", () => this.#step(1), { icon: "step", title: "One epoch on (→)" });
    const reset = button("Reset", () => this.#reset(), { icon: "reset", title: "Back to epoch 0, a fresh start (R)" });
    for (const small of [back, step, reset]) small.classList.add("pg-small");
    const speed = segmented(
      "Epochs a picture",
      SPEEDS.map((value) => ({ value, label: Number(value).toLocaleString("en") })),
      "10",
      (value) => {
        this.#speed = Number(value);
        this.#save();
      },
    );
    const time = range("Epoch", {
      min: 0, max: 1, step: 1, value: 0,
      format: (epoch) => (this.#run?.data.rows ? `${epoch.toLocaleString("en")}, loss ${format(this.#run.loss)}` : "no points yet"),
      onInput: (epoch) => this.#seek(epoch),
    }); // prettier-ignore
    this.#draw.push(() => {
      const run = this.#run;
      relabel(train, this.playing ? "Pause" : "Train", this.playing ? "pause" : "play");
      const empty = run.data.rows === 0;
      for (const needsPoints of [train, step, reset, back]) needsPoints.disabled = empty;
      time.input.disabled = empty;
      speed.set(SPEEDS.find((value) => Number(value) === this.#speed) ?? "10");
      back.setAttribute("aria-disabled", String(run.epoch === 0));
      time.input.max = String(Math.max(1, run.last));
      time.set(run.epoch);
    });
    return h("div", { class: "pg-run" }, toolbar("Training", train, back, step, reset), time.root, speed.root);
  }

  #panel(): HTMLElement[] {
    const loss = new LossView();
    const hand = new Hand((edge) => this.#pick(edge));
    const curve = h("div", { class: "pg-curve" }, loss.root);
    const tab = segmented<"loss" | "hand">(
      "Below",
      [{ value: "loss", label: "loss curve" }, { value: "hand", label: "one update by hand" }],
      "loss",
      (value) => {
        if (value === "hand") this.#next(1);
        else this.#edge = null;
        this.invalidate();
      },
    ); // prettier-ignore
    const log = switchBox("log", false, (on) => {
      this.#log = on;
      this.#save();
      this.invalidate();
    });
    const hear = soundButton("Hear it", () => this.#run.curve().losses);
    const tools = h("div", { class: "pg-tools" }, log.root, hear);
    this.#draw.push(() => {
      const run = this.#run;
      const open = this.#edge !== null && run.data.rows > 0;
      tab.set(open ? "hand" : "loss");
      tools.hidden = open;
      curve.style.visibility = open || run.data.rows > 0 ? "" : "hidden"; // its room is kept
      curve.hidden = open;
      hand.root.hidden = !open;
      log.set(this.#log);
      if (open) {
        hand.draw(run, this.#edge!);
        return;
      }
      const line = run.curve();
      loss.draw({ curve: line, earlier: this.#earlier, epoch: run.epoch, loss: run.loss, log: this.#log });
      putAttribute(loss.root, "aria-label", run.last > 0 ? `Loss from ${format(line.losses[0]!)} at epoch 0 to ${format(line.losses.at(-1)!)} at epoch ${run.last}.` : "Loss curve, empty before training.");
    });
    const tabs = h("div", { class: "pg-tabs" }, tab.root, tools);
    return [tabs, h("div", { class: "pg-panel" }, curve, hand.root)];
  }

  #foot(): HTMLElement {
    const rate = numberField("Rate", { min: 0.01, max: 100, step: 0.01, value: 5, onChange: (value) => this.#change({ rate: value }) });
    const seed = numberField("Seed", { min: 0, max: 9999, step: 1, value: 1, onChange: (value) => this.#change({ seed: value }) });
    const another = button("Next seed", () => this.#change({ seed: (this.#settings.seed + 1) % 10_000 }), { icon: "shuffle" });
    another.classList.add("pg-small");
    const copy = (): Promise<boolean> => {
      this.#save();
      return this.#state.copyLink();
    };
    const link = copyButton("A link to this net at this epoch", copy, (words) => this.announce(words));
    link.classList.add("pg-link");
    const badge = h("details", { class: "pg-badge" });
    const lines = h("code", {});
    const prints = h("code", {});
    const check = h("p", {});
    badge.append(
      h("summary", {}, h("span", { class: "pg-same" }, "net.py prints"), " ", prints),
      h("p", {}, "The same start and the same order of sums. To see it in Python, put these lines below the functions of net.py:"),
      h("pre", {}, lines),
      check,
    );
    this.#draw.push(() => {
      const { settings } = this.#run;
      if (document.activeElement !== rate.input) rate.set(settings.rate);
      if (document.activeElement !== seed.input) seed.set(settings.seed);
      badge.hidden = this.#run.data.rows === 0;
      if (badge.hidden) return;
      put(prints, printed(this.#run));
      if (badge.open) {
        put(lines, program(this.#run));
        if (!this.playing) this.#compare((words) => put(check, `${words} ${this.#checked()}`.trim()));
      }
    });
    badge.addEventListener("toggle", () => this.invalidate());
    return h("div", { class: "pg-foot" }, toolbar("Settings", rate.root, seed.root, another, link, keysButton(this)), badge);
  }

  /** Python's exponential may differ from this browser's by a last bit. Where the run at rest would print something else
   * for a nudge of that size, so may Python: run it again with one, a slice a frame, and `tell` what came of it. */
  #compare(tell: (words: string) => void): void {
    const run = this.#run;
    const twin = (this.#twin = this.#twin?.settings === run.settings ? this.#twin : new Run(run.settings, NUDGE));
    if (twin.epoch > run.epoch || twin.epoch < Math.min(twin.last, run.epoch)) twin.seek(run.epoch);
    const on = (): void => {
      if (this.playing || run !== this.#run || twin !== this.#twin) return;
      if (twin.epoch < run.epoch) slice(BUDGET, () => twin.epoch < run.epoch && twin.step());
      if (twin.epoch < run.epoch) {
        tell("Running it again with one weight off by a last bit …");
        loop.once(on);
      } else tell(printed(twin) === printed(run) ? SAME : PARTED);
    };
    on();
  }

  /** What the build computed in Python at this epoch, if it did, beside what the page says. */
  #checked(): string {
    const { task, hidden, seed, rate } = this.#settings;
    const known = this.#default;
    const ours = [task, writeHidden(hidden), seed, rate].join();
    const row = ours === [known.task, writeHidden(known.hidden), known.seed, known.rate].join() ? this.#python.get(this.#run.epoch) : undefined;
    if (!row) return "";
    const [loss, ...answers] = row;
    const agrees = this.#run.loss.toFixed(4) === loss && this.#run.answers().every((a, i) => a.toFixed(2) === answers[i]);
    return `At this epoch Python wrote, when the page was built: loss ${loss}, answers ${answers.join(" ")}. ${agrees ? "The same." : "Not the same: please report it."}`;
  }

  #table(): void {
    const table = dataTable("Loss of this run, as far as it has come", ["epoch", "loss"]);
    this.twin(table.root);
    this.#draw.push(() => {
      const { epochs, losses } = this.#run.curve();
      const shown = epochs.flatMap((epoch, i) =>
        i === 0 || i === epochs.length - 1 || Math.floor(Math.log2(epoch)) > Math.floor(Math.log2(epochs[i - 1]!)) ? [[String(epoch), losses[i]!] as const] : [],
      );
      table.rows(shown);
    });
  }

  #bindKeys(): void {
    const undo = keys(this, {
      " ": { run: () => this.#toggle(), says: "train, pause" },
      ArrowLeft: { run: () => this.#step(-1), says: "one epoch back" },
      ArrowRight: { run: () => this.#step(1), says: "one epoch on" },
      "Shift+ArrowLeft": { run: () => this.#step(-10), says: "ten back" },
      "Shift+ArrowRight": { run: () => this.#step(10), says: "ten on" },
      Home: { run: () => this.#seek(0), says: "to the start" },
      End: { run: () => this.#seek(this.#run.last), says: "to the end" },
      r: { run: () => this.#reset(), says: "reset" },
      n: { run: () => ((this.#numbers = !this.#numbers), this.invalidate()), says: "numbers on the lines" },
      l: { run: () => ((this.#log = !this.#log), this.#save(), this.invalidate()), says: "logarithmic loss" },
      t: { run: () => this.toggleTable(), says: "table" },
    });
    this.#undo.push(undo);
  }
}

const PLANES: Readonly<Record<Task, { x: readonly [number, number]; y: readonly [number, number] }>> = {
  AND: { x: [-0.15, 1.15], y: [-0.15, 1.15] },
  OR: { x: [-0.15, 1.15], y: [-0.15, 1.15] },
  XOR: { x: [-0.15, 1.15], y: [-0.15, 1.15] },
  moons: { x: [-1.5, 2.5], y: [-1.75, 2.25] },
  points: { x: [0, 1], y: [0, 1] },
};

const domainOf = (task: Task): (typeof PLANES)[Task] =>
  task === "points" ? { x: [-0.05, 1.05], y: [-0.05, 1.05] } : PLANES[task];

function isOnScreen(part: HTMLElement): boolean {
  const { top, bottom } = part.getBoundingClientRect();
  return bottom >= 0 && top <= innerHeight;
}

/** The poster's table, which Python wrote: epoch → loss and answers. */
function pythonRows(element: HTMLElement): Map<number, readonly string[]> {
  const found = new Map<number, readonly string[]>();
  for (const row of element.querySelectorAll(":scope > .nn-data tbody tr")) {
    const [epoch, ...rest] = Array.from(row.children, (cell) => cell.textContent?.trim() ?? "");
    if (epoch) found.set(Number(epoch.replace(/,/g, "")), rest);
  }
  return found;
}
