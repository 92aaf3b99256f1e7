// @vitest-environment happy-dom
// The trainer as a reader meets it, over answers that a test can foresee.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import golden from "../golden/arithmetic.json";
import { define, h } from "../core/element";
import { fakePage } from "../core/testing";
import { NNArithmetic } from "./nn-arithmetic";

const SIZE = 40;
const EPOCHS = [0, 1, 5, 1200];

// digits are off by 30, 20, 10 and 0; the others by as much the other way
function said(sign: number): Int8Array {
  return Int8Array.from({ length: EPOCHS.length * SIZE ** 2 }, (_, i) => {
    const [at, a, b] = [Math.floor(i / SIZE ** 2), Math.floor(i / SIZE) % SIZE, i % SIZE];
    return a + b + sign * 10 * (EPOCHS.length - 1 - at);
  });
}
const arrays: Readonly<Record<string, ArrayLike<number>>> = {
  digits: said(1),
  sigmoid: said(-1),
  relu: said(-1),
  one_hot: said(-1),
  split: Uint8Array.from({ length: SIZE ** 2 }, (_, i) => (Math.max(Math.floor(i / SIZE), i % SIZE) > 19 ? 2 : i % 2)),
  line: [1, 1, 0],
  relu_weights: golden["scalar-relu"].weights,
  sigmoid_weights: golden["scalar-sigmoid"].weights,
};
vi.mock("../core/trace", () => ({
  loadTrace: async () => ({ array: (name: string) => ({ data: arrays[name] }), axis: () => ({ values: EPOCHS }) }),
}));

const page = fakePage();
vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }); // of the live region
define("nn-arithmetic", NNArithmetic);

async function shown(fragment = ""): Promise<NNArithmetic> {
  history.replaceState(null, "", `/${fragment}`);
  const element = document.createElement("nn-arithmetic") as NNArithmetic;
  element.append(h("div", { class: "nn-poster" }), h("details", { class: "nn-data" }, h("summary", {}, "Data"), h("table")));
  document.body.append(h("figure", { id: "fig-sum" }, element));
  await page.show(element);
  return element;
}
const text = (element: Element, selector: string): string => element.querySelector(selector)!.textContent!;
const sentence = (element: Element): string => (page.frame(), page.frame(), text(element, ".nn-sum-sentence"));
const fields = (element: Element): HTMLInputElement[] => [...element.querySelectorAll<HTMLInputElement>(".nn-sum-ask input")];
function type(input: HTMLInputElement, typed: string): void {
  input.value = typed;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
function press(target: Element, key: string, shiftKey = false): void {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true, cancelable: true }));
}
const scrub = (element: Element, at: number): void => type(element.querySelector("input[type=range]")!, String(at));

let element: NNArithmetic;
beforeEach(async () => {
  element = await shown();
});
afterEach(() => {
  document.body.querySelectorAll("figure").forEach((figure) => figure.remove());
  while (page.waiting) page.frame();
});

describe("asking", () => {
  it("opens with 7 + 5 after training", () => {
    expect(sentence(element)).toContain("7 + 5: answers 12, right.");
    expect(text(element, ".nn-sum-answer")).toBe("12");
    expect(fields(element).map((input) => input.value)).toEqual(["7", "5"]);
  });

  it("answers what is typed, at once", () => {
    type(fields(element)[0]!, "30");
    expect(sentence(element)).toContain("30 + 5: answers 35, right. Outside");
    expect(location.hash).toBe("#fig-sum=v1,a:30");
  });

  it("says what is wrong with other texts, shows them as text, and keeps the last sum", () => {
    const [first] = fields(element);
    type(first!, "<img src=x onerror=alert(1)>");
    expect(text(element, ".nn-sum-problem")).toContain("“<img src=x onerror=a…” is not a number");
    expect(element.querySelector("img")).toBeNull();
    expect(first!.getAttribute("aria-invalid")).toBe("true");
    expect(sentence(element)).toContain("7 + 5");
    first!.dispatchEvent(new Event("change"));
    expect([first!.value, text(element, ".nn-sum-problem"), first!.hasAttribute("aria-invalid")]).toEqual(["7", "", false]);
  });

  it("says that a net was never asked so much, and computes what the sizes' nets would say", () => {
    type(fields(element)[0]!, "150");
    expect(sentence(element)).toContain("150 + 5: this net was never asked above 39 + 39.");
    expect(text(element, ".nn-sum-answer")).toBe("?");
    element.querySelector<HTMLInputElement>("input[value=relu]")!.click();
    expect(sentence(element)).toMatch(/150 \+ 5: answers 15\d.*Computed here/);
    scrub(element, 1);
    expect(sentence(element)).toContain("only after training");
  });

  it("switches the code", () => {
    element.querySelector<HTMLInputElement>("input[value='one-hot']")!.click();
    scrub(element, 2);
    expect(sentence(element)).toContain("7 + 5: answers 2, off by 10.");
    expect(text(element, ".nn-sum-scores dt")).toBe("one-hot, after epoch 5");
    expect(location.hash).toBe("#fig-sum=v1,code:one-hot,epoch:5");
  });
});

describe("going back in time", () => {
  it("by slider: sentence, scores, map and address follow", () => {
    const before = element.querySelector(".nn-map .nn-shade-4")!.getAttribute("d");
    scrub(element, 0);
    expect(sentence(element)).toContain("7 + 5: answers 42, off by 30.");
    expect(text(element, ".nn-sum-scores")).toContain("taught 0 of 200 right");
    expect(element.querySelector(".nn-map .nn-shade-5")!.getAttribute("d")).not.toBe(before);
    expect(location.hash).toBe("#fig-sum=v1,epoch:0");
  });

  it("by keys, anywhere in the figure but in a text field", () => {
    press(element, "ArrowLeft");
    expect(sentence(element)).toContain("answers 22");
    press(element, "Home");
    expect(sentence(element)).toContain("answers 42");
    press(fields(element)[0]!, "End");
    expect(sentence(element)).toContain("answers 42");
    press(element, "r");
    expect(sentence(element)).toContain("answers 12");
    expect(location.hash).toBe("");
  });

  it("is not begun again by who comes back from a footnote", () => {
    press(element, "Home");
    press(element, " ");
    page.frame(9_900);
    for (let now = 10_000; now < 10_900; now += 100) page.frame(now);
    const seen = text(element, ".nn-sum-answer");
    expect([seen, location.hash]).not.toEqual(["42", "#fig-sum=v1"]);
    dispatchEvent(new Event("hashchange")); // the address says what it said
    page.frame(10_901);
    expect(text(element, ".nn-sum-answer")).toBe(seen);
    expect(element.playing).toBe(true);
  });

  it("says nothing about a field that is empty for the moment", () => {
    type(fields(element)[0]!, "");
    expect([text(element, ".nn-sum-problem"), fields(element)[0]!.hasAttribute("aria-invalid")]).toEqual(["", false]);
    type(fields(element)[0]!, "x");
    expect(text(element, ".nn-sum-problem")).toContain("is not a number");
  });

  it("plays from the start to the end and stops there, a checkpoint at a time", () => {
    press(element, " ");
    expect(element.playing).toBe(true);
    expect(text(element, ".nn-toolbar .nn-button-label")).toBe("Pause");
    page.frame(9_900); // shows the pressed button
    const seen: string[] = [];
    for (let now = 10_000; now < 13_000; now += 100) {
      page.frame(now);
      seen.push(text(element, ".nn-sum-answer"));
    }
    expect(seen.filter((answer, i) => answer !== seen[i - 1])).toEqual(["42", "32", "22", "12"]);
    expect(element.playing).toBe(false);
    expect(text(element, ".nn-toolbar .nn-button-label")).toBe("Play");
  });
});

describe("the map", () => {
  it("is one tab stop, and arrows move the sum", () => {
    const field = element.querySelector<HTMLElement>(".nn-map-field")!;
    expect(element.querySelectorAll(".nn-map [tabindex]")).toHaveLength(1);
    press(field, "ArrowUp");
    press(field, "ArrowLeft");
    expect(sentence(element)).toContain("8 + 4");
    press(field, "ArrowRight", true);
    expect(sentence(element)).toContain("8 + 14");
    for (let i = 0; i < 60; i++) press(field, "ArrowDown"), page.frame();
    expect(sentence(element)).toContain("0 + 14");
    expect(fields(element).map((input) => input.value)).toEqual(["0", "14"]);
    expect(sentence(element)).toContain("answers 14"); // and the arrows did not scrub
  });

  it("is described by the cell's sentence", () => {
    const id = element.querySelector(".nn-map-field")!.getAttribute("aria-describedby")!;
    expect(document.getElementById(id)!.textContent).toContain("7 + 5: answers 12");
  });
});

describe("what follows the state", () => {
  it("is the table, row by row", () => {
    const fold = element.querySelector<HTMLDetailsElement>("details.nn-data")!;
    press(element, "t");
    expect(fold.open).toBe(true);
    scrub(element, 1);
    page.frame();
    page.frame();
    const rows = [...fold.querySelectorAll(".nn-twin tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
    expect(rows.map((row) => row.slice(0, 3))).toEqual([["0", "42", "30"], ["1, shown", "32", "20"], ["5", "22", "10"], ["1,200", "12", "0"]]);
    expect(rows[3]!.slice(3)).toEqual(["200 of 200", "200 of 200", "1,200 of 1,200"]);
    expect(text(fold, ".nn-twin caption")).toContain("digits: its answers to 7 + 5");
  });

  it("is what a screen reader hears", () => {
    scrub(element, 2);
    vi.advanceTimersByTime(4100);
    expect(text(document.body, ".nn-announcer")).toBe("7 + 5: answers 22, off by 10. digits, after epoch 5.");
  });

  it("is the address, both ways, with nonsense clamped or ignored", async () => {
    element.closest("figure")!.remove();
    element = await shown("#fig-sum=v1,code:relu,a:3,b:999999,epoch:4,evil:%3Cb%3E");
    expect(sentence(element)).toContain("3 + 9,999: asked above 39 + 39 only after training.");
    expect(element.querySelector<HTMLInputElement>("input[value=relu]")!.checked).toBe(true);
    expect(text(element, ".nn-shown")).toBe("1");
    location.hash = "#fig-sum=v1,code:cobol,a:-5,b:x,epoch:1e9";
    dispatchEvent(new Event("hashchange"));
    expect(sentence(element)).toContain("0 + 5: answers 5, right.");
  });
});

it("lets go of the page when it is removed", () => {
  const figure = element.closest("figure")!;
  const before = text(element, ".nn-sum-sentence");
  figure.remove();
  location.hash = "#fig-sum=v1,a:1";
  dispatchEvent(new Event("hashchange"));
  expect(page.frame()).toBe(0);
  expect(element.querySelector(".nn-stage")).toBeNull();
  expect(before).toContain("7 + 5");
});
