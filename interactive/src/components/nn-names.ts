// <nn-names data-trace="…" data-model="…">: the table of all pairs of letters, and three things to do with it and
// with two nets: draw names, score a name, guess a name letter by letter against them. Counts and the MLP come with the
// figure; the transformer is loaded on a click.
import { button, copyButton, relabel, segmented, toolbar } from "../core/controls";
import { NNElement, addStyle, h } from "../core/element";
import { recordedGPT } from "../core/gpt";
import { keys, keysButton } from "../core/keys";
import { fragmentState, int, oneOf, real, text, type FragmentState } from "../core/state";
import { dataTable, type Cell, type DataTable } from "../core/table";
import { loadTrace, type Trace } from "../core/trace";
import css from "./nn-names.css";
import { HOTTEST, SEEDS, SHOWN, drawView, type DrawView } from "./nn-names-draw";
import { Game, told, type Opponent } from "./nn-names-game";
import { guessView, type GuessView } from "./nn-names-guess";
import { Bloom, Counts, LONGEST, LetterNet, SYMBOLS, draw, mean, next, parse, reading, surprise, type Model } from "./nn-names-models";
import { scoreView, type ScoreView } from "./nn-names-score";
import { pairTable, type PairTable } from "./nn-names-table";

const VIEWS = ["draw", "score", "guess"] as const;
type View = (typeof VIEWS)[number];
const LABELS: Readonly<Record<View, string>> = { draw: "Draw names", score: "Score a name", guess: "Guess" };
const FIRST = "emma"; // the name that the figure opens with
const PROMPT = "Press a name to see how likely it was and the way it took through the table.";
const MODELS = ["counts", "MLP", "transformer"] as const;

const spec = {
  view: oneOf(VIEWS, "draw"),
  seed: int(0, SEEDS, 0),
  t: real(0, HOTTEST, 1, (t) => Math.round(10 * t) / 10),
  name: text(LONGEST, FIRST),
  pair: text(2, ".a"),
};

/** A model, what it said and what surprised it. */
class Maker implements Opponent {
  readonly name: string;
  readonly usual: number; // mean nats a letter over the held-out names
  readonly said: string[] = [];
  #model: Model | undefined;
  #coming: Generator<string, void> | undefined;
  #drawn = 0; // of the names that were asked for; those after it are older
  readonly #nats = new Map<string, readonly number[]>();

  constructor(name: string, usual: number, model?: Model) {
    this.name = name;
    this.usual = usual;
    this.#model = model;
  }

  get here(): boolean {
    return this.#model !== undefined;
  }

  arrive(model: Model): void {
    this.#model = model;
  }

  nats(name: string): readonly number[] {
    let known = this.#nats.get(name);
    if (!known) this.#nats.set(name, (known = surprise(this.#model!, name)));
    return known;
  }

  /** Draw from this seed on: see `more`. */
  begin(seed: number, temperature: number): void {
    this.#drawn = 0;
    this.#coming = this.#model && draw(this.#model, SHOWN, seed, temperature);
  }

  /** One more name; false if there are enough. */
  more(): boolean {
    const one = this.#coming?.next();
    if (!one || one.done) return false;
    this.said[this.#drawn++] = one.value;
    return true;
  }
}

export class NNNames extends NNElement {
  #counts!: Counts;
  #makers!: readonly Maker[];
  #list!: Bloom;
  #wrong = 0; // how often the list takes another name for one of its own
  #state!: FragmentState<typeof spec>;
  #drawn = ""; // seed and temperature of the names that are shown
  #unsaid = false; // something changed, and is said when all names are there
  #views!: ReturnType<typeof segmented<View>>;
  #panels!: Readonly<Record<View, HTMLElement>>;
  #draw!: DrawView;
  #score!: ScoreView;
  #guess!: GuessView;
  #game!: Game;
  #pairs!: PairTable;
  #table!: DataTable;
  #load!: HTMLButtonElement;
  #failed = h("p", { class: "nn-names-problem", role: "alert" });
  #undo: (() => void)[] = [];

  protected override async mount(stage: HTMLElement): Promise<void> {
    addStyle("nn-names", css);
    const trace = await loadTrace(this.param("trace", ""));
    if (!stage.isConnected) return;
    this.#drawn = "";
    const { hashes, wrong, dev, kilobytes } = settings(trace);
    const array = (name: string): Float64Array => trace.array(name).data;
    this.#counts = new Counts(array("counts"));
    const mlp = new LetterNet(array("embedding"), array("hidden"), array("hidden_bias"), array("head"), array("head_bias"));
    this.#makers = MODELS.map((name, i) => new Maker(name, dev[i]!, [this.#counts, mlp][i]));
    this.#list = new Bloom(array("known"), hashes);
    this.#wrong = wrong;
    const id = this.closest("figure")?.id || "nn-names";
    this.#state = fragmentState(id, 1, spec);
    const { view, seed, t } = this.#state.get();

    this.#load = button(`Load it, ${kilobytes} KB`, () => void this.#fetch());
    this.#views = segmented("What to do", VIEWS.map((value) => ({ value, label: LABELS[value] })), view, (view) => this.#set({ view })); // prettier-ignore
    this.#draw = drawView(seed, t, percent(wrong), {
      seed: (seed) => this.#set({ seed }),
      temperature: (t) => this.#set({ t }),
      pick: (name) => this.#set({ name }),
    });
    this.#score = scoreView(id, LONGEST, { input: () => this.#typed(), change: () => this.#show(false) });
    this.#game = new Game(trace.axis("quiz").labels ?? [], seed);
    this.#guess = guessView({ turn: () => this.#turn(), skip: () => this.#skip() });
    this.#panels = { draw: this.#draw.root, score: this.#score.root, guess: this.#guess.root };
    this.#pairs = pairTable(this.#counts, (a, b) => this.#set({ pair: SYMBOLS[a]! + SYMBOLS[b]! }, false));
    this.#table = dataTable("What the models say", ["row", ...MODELS, "you"]);
    this.twin(this.#table.root);

    const copy = copyButton("Copy a link to this view, seed, temperature, name and pair", () => this.#state.copyLink(), (words) => this.announce(words));
    stage.append(
      this.#views.root,
      h("div", { class: "nn-names-parts" }, h("div", { class: "nn-names-panel" }, ...Object.values(this.#panels)), this.#pairs.root),
      toolbar("This figure", copy, keysButton(this)),
    );
    this.#undo = [
      this.#state.onAddress(() => this.#show()),
      keys(this, {
        n: { run: () => this.#next(), says: "the next seed; while guessing, the next name" },
        r: { run: () => this.#reset(), says: "back to seed 0, temperature 1 and emma" },
        t: { run: () => this.toggleTable(), says: "the table" },
      }),
    ];
    this.#show(false);
  }

  protected override unmount(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  protected override render(): void {
    const { view, t } = this.#state.get();
    const [a, b] = this.#pair();
    const name = this.#name();
    // a name a drawing: the transformer's six at once would keep a slow phone from everything else
    if (this.#makers.map((maker) => maker.more()).includes(true)) this.invalidate();
    else if (this.#unsaid) this.#say();
    for (const panel of VIEWS) this.#panels[panel].hidden = panel !== view;
    const missing = this.#makers.some((maker) => !maker.here);
    const slot = { draw: this.#draw, score: this.#score, guess: this.#guess }[view].slot;
    if (this.#load.parentElement !== slot) slot.append(this.#load, this.#failed);
    slot.hidden = !missing;
    const here = this.#makers.filter((maker) => maker.here);
    const picked = this.#picked();
    if (view === "draw") {
      const columns = this.#makers.map((maker) => ({ name: maker.name, said: maker.here ? maker.said : undefined }));
      this.#draw.draw(columns, (one) => this.#list.has(one), picked, picked ? this.#verdict() : PROMPT);
    }
    if (view === "score") {
      const rows = this.#makers.map((maker) => ({ name: maker.name, usual: maker.usual, nats: maker.here ? maker.nats(name) : undefined }));
      this.#score.draw(name, rows, this.#listed());
    }
    if (view === "guess") this.#guess.draw(this.#game, here);
    const way = { draw: picked, score: name, guess: this.#game.known }[view];
    this.#pairs.draw(view === "draw" ? t : 1, a, b, way, way !== "" && (view !== "guess" || this.#game.over));
    this.#rows();
  }

  // --- What the reader does ---

  #set(change: { view?: View; seed?: number; t?: number; name?: string; pair?: string }, aloud = true): void {
    this.#state.set(change);
    this.#show(aloud);
  }

  #typed(): void {
    const typed = parse(this.#score.input.value);
    this.#score.complain("problem" in typed ? typed.problem : "");
    if ("name" in typed) this.#set({ name: typed.name });
  }

  #turn(): void {
    if (this.#game.over) return this.#skip();
    const turn = this.#game.turn(this.#guess.take());
    this.invalidate();
    this.announce(told(turn, this.#makers.filter((maker) => maker.here)) + (this.#game.over ? ` The name was ${this.#game.name}.` : ""));
  }

  #skip(): void {
    this.#game.go();
    this.#guess.take();
    this.invalidate();
    this.announce("Another name. Mark what may be its first letter.");
  }

  #next(): void {
    const { view, seed } = this.#state.get();
    if (view === "guess") this.#skip();
    else this.#set({ view: "draw", seed: seed === SEEDS ? 0 : seed + 1 });
  }

  #reset(): void {
    this.#set({ seed: 0, t: 1, name: FIRST, pair: ".a" });
  }

  async #fetch(): Promise<void> {
    if (this.#load.getAttribute("aria-disabled") === "true") return;
    this.#load.setAttribute("aria-disabled", "true");
    relabel(this.#load, "Loading …");
    this.#failed.textContent = "";
    try {
      this.#makers[2]!.arrive(reading(recordedGPT(await loadTrace(this.param("model", "")))));
    } catch (error) {
      console.error(error);
      this.#failed.textContent = error instanceof Error ? error.message : String(error);
      relabel(this.#load, "Try again");
      this.#load.removeAttribute("aria-disabled");
      return;
    }
    this.#drawn = "";
    this.announce("The transformer is here.");
    if (this.#load.matches(":focus")) this.#views.root.querySelector<HTMLElement>(":checked")?.focus({ preventScroll: true });
    this.#show(false);
  }

  // --- What the reader is told ---

  /** Bring controls, names and live region in line with the state. */
  #show(aloud = true): void {
    const { view, seed, t } = this.#state.get();
    this.#views.set(view);
    this.#draw.set(seed, t);
    const name = this.#name();
    const typed = parse(this.#score.input.value);
    if (!("name" in typed) || typed.name !== name) {
      this.#score.input.value = name;
      this.#score.complain("");
    }
    const wanted = `${seed} ${t}`;
    if (this.#drawn !== wanted) {
      this.#drawn = wanted;
      for (const maker of this.#makers) maker.begin(seed, t);
    }
    this.#unsaid = aloud;
    this.invalidate();
  }

  #say(): void {
    this.#unsaid = false;
    const { view, seed, t } = this.#state.get();
    const here = this.#makers.filter((maker) => maker.here);
    const said = here.map((maker) => `${maker.name}: ${maker.said.slice(0, 3).join(", ")}`).join("; ");
    if (view === "draw") this.announce(`Seed ${seed}, temperature ${t}. ${said}. ${this.#picked() ? this.#verdict() : ""}`);
    if (view === "score") this.announce(this.#verdict());
  }

  /** "emma: counts 2.31, MLP 1.87 nats a letter; on the training list." */
  #verdict(): string {
    const name = this.#name();
    const scores = this.#makers.filter((maker) => maker.here).map((maker) => `${maker.name} ${mean(maker.nats(name)).toFixed(2)}`);
    return `${name}: ${scores.join(", ")} nats a letter; ${this.#list.has(name) ? "" : "not "}on the training list.`;
  }

  #listed(): string {
    return this.#list.has(this.#name())
      ? `On the training list, as far as the filter knows: it takes ${percent(this.#wrong)} of other names for one on it.`
      : "Not on the training list.";
  }

  #rows(): void {
    const { view, seed, t } = this.#state.get();
    const cells = (of: (maker: Maker) => Cell): Cell[] => this.#makers.map((maker) => (maker.here ? of(maker) : "not loaded"));
    const fixed = (nats: number): string => nats.toFixed(2);
    let [caption, rows] = ["", [] as Cell[][]];
    if (view === "draw") {
      caption = `Names from seed ${seed} at temperature ${t}`;
      rows = Array.from({ length: SHOWN }, (_, i) => [String(i + 1), ...cells((maker) => maker.said[i] || "(nothing)"), ""]);
    }
    if (view === "score") {
      const name = this.#name();
      caption = `Surprise at ${name}, in nats`;
      rows = [...name, "end"].map((letter, i) => [letter, ...cells((maker) => fixed(maker.nats(name)[i]!)), ""]);
      rows.push(["mean", ...cells((maker) => fixed(mean(maker.nats(name)))), ""]);
    }
    if (view === "guess") {
      caption = "Surprise at the letters that were guessed, in nats";
      rows = this.#game.all.map((turn) => [next(turn.token), ...cells((maker) => fixed(maker.nats(turn.name)[turn.at]!)), fixed(turn.you)]);
    }
    this.#table.root.querySelector("caption")!.textContent = caption;
    this.#table.rows(rows);
  }

  #name(): string {
    const typed = parse(this.#state.get().name);
    return "name" in typed ? typed.name : FIRST;
  }

  /** The reader's name, if it is among those that are shown. */
  #picked(): string {
    const name = this.#name();
    return this.#makers.some((maker) => maker.said.includes(name)) ? name : "";
  }

  #pair(): [number, number] {
    const [a, b] = [...this.#state.get().pair].map((symbol) => SYMBOLS.indexOf(symbol));
    return a === undefined || b === undefined || a < 0 || b < 0 ? [0, 1] : [a, b];
  }
}

interface Settings {
  readonly hashes: number; // of the filter
  readonly wrong: number; // share of other names that it takes for one on the list
  readonly dev: readonly number[]; // nats a letter over the held-out names, one for each model
  readonly kilobytes: number; // of the transformer, compressed
}

/** A share in percent, as the figure says it. */
function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function settings(trace: Trace): Settings {
  return trace.header.config as unknown as Settings;
}
