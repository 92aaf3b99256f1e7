// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { define, h, NNElement } from "./element";
import { dataTable } from "./table";
import { fakePage } from "./testing";

const page = fakePage(); // before the first element connects: observers are made once a page

let script: { mount?: (stage: HTMLElement) => void | Promise<void>; frame?: () => void; render?: () => void } = {};
const calls: string[] = [];

class Probe extends NNElement {
  protected override mount(stage: HTMLElement): void | Promise<void> {
    calls.push("mount");
    stage.append(h("p", {}, "live view"));
    return script.mount?.call(this, stage);
  }
  protected override frame(): void {
    calls.push("frame");
    script.frame?.();
  }
  protected override render(): void {
    calls.push("render");
    script.render?.();
  }
  protected override unmount(): void {
    calls.push("unmount");
  }
  show(table: HTMLElement): void {
    this.twin(table);
  }
}
define("nn-probe", Probe);

function figure(): Probe {
  const element = document.createElement("nn-probe") as Probe;
  const still = h("table", {}, h("caption", {}, "still"));
  element.append(
    h("div", { class: "nn-poster" }, "the poster"),
    h("details", { class: "nn-data" }, h("summary", {}, "Data"), still),
  );
  document.body.append(
    h("figure", {}, element, h("figcaption", {}, h("span", { class: "caption-number" }, "Figure 3"))),
  );
  return element;
}
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};
function hidden(is: boolean): void {
  vi.spyOn(document, "hidden", "get").mockReturnValue(is);
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  script = {};
  calls.length = 0;
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  document.body.replaceChildren();
  while (page.waiting) page.frame();
  vi.restoreAllMocks();
});

describe("the life of an element", () => {
  it("begins as a poster and mounts when it comes near, with a name for its live part", async () => {
    const element = figure();
    expect([element.phase, element.dataset["phase"], calls]).toEqual(["poster", "poster", []]);
    await page.show(element);
    expect([element.phase, element.dataset["phase"], calls]).toEqual(["live", "live", ["mount", "render"]]);
    expect(element.querySelector(".nn-stage")?.getAttribute("aria-label")).toBe("Figure 3, live");
    expect(element.querySelector(".nn-poster")?.nextElementSibling?.className).toBe("nn-stage");
  });

  it("mounts one element a frame", async () => {
    const all = [figure(), figure(), figure()];
    for (const element of all) page.approach(element);
    for (let mounted = 1; mounted <= 3; mounted++) {
      page.frame();
      expect(calls.filter((call) => call === "mount")).toHaveLength(mounted);
    }
    await settle();
    expect(all.map((element) => element.phase)).toEqual(["live", "live", "live"]);
  });

  it("asks for no frame at rest, and draws once after any number of invalidations, when a press has been shown", async () => {
    const element = figure();
    await page.show(element);
    while (page.waiting) page.frame();
    calls.length = 0;
    for (let i = 0; i < 5; i++) element.invalidate();
    expect(page.frame()).toBe(1);
    expect(calls).toEqual([]);
    expect(page.frame()).toBe(1);
    expect(calls).toEqual(["render"]);
    expect(page.waiting).toBe(0);
  });

  it("plays only between play and pause, and only on screen", async () => {
    const element = figure();
    await page.show(element);
    element.play();
    page.frame();
    expect(calls).not.toContain("frame"); // the pressed button comes first
    page.frame();
    page.frame();
    expect(calls.filter((call) => call === "frame")).toHaveLength(2);
    page.hide(element);
    expect([element.phase, element.playing]).toEqual(["asleep", true]);
    page.frame();
    expect(page.waiting).toBe(0);
    await page.show(element);
    page.frame();
    expect(element.phase).toBe("live");
    expect(calls.filter((call) => call === "frame").length).toBeGreaterThan(2);
    element.pause();
    page.frame();
    expect(page.waiting).toBe(0);
  });

  it.each([
    ["quick", 16, 12],
    ["slow", 60, 4],
  ])("plays on a %s machine at its own pace, and draws there so often that presses have room", async (_, ms, pictures) => {
    const element = figure();
    script.frame = () => element.invalidate();
    await page.show(element);
    while (page.waiting) page.frame();
    element.play();
    for (let i = 0; i < 2; i++) {
      page.frame(1000 + i * ms);
      calls.length = 0;
    }
    for (let i = 2; i < 14; i++) page.frame(1000 + i * ms);
    expect(calls.filter((call) => call === "frame")).toHaveLength(12);
    expect(calls.filter((call) => call === "render")).toHaveLength(pictures);
  });

  it("leaves the frame of a press to the pressed button, when it starts to play and when it pauses", async () => {
    const element = figure();
    script.frame = () => element.invalidate();
    await page.show(element);
    while (page.waiting) page.frame();
    const next = (): string[] => {
      calls.length = 0;
      page.frame();
      return [...calls];
    };
    element.play();
    element.invalidate();
    expect([next(), next()]).toEqual([[], ["frame", "render"]]);
    element.pause();
    element.invalidate();
    expect([next(), next(), page.waiting]).toEqual([[], ["render"], 0]);
  });

  it("plays on without a picture for a quarter of a second after a finger came down on it", async () => {
    const element = figure();
    script.frame = () => element.invalidate();
    await page.show(element);
    while (page.waiting) page.frame();
    element.play();
    for (let now = 1000; now <= 1048; now += 16) page.frame(now);
    const finger = new Event("pointerdown", { bubbles: true });
    Object.defineProperty(finger, "timeStamp", { value: 1050 });
    element.querySelector("p")!.dispatchEvent(finger);
    const drawn: number[] = [];
    for (let now = 1064; now < 1400; now += 16) {
      calls.length = 0;
      page.frame(now);
      expect(calls).toContain("frame");
      if (calls.includes("render")) drawn.push(now);
    }
    expect([drawn[0]! - 1050, drawn.length]).toEqual([254, 6]); // and then in every frame again
  });

  it("sleeps in a hidden tab and draws on waking what was asked for meanwhile", async () => {
    const element = figure();
    await page.show(element);
    while (page.waiting) page.frame();
    hidden(true);
    calls.length = 0;
    element.invalidate();
    expect([element.phase, page.waiting]).toEqual(["asleep", 0]);
    hidden(false);
    page.frame();
    expect([element.phase, calls]).toEqual(["live", ["render"]]);
  });

  it("goes back to its poster when it is taken from the page, and lives again", async () => {
    const element = figure();
    await page.show(element);
    const place = element.parentElement!;
    element.remove();
    expect(calls).toContain("unmount");
    expect(element.querySelector(".nn-stage")).toBeNull();
    place.prepend(element);
    expect(element.phase).toBe("poster");
    await page.show(element);
    expect(element.phase).toBe("live");
    expect(element.querySelectorAll(".nn-stage")).toHaveLength(1);
  });

  it("forgets a mount that ends after the element has left", async () => {
    let arrive = (): void => {};
    script.mount = () => new Promise((resolve) => (arrive = resolve));
    const element = figure();
    await page.show(element);
    expect(element.phase).toBe("armed");
    element.remove();
    arrive();
    await settle();
    expect([element.phase, calls]).toEqual(["poster", ["mount"]]);
  });

  it("waits for a click where the loader says so", async () => {
    const element = figure();
    element.dataset["wait"] = "";
    await page.show(element);
    expect(element.phase).toBe("poster");
    delete element.dataset["wait"];
    page.frame();
    await settle();
    expect(element.phase).toBe("live");
  });
});

describe("an element that fails", () => {
  const broken = (): never => {
    throw new Error("no <b>such</b> trace");
  };
  const line = (element: Element) => element.querySelector(".nn-failed");

  it.each(["mount", "render"] as const)("in %s keeps its poster, says so in one line, and can be tried again", async (where) => {
    script[where] = broken;
    const element = figure();
    await page.show(element);
    expect([element.phase, element.dataset["phase"]]).toEqual(["failed", "failed"]);
    expect(element.querySelector(".nn-stage")).toBeNull();
    expect(element.querySelector(".nn-poster")?.textContent).toBe("the poster");
    expect(line(element)?.textContent).toContain("no <b>such</b> trace");
    expect(line(element)?.querySelector("b")).toBeNull();
    script = {};
    line(element)!.querySelector("button")!.click();
    page.frame();
    await settle();
    expect([element.phase, line(element)]).toEqual(["live", null]);
  });

  it("while it plays stops playing", async () => {
    const element = figure();
    await page.show(element);
    script.frame = broken;
    element.play();
    page.frame();
    page.frame();
    expect([element.phase, element.playing, page.waiting]).toEqual(["failed", false, 0]);
    expect(calls).toContain("unmount");
  });

  it("after something was awaited is caught as well", async () => {
    script.mount = () => Promise.reject(new Error("the trace did not arrive"));
    const element = figure();
    await page.show(element);
    expect(line(element)?.textContent).toContain("the trace did not arrive");
  });

  it("says what the page wrote for this case", async () => {
    script.mount = broken;
    const element = figure();
    element.dataset["fallbackText"] = "The picture shows the net after 5,000 epochs.";
    await page.show(element);
    expect(line(element)?.textContent).toMatch(/^The picture shows the net after 5,000 epochs\./);
  });

  it("does not take its neighbours along", async () => {
    const [first, second] = [figure(), figure()];
    await page.show(second);
    script.mount = broken;
    await page.show(first);
    expect([first.phase, second.phase]).toEqual(["failed", "live"]);
  });
});

describe("the text twin", () => {
  it("stands beside the poster's table, follows the state once it is open, and goes on failure", async () => {
    const table = dataTable("epochs", ["epoch", "loss"]);
    script.mount = function (this: unknown) {
      (this as Probe).show(table.root);
    } as never;
    const element = figure();
    await page.show(element);
    const fold = element.querySelector("details")!;
    expect([...fold.querySelectorAll("caption")].map((c) => c.textContent)).toEqual(["still", "epochs"]); // one for paper
    table.rows([["0", 0.25]]);
    expect(fold.querySelectorAll("tbody tr")).toHaveLength(0); // nobody looks
    fold.open = true;
    expect(fold.querySelector("tbody")?.textContent).toBe("00.2500");
    table.rows([["1", 0.2], ["2", 1200]]);
    expect([...fold.querySelectorAll("tbody tr")].map((row) => row.textContent)).toEqual(["10.2000", "21,200"]);
    script.frame = () => {
      throw new Error("x");
    };
    element.play();
    page.frame();
    page.frame();
    expect([...fold.querySelectorAll("caption")].map((c) => c.textContent)).toEqual(["still"]);
  });
});
