// <nn-arithmetic data-trace="…">: type two numbers, see what a net says to them at every checkpoint of its training,
// and how far off it is on every other sum at the same time. The answers are those of posts/02's five codes.
import { button, copyButton, range, relabel, segmented, toolbar } from "../core/controls";
import { NNElement, addStyle, h } from "../core/element";
import { keys, keysButton } from "../core/keys";
import { fragmentState, int, oneOf, type FragmentState } from "../core/state";
import { dataTable, type DataTable } from "../core/table";
import { loadTrace, type Trace } from "../core/trace";
import css from "./nn-arithmetic.css";
import { sumMap, type SumMap } from "./nn-arithmetic-map";
import { strip, type Strip } from "./nn-arithmetic-strip";
import { CODES, LARGEST, NAMES, REGIONS, Sums, parse, words, type Code, type Recording } from "./nn-arithmetic-sums";

const PACE = 400; // ms a checkpoint while playing
const LAST = 1_000_000; // an epoch after every other: the state's word for "after training"

const spec = {
  code: oneOf(CODES, "digits"),
  a: int(0, LARGEST, 7),
  b: int(0, LARGEST, 5),
  epoch: int(0, LAST, LAST),
};

export class NNArithmetic extends NNElement {
  #sums!: Sums;
  #state!: FragmentState<typeof spec>;
  #at = 0; // checkpoint
  #due = 0; // when play goes on to the next
  #fields: Record<"a" | "b", HTMLInputElement> = {} as Record<"a" | "b", HTMLInputElement>;
  #codes!: ReturnType<typeof segmented<Code>>;
  #slider!: ReturnType<typeof range>;
  #play!: HTMLButtonElement;
  #map!: SumMap;
  #strip!: Strip;
  #table!: DataTable;
  #answer = h("output", { class: "nn-sum-answer", "aria-live": "off" });
  #sentence = h("p", { class: "nn-sum-sentence" });
  #problem = h("p", { class: "nn-sum-problem", role: "alert" });
  #scores = h("dl", { class: "nn-sum-scores" });
  #undo: (() => void)[] = [];

  protected override async mount(stage: HTMLElement): Promise<void> {
    addStyle("nn-arithmetic", css);
    const sums = new Sums(recording(await loadTrace(this.param("trace", ""))));
    if (!stage.isConnected) return;
    this.#sums = sums;
    this.#state = fragmentState(this.closest("figure")?.id ?? this.id, 1, spec);
    this.#at = sums.checkpoint(this.#state.get().epoch);

    const name = `${this.closest("figure")?.id || "nn-sum"}-now`;
    this.#sentence.id = name;
    this.#problem.id = `${name}-problem`;
    this.#codes = segmented(
      "Numbers written as",
      CODES.map((value) => ({ value, label: NAMES[value] })),
      this.#state.get().code,
      (code) => this.#set({ code }),
    );
    const ask = h(
      "div",
      { class: "nn-sum-ask" },
      this.#field("a", "First"),
      h("span", { "aria-hidden": "true" }, "+"),
      this.#field("b", "Second"),
      this.#answer,
    );
    this.#strip = strip(sums.epochs, (at) => this.#scrub(at));
    this.#slider = range("What would it have said at epoch", {
      min: 0,
      max: sums.last,
      step: 1,
      value: this.#at,
      format: (at) => words(sums.epochs[at]!),
      onInput: (at) => this.#scrub(at),
    });
    this.#play = button("Play", () => this.#toggle(), { icon: "play" });
    const copy = copyButton("Copy a link to this sum, code and epoch", () => this.#state.copyLink(), (words) => this.announce(words));
    this.#map = sumMap(sums, name, (a, b) => this.#set({ a, b }));
    this.#table = dataTable("What the net says", ["epoch", "answer", "off by", ...REGIONS.map((region) => `${region}, right`)]);
    this.twin(this.#table.root);

    stage.append(
      this.#codes.root,
      h(
        "div",
        { class: "nn-sum-columns" },
        h(
          "div",
          { class: "nn-sum-one" },
          ask,
          this.#problem,
          this.#sentence,
          this.#strip.root,
          this.#slider.root,
          toolbar("Training", this.#play, button("Reset", () => this.#reset(), { icon: "reset" }), copy, keysButton(this)),
        ),
        h("div", { class: "nn-sum-all" }, this.#map.root, this.#scores),
      ),
    );
    this.#undo = [
      this.#state.onAddress(() => {
        this.#at = sums.checkpoint(this.#state.get().epoch);
        this.#show();
      }),
      keys(this, {
        " ": { run: () => this.#toggle(), says: "play or pause training" },
        ArrowLeft: { run: () => this.#scrub(this.#at - 1), says: "one checkpoint back (on the map: another sum)" },
        ArrowRight: { run: () => this.#scrub(this.#at + 1), says: "one checkpoint on (on the map: another sum)" },
        Home: { run: () => this.#scrub(0), says: "before training" },
        End: { run: () => this.#scrub(sums.last), says: "after training" },
        r: { run: () => this.#reset(), says: "back to 7 + 5 after training" },
        t: { run: () => this.toggleTable(), says: "the table" },
      }),
    ];
    this.#show(false);
  }

  protected override unmount(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** While playing: the next checkpoint whenever it is due, and no further than the last. */
  protected override frame(now: DOMHighResTimeStamp): void {
    const due = now >= this.#due;
    if (due || this.#due === Infinity) this.#due = now + PACE; // the first frame shows where play begins
    if (!due) return;
    this.#at = Math.min(this.#sums.last, this.#at + 1);
    this.invalidate();
    if (this.#at < this.#sums.last) return;
    this.pause();
    this.#say();
  }

  protected override render(): void {
    const sums = this.#sums;
    const { code, a, b } = this.#state.get();
    const at = this.#at;
    const answers = sums.history(code, a, b);
    const said = answers[at];
    this.#answer.textContent = said === undefined ? "?" : words(said);
    this.#answer.dataset["right"] = said === undefined ? "" : String(said === a + b);
    this.#sentence.replaceChildren(`${sums.sentence(code, at, a, b)} `, h("span", {}, this.#place(code, a, b)));
    this.#slider.set(at);
    this.#strip.draw(answers, a + b, at);
    this.#map.draw(code, at, a, b);
    const scores = sums.scores(code, at);
    this.#scores.replaceChildren(
      h("dt", {}, `${NAMES[code]}, ${this.#when(code)}`),
      ...REGIONS.map((region) => h("dd", {}, h("span", {}, region), ` ${words(scores[region].right)} of ${words(scores[region].of)} right`)),
    );
    this.#table.root.querySelector("caption")!.textContent = `${NAMES[code]}: its answers to ${words(a)} + ${words(b)}, and how many sums it gets right`;
    this.#table.rows(
      answers.map((answer, i) => [
        `${words(sums.epochs[i]!)}${i === at ? ", shown" : ""}`,
        answer === undefined ? "not asked" : words(answer),
        answer === undefined ? "not asked" : words(Math.abs(answer - a - b)),
        ...REGIONS.map((region) => {
          const { right, of } = sums.scores(code, i)[region];
          return `${words(right)} of ${words(of)}`;
        }),
      ]),
    );
  }

  // --- What the reader does ---

  #set(change: { code?: Code; a?: number; b?: number }): void {
    this.#state.set(change);
    this.#show();
  }

  #scrub(at: number): void {
    const next = Math.min(this.#sums.last, Math.max(0, at));
    this.pause();
    if (next === this.#at) return;
    this.#at = next;
    this.#keepEpoch();
    this.invalidate();
    this.#say();
  }

  /** From here to the end, or from the start if this is the end. */
  override play(): void {
    if (this.#at === this.#sums.last) this.#at = 0;
    this.#due = Infinity;
    relabel(this.#play, "Pause", "pause");
    this.invalidate();
    super.play();
  }

  override pause(): void {
    const played = this.playing;
    super.pause();
    if (!played) return;
    relabel(this.#play, "Play", "play");
    this.#keepEpoch();
  }

  #toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  #reset(): void {
    this.pause();
    this.#state.set({ code: spec.code.fallback, a: spec.a.fallback, b: spec.b.fallback, epoch: LAST });
    this.#at = this.#sums.last;
    this.#show();
  }

  #field(name: "a" | "b", label: string): HTMLElement {
    const id = `${this.#sentence.id}-${name}`;
    const input = h("input", {
      type: "text", id, inputmode: "numeric", autocomplete: "off", spellcheck: "false", maxlength: 40,
      "aria-describedby": this.#problem.id,
    }); // prettier-ignore
    input.addEventListener("input", () => {
      const result = parse(input.value);
      this.#complain("problem" in result && input.value !== "" ? result.problem : "", input);
      if ("number" in result) this.#set({ [name]: result.number });
    });
    input.addEventListener("change", () => {
      this.#complain("", input);
      input.value = String(this.#state.get()[name]);
    });
    this.#fields[name] = input;
    return h("div", { class: "nn-number" }, h("label", { for: id }, label, h("span", { class: "nn-said" }, " number")), input);
  }

  #complain(problem: string, input: HTMLInputElement): void {
    this.#problem.textContent = problem;
    if (problem) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  // --- What the reader is told ---

  /** Bring controls, picture and live region in line with the state. */
  #show(aloud = true): void {
    const { code, a, b } = this.#state.get();
    this.#codes.set(code);
    for (const [name, number] of [["a", a], ["b", b]] as const) {
      const input = this.#fields[name];
      const typed = parse(input.value);
      if (!("number" in typed) || typed.number !== number) {
        input.value = String(number);
        this.#complain("", input);
      }
    }
    this.invalidate();
    if (aloud) this.#say();
  }

  #say(): void {
    const { code, a, b } = this.#state.get();
    this.announce(`${this.#sums.sentence(code, this.#at, a, b)} ${NAMES[code]}, ${this.#when(code)}.`);
  }

  #when(code: Code): string {
    const epoch = words(this.#sums.epochs[this.#at]!);
    return code === "linear" ? "fitted in one go" : this.#at === 0 ? "before training" : `after epoch ${epoch}`;
  }

  #place(code: Code, a: number, b: number): string {
    const computed = Math.max(a, b) >= this.#sums.size && this.#sums.exact(code, a, b) !== undefined;
    return this.#sums.place(a, b) + (computed ? " Computed here, from the trained weights." : "");
  }

  #keepEpoch(): void {
    this.#state.set({ epoch: this.#at === this.#sums.last ? LAST : this.#sums.epochs[this.#at]! });
  }
}

/** The trace as the answers it holds. */
export function recording(trace: Trace): Recording {
  const array = (name: string): Float64Array => trace.array(name).data;
  return {
    epochs: trace.axis("epoch").values ?? [],
    said: { sigmoid: array("sigmoid"), relu: array("relu"), digits: array("digits"), "one-hot": array("one_hot") },
    split: array("split"),
    line: array("line"),
    weights: { relu: array("relu_weights"), sigmoid: array("sigmoid_weights") },
  };
}
