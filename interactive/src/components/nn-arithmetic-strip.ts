// One pair's answers through training: a mark for each checkpoint, a disc if it is right and a cross if it is not,
// at the height of the answer; the dashed line is the sum. Pointing at it scrubs; the slider below does the same by keys.
import { h, s } from "../core/dom";
import { linear, ticks } from "../core/scale";
import { words } from "./nn-arithmetic-sums";

const WIDTH = 360;
const HEIGHT = 190;
const LEFT = 36;
const RIGHT = 12;
const TOP = 24;
const BOTTOM = 26;

export interface Strip {
  readonly root: HTMLElement;
  draw(answers: readonly (number | undefined)[], sum: number, at: number): void;
}

/** epochs: of the checkpoints; onScrub: the checkpoint that the reader points at. */
export function strip(epochs: readonly number[], onScrub: (at: number) => void): Strip {
  const last = epochs.length - 1;
  const x = linear([0, Math.max(last, 1)], [LEFT, WIDTH - RIGHT]);
  const base = HEIGHT - BOTTOM;
  const named = [0, 1, 5, 10, 15, last].filter((i, place, all) => i <= last && all.indexOf(i) === place);
  const wanted = s("path", { class: "nn-strip-sum" });
  const guide = s("path", { class: "nn-strip-guide" });
  const right = s("path", { class: "nn-strip-right" });
  const wrong = s("path", { class: "nn-strip-wrong" });
  const said = s("text", { class: "nn-strip-said", "text-anchor": "middle" });
  const levels = s("g", { class: "nn-strip-levels" });
  const picture = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
    levels,
    wanted,
    guide,
    wrong,
    right,
    said,
    ...named.map((i) => s("text", { class: "nn-strip-epoch", x: x(i), y: HEIGHT - 7, "text-anchor": i === last ? "end" : "middle" }, words(epochs[i]!))),
  );
  const root = h("div", { class: "nn-strip" }, picture);

  let held = false;
  const scrub = (event: MouseEvent): void => {
    const box = picture.getBoundingClientRect();
    const place = Math.round(x.invert(((event.clientX - box.left) / box.width) * WIDTH));
    onScrub(Math.min(last, Math.max(0, place)));
  };
  root.addEventListener("pointerdown", (event) => {
    held = true;
    root.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") scrub(event); // a finger may be about to scroll the page
  });
  root.addEventListener("click", scrub);
  root.addEventListener("pointermove", (event) => held && scrub(event));
  for (const end of ["pointerup", "pointercancel"]) root.addEventListener(end, () => (held = false));

  return {
    root,
    draw(answers, sum, at) {
      const known = answers.filter((answer) => answer !== undefined);
      const lo = Math.min(0, sum, ...known);
      const hi = Math.max(sum, 10, ...known);
      const y = linear([lo, hi], [base, TOP]);
      const disc = (i: number, r: number): string => `M${x(i) - r} ${y(answers[i]!)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
      const times = (i: number, r: number): string => {
        const [left, up] = [x(i) - r, y(answers[i]!) - r];
        return `M${left} ${up}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;
      };
      const places = answers.flatMap((answer, i) => (answer === undefined ? [] : [i]));
      const size = (i: number): number => (i === at ? 6 : 3.5);
      right.setAttribute("d", places.filter((i) => answers[i] === sum).map((i) => disc(i, size(i))).join(""));
      wrong.setAttribute("d", places.filter((i) => answers[i] !== sum).map((i) => times(i, size(i))).join(""));
      wanted.setAttribute("d", `M${LEFT} ${y(sum)}H${WIDTH - RIGHT}`);
      guide.setAttribute("d", `M${x(at)} ${TOP - 6}V${base}`);
      const answer = answers[at];
      said.textContent = answer === undefined ? "" : words(answer);
      said.setAttribute("x", String(Math.min(WIDTH - RIGHT - 4, Math.max(LEFT + 8, x(at)))));
      said.setAttribute("y", "14");
      const far = (level: number): boolean => Math.abs(y(level) - y(sum)) > 15;
      const shown = [...ticks(lo, hi, 3).filter(far), sum];
      levels.replaceChildren(
        ...shown.map((level) => s("text", { x: LEFT - 8, y: y(level) + 5, "text-anchor": "end", class: level === sum ? "nn-strip-wanted" : null }, words(level))),
      );
    },
  };
}
