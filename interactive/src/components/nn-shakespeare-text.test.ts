// What is said about the stages' texts, and what becomes of a prompt.
import { describe, expect, it } from "vitest";
import { Stages, about, readable, type Recording } from "./nn-shakespeare-text";

const SYMBOLS = ["\n", " ", "'", "-", "a", "b", "c"];
const ids = (...texts: string[]): number[] => texts.flatMap((text) => [...text].map((c) => SYMBOLS.indexOf(c)));
const recording: Recording = {
  steps: [0, 5, 1200],
  symbols: SYMBOLS,
  text: ids("ab c\n", "ab b\n", "cb ba"),
  belongs: [1, 1, 0, 2, 0, 2, 2, 0, 1, 0, 1, 1, 0, 2, 2],
  loss: [4.1744, 2, 1.5],
  real: [1, 1, 1],
  words: [2, 2, 2],
};

describe("the stages", () => {
  const stages = new Stages(recording);

  it("have the texts that were recorded", () => {
    expect(stages.texts).toEqual(["ab c\n", "ab b\n", "cb ba"]);
    expect(stages.last).toBe(2);
  });

  it("are found by their step, or by one after it", () => {
    expect([-3, 0, 4, 5, 1199, 1200, 1e6].map((step) => stages.stage(step))).toEqual([0, 0, 0, 1, 1, 2, 2]);
  });

  it("mark the words that are invented, the characters that stayed, or nothing", () => {
    const marked = (at: number, mark: "invented" | "kept" | "nothing"): string =>
      stages.pieces(at, mark).map(({ text, marked }) => (marked ? `[${text}]` : text)).join("");
    expect([0, 1, 2].map((at) => marked(at, "invented"))).toEqual(["ab [c]\n", "[ab] b\n", "cb [ba]"]);
    expect([0, 1, 2].map((at) => marked(at, "kept"))).toEqual(["ab c\n", "[ab ]b[\n]", "c[b b]a"]);
    expect([0, 1, 2].map((at) => stages.kept(at))).toEqual([0, 4, 3]);
    expect(stages.pieces(2, "nothing")).toEqual([{ text: "cb ba", marked: false }]);
  });

  it("say what there is to say in one sentence", () => {
    expect(stages.sentence(0)).toBe("Before training: 4.17 nats a character, 1 of 2 words stand in the training text.");
    expect(stages.sentence(2)).toBe("After 1,200 steps: 1.50 nats a character, 1 of 2 words stand in the training text.");
  });

  it.each([{ text: [0, 1] }, { belongs: [0] }, { loss: [1] }, { real: [] }, { words: [1, 2] }, { steps: [] }])("refuse what does not fit: %j", (part) => {
    expect(() => new Stages({ ...recording, ...part })).toThrow(RangeError);
  });
});

describe("a prompt", () => {
  it("is read as it stands if the net knows its characters", () => {
    const prompt = readable("ab 'c\n", SYMBOLS);
    expect(prompt).toEqual({ ids: [4, 5, 1, 2, 6, 0], text: "ab 'c\n", changed: [], unknown: [] });
    expect(about(prompt, 7, 128)).toBe("");
  });

  it("has marks of typographers read as what the text has, and that is said", () => {
    const prompt = readable("a’b—c\tb\r\n", SYMBOLS);
    expect(prompt.text).toBe("a'b--c b\n");
    expect(about(prompt, 7, 128)).toBe("Read as what the training text has: ’ as ', — as --, U+0009 as a space.");
  });

  it("loses what the net has never seen, each named once", () => {
    const prompt = readable("a2é2🙂b", SYMBOLS);
    expect(prompt.text).toBe("ab");
    expect(about(prompt, 7, 128)).toBe("Left out, because the net knows 7 characters and these are not among them: 2, é, 🙂.");
  });

  it("names by number what could not be seen, or would turn the sentence round", () => {
    const prompt = readable("a\u202Eb\u200D\u0000\uD800c\u0301", SYMBOLS);
    expect(prompt.text).toBe("abc");
    expect(prompt.unknown).toEqual(["U+202E", "U+200D", "U+0000", "U+D800", "U+0301"]);
  });

  it("keeps its sentence short, whatever was typed", () => {
    const many = readable("0123456789ABCDEF", SYMBOLS);
    expect(about(many, 7, 128)).toContain("0, 1, 2, 3, 4, 5, 6, 7 and 8 more.");
  });

  it("does not promise a character that this net does not have", () => {
    expect(readable("’—", ["a"]).unknown).toEqual(["’", "—"]);
  });

  it("is said to be cut where the net reads less of it", () => {
    expect(about(readable("a".repeat(7), SYMBOLS), 7, 8)).toBe("");
    expect(about(readable("a".repeat(8), SYMBOLS), 7, 8)).toBe("The net reads 8 characters at most: of these it reads the last 4.");
  });
});
