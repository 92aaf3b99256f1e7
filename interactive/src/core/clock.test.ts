import { describe, expect, it, vi } from "vitest";
import { Loop, slice, type Tick } from "./clock";

function frames() {
  let due: Tick[] = [];
  const source = { request: (callback: Tick) => void due.push(callback) };
  const run = (now = 0): number => {
    const these = due;
    due = [];
    for (const callback of these) callback(now);
    return these.length;
  };
  return { loop: new Loop(source), run };
}

describe("the page's loop", () => {
  it("asks for no frame while nothing plays", () => {
    const { loop, run } = frames();
    expect(run()).toBe(0);
    const tick = vi.fn();
    loop.add(tick);
    expect(run(5)).toBe(1);
    loop.remove(tick);
    run();
    expect(run()).toBe(0);
    expect(tick).toHaveBeenCalledExactlyOnceWith(5);
  });

  it("is one loop for all, and calls a request once however often it was made", () => {
    const { loop, run } = frames();
    const tick = vi.fn();
    const draw = vi.fn();
    loop.add(tick);
    for (let i = 0; i < 5; i++) loop.once(draw);
    expect(run()).toBe(1);
    expect(draw).toHaveBeenCalledTimes(1);
    run();
    expect([tick.mock.calls.length, draw.mock.calls.length]).toEqual([2, 1]);
  });

  it("draws what a step computed in the same frame", () => {
    const { loop, run } = frames();
    const draw = vi.fn();
    loop.add(() => loop.once(draw));
    run();
    expect(draw).toHaveBeenCalledTimes(1);
  });

  it("does not call what was removed in the same frame", () => {
    const { loop, run } = frames();
    const second = vi.fn();
    loop.add(() => loop.remove(second));
    loop.add(second);
    run();
    expect(second).not.toHaveBeenCalled();
  });
});

describe("a slice of time", () => {
  it("ends when it is used up", () => {
    let time = 0;
    expect(slice(6, () => ((time += 2), true), () => time)).toBe(3);
  });

  it("ends when there is nothing left to do, and makes at least one step", () => {
    let left = 4;
    expect(slice(6, () => --left > 0, () => 0)).toBe(4);
    expect(slice(0, () => true, () => 0)).toBe(1);
  });
});
