// The program of the post, to run, to change and to run again, in the page. `data-machine`: python or basic;
// `data-program`: its text as published; the poster: what it printed when the page was built, which is also what a
// run of the unchanged text is compared with (`data-tolerance`: how far numbers may lie apart).
// Nothing is loaded before the first run, and nothing leaves the page: see nn-run-sandbox.
import { button, toolbar } from "../core/controls";
import { addStyle, h, NNElement } from "../core/element";
import { vendorURL, workerURL } from "../core/worker";
import { compare } from "./nn-run-compare";
import css from "./nn-run.css";
import { editor, type Editor } from "./nn-run-editor";
import { LIMITS } from "./nn-run-output";
import { launch, type Needs, type Report } from "./nn-run-sandbox";

interface Machine {
  readonly name: string; // what runs here
  readonly built: string; // what ran when the page was built
  readonly package: string;
  readonly script: string;
  readonly binary?: string;
  readonly needs: Needs;
  readonly indents: boolean;
}

const MACHINES: Readonly<Record<string, Machine>> = {
  python: {
    name: "MicroPython",
    built: "CPython",
    package: "micropython",
    script: "micropython.mjs",
    binary: "micropython.wasm",
    needs: "'wasm-unsafe-eval'",
    indents: true,
  },
  basic: {
    name: "wwwbasic",
    built: "PC-BASIC",
    package: "wwwbasic",
    script: "wwwbasic.js",
    needs: "'unsafe-eval'",
    indents: false,
  },
};

interface Parts {
  readonly worker: string;
  readonly script: string;
  readonly binary?: ArrayBuffer;
}

const loaded = new Map<string, Promise<Parts>>(); // machine → what it is made of, once a page

async function load(key: string, machine: Machine): Promise<Parts> {
  const get = async (url: string): Promise<Response> => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response;
  };
  const part = (file: string): Promise<Response> => get(vendorURL(machine.package, file));
  const [worker, script, binary] = await Promise.all([
    get(workerURL(`nn-run-${key}`)).then((response) => response.text()),
    part(machine.script).then((response) => response.text()),
    machine.binary ? part(machine.binary).then((response) => response.arrayBuffer()) : undefined,
  ]);
  return { worker, script, ...(binary && { binary }) };
}

type State = "built" | "loading" | "running" | "done" | "error" | "full" | "stopped" | "unloaded";

export class NNRun extends NNElement {
  #machine!: Machine;
  #key = "";
  #program = ""; // as published
  #built = ""; // what it printed when the page was built
  #screen!: HTMLElement;
  #verdict!: HTMLElement;
  #stopButton!: HTMLButtonElement;
  #editor!: Editor;
  #state: State = "built";
  #lines: string[] = [];
  #ran = ""; // the program of the last run
  #stop: (() => void) | undefined;
  #run = 0; // a run that was stopped while it loaded must not begin

  protected override mount(stage: HTMLElement): void {
    addStyle("nn-run", css);
    this.#key = this.param("machine", "");
    const machine = MACHINES[this.#key];
    const built = this.querySelector(".nn-poster pre")?.textContent;
    this.#program = this.param("program", "").replace(/\n+$/, "\n");
    if (!machine) throw new Error(`nn-run: no machine ${this.#key}`);
    if (!this.#program || !built) throw new Error("nn-run: the program or what it printed is missing");
    this.#machine = machine;
    this.#built = built;

    const file = this.param("listing", "the program").replace(/^.*\//, "");
    this.#screen = h("pre", {
      class: "nn-screen", tabindex: 0, role: "region", "aria-label": `What ${file} prints`,
    }); // prettier-ignore
    this.#verdict = h("p", { class: "nn-run-verdict" });
    this.#editor = editor(`The text of ${file}`, `${this.id || "nn-run"}-text`, machine.indents, () => this.invalidate(), () => this.#start());
    this.#editor.root.hidden = true;
    this.#stopButton = button("Stop", () => this.#halt(), { icon: "stop" });
    const edit = button("Edit", () => {
      const opens = this.#editor.root.hidden;
      this.#editor.root.hidden = !opens;
      edit.setAttribute("aria-expanded", String(opens));
      // text, buttons, what it prints: in the order in which a reader who edits goes
      if (opens) stage.prepend(this.#editor.root, bar);
      else stage.append(bar, this.#editor.root);
      (opens ? this.#editor.area : edit).focus({ preventScroll: true });
      stage.scrollIntoView({ block: "nearest" });
    });
    edit.setAttribute("aria-expanded", "false");
    const controls = [
      button("Run", () => this.#start(), { icon: "play" }),
      this.#stopButton,
      edit,
      button("Reset", () => this.#reset(), { icon: "reset", title: "The published text and what it printed" }),
    ];
    const bar = toolbar("The program", ...controls);
    stage.append(this.#screen, this.#verdict, bar, this.#editor.root);
    this.#reset();
  }

  protected override unmount(): void {
    this.#drop();
  }

  protected override render(): void {
    const text = this.#state === "built" ? this.#built : this.#lines.join("\n");
    if (this.#screen.textContent !== text || this.#state === "error") {
      const at = this.#state === "error" ? errorIn(text) : text.length;
      this.#screen.replaceChildren(text.slice(0, at), ...(at < text.length ? [h("span", { class: "nn-run-error" }, text.slice(at))] : []));
    }
    const busy = this.#state === "loading" || this.#state === "running";
    this.#stopButton.setAttribute("aria-disabled", String(!busy));
    this.#screen.setAttribute("aria-busy", String(busy));
    this.#verdict.textContent = this.#says();
    this.dataset["state"] = this.#state;
  }

  /** The line under the screen. */
  #says(): string {
    const { name, built } = this.#machine;
    const edited = this.#ran !== this.#program ? " The text is edited, so there is nothing to compare." : "";
    switch (this.#state) {
      case "built":
        return this.#editor.area.value === this.#program
          ? `Printed by ${built} when this page was built.`
          : `Edited, and not run yet. Above is what the published text printed.`;
      case "loading":
        return `Loading ${name} …`;
      case "running":
        return `Running in this page, in ${name} …`;
      case "stopped":
        return `Stopped by you.${edited}`;
      case "full":
        return `Stopped: after ${LIMITS.lines.toLocaleString("en")} lines or ${LIMITS.characters.toLocaleString("en")} characters there is no more room.`;
      case "error":
        return `Stopped by an error.${edited}`;
      case "unloaded":
        return `${name} could not be loaded. Press Run to try again.`;
      case "done":
        return edited ? `Ran in this page, in ${name}.${edited}` : this.#compared();
    }
  }

  #compared(): string {
    const { name, built } = this.#machine;
    const tolerance = Number(this.param("tolerance", "0"));
    const found = compare(this.#built, this.#lines.join("\n"), tolerance);
    const where = `Ran in this page, in ${name}: `;
    if (found.same === "equal") return `${where}the same digits as ${built} printed at the build.`;
    if (found.same === "close") return `${where}every number within ${tolerance} of what ${built} printed at the build.`;
    return `${where}line ${found.line} differs from what ${built} printed at the build.`;
  }

  #start(): void {
    this.#stop?.();
    const run = ++this.#run;
    this.#ran = this.#editor.area.value;
    this.#lines = [];
    this.#enter("loading");
    let parts = loaded.get(this.#key);
    if (!parts) loaded.set(this.#key, (parts = load(this.#key, this.#machine)));
    parts.then(
      ({ worker, script, binary }) => {
        if (run !== this.#run) return;
        const job = { script, program: this.#ran, ...(binary && { binary }) };
        this.#stop = launch(this, worker, this.#machine.needs, job, (report) => this.#hear(report));
      },
      (error: unknown) => {
        loaded.delete(this.#key);
        console.error(error);
        if (run === this.#run) this.#end("unloaded");
      },
    );
  }

  #hear(report: Report): void {
    if (report.kind === "begins") this.#enter("running");
    else if (report.kind === "ends") this.#end(report.how);
    else {
      this.#lines.push(report.text);
      this.invalidate();
    }
  }

  #halt(): void {
    if (this.#state === "loading" || this.#state === "running") this.#end("stopped");
  }

  /** Stop what runs or loads; nothing of it is heard any more. */
  #drop(): void {
    this.#run += 1;
    this.#stop?.();
    this.#stop = undefined;
  }

  #end(state: State): void {
    this.#drop();
    this.#enter(state);
    this.announce(this.#says());
  }

  #reset(): void {
    this.#drop();
    this.#editor.area.value = this.#program;
    this.#editor.area.setSelectionRange(0, 0);
    this.#ran = this.#program;
    this.#enter("built");
  }

  #enter(state: State): void {
    this.#state = state;
    this.invalidate();
  }
}

/** Where the message begins with which an output ends: a traceback of Python, or the last line. */
function errorIn(text: string): number {
  const traceback = text.lastIndexOf("Traceback (most recent call last)");
  return traceback >= 0 ? traceback : text.trimEnd().lastIndexOf("\n") + 1;
}
