// The playground's model: runs that can be rewound to the bit, points as text, guesses, and what net.py would print.

import { describe, expect, it, test } from "vitest";
import {
  GRID, LAST, MOST_POINTS, Run, TASKS, dataOf, place, printed, program, question, readHidden, readPoints, writeHidden,
  writePoints, type Point, type Settings,
} from "./nn-playground-model"; // prettier-ignore

const settings = (change: Partial<Settings> = {}): Settings => ({
  task: "XOR", hidden: [3], seed: 1, rate: 5, points: [], ...change,
}); // prettier-ignore

function trained(epochs: number, change: Partial<Settings> = {}): Run {
  const run = new Run(settings(change));
  for (let i = 0; i < epochs; i++) run.step();
  return run;
}

describe("rewind", () => {
  test.each([0, 1, 7, 255, 511, 512, 513, 1000, 4999])("epoch %d of 5,000 comes back to the bit", (epoch) => {
    const run = trained(5000);
    const then = trained(epoch);
    run.seek(epoch);
    expect(run.epoch).toBe(epoch);
    expect(run.net.parameters).toEqual(then.net.parameters);
    expect(run.loss).toBe(then.loss);
  });

  it("an earlier epoch of a net that learns has a larger loss", () => {
    const run = trained(2000);
    const end = run.loss;
    run.seek(100);
    expect(run.loss).toBeGreaterThan(end);
  });

  it("going on after a rewind leads to the same numbers and forgets nothing", () => {
    const run = trained(3000);
    const end = run.net.parameters.slice();
    run.seek(1234);
    expect(run.last).toBe(3000);
    while (run.epoch < 3000) run.step();
    expect(run.net.parameters).toEqual(end);
    expect(run.last).toBe(3000);
    run.step();
    expect(run.last).toBe(3001);
  });

  it("keeps at most 512 snapshots, evenly spread from the first epoch on", () => {
    for (const epochs of [10, 511, 512, 6000]) {
      const { epochs: kept } = trained(epochs, { hidden: [] }).curve();
      expect(kept.length).toBeLessThanOrEqual(513); // and the present
      expect(kept[0]).toBe(0);
      expect(kept.at(-1)).toBe(epochs);
      const stride = kept[1]! - kept[0]!;
      kept.slice(0, -1).forEach((epoch, i) => expect(epoch).toBe(i * stride));
      expect(kept.length).toBeGreaterThan(Math.min(epochs, 255));
    }
  });

  it("clamps epochs that have not been trained", () => {
    const run = trained(20);
    run.seek(1e9);
    expect(run.epoch).toBe(20);
    run.seek(-3);
    expect(run.epoch).toBe(0);
  });

  it("ends", () => {
    const run = trained(LAST + 5, { hidden: [] });
    expect(run.epoch).toBe(LAST);
    expect(run.done).toBe(true);
    expect(run.step()).toBe(false);
  });

  it("the curve holds the losses of the epochs that it names", () => {
    const { epochs, losses } = trained(1500).curve();
    for (const i of [0, 100, epochs.length - 2, epochs.length - 1]) expect(losses[i]).toBe(trained(epochs[i]!).loss);
  });
});

describe("hidden layers as text", () => {
  test.each([["0", []], ["3", [3]], ["8-8-8", [8, 8, 8]], ["2-0-4", [2, 4]]])("%s", (text, hidden) => {
    expect(readHidden(text)).toEqual(hidden);
  });
  test.each([["99", [8]], ["1-2-3-4-5", [1, 2, 3]], ["4.4", [4, 4]]])("%s is clamped", (text, hidden) => {
    expect(readHidden(text)).toEqual(hidden);
  });
  test.each(["", "x", "-3", "3-", "1e3", "<b>", "9999"])("%j is nonsense", (text) => {
    expect(readHidden(text)).toBeUndefined();
  });
  it("survives a round trip", () => {
    for (const hidden of [[], [4], [8, 1, 3]]) expect(readHidden(writeHidden(hidden))).toEqual(hidden);
  });
});

describe("points", () => {
  it("a second point on the same place takes the place of the first", () => {
    let points = place([], 3, 4, 0);
    points = place(points, 3, 4, 1);
    expect(points).toEqual([{ x: 3, y: 4, kind: 1 }]);
    expect(place(points, 3, 4, null)).toEqual([]);
  });

  it("survive a round trip through the address", () => {
    const points: Point[] = [{ x: 0, y: 0, kind: 0 }, { x: GRID, y: 7, kind: 1 }, { x: 12, y: GRID, kind: 1 }];
    expect(readPoints(writePoints(points))).toEqual(points);
  });

  it("beyond forty there is no room", () => {
    let points: readonly Point[] = [];
    for (let i = 0; i < 60; i++) points = place(points, i % 20, Math.floor(i / 20), 1);
    expect(points).toHaveLength(MOST_POINTS);
    expect(place(points, 0, 0, 0).find((p) => p.x === 0 && p.y === 0)?.kind).toBe(0);
  });

  test.each(["zz%%", "<script>alert(1)</script>", "a", "é1", "A".repeat(500)])("%j gives points on the grid or none", (text) => {
    for (const { x, y } of readPoints(text)) {
      expect(x).toBeLessThanOrEqual(GRID);
      expect(y).toBeLessThanOrEqual(GRID);
    }
    expect(readPoints(text).length).toBeLessThanOrEqual(MOST_POINTS);
  });

  it("train a net as any other rows", () => {
    const points: Point[] = [{ x: 2, y: 2, kind: 0 }, { x: 18, y: 2, kind: 1 }, { x: 2, y: 18, kind: 1 }, { x: 18, y: 18, kind: 0 }];
    const run = trained(5000, { task: "points", points, hidden: [4] });
    expect(run.loss).toBeLessThan(0.01);
    expect(run.right()).toEqual([true, true, true, true]);
  });

  it("a run without points stays where it is", () => {
    const run = trained(10, { task: "points" });
    expect([run.epoch, run.done, run.curve().epochs.length]).toEqual([0, true, 0]);
  });
});

describe("in the words of net.py", () => {
  it("prints the line that the post prints", () => {
    expect(printed(trained(2000))).toBe("XOR [2, 3, 1] loss 0.0003 answers 0.02 0.98 0.98 0.02");
    expect(printed(trained(2000, { hidden: [] }))).toBe("XOR [2, 1] loss 0.2500 answers 0.50 0.50 0.50 0.50");
    expect(printed(trained(2000, { task: "AND", hidden: [] }))).toBe("AND [2, 1] loss 0.0005 answers 0.00 0.02 0.02 0.97");
    expect(printed(trained(2000, { task: "OR", hidden: [] }))).toBe("OR [2, 1] loss 0.0002 answers 0.02 0.99 0.99 1.00");
  });

  it("names sizes, seed, rate and the epochs so far", () => {
    const text = program(trained(12, { task: "AND", hidden: [4, 2], seed: 9, rate: 0.5 }));
    expect(text).toContain("make_net([2, 4, 2, 1], seed=9)");
    expect(text).toContain("for epoch in range(12):");
    expect(text).toContain("backprop(net, AND), rate=0.5)");
  });

  it("writes out points, and says where the moons come from", () => {
    expect(program(new Run(settings({ task: "points", points: [{ x: 5, y: 10, kind: 1 }] })))).toContain("[([0.25, 0.5], 1)]");
    expect(program(new Run(settings({ task: "moons" })))).toContain("moons(40, noise=0.1, seed=1)");
  });
});

describe("guesses", () => {
  it("a single neuron gets no row of XOR right, three hidden ones get all", () => {
    const q = question("XOR");
    expect(q.options[q.judge(trained(2000, { hidden: [] }).right())]).toBe("0");
    expect(q.options[q.judge(trained(2000).right())]).toBe("4");
    expect(q.tell(trained(2000).right())).toBe("4 of 4 rows are right");
  });

  it("a net that is stuck gets two rows", () => {
    expect(question("XOR").judge(trained(2000, { hidden: [2], seed: 6 }).right())).toBe(2);
  });

  it("of moons it asks for all or not", () => {
    const q = question("moons");
    expect(q.options[q.judge(trained(2000, { task: "moons", hidden: [8] }).right())]).toBe("yes");
    expect(q.options[q.judge(trained(2000, { task: "moons", hidden: [] }).right())]).toBe("no");
  });
});

describe("a nudge of a last bit", () => {
  const ends = (change: Partial<Settings>, epochs: number, nudge: number): string => {
    const run = new Run(settings(change), nudge);
    for (let i = 0; i < epochs; i++) run.step();
    return printed(run);
  };

  it.each([
    ["XOR as the post trains it", {}, 5000],
    ["one neuron", { hidden: [] }, 2000],
    ["moons", { task: "moons", hidden: [4] }, 300],
  ] as const)("changes nothing that is printed: %s", (_, change, epochs) => {
    expect(ends(change, epochs, 1e-12)).toBe(ends(change, epochs, 0));
  });

  it("decides where the rate is so high that training never settles, so that Python may end elsewhere", () => {
    expect(ends({ hidden: [], rate: 30 }, 2000, 1e-12)).not.toBe(ends({ hidden: [], rate: 30 }, 2000, 0));
  });

  it("stays when the run is rewound", () => {
    const run = new Run(settings(), 1e-3);
    const begun = run.net.parameters.slice();
    for (let i = 0; i < 600; i++) run.step();
    run.seek(0);
    expect(run.net.parameters).toEqual(begun);
    expect(begun[0]).not.toBe(new Run(settings()).net.parameters[0]);
  });
});

test("every task has rows of two inputs", () => {
  for (const task of TASKS) {
    const { rows, X, Y } = dataOf(settings({ task, points: [{ x: 1, y: 2, kind: 0 }] }));
    expect([X.length, Y.length]).toEqual([2 * rows, rows]);
    expect(rows).toBeGreaterThan(0);
  }
});
