// The reader against the models: a held-out name, letter by letter. Mark what may come next and see the letter; what
// was marked is a distribution, and it is charged like a model's: −log p of the letter that came.
import { button, relabel, toolbar } from "../core/controls";
import { h } from "../core/dom";
import { told, type Game, type Opponent, type Turn } from "./nn-names-game";
import { SURE, SYMBOLS, V, mean } from "./nn-names-models";

const ORDER = [...SYMBOLS].map((_, i) => (i + 1) % V); // a to z, then the end

export interface GuessView {
  readonly root: HTMLElement;
  readonly slot: HTMLElement;
  draw(game: Game, opponents: readonly Opponent[]): void;
  /** What is marked, which is forgotten. */
  take(): Set<number>;
}

export function guessView(on: { turn: () => void; skip: () => void }): GuessView {
  const marked = new Set<number>();
  let over = false;
  const tokens = ORDER.map((token) =>
    h("button", { type: "button", class: "nn-button", tabindex: -1, "aria-pressed": "false", onclick: () => toggle(token) },
      token === 0 ? "end" : SYMBOLS[token]!), // prettier-ignore
  );
  const toggle = (token: number): void => {
    if (over) return;
    if (!marked.delete(token)) marked.add(token);
    tokens[ORDER.indexOf(token)]!.setAttribute("aria-pressed", String(marked.has(token)));
    tell();
  };
  const stop = (at: number, focus: boolean): void => {
    tokens.forEach((token, i) => (token.tabIndex = i === at ? 0 : -1));
    if (focus) tokens[at]!.focus();
  };
  stop(0, false);
  const pad = h("div", { class: "nn-names-pad", role: "group", "aria-label": "Letters that may come next: arrows move, Space or the letter itself marks, Enter shows the letter" }, ...tokens);
  pad.addEventListener("focusin", (event) => {
    const at = tokens.indexOf(event.target as HTMLButtonElement);
    if (at >= 0) stop(at, false);
  });
  pad.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = tokens.indexOf(event.target as HTMLButtonElement);
    const across = Math.max(1, tokens.filter((token) => token.offsetTop === tokens[0]!.offsetTop).length);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - across, ArrowDown: at + across, Home: 0, End: V - 1 }[event.key];
    const letter = event.key.length === 1 ? SYMBOLS.indexOf(event.key.toLowerCase()) : -1;
    if (to !== undefined) stop(Math.min(V - 1, Math.max(0, to)), true);
    else if (event.key === "Enter") on.turn();
    else if (letter >= 0) toggle(letter);
    else return;
    event.preventDefault(); // and the figure's own keys keep out of it
  });

  const word = h("p", { class: "nn-names-word" });
  const before = h("p", { class: "nn-said" }, "The name so far:");
  const belief = h("p", { class: "nn-names-belief" });
  const said = h("p", { class: "nn-names-said" });
  const show = button("Show the letter", on.turn, { icon: "step" });
  const skip = button("Skip name", () => over || on.skip(), { icon: "shuffle" });
  const body = h("tbody");
  const heads = ["nats a letter", "this one", "this name", "all"];
  const score = h("table", { class: "nn-names-result" }, h("thead", {}, h("tr", {}, ...heads.map((name) => h("th", { scope: "col" }, name)))), body);
  const slot = h("div", { class: "nn-names-slot" });
  const missing = h("tr", {}, h("th", { scope: "row" }, "transformer"), h("td", { colspan: heads.length - 1 }, slot));

  function tell(): void {
    const n = marked.size;
    const each = n === 0 || n === V ? 100 / V : (100 * SURE) / n;
    belief.textContent =
      n === 0 || n === V
        ? "Mark every letter that may come next, or the end."
        : `${n === 1 ? "It gets" : `Each of ${n} gets`} ${each.toFixed(0)}%, the others share ${(100 * (1 - SURE)).toFixed(0)}%.`;
  }

  return {
    root: h("div", { class: "nn-names-guess" }, before, word, belief, pad, toolbar("Guess", show, skip), said, score),
    slot,
    take() {
      const taken = new Set(marked);
      marked.clear();
      for (const token of tokens) token.setAttribute("aria-pressed", "false");
      tell();
      return taken;
    },
    draw(game, opponents) {
      over = game.over;
      word.textContent = over ? game.name : `${game.known}?`;
      relabel(show, over ? "Next name" : "Show the letter", "step");
      for (const each of [skip, ...tokens]) each.setAttribute("aria-disabled", String(over)); // focus stays where it is
      const last = game.turns.at(-1);
      said.textContent = last ? told(last, opponents) : "";
      const row = (name: string, cost: (turn: Turn) => number): HTMLElement => {
        const cells = [last ? [last] : [], game.turns, game.all].map((turns) => (turns.length ? mean(turns.map(cost)).toFixed(2) : "–"));
        return h("tr", {}, h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", {}, cell)));
      };
      body.replaceChildren(row("you", (turn) => turn.you), ...opponents.map((other) => row(other.name, (turn) => other.nats(turn.name)[turn.at]!)), missing);
      missing.hidden = slot.hidden;
      tell();
    },
  };
}
