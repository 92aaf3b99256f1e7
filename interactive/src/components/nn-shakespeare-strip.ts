// The stages side by side: how many of the words that each one wrote stand in the training text. A press picks a stage;
// the slider below does the same by keys, and the table has the numbers.
import { h, s } from "../core/dom";
import type { Stages } from "./nn-shakespeare-text";

const WIDTH = 360;
const HEIGHT = 96;
const TOP = 18;
const BASE = 92;

export interface Strip {
  readonly root: HTMLElement;
  draw(at: number): void;
}

export function strip(stages: Stages, onPick: (at: number) => void): Strip {
  const count = stages.last + 1;
  const step = WIDTH / count;
  const bars = stages.steps.map((_, at) => {
    const { real, of } = stages.words(at);
    const tall = Math.max(1, (real / of) * (BASE - TOP));
    return s("rect", { x: at * step + 3, y: BASE - tall, width: step - 6, height: tall });
  });
  const share = s("text", { "text-anchor": "middle" });
  const base = s("path", { d: `M0 ${BASE}H${WIDTH}` });
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" }, base, ...bars, share);
  const root = h("div", { class: "nn-sh-strip" }, picture);
  root.addEventListener("click", (event) => { // and not when a finger comes down: it may be about to scroll
    const box = picture.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * count);
    onPick(Math.min(stages.last, Math.max(0, place)));
  });
  return {
    root,
    draw(at) {
      bars.forEach((bar, i) => bar.classList.toggle("nn-sh-here", i === at));
      const { real, of } = stages.words(at);
      share.textContent = `${Math.round((100 * real) / of)}%`;
      share.setAttribute("x", String(Math.min(WIDTH - 18, Math.max(14, (at + 0.5) * step))));
      share.setAttribute("y", String(BASE - Math.max(1, (real / of) * (BASE - TOP)) - 5));
    },
  };
}
