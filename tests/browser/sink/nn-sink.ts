// The kitchen sink: an element that uses every part of the core, for tests/browser/test_elements.py.
import { colour, css, onTheme } from "../core/theme";
import { button, numberField, range, relabel, segmented, select, switchBox, toolbar } from "../core/controls";
import { define, h, NNElement, s } from "../core/element";
import { keys } from "../core/keys";
import { linear } from "../core/scale";
import { flag, fragmentState, int, oneOf, text } from "../core/state";
import { dataTable } from "../core/table";

const WIDTH = 320;

class Sink extends NNElement {
  readonly #state = fragmentState("fig-sink", 1, {
    task: oneOf(["AND", "XOR"], "XOR"),
    seed: int(0, 99, 7),
    size: oneOf(["s", "m", "l"], "m"),
    log: flag(false),
    note: text(40),
  });
  readonly #x = linear([0, 99], [10, WIDTH - 10]);
  readonly #table = dataTable("The state of the sink", ["parameter", "value"]);
  #epoch = 0;
  #dot!: SVGCircleElement;
  #note!: HTMLElement;
  #canvas!: HTMLCanvasElement;
  #play!: HTMLButtonElement;
  #undo: (() => void)[] = [];

  protected override mount(stage: HTMLElement): void {
    if (this.param("break", "") === "mount") throw new Error("told to break");
    const state = this.#state.get();
    this.#play = button("Train", () => this.#toggle(), { icon: "play" });
    this.#dot = s("circle", { r: 5, cy: 20, fill: "var(--nn-s1)" });
    this.#note = h("p", { class: "note" });
    this.#canvas = h("canvas", { width: 20, height: 20, role: "img", "aria-label": "the first series' colour" });
    const seed = range("Seed", { min: 0, max: 99, step: 1, value: state.seed, onInput: (v) => this.#set({ seed: v }) });
    const tasks = [{ value: "AND", label: "AND" }, { value: "XOR", label: "XOR" }] as const;
    const task = segmented("Task", tasks, state.task, (v) => this.#set({ task: v }));
    const sizes = [{ value: "s", label: "small" }, { value: "m", label: "medium" }, { value: "l", label: "large" }] as const;
    const size = select("Size", sizes, state.size, (v) => this.#set({ size: v }));
    const number = numberField("Seed as a number", { min: 0, max: 99, step: 1, value: state.seed, onChange: (v) => this.#set({ seed: v }) });
    const log = switchBox("Log scale", state.log, (v) => this.#set({ log: v }));
    stage.append(
      s("svg", { viewBox: `0 0 ${WIDTH} 40`, role: "img", "aria-label": "the seed on a line" }, this.#dot),
      this.#canvas,
      this.#note,
      toolbar("Training", this.#play, button("Step", () => this.#advance(), { icon: "step" })),
      toolbar("Settings", seed.root, task.root, size.root, number.root, log.root),
    );
    this.twin(this.#table.root);
    this.#undo = [
      keys(this, { " ": { run: () => this.#toggle(), says: "train or pause" }, ArrowRight: { run: () => this.#advance(), says: "one epoch" } }),
      onTheme(() => this.invalidate()),
      this.#state.onAddress(({ seed: next }) => (seed.set(next), number.set(next), this.invalidate())),
    ];
  }

  protected override unmount(): void {
    for (const undo of this.#undo) undo();
  }

  protected override frame(): void {
    this.#advance();
  }

  protected override render(): void {
    const state = this.#state.get();
    this.#dot.setAttribute("cx", String(this.#x(state.seed)));
    this.#note.textContent = `epoch ${this.#epoch}, ${state.task}, seed ${state.seed}, note: ${state.note}`;
    const pen = this.#canvas.getContext("2d")!;
    pen.fillStyle = css(colour("--nn-s2", this));
    pen.fillRect(0, 0, 20, 20);
    this.#table.rows([["epoch", this.#epoch], ["seed", state.seed], ["task", state.task], ["note", state.note]]);
  }

  #set(change: Parameters<typeof this.#state.set>[0]): void {
    this.#state.set(change);
    this.invalidate();
  }

  #advance(): void {
    this.#epoch++;
    this.announce(`epoch ${this.#epoch}`);
    this.invalidate();
  }

  #toggle(): void {
    if (this.playing) this.pause();
    else this.play();
    relabel(this.#play, this.playing ? "Pause" : "Train", this.playing ? "pause" : "play");
  }
}

define("nn-sink", Sink);
