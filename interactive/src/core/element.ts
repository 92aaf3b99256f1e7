// What every figure that a reader can touch has in common: when it wakes, when it sleeps, and what happens when it fails.
//
//   poster ──near the screen──► armed ──mount()──► live ⇄ asleep (off screen, or the tab is hidden)
//     any error, in mount(), frame() or render() ──► failed: the poster again, one line, a button to try again
//
// The page holds poster, caption and table inside the element before any script runs (nnfs/site/interactive.py). The
// live view is drawn into a stage that lies over the poster in the same grid cell, so that nothing moves.
import { announce, prepareAnnouncer } from "./announce";
import { loop } from "./clock";
import { h } from "./dom";
import { failure } from "./failure";

export { addStyle, h, s } from "./dom";

export type Phase = "poster" | "armed" | "live" | "asleep" | "failed";

const NEAR = "150%"; // of the window, above and below: mounted before it is seen
const SLOW = 20; // ms from a drawn frame to the next one, above which drawing makes room for what the reader presses
const REST = 3; // then a picture comes every so many of these,
const LONGEST = 250; // but at least four times a second

export abstract class NNElement extends HTMLElement {
  static readonly observedAttributes = ["data-wait"];
  static #queue: NNElement[] = [];
  static #near: IntersectionObserver | undefined;
  static #seen: IntersectionObserver | undefined;

  #phase: Phase = "poster";
  #stage: HTMLElement | undefined;
  #attempt = 0; // a mount that ends after its element was removed or failed is void
  #mounted = false;
  #isNear = false;
  #isSeen = false;
  #playing = false;
  #stepping = false; // the loop calls frame()
  #dirty = false;
  #drawn = -Infinity; // when the last picture of what plays was drawn
  #cost = 0; // ms from there to the next frame; NaN until that has come

  // --- What a component writes ---

  /** Build the live view. Data may be awaited; whatever it throws becomes the line under the poster. */
  protected abstract mount(stage: HTMLElement): void | Promise<void>;
  /** One step of what plays: called by the page's loop between play() and pause(), while awake. */
  protected frame?(now: DOMHighResTimeStamp): void;
  /** Draw the current state: once after mount, then once for any number of invalidate() calls, at most two frames later;
   * while something plays on a slow machine, in a third of the time. */
  protected render(): void {}
  /** Let go of workers, listeners on the page and the like. */
  protected unmount?(): void;

  // --- What a component uses ---

  get phase(): Phase {
    return this.#phase;
  }

  get playing(): boolean {
    return this.#playing;
  }

  get reducedMotion(): boolean {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  play(): void {
    this.#playing = true;
    this.dataset["playing"] = "";
    loop.once(this.#settle); // see #soon
  }

  pause(): void {
    this.#playing = false;
    delete this.dataset["playing"];
    this.#settle();
  }

  invalidate(): void {
    this.#dirty = true;
    if (this.#phase === "live") loop.once(this.#soon);
  }

  /** data-NAME of the element, as the directive's options wrote it. */
  protected param(name: string, fallback: string): string {
    return this.getAttribute(`data-${name}`) ?? fallback;
  }

  /** Say `text` to a screen reader, at most one sentence in two seconds; the last one wins. */
  announce(text: string): void {
    announce(text);
  }

  /** Show `table` (core/table) in the figure's fold; the poster's table stays for paper. */
  protected twin(table: HTMLElement): void {
    const fold = this.querySelector(":scope > details.nn-data");
    table.classList.add("nn-twin");
    if (fold) fold.append(table);
    else this.append(h("details", { class: "nn-data" }, h("summary", {}, "Data of this figure"), table));
  }

  /** Open or close the figure's fold with its table. */
  protected toggleTable(): void {
    const fold = this.querySelector<HTMLDetailsElement>(":scope > details.nn-data");
    if (fold) fold.open = !fold.open;
  }

  // --- The life of an element ---

  connectedCallback(): void {
    NNElement.#near ??= watcher(`${NEAR} 0px`, (element, on) => element.#arrive(on));
    NNElement.#seen ??= watcher("0px", (element, on) => {
      element.#isSeen = on;
      element.#settle();
    });
    this.#enter("poster");
    prepareAnnouncer();
    this.addEventListener("pointerdown", this.#hold, { passive: true });
    document.addEventListener("visibilitychange", this.#settle);
    NNElement.#near.observe(this);
    NNElement.#seen.observe(this);
  }

  disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.#settle);
    NNElement.#near?.unobserve(this);
    NNElement.#seen?.unobserve(this);
    this.#isNear = this.#isSeen = this.#playing = false;
    delete this.dataset["playing"];
    this.#clear();
    this.#enter("poster");
  }

  /** The loader marks elements of a reader who saves data with data-wait; a click takes it away. */
  attributeChangedCallback(): void {
    this.#arrive(this.#isNear);
  }

  #arrive(near: boolean): void {
    this.#isNear = near;
    if (near && this.#phase === "poster" && this.isConnected && !this.hasAttribute("data-wait")) this.#arm();
  }

  #arm(): void {
    this.#enter("armed");
    NNElement.#queue.push(this);
    loop.once(NNElement.#mountNext);
  }

  /** One element a frame, so that a page with many of them stays responsive. */
  static readonly #mountNext = (): void => {
    const next = NNElement.#queue.shift();
    if (next?.isConnected && next.#phase === "armed") void next.#begin();
    if (NNElement.#queue.length > 0) loop.once(NNElement.#mountNext);
  };

  async #begin(): Promise<void> {
    const attempt = ++this.#attempt;
    const number = this.closest("figure")?.querySelector(".caption-number")?.textContent?.trim();
    const stage = h("div", { class: "nn-stage", role: "group", "aria-label": `${number ?? "Figure"}, live` });
    const poster = this.querySelector(":scope > .nn-poster");
    if (poster) poster.after(stage);
    else this.prepend(stage);
    this.#stage = stage;
    try {
      const pending = this.mount(stage);
      if (pending) await pending;
      if (attempt !== this.#attempt) return;
      this.#mounted = true;
      this.#dirty = false;
      this.render();
    } catch (error) {
      if (attempt === this.#attempt) this.#fail(error);
      return;
    }
    this.#enter("live");
    this.#settle();
  }

  /** Live or asleep, playing or at rest: whatever just changed, make it so. */
  readonly #settle = (): void => {
    if (!this.#mounted) return;
    const awake = this.#isSeen && !document.hidden;
    this.#enter(awake ? "live" : "asleep");
    const steps = awake && this.#playing;
    const paused = this.#stepping && !steps;
    if (steps && !this.#stepping) [this.#drawn, this.#cost] = [-Infinity, 0];
    this.#stepping = steps;
    if (steps) loop.add(this.#step);
    else loop.remove(this.#step);
    if (!awake) this.#forget();
    else if (this.#dirty) loop.once(steps || paused ? this.#soon : this.#paint);
  };

  readonly #step = (now: DOMHighResTimeStamp): void => {
    if (Number.isNaN(this.#cost)) this.#cost = now - this.#drawn;
    this.#guarded(() => this.frame?.(now));
  };

  /** A frame is left to the pressed button itself: on a slow phone the drawing would keep it waiting. For the same
   * reason what plays is drawn less often there; it plays on at its own pace. */
  readonly #soon = (now: DOMHighResTimeStamp): void => {
    if (!this.#stepping) loop.once(this.#paint);
    else if (this.#drawn === -Infinity) {
      this.#drawn = 0; // the frame of the button that made it play
      loop.once(this.#soon);
    } else if (this.#cost > SLOW && now - this.#drawn < Math.min(LONGEST, REST * this.#cost)) loop.once(this.#soon);
    else {
      this.#drawn = now;
      this.#cost = NaN;
      this.#paint();
    }
  };

  /** What a finger presses comes before the next picture. */
  readonly #hold = (event: Event): void => {
    if (this.#stepping) [this.#drawn, this.#cost] = [event.timeStamp, LONGEST / REST];
  };

  #forget(): void {
    loop.remove(this.#soon);
    loop.remove(this.#paint);
  }

  readonly #paint = (): void => {
    this.#dirty = false;
    this.#guarded(() => this.render());
  };

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    console.error(error);
    this.#clear();
    this.pause();
    failure(this, error, () => this.#arm());
    this.#enter("failed");
  }

  /** Back to the poster and its table. */
  #clear(): void {
    this.#attempt++;
    NNElement.#queue = NNElement.#queue.filter((waiting) => waiting !== this);
    const mounted = this.#mounted;
    this.#mounted = this.#dirty = false;
    loop.remove(this.#step);
    this.#forget();
    try {
      if (mounted) this.unmount?.();
    } catch (error) {
      console.error(error);
    }
    this.#stage?.remove();
    this.#stage = undefined;
    this.querySelector(":scope > details.nn-data > .nn-twin")?.remove();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    if (this.dataset["phase"] !== phase) this.dataset["phase"] = phase;
  }
}

function watcher(rootMargin: string, tell: (element: NNElement, on: boolean) => void): IntersectionObserver {
  return new IntersectionObserver(
    (entries) => {
      for (const entry of entries) tell(entry.target as NNElement, entry.isIntersecting);
    },
    { rootMargin },
  );
}

/** Register `cls` under `tag`; a second call with the same tag does nothing. */
export function define(tag: string, cls: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, cls);
}
