// @vitest-environment happy-dom
// The figure as a reader meets it, with a thread that a test plays.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { define, h } from "../core/element";
import { fakePage } from "../core/testing";
import { NNShakespeare } from "./nn-shakespeare";
import type { Ask, Tell } from "./nn-shakespeare-inside";

const SYMBOLS = ["\n", " ", "'", ":", "E", "M", "O", "R", "a", "b"];
const TEXTS = ["ab a", "ab b", "bb b"];
const arrays: Readonly<Record<string, ArrayLike<number>>> = {
  text: TEXTS.flatMap((text) => [...text].map((c) => SYMBOLS.indexOf(c))),
  belongs: [2, 2, 0, 2, 2, 2, 0, 1, 1, 1, 0, 1],
  loss: [4, 3, 2],
  real: [0, 1, 2],
  words: [2, 2, 2],
};
vi.mock("../core/trace", () => ({
  loadTrace: async () => ({
    header: { config: { model_bytes: 355_144, context: 128 } },
    array: (name: string) => ({ data: arrays[name] }),
    axis: (name: string) => (name === "step" ? { values: [0, 40, 2500] } : { labels: SYMBOLS }),
  }),
}));
vi.mock("../core/worker", () => ({ workerURL: (name: string) => `${name}.js` }));

class FakeWorker {
  static made: FakeWorker[] = [];
  readonly asked: Ask[] = [];
  readonly #hears = new Map<string, (event: unknown) => void>();
  over = false;
  constructor(readonly url: string) {
    FakeWorker.made.push(this);
  }
  addEventListener(kind: string, hears: (event: unknown) => void): void {
    this.#hears.set(kind, hears);
  }
  postMessage(message: Ask): void {
    this.asked.push(message);
  }
  terminate(): void {
    this.over = true;
  }
  tell(data: Tell): void {
    this.#hears.get("message")!({ data });
  }
  break(message: string): void {
    this.#hears.get("error")!({ message });
  }
}
vi.stubGlobal("Worker", FakeWorker);

const page = fakePage();
vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }); // of the live region
define("nn-shakespeare", NNShakespeare);

async function shown(fragment = ""): Promise<NNShakespeare> {
  history.replaceState(null, "", `/${fragment}`);
  const element = document.createElement("nn-shakespeare") as NNShakespeare;
  element.dataset["model"] = "../data/net.json";
  element.append(h("div", { class: "nn-poster" }), h("details", { class: "nn-data" }, h("summary", {}, "Data"), h("table")));
  document.body.append(h("figure", { id: "fig-sh" }, element));
  await page.show(element);
  return element;
}

let element: NNShakespeare;
const drawn = (selector: string): string => (page.frame(), page.frame(), element.querySelector(selector)!.textContent!);
const wrote = (): string => (page.frame(), page.frame(), [...element.querySelectorAll(".nn-sh-text")].at(-1)!.textContent!);
const sentence = (): string => drawn(".nn-sh-sentence");
const status = (): string => drawn(".nn-sh-status");
const thread = (): FakeWorker => FakeWorker.made.at(-1)!;
const named = (label: string): HTMLButtonElement => [...element.querySelectorAll("button")].find((b) => b.textContent === label)!;
function type(input: HTMLInputElement | HTMLTextAreaElement, typed: string): void {
  input.value = typed;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
function press(target: Element, key: string): void {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}
const say = (run: number, text: string): void => {
  for (const c of text) thread().tell({ kind: "said", run, token: SYMBOLS.indexOf(c) });
};

beforeEach(async () => {
  FakeWorker.made = [];
  element = await shown();
});
afterEach(() => {
  document.body.querySelectorAll("figure").forEach((figure) => figure.remove());
  while (page.waiting) page.frame();
});

describe("the stages", () => {
  it("open with the last, its invented words marked", () => {
    expect(sentence()).toBe("After 2,500 steps: 2.00 nats a character, 2 of 2 words stand in the training text.");
    expect(drawn(".nn-sh-text")).toBe("bb b");
    expect(element.querySelectorAll(".nn-sh-invented")).toHaveLength(0);
    type(element.querySelector("input[type=range]")!, "0");
    expect(drawn(".nn-sh-text")).toBe("ab a");
    expect([...element.querySelectorAll(".nn-sh-invented")].map((e) => e.textContent)).toEqual(["ab", "a"]);
    expect(location.hash).toBe("#fig-sh=v1,step:0");
  });

  it("mark what stayed, and count it", () => {
    element.querySelector<HTMLInputElement>("input[value=kept]")!.click();
    expect(drawn(".nn-sh-key")).toContain("Here: 3 of 4.");
    expect([...element.querySelectorAll(".nn-sh-kept")].map((e) => e.textContent).join("|")).toBe("b b");
  });

  it("are gone through by keys and by play, which stops at the end", () => {
    press(element, "Home");
    expect(sentence()).toContain("Before training");
    press(element, "ArrowRight");
    expect(sentence()).toContain("After 40 steps");
    press(element, " ");
    expect(named("Pause")).toBeDefined();
    for (let ms = 1000; ms < 8000; ms += 100) page.frame(ms);
    expect(sentence()).toContain("After 2,500 steps");
    expect(element.playing).toBe(false);
    expect(named("Play")).toBeDefined();
  });

  it("stand in the table, the one that is shown marked by a word", () => {
    element.querySelector("details")!.open = true;
    type(element.querySelector("input[type=range]")!, "1");
    page.frame();
    page.frame();
    const rows = [...element.querySelectorAll(".nn-twin tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
    expect(rows[1]).toEqual(["40, shown", "3.00", "2", "1 (50%)", "3", "ab b"]);
    expect(rows).toHaveLength(3);
  });
});

describe("the trained net", () => {
  it("is not fetched before it is asked for, and its size is said first", () => {
    expect(FakeWorker.made).toEqual([]);
    expect(status()).toBe("The first press fetches the net, 355 KB. It runs in this page.");
  });

  it("is loaded in sight, then told the prompt after the end of a line, with the settings", () => {
    named("Continue").click();
    expect(thread().asked).toEqual([{ kind: "load", url: new URL("../data/net.json", document.baseURI).href }]);
    thread().tell({ kind: "loading", bytes: 100_000 });
    expect(status()).toBe("Loading the net: 100 of 355 KB.");
    expect(element.querySelector("progress")!.hidden).toBe(false);
    thread().tell({ kind: "loaded" });
    expect(thread().asked[1]).toEqual({ kind: "say", run: 1, row: [0, 7, 6, 5, 4, 6, 3, 0], n: 400, temperature: 0.8, topK: 65, seed: 1 });
    say(1, "ab");
    expect(wrote()).toBe("ROMEO:\nab");
    expect(status()).toBe("Writing: 2 of 400 characters.");
    thread().tell({ kind: "done", run: 1, ms: 800 });
    expect(status()).toBe("400 characters, 500 a second. The same words, settings and seed give the same text.");
    expect(element.querySelector("progress")!.hidden).toBe(true);
  });

  it("falls silent at Stop, and hears no late word", () => {
    named("Continue").click();
    thread().tell({ kind: "loaded" });
    say(1, "a");
    named("Stop").click();
    say(1, "b");
    thread().tell({ kind: "done", run: 1, ms: 1 });
    expect(wrote()).toBe("ROMEO:\na");
    expect(status()).toBe("Stopped after 1 character.");
    expect(thread().asked.at(-1)).toEqual({ kind: "stop" });
  });

  it("begins anew at a second press, without loading again", () => {
    named("Continue").click();
    thread().tell({ kind: "loaded" });
    say(1, "aa");
    type(element.querySelector("textarea")!, "b");
    named("Continue").click();
    say(1, "a");
    say(2, "b");
    expect(wrote()).toBe("bb");
    expect(FakeWorker.made).toHaveLength(1);
    expect(thread().asked.filter(({ kind }) => kind === "load")).toHaveLength(1);
  });

  it("can be stopped while it loads, and goes on from there", () => {
    named("Continue").click();
    named("Stop").click();
    thread().tell({ kind: "loaded" });
    expect(thread().asked.some(({ kind }) => kind === "say")).toBe(false);
    named("Continue").click();
    expect(thread().asked.at(-1)).toMatchObject({ kind: "say", run: 3 });
    expect(FakeWorker.made).toHaveLength(1);
  });

  it("says why it did not come, and tries again with a new thread", () => {
    named("Continue").click();
    thread().tell({ kind: "failed", message: "its data could not be fetched" });
    expect(status()).toBe("That did not work: its data could not be fetched. Press Continue to try again.");
    expect(thread().over).toBe(true);
    named("Continue").click();
    thread().break("");
    expect(status()).toContain("its code did not arrive");
    expect(FakeWorker.made).toHaveLength(2);
  });

  it("ends with the figure", () => {
    named("Continue").click();
    element.remove();
    expect(thread().over).toBe(true);
  });
});

describe("the prompt", () => {
  it("is text, whatever is typed, and what the net cannot read is named", () => {
    type(element.querySelector("textarea")!, "<img src=x onerror=alert(1)>");
    expect(drawn(".nn-sh-about")).toContain("are not among them: <, i, m, g, s, r, c, = and ");
    named("Continue").click();
    thread().tell({ kind: "loaded" });
    expect(wrote()).toBe("  a");
    expect(element.querySelector("img")).toBeNull();
  });

  it("comes from the address with the settings, clamped, and goes back there", async () => {
    element.remove();
    element = await shown("#fig-sh=v1,step:41,mark:kept,prompt:ab%0A,temperature:9,top:0,seed:-4");
    expect(element.querySelector("textarea")!.value).toBe("ab\n");
    expect([...element.querySelectorAll<HTMLInputElement>("input[type=number]")].map((i) => i.value)).toEqual(["1", "0"]);
    expect(sentence()).toContain("After 40 steps");
    named("Continue").click();
    thread().tell({ kind: "loaded" });
    expect(thread().asked.at(-1)).toMatchObject({ temperature: 2, topK: 1, seed: 0 });
    named("Reset").click();
    expect(location.hash).toBe("");
    expect(element.querySelector("textarea")!.value).toBe("ROMEO:\n");
    expect(wrote()).toBe("What the net writes will stand here.");
  });
});
