import { describe, expect, it } from "vitest";
import { type Address, flag, fragmentState, int, oneOf, real, text } from "./state";

const spec = {
  task: oneOf(["AND", "OR", "XOR"], "XOR"),
  seed: int(0, 999, 7),
  rate: real(0.01, 10, 0.5),
  log: flag(false),
  points: text(8),
};

function address(start = ""): Address & { now: string } {
  const own = { now: start, read: () => own.now, replace: (fragment: string) => void (own.now = fragment) };
  return own;
}
const at = (start: string) => fragmentState("fig-x", 1, spec, address(start)).get();
const DEFAULTS = { task: "XOR", seed: 7, rate: 0.5, log: false, points: "" };

describe("what the address says", () => {
  it("comes back as it was set, and defaults are not written", () => {
    const place = address();
    const state = fragmentState("fig-x", 1, spec, place);
    state.set({ task: "AND", seed: 7, log: true, points: "a,b:&=%é" });
    expect(place.now).toBe("#fig-x=v1,task:AND,log:1,points:a%2Cb%3A%26%3D%25%C3%A9");
    expect(fragmentState("fig-x", 1, spec, place).get()).toEqual({ ...DEFAULTS, task: "AND", log: true, points: "a,b:&=%é" });
    state.set({ task: "XOR", log: false, points: "" });
    expect(place.now).toBe("");
  });

  it("is shared by several figures, each seeing its own part", () => {
    const place = address("#fig-y=v2,seed:3");
    fragmentState("fig-x", 1, spec, place).set({ seed: 8 });
    expect(place.now).toBe("#fig-y=v2,seed:3&fig-x=v1,seed:8");
    expect(fragmentState("fig-y", 2, { seed: int(0, 9, 1) }, place).get()).toEqual({ seed: 3 });
  });

  it("leaves an ordinary anchor alone until there is something to write", () => {
    const place = address("#a-section");
    const state = fragmentState("fig-x", 1, spec, place);
    state.set({ seed: 7 });
    expect(place.now).toBe("#a-section");
    state.set({ seed: 9 });
    expect(place.now).toBe("#fig-x=v1,seed:9");
  });
});

describe("what somebody else wrote into the address", () => {
  it.each([
    ["above the range", "#fig-x=v1,seed:2000", { seed: 999 }],
    ["below the range", "#fig-x=v1,seed:-4,rate:-1e9", { seed: 0, rate: 0.01 }],
    ["between the steps", "#fig-x=v1,seed:7.6", { seed: 8 }],
    ["not a number", "#fig-x=v1,seed:NaN,rate:Infinity,log:maybe", {}],
    ["hexadecimal, empty, spaced", "#fig-x=v1,seed:0x10,rate:,log: 1", {}],
    ["not an option", "#fig-x=v1,task:NAND", {}],
    ["an unknown key", "#fig-x=v1,colour:red,seed:8", { seed: 8 }],
    ["a key of every object", "#fig-x=v1,__proto__:1,constructor:2,toString:3", {}],
    ["another version", "#fig-x=v2,seed:8", {}],
    ["no version", "#fig-x=seed:8", {}],
    ["broken percent signs", "#fig-x=v1,points:%E0%A4%A,seed:8", { seed: 8 }],
    ["too long", "#fig-x=v1,points:0123456789abcdef", { points: "01234567" }],
    ["markup", "#fig-x=v1,points:%3Cb%3E%26%22", { points: '<b>&"' }],
    ["another figure", "#fig-xy=v1,seed:8", {}],
  ])("%s", (_, fragment, change) => expect(at(fragment)).toEqual({ ...DEFAULTS, ...change }));

  it("is clamped on the way out as well", () => {
    const state = fragmentState("fig-x", 1, spec, address());
    state.set({ seed: 1e9, rate: Number.NaN });
    expect(state.get()).toMatchObject({ seed: 999, rate: 0.5 });
  });
});
