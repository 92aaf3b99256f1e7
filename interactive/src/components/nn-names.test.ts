// @vitest-environment happy-dom
// The maker of names as a reader meets it, over models that a test can foresee.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import golden from "../golden/names.json";
import { define, h } from "../core/element";
import { fakePage } from "../core/testing";
import { NNNames } from "./nn-names";
import { Counts, draw, logSoftmax, mean, surprise } from "./nn-names-models";

const counts = new Counts(golden.counts);
const QUIZ = ["bo", "emma"];
const none = (n: number): number[] => Array<number>(n).fill(0);
const arrays: Readonly<Record<string, ArrayLike<number>>> = {
  counts: golden.counts,
  embedding: none(27), // a net of zeros: every letter is as likely
  hidden: none(6),
  hidden_bias: none(2),
  head: none(54),
  head_bias: none(27),
  known: golden.bloom.bytes,
};
const config = { hashes: golden.bloom.hashes, wrong: 0.0049, dev: [2.45, 2.16, 1.96], kilobytes: 208 };
let broken = false;
vi.mock("../core/trace", () => ({
  loadTrace: async (url: string) => {
    if (broken && url === "large.json") throw new Error("its data could not be fetched");
    return { header: { config }, array: (name: string) => ({ data: arrays[name] }), axis: () => ({ labels: QUIZ }) };
  },
}));
// says "z" and stops, most of the time
const says = (token: number): Float64Array => Float64Array.from({ length: 27 }, (_, v) => (v === (token ? 0 : 26) ? 9 : 0));
vi.mock("../core/gpt", () => ({ recordedGPT: () => ({ forget: () => {}, read: says }) }));
const zed = { reader: () => ({ read: (token: number) => logSoftmax(says(token)) }) };

const page = fakePage();
vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }); // of the live region
define("nn-names", NNNames);

async function shown(fragment = ""): Promise<NNNames> {
  history.replaceState(null, "", `/${fragment}`);
  const element = document.createElement("nn-names") as NNNames;
  element.dataset["trace"] = "small.json";
  element.dataset["model"] = "large.json";
  element.append(h("div", { class: "nn-poster" }), h("details", { class: "nn-data" }, h("summary", {}, "Data"), h("table")));
  document.body.append(h("figure", { id: "fig-n" }, element));
  await page.show(element);
  settle();
  return element;
}
const settle = (): void => {
  while (page.waiting) page.frame();
};
const texts = (root: Element, selector: string): string[] => {
  settle();
  return [...root.querySelectorAll(selector)].map((node) => node.textContent!);
};
const text = (root: Element, selector: string): string => texts(root, selector)[0]!;
const heard = (): string => (settle(), vi.advanceTimersByTime(4100), document.querySelector(".nn-announcer")!.textContent!);
function type(input: HTMLInputElement, typed: string): void {
  input.value = typed;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
function press(target: Element, key: string): void {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}
const view = (name: string): void => void (element.querySelector<HTMLInputElement>(`input[value=${name}]`)!.click(), settle());
const button = (label: string): HTMLButtonElement => {
  return [...element.querySelectorAll<HTMLButtonElement>("button")].find((node) => node.textContent === label && !node.closest("[hidden]"))!;
};
async function fetched(): Promise<void> {
  button("Load it, 208 KB").click();
  await vi.waitFor(() => {
    settle();
    expect(button("Loading …")).toBeUndefined();
  });
}
const column = (i: number): string[] => texts(element, `.nn-names-columns > div:nth-child(${i + 1}) li`);
const strip = (part: string): string[] => texts(element, `.nn-names-row:first-child .nn-names-${part}`);
const names = (seed: number, t: number): string[] => [...draw(counts, 6, seed, t)].map((name) => name || "(nothing)");

let element: NNNames;
beforeEach(async () => {
  element = await shown();
});
afterEach(() => {
  document.body.querySelectorAll("figure").forEach((figure) => figure.remove());
  settle();
  broken = false;
  vi.unstubAllGlobals();
});

describe("drawing names", () => {
  it("shows those of seed 0 at temperature 1", () => {
    expect(column(0)).toEqual(names(0, 1));
    expect(column(1)).toHaveLength(6);
    expect(location.hash).toBe("");
  });

  it("says how often the list is wrong that marks the copied ones", () => {
    expect(text(element, ".nn-names-note")).toContain("errs for 0.5% of other names");
  });

  it("takes another seed and another temperature, and says so in the address", () => {
    button("Next seed").click();
    expect(column(0)).toEqual(names(1, 1));
    type(element.querySelector("input[type=number]")!, "7");
    type(element.querySelector("input[type=range]")!, "0.3");
    expect(column(0)).toEqual(names(7, 0.3));
    expect(location.hash).toBe("#fig-n=v1,seed:7,t:0.3");
    expect(heard()).toContain(`Seed 7, temperature 0.3. counts: ${names(7, 0.3).slice(0, 3).join(", ")}; MLP:`);
  });

  it("keeps the focus where it is while names change", () => {
    const name = (): HTMLElement => element.querySelector<HTMLElement>(".nn-names-columns li:nth-child(4) button")!;
    name().focus();
    press(name(), "n");
    settle();
    expect(name().textContent).toBe(names(1, 1)[3]);
    expect(document.activeElement).toBe(name());
  });

  it("a name that is pressed is the one the table marks and the line is about", () => {
    const name = names(0, 1)[3]!;
    expect(text(element, ".nn-names-draw .nn-names-said")).toContain("Press a name");
    expect(element.querySelectorAll("[data-way]")).toHaveLength(0);
    button(name).click();
    expect(text(element, ".nn-names-said")).toContain(`${name}: counts ${mean(surprise(counts, name)).toFixed(2)}, MLP 3.30 nats a letter`);
    expect(element.querySelectorAll("[data-way]").length).toBe(new Set([...`.${name}`].map((a, i) => a + `${name}.`[i])).size);
    expect(button(name).getAttribute("aria-pressed")).toBe("true");
  });
});

describe("the transformer", () => {
  it("comes on a click and joins the others, one name a drawing", async () => {
    expect(column(2)).toEqual([]);
    await fetched();
    expect(column(2)).toEqual([...draw(zed, 6, 0, 1)]);
    expect(column(2)).toContain("z");
    expect(button("Load it, 208 KB")).toBeUndefined();
    view("score");
    expect(texts(element, ".nn-names-row .nn-names-model")[2]).toMatch(/^transformer: \d\.\d\d nats a letter/);
  });

  it("that does not arrive says why and can be asked for again", async () => {
    broken = true;
    await fetched();
    expect(text(element, ".nn-names-slot .nn-names-problem")).toBe("its data could not be fetched");
    expect(column(0)).toEqual(names(0, 1));
    broken = false;
    button("Try again").click();
    await vi.waitFor(() => expect(column(2)).toHaveLength(6));
  });
});

describe("scoring a name", () => {
  const input = (): HTMLInputElement => element.querySelector<HTMLInputElement>(".nn-names-ask input")!;

  it("has a bar for every letter and the end, and the mean", () => {
    view("score");
    type(input(), "Zoë");
    const nats = surprise(counts, "zoe");
    expect(text(element, ".nn-names-row .nn-names-model")).toBe(`counts: ${mean(nats).toFixed(2)} nats a letter (held-out names: 2.45)`);
    expect(strip("letter")).toEqual(["z", "o", "e", "end"]);
    expect(strip("nats")).toEqual(nats.map((nat) => nat.toFixed(1)));
    expect(location.hash).toBe("#fig-n=v1,view:score,name:zoe");
    expect(heard()).toContain("zoe: counts");
  });

  it("says whether the name is on the list, and how often that is wrong", () => {
    view("score");
    type(input(), golden.bloom.asked[0]!);
    expect(text(element, ".nn-names-listed")).toContain("it takes 0.5% of other names for one on it");
    type(input(), golden.bloom.asked[golden.bloom.known.indexOf(false)]!);
    expect(text(element, ".nn-names-listed")).toBe("Not on the training list.");
  });

  it("says what is wrong with other texts, shows them as text, and keeps the last name", () => {
    view("score");
    type(input(), "<img src=x onerror=alert(1)>");
    expect(text(element, ".nn-names-score .nn-names-problem")).toContain("“<” is none of them");
    expect(element.querySelector("img")).toBeNull();
    expect(strip("letter")).toEqual(["e", "m", "m", "a", "end"]);
    input().dispatchEvent(new Event("change"));
    expect([input().value, input().hasAttribute("aria-invalid")]).toEqual(["emma", false]);
  });
});

describe("guessing", () => {
  const pad = (): HTMLButtonElement[] => [...element.querySelectorAll<HTMLButtonElement>(".nn-names-pad button")];
  const scores = (row: number): string[] => texts(element, `.nn-names-result tbody tr:nth-child(${row + 1}) td`);

  it("charges what was marked as it charges the models", () => {
    view("guess");
    expect(text(element, ".nn-names-word")).toBe("?");
    pad()[1]!.click(); // b
    pad()[2]!.click(); // c
    expect(text(element, ".nn-names-belief")).toBe("Each of 2 gets 45%, the others share 10%.");
    button("Show the letter").click();
    expect(text(element, ".nn-names-word")).toBe("b?");
    expect(text(element, ".nn-names-guess .nn-names-said")).toContain("It was b. You gave it 45%, counts ");
    expect(scores(0)).toEqual(["0.80", "0.80", "0.80"]);
    expect(scores(1)[0]).toBe(surprise(counts, "bo")[0]!.toFixed(2));
    expect(scores(2)[0]).toBe("3.30");
    expect(pad().some((token) => token.getAttribute("aria-pressed") === "true")).toBe(false);
    expect(heard()).toContain("It was b. You gave it 45%");
  });

  it("goes by keys: letters mark, arrows move, Enter shows, and figure keys keep out of it", () => {
    view("guess");
    pad()[0]!.focus();
    for (const key of ["b", "n", "r", "t", "."]) press(document.activeElement!, key);
    expect(pad().filter((token) => token.getAttribute("aria-pressed") === "true").map((token) => token.textContent)).toEqual(["b", "n", "r", "t", "end"]);
    press(document.activeElement!, "ArrowRight");
    expect(document.activeElement).toBe(pad()[1]);
    press(document.activeElement!, "End");
    expect(document.activeElement!.textContent).toBe("end");
    expect(pad().filter((token) => token.tabIndex === 0)).toHaveLength(1);
    press(document.activeElement!, "Enter");
    expect(text(element, ".nn-names-word")).toBe("b?");
    expect(element.querySelector<HTMLDetailsElement>("details")!.open).toBe(false); // t did not open the table
  });

  it("ends with the end, goes on to the next name, and keeps the score", () => {
    view("guess");
    pad()[0]!.focus();
    for (let i = 0; i < 3; i++) (press(document.activeElement!, "Enter"), settle());
    expect(text(element, ".nn-names-word")).toBe("bo");
    expect(pad().every((token) => token.getAttribute("aria-disabled") === "true" && !token.disabled)).toBe(true);
    expect(document.activeElement).toBe(pad()[0]); // who guesses by keyboard is not thrown out
    press(document.activeElement!, "b");
    button("Skip name").click();
    settle();
    expect([text(element, ".nn-names-word"), pad()[1]!.getAttribute("aria-pressed")]).toEqual(["bo", "false"]);
    button("Next name").click();
    expect(text(element, ".nn-names-word")).toBe("?");
    expect(scores(0)).toEqual(["–", "–", "3.30"]);
    button("Skip name").click();
    settle();
    button("Show the letter").click();
    expect(text(element, ".nn-names-word")).toBe("b?");
  });
});

describe("the table of pairs", () => {
  const cell = (a: number, b: number): HTMLElement => element.querySelectorAll<HTMLElement>("[role=gridcell]")[27 * a + b]!;

  it("is a grid with one tab stop whose cells say pair, count and probability", () => {
    expect(element.querySelectorAll("[role=gridcell]")).toHaveLength(729);
    expect(element.querySelectorAll("[role=gridcell][tabindex='0']")).toHaveLength(1);
    const [count, total] = [golden.counts[5 * 27 + 13]!, counts.totals[5]!];
    const p = ((100 * (count + 1)) / (total + 27)).toFixed(1);
    expect(cell(5, 13).getAttribute("aria-label")).toBe(`e, then m: ${count} of ${total.toLocaleString("en")}, ${p}% with one added everywhere`);
    expect(cell(0, 0).getAttribute("aria-label")).toContain("the start, then the end: 0 of 23,754, under 0.1%");
  });

  it("goes by arrows, which nothing else hears", () => {
    cell(0, 1).focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) (press(document.activeElement!, key), settle());
    expect(document.activeElement).toBe(cell(2, 2));
    expect(text(element, ".nn-pairs-said")).toContain("b, then b:");
    expect([...element.querySelectorAll("select")].map((list) => list.value)).toEqual(["b", "b"]);
    for (const key of ["Home", "PageUp", "ArrowUp", "ArrowLeft"]) (press(document.activeElement!, key), settle());
    expect(document.activeElement).toBe(cell(0, 0));
    expect(location.hash).toBe("#fig-n=v1,pair:..");
  });

  it("follows the temperature while names are drawn, and not while a name is scored", () => {
    const before = cell(17, 21).getAttribute("aria-label")!; // q, then u
    type(element.querySelector("input[type=range]")!, "0");
    settle();
    expect(cell(17, 21).getAttribute("aria-label")).toBe(`${before}; at temperature 0, 100%`);
    expect([...element.querySelectorAll("[data-shade='5'][role=gridcell]")]).toHaveLength(27);
    view("score");
    expect(cell(17, 21).getAttribute("aria-label")).toBe(before);
  });

  it("goes by two lists too", () => {
    const [after] = element.querySelectorAll("select");
    after!.value = "q";
    after!.dispatchEvent(new Event("change"));
    expect(text(element, ".nn-pairs-said")).toContain("q, then a:");
    expect(cell(17, 1).tabIndex).toBe(0);
  });
});

describe("what follows the state", () => {
  it("is the table of the fold", async () => {
    await fetched();
    press(element, "t");
    const fold = element.querySelector<HTMLDetailsElement>("details.nn-data")!;
    expect(fold.open).toBe(true);
    view("score");
    const rows = [...fold.querySelectorAll(".nn-twin tbody tr")].map((row) => [...row.children].map((place) => place.textContent));
    expect(rows.map((row) => row[0])).toEqual(["e", "m", "m", "a", "end", "mean"]);
    expect(rows[5]!.slice(1, 3)).toEqual([mean(surprise(counts, "emma")).toFixed(2), "3.30"]);
    expect(text(fold, ".nn-twin caption")).toBe("Surprise at emma, in nats");
  });

  it("is the address, both ways, with nonsense clamped or ignored", async () => {
    element.closest("figure")!.remove();
    element = await shown("#fig-n=v1,view:draw,seed:9e9,t:0.34,name:%3Cb%3E,pair:%3F%3F,evil:1");
    expect(column(0)).toEqual(names(999_999, 0.3));
    expect(text(element, ".nn-pairs-said")).toContain("the start, then a");
    location.hash = "#fig-n=v1,view:score,name:zoe,pair:qu";
    dispatchEvent(new Event("hashchange"));
    expect(strip("letter")).toEqual(["z", "o", "e", "end"]);
    expect(text(element, ".nn-pairs-said")).toContain("q, then u");
  });

  it("is copied as an address", async () => {
    button("Next seed").click();
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (words: string) => void written.push(words) } });
    const copy = [...element.querySelectorAll("button")].find((one) => one.textContent === "Copy link")!;
    copy.click();
    await vi.waitFor(() => expect(copy.textContent).toBe("Copied"));
    expect(written).toEqual([`${location.origin}/#fig-n=v1,seed:1`]);
  });

  it("goes back with r", () => {
    button("Next seed").click();
    press(element, "n");
    expect(column(0)).toEqual(names(2, 1));
    press(element, "r");
    expect(column(0)).toEqual(names(0, 1));
    expect(location.hash).toBe("");
  });
});

it("lets go of the page when it is removed", () => {
  const before = text(element, ".nn-names-draw .nn-names-said");
  element.closest("figure")!.remove();
  location.hash = "#fig-n=v1,name:zoe";
  dispatchEvent(new Event("hashchange"));
  expect(page.frame()).toBe(0);
  expect(element.querySelector(".nn-stage")).toBeNull();
  expect(before).toContain("Press a name");
});
