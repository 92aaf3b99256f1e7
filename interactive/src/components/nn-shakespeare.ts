// <nn-shakespeare data-trace="…" data-model="…">: what one net wrote at eleven stages of its training, and the last of
// them to write with. The trained net is fetched when the reader first asks it to go on, and speaks in a worker.
import { button, copyButton, numberField, range, relabel, segmented, toolbar } from "../core/controls";
import { put } from "../core/dom";
import { NNElement, addStyle, h } from "../core/element";
import { keys, keysButton } from "../core/keys";
import { fragmentState, int, oneOf, real, text, type FragmentState, type Values } from "../core/state";
import { dataTable, type DataTable } from "../core/table";
import { loadTrace, type Trace } from "../core/trace";
import { workerURL } from "../core/worker";
import css from "./nn-shakespeare.css";
import type { Ask, Tell } from "./nn-shakespeare-inside";
import { strip, type Strip } from "./nn-shakespeare-strip";
import { LONGEST, MARKS, Stages, about, number, readable, type Mark, type Recording } from "./nn-shakespeare-text";

const PACE = 1200; // ms a stage while playing
const LAST = 1_000_000; // a step after every other: the state's word for "after training"
const SAYS = 400; // characters that it writes, as many as at each stage
const LABELS: Readonly<Record<Mark, string>> = { invented: "invented words", kept: "what stayed", nothing: "nothing" };
const KEYS: Readonly<Record<Mark, string>> = {
  invented: "Wavy lines: words that are not in the training text.",
  kept: "Double lines: characters that the stage before has at the same place. Both had the same draws.",
  nothing: "",
};

const spec = {
  step: int(0, LAST, LAST),
  mark: oneOf(MARKS, "invented"),
  prompt: text(LONGEST, "ROMEO:\n"),
  temperature: real(0, 2, 0.8, (x) => Math.round(x * 10) / 10),
  top: int(1, 65, 65),
  seed: int(0, 9999, 1),
};

type Doing = "nothing" | "loading" | "writing" | "done" | "stopped" | "failed";

export class NNShakespeare extends NNElement {
  #stages!: Stages;
  #state!: FragmentState<typeof spec>;
  #at = 0; // stage
  #due = 0; // when play goes on to the next
  #size = 0; // bytes of the net
  #context = 0; // characters that it reads
  #url = "";
  #worker: Worker | undefined;
  #loaded = false;
  #run = 0; // what an older one still tells is not heard
  #doing: Doing = "nothing";
  #bytes = 0; // that are here while it loads
  #speed = 0; // characters a second, of the last whole run
  #problem = "";
  #written = "";
  #begun = ""; // the prompt of the text that is shown
  #shown = ""; // stage and mark of the text above

  #marks!: ReturnType<typeof segmented<Mark>>;
  #slider!: ReturnType<typeof range>;
  #play!: HTMLButtonElement;
  #strip!: Strip;
  #table!: DataTable;
  #temperature!: ReturnType<typeof range>;
  #top!: ReturnType<typeof numberField>;
  #seed!: ReturnType<typeof numberField>;
  #prompt!: HTMLTextAreaElement;
  #stopButton!: HTMLButtonElement;
  #text = h("div", { class: "nn-sh-text", role: "group", tabindex: 0 });
  #sentence = h("p", { class: "nn-sh-sentence" });
  #key = h("p", { class: "nn-sh-key" });
  #output = h("div", { class: "nn-sh-text", role: "group", tabindex: 0, "aria-label": "What the net writes" });
  #about = h("p", { class: "nn-sh-about", role: "status" });
  #status = h("p", { class: "nn-sh-status" });
  #progress = h("progress", { "aria-label": "Loading the net" });
  #undo: (() => void)[] = [];

  protected override async mount(stage: HTMLElement): Promise<void> {
    addStyle("nn-shakespeare", css);
    const trace = await loadTrace(this.param("trace", ""));
    if (!stage.isConnected) return;
    this.#url = new URL(this.param("model", ""), document.baseURI).href;
    this.#size = Number(trace.header.config["model_bytes"]);
    this.#context = Number(trace.header.config["context"]);
    const stages = (this.#stages = new Stages(recording(trace)));
    this.#state = fragmentState(this.closest("figure")?.id ?? this.id, 1, spec);
    this.#at = stages.stage(this.#state.get().step);

    this.#marks = segmented(
      "Mark",
      MARKS.map((value) => ({ value, label: LABELS[value] })),
      this.#state.get().mark,
      (mark) => this.#set({ mark }),
    );
    this.#strip = strip(stages, (at) => this.#scrub(at));
    this.#slider = range("Steps of training", {
      min: 0,
      max: stages.last,
      step: 1,
      value: this.#at,
      format: (at) => number(stages.steps[at]!),
      onInput: (at) => this.#scrub(at),
    });
    this.#play = button("Play", () => this.#toggle(), { icon: "play" });
    const copy = copyButton("Copy a link to this stage, prompt and settings", () => this.#state.copyLink(), (words) => this.announce(words));
    this.#table = dataTable("What the net wrote at each stage", ["steps", "nats a character", "words", "in the training text", "as before", "it wrote"]);
    this.twin(this.#table.root);
    stage.append(
      h(
        "div",
        { class: "nn-sh-part", role: "group", "aria-label": "Stages of training" },
        this.#text,
        h(
          "div",
          { class: "nn-sh-side" },
          this.#sentence,
          h("p", { class: "nn-sh-label", "aria-hidden": "true" }, "Words that stand in the training text"),
          this.#strip.root,
          this.#slider.root,
          toolbar("Training", this.#play, button("Reset", () => this.#reset(), { icon: "reset" }), copy, keysButton(this)),
          this.#marks.root,
          this.#key,
        ),
      ),
      this.#live(),
    );
    this.#undo = [
      this.#state.onAddress(() => {
        this.#at = stages.stage(this.#state.get().step);
        this.#follow();
      }),
      keys(this, {
        " ": { run: () => this.#toggle(), says: "play or pause training" },
        ArrowLeft: { run: () => this.#scrub(this.#at - 1), says: "one stage back" },
        ArrowRight: { run: () => this.#scrub(this.#at + 1), says: "one stage on" },
        Home: { run: () => this.#scrub(0), says: "before training" },
        End: { run: () => this.#scrub(stages.last), says: "after training" },
        c: { run: () => this.#start(), says: "let the net go on with your words" },
        s: { run: () => this.#stop(), says: "stop it" },
        r: { run: () => this.#reset(), says: "everything as it was" },
        t: { run: () => this.toggleTable(), says: "the table" },
      }),
    ];
    this.#follow();
  }

  /** The lower half: a prompt, the settings, and what comes of them. */
  #live(): HTMLElement {
    const id = `${this.closest("figure")?.id || "nn-sh"}-prompt`;
    this.#about.id = `${id}-about`;
    this.#prompt = h("textarea", {
      id, rows: 2, maxlength: LONGEST, spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      "aria-describedby": this.#about.id,
    }); // prettier-ignore
    this.#prompt.addEventListener("input", () => this.#set({ prompt: this.#prompt.value }));
    const { temperature, top, seed } = this.#state.get();
    this.#temperature = range("Temperature", {
      min: 0,
      max: 2,
      step: 0.1,
      value: temperature,
      format: (x) => x.toFixed(1),
      onInput: (value) => this.#set({ temperature: value }),
    });
    this.#top = numberField("Top-k", { min: 1, max: this.#stages.symbols.length, step: 1, value: top, onChange: (value) => this.#set({ top: value }) });
    this.#seed = numberField("Seed", { min: 0, max: 9999, step: 1, value: seed, onChange: (value) => this.#set({ seed: value }) });
    this.#stopButton = button("Stop", () => this.#stop(), { icon: "stop" });
    return h(
      "div",
      { class: "nn-sh-part nn-sh-live", role: "group", "aria-label": "The trained net goes on" },
      h(
        "div",
        { class: "nn-sh-side" },
        h("label", { for: id }, "Begin with, and the trained net goes on"),
        this.#prompt,
        this.#about,
        h("div", { class: "nn-sh-settings" }, this.#temperature.root, this.#top.root, this.#seed.root),
        toolbar("The net", button("Continue", () => this.#start(), { icon: "play" }), this.#stopButton),
        this.#progress,
        this.#status,
      ),
      this.#output,
    );
  }

  protected override unmount(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#run++;
    this.#dismiss();
    this.#doing = "nothing";
    this.#shown = "";
  }

  /** While playing: the next stage whenever it is due, and no further than the last. */
  protected override frame(now: DOMHighResTimeStamp): void {
    const due = now >= this.#due;
    if (due || this.#due === Infinity) this.#due = now + PACE; // the first frame shows where play begins
    if (!due) return;
    this.#at = Math.min(this.#stages.last, this.#at + 1);
    this.invalidate();
    if (this.#at < this.#stages.last) return;
    this.pause();
    this.announce(this.#stages.sentence(this.#at));
  }

  protected override render(): void {
    const stages = this.#stages;
    const at = this.#at;
    const { mark } = this.#state.get();
    const wanted = `${at} ${mark}`;
    if (this.#shown !== wanted) {
      this.#shown = wanted; // while the net writes, what a reader has selected here stays
      const pieces = stages.pieces(at, mark);
      this.#text.replaceChildren(...pieces.map(({ text, marked }) => (marked ? h("span", { class: `nn-sh-${mark}` }, text) : text)));
    }
    this.#text.setAttribute("aria-label", `The text after ${number(stages.steps[at]!)} steps`);
    this.#sentence.textContent = stages.sentence(at);
    this.#key.textContent = mark === "kept" ? `${KEYS.kept} Here: ${stages.kept(at)} of ${stages.texts[at]!.length}.` : KEYS[mark];
    this.#slider.set(at);
    this.#strip.draw(at);
    this.#table.rows(
      stages.steps.map((step, i) => {
        const { real, of } = stages.words(i);
        return [
          `${number(step)}${i === at ? ", shown" : ""}`,
          stages.loss(i).toFixed(2),
          String(of),
          `${real} (${Math.round((100 * real) / of)}%)`,
          i === 0 ? "" : String(stages.kept(i)),
          stages.texts[i]!,
        ];
      }),
    );
    this.#renderLive();
  }

  #renderLive(): void {
    const busy = this.#busy;
    put(this.#about, about(this.#read(), this.#stages.symbols.length, this.#context));
    const { scrollHeight, scrollTop, clientHeight } = this.#output;
    const atEnd = scrollHeight - scrollTop - clientHeight < 8; // who has scrolled back goes on reading there
    if (this.#begun || this.#written) this.#output.replaceChildren(h("b", {}, this.#begun), this.#written);
    else this.#output.replaceChildren(h("i", {}, "What the net writes will stand here."));
    this.#output.setAttribute("aria-busy", String(busy));
    if (busy && atEnd) this.#output.scrollTop = this.#output.scrollHeight;
    this.#stopButton.setAttribute("aria-disabled", String(!busy));
    this.#progress.hidden = this.#doing !== "loading";
    this.#progress.max = this.#size;
    this.#progress.value = Math.min(this.#bytes, this.#size);
    this.#status.textContent = this.#says();
    this.dataset["doing"] = this.#doing;
  }

  // --- The stages ---

  #set(change: Partial<Values<typeof spec>>): void {
    this.#state.set(change);
    this.invalidate();
  }

  #scrub(at: number): void {
    const next = Math.min(this.#stages.last, Math.max(0, at));
    this.pause();
    if (next === this.#at) return;
    this.#at = next;
    this.#keepStep();
    this.invalidate();
    this.announce(this.#stages.sentence(next));
  }

  /** From here to the end, or from the start if this is the end. */
  override play(): void {
    if (this.#at === this.#stages.last) this.#at = 0;
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
    this.#keepStep();
  }

  #toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  #reset(): void {
    this.pause();
    this.#stop();
    this.#state.set(Object.fromEntries(Object.entries(spec).map(([name, { fallback }]) => [name, fallback])));
    this.#at = this.#stages.last;
    [this.#begun, this.#written] = ["", ""];
    this.#doing = "nothing";
    this.#follow();
  }

  #keepStep(): void {
    this.#state.set({ step: this.#at === this.#stages.last ? LAST : this.#stages.steps[this.#at]! });
  }

  /** Bring the controls in line with the state. */
  #follow(): void {
    const { mark, prompt, temperature, top, seed } = this.#state.get();
    this.#marks.set(mark);
    if (this.#prompt.value !== prompt) this.#prompt.value = prompt;
    this.#temperature.set(temperature);
    this.#top.set(top);
    this.#seed.set(seed);
    this.invalidate();
  }

  // --- The trained net ---

  get #busy(): boolean {
    return this.#doing === "loading" || this.#doing === "writing";
  }

  #read(): ReturnType<typeof readable> {
    return readable(this.#state.get().prompt, this.#stages.symbols);
  }

  #start(): void {
    this.#run++;
    [this.#begun, this.#written] = ["", ""];
    if (this.#loaded) {
      this.#say();
      return;
    }
    this.#enter("loading");
    if (this.#worker) return; // it is on its way
    this.#bytes = 0;
    try {
      this.#worker = new Worker(workerURL("nn-shakespeare"), { type: "module" });
    } catch (error) {
      this.#fail(String(error));
      return;
    }
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Tell>) => this.#hear(data));
    this.#worker.addEventListener("error", (event) => this.#fail(event.message || "its code did not arrive"));
    this.#ask({ kind: "load", url: this.#url });
    this.announce("Loading the net.");
  }

  #say(): void {
    const { temperature, top, seed } = this.#state.get();
    const before = Math.max(0, this.#stages.symbols.indexOf("\n")); // a net needs something to read: the end of a line
    const { ids, text } = this.#read();
    this.#begun = text;
    this.#enter("writing");
    this.#ask({ kind: "say", run: this.#run, row: [before, ...ids], n: SAYS, temperature, topK: top, seed });
  }

  #ask(message: Ask): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: Tell): void {
    if (message.kind === "failed") this.#fail(message.message);
    else if (message.kind === "loading") {
      this.#bytes = message.bytes;
      this.invalidate();
    } else if (message.kind === "loaded") {
      this.#loaded = true;
      if (this.#doing === "loading") this.#say();
    } else if (message.run === this.#run && this.#doing === "writing") {
      if (message.kind === "said") this.#written += this.#stages.symbols[message.token] ?? "";
      else {
        this.#speed = (1000 * SAYS) / message.ms;
        this.announce(`${SAYS} characters are written.`);
      }
      this.#enter(message.kind === "said" ? "writing" : "done");
    }
  }

  #stop(): void {
    if (!this.#busy) return;
    this.#run++;
    this.#ask({ kind: "stop" });
    this.#enter("stopped");
    this.announce(this.#says());
  }

  #fail(problem: string): void {
    this.#problem = problem;
    this.#dismiss();
    this.#enter("failed");
    this.announce(this.#says());
  }

  #dismiss(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#loaded = false;
  }

  #enter(doing: Doing): void {
    this.#doing = doing;
    this.invalidate();
  }

  /** The line under the buttons. */
  #says(): string {
    const kilobytes = (bytes: number): string => number(Math.round(bytes / 1000));
    switch (this.#doing) {
      case "nothing":
        return this.#loaded ? "" : `The first press fetches the net, ${kilobytes(this.#size)} KB. It runs in this page.`;
      case "loading":
        return `Loading the net: ${kilobytes(this.#bytes)} of ${kilobytes(this.#size)} KB.`;
      case "writing":
        return `Writing: ${this.#written.length} of ${SAYS} characters.`;
      case "stopped":
        return `Stopped after ${this.#written.length === 1 ? "1 character" : `${this.#written.length} characters`}.`;
      case "failed":
        return `That did not work: ${this.#problem.replace(/\.$/, "")}. Press Continue to try again.`;
      case "done":
        return `${SAYS} characters, ${number(Math.round(this.#speed))} a second. The same words, settings and seed give the same text.`;
    }
  }
}

/** The trace as the texts it holds. */
export function recording(trace: Trace): Recording {
  const array = (name: string): Float64Array => trace.array(name).data;
  return {
    steps: trace.axis("step").values ?? [],
    symbols: trace.axis("symbol").labels ?? [],
    text: array("text"),
    belongs: array("belongs"),
    loss: array("loss"),
    real: array("real"),
    words: array("words"),
  };
}
