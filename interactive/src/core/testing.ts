// For tests of components under happy-dom: observers and frames that a test drives by hand.
//   const page = fakePage();  document.body.append(element);  await page.show(element);  page.frame();

type Report = (entries: { target: Element; isIntersecting: boolean }[]) => void;

export interface FakePage {
  /** Bring `element` near and on the screen; it mounts in a frame to come. */
  approach(element: Element): void;
  /** `approach`, one frame, and time for what the mount awaits. */
  show(element: Element): Promise<void>;
  /** Take it off the screen; it stays near. */
  hide(element: Element): void;
  /** Run one animation frame; returns how many callbacks it had. */
  frame(now?: number): number;
  /** Callbacks that wait for the next frame. */
  readonly waiting: number;
}

/** Replace IntersectionObserver and requestAnimationFrame, before the first element is connected. */
export function fakePage(): FakePage {
  const observers: { report: Report; margin: string; targets: Set<Element> }[] = [];
  let frames: FrameRequestCallback[] = [];
  let time = 0;
  class FakeObserver {
    readonly #own: (typeof observers)[number];
    constructor(report: Report, options: { rootMargin?: string } = {}) {
      this.#own = { report, margin: options.rootMargin ?? "0px", targets: new Set() };
      observers.push(this.#own);
    }
    observe(target: Element): void {
      this.#own.targets.add(target);
    }
    unobserve(target: Element): void {
      this.#own.targets.delete(target);
    }
    disconnect(): void {
      this.#own.targets.clear();
    }
  }
  Object.assign(globalThis, {
    IntersectionObserver: FakeObserver,
    requestAnimationFrame: (callback: FrameRequestCallback): number => frames.push(callback),
  });
  const tell = (target: Element, isIntersecting: boolean, wanted: (margin: string) => boolean): void => {
    for (const { report, margin, targets } of observers) {
      if (wanted(margin) && targets.has(target)) report([{ target, isIntersecting }]);
    }
  };
  const page: FakePage = {
    approach: (element) => tell(element, true, () => true),
    async show(element) {
      page.approach(element);
      page.frame();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
    hide: (element) => tell(element, false, (margin) => margin === "0px"),
    frame(now = (time += 16)) {
      const due = frames;
      frames = [];
      for (const callback of due) callback(now);
      return due.length;
    },
    get waiting() {
      return frames.length;
    },
  };
  return page;
}
