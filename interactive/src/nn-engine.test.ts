// The engine: what nets of these shapes can learn, what Python computes from the same start, slopes that are slopes.

import { describe, expect, it, test } from "vitest";
import golden from "./golden/engine.json";
import { MLP, Mulberry32, listingNumbers, type Activation, type Data, type Init } from "./nn-engine";
import { moons, truthTable } from "./nn-tasks";

function train(net: MLP, data: Data, rate: number, epochs: number, momentum = 0): number {
  for (let epoch = 0; epoch < epochs; epoch++) net.step(data, rate, momentum);
  return net.loss(data);
}

interface Case {
  by: string;
  task: keyof typeof golden.tasks;
  sizes: number[];
  seed: number;
  rate: number;
  momentum?: number;
  hidden?: Activation;
  output?: Activation;
  init?: Init;
  marks: { epoch: number; loss: number; parameters: number[] }[];
}
const cases = golden.cases as Case[];

function dataOf(task: Case["task"]): Data {
  const { X, Y } = golden.tasks[task];
  return { rows: Y.length, X: Float64Array.from(X), Y: Float64Array.from(Y) };
}

describe("what a net can learn", () => {
  it("a single neuron learns AND", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(train(new MLP([2, 1], seed, { init: "listing" }), truthTable("AND"), 5, 2000)).toBeLessThan(0.01);
    }
  });

  it("a single neuron stays above 0.2 on XOR", () => {
    const net = new MLP([2, 1], 1, { init: "listing" });
    for (let turn = 0; turn < 50; turn++) expect(train(net, truthTable("XOR"), 5, 100)).toBeGreaterThan(0.2);
  });

  it("two layers solve XOR", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(train(new MLP([2, 4, 1], seed, { init: "listing" }), truthTable("XOR"), 5, 5000)).toBeLessThan(0.01);
    }
  });

  it("the forward pass returns the input and one list of activations a layer", () => {
    const acts = new MLP([2, 4, 3, 1], 7).forward([0.5, -1]);
    expect(acts.map((a) => a.length)).toEqual([2, 4, 3, 1]);
    expect([...acts[0]!]).toEqual([0.5, -1]);
  });

  it("a snapshot has the sizes of the net and all of its parameters", () => {
    const { sizes, parameters } = new MLP([2, 4, 1], 7).snapshot();
    expect(sizes).toEqual([2, 4, 1]);
    expect(parameters.length).toBe(4 * 3 + 1 * 5);
  });
});

describe("the same numbers as Python", () => {
  test("Mulberry32, bit for bit where no library function is used", () => {
    const { seed, uint32, uniform, normal, below } = golden.mulberry32;
    const rng = new Mulberry32(seed);
    expect(uint32.map(() => rng.uint32())).toEqual(uint32);
    expect(uniform.map(() => rng.uniform(-1, 1))).toEqual(uniform);
    for (const z of normal) expect(Math.abs(rng.normal() - z)).toBeLessThan(1e-14);
    expect(below.map(() => rng.below(10))).toEqual(below);
  });

  test.each(Object.entries(golden.numbers))("the generator of net.py from seed %s", (seed, numbers) => {
    const next = listingNumbers(Number(seed));
    expect(numbers.map(() => next())).toEqual(numbers);
  });

  test("two moons", () => {
    const { n, noise, seed } = golden.moons;
    const data = moons(n, noise, seed);
    expect([...data.Y]).toEqual(golden.tasks.moons.Y);
    golden.tasks.moons.X.forEach((x, i) => expect(Math.abs(data.X[i]! - x)).toBeLessThan(1e-14));
  });

  test.each(["AND", "OR", "XOR"] as const)("the rows of %s", (task) => {
    expect(truthTable(task)).toEqual(dataOf(task));
  });

  const names = cases.map((c) => [`${c.by} ${c.task} ${c.sizes.join("-")} seed ${c.seed} rate ${c.rate}`, c] as const);
  test.each(names)("%s: equal at the start, within 1e-9 after 1, 10, 1,000 and 5,000 epochs", (_, c) => {
    const { hidden = "sigmoid", output = "sigmoid", init = "uniform" } = c;
    const net = new MLP(c.sizes, c.seed, { hidden, output, init });
    const data = dataOf(c.task);
    let epoch = 0;
    for (const mark of c.marks) {
      for (; epoch < mark.epoch; epoch++) net.step(data, c.rate, c.momentum);
      const apart = mark.parameters.map((w, i) => Math.abs(net.parameters[i]! - w) / Math.max(Math.abs(w), 1e-3));
      if (mark.epoch === 0 && init !== "he") expect([...net.parameters]).toEqual(mark.parameters);
      expect(Math.max(...apart)).toBeLessThanOrEqual(1e-9);
      expect(Math.abs(net.loss(data) - mark.loss)).toBeLessThanOrEqual(1e-9 * mark.loss);
    }
    expect(epoch).toBe(5000);
  });
});

describe("slopes", () => {
  const shapes: [number[], Activation, Activation][] = [
    [[2, 1], "sigmoid", "sigmoid"],
    [[2, 3, 1], "sigmoid", "sigmoid"],
    [[2, 4, 3, 2], "tanh", "linear"],
    [[2, 5, 1], "relu", "sigmoid"],
    [[2, 3, 3, 3, 1], "sigmoid", "tanh"],
  ];
  test.each(shapes)("%j %s %s: gradients match central differences", (sizes, hidden, output) => {
    const outputs = sizes[sizes.length - 1]!;
    const rng = new Mulberry32(11);
    const data: Data = {
      rows: 5,
      X: Float64Array.from({ length: 10 }, () => rng.uniform(-1, 1)),
      Y: Float64Array.from({ length: 5 * outputs }, () => rng.random()),
    };
    const net = new MLP(sizes, 4, { hidden, output });
    net.gradients(data);
    const slopes = net.gradient.slice();
    const nudge = 1e-6;
    for (let i = 0; i < slopes.length; i++) {
      const kept = net.parameters[i]!;
      net.parameters[i] = kept + nudge;
      const above = net.loss(data);
      net.parameters[i] = kept - nudge;
      const below = net.loss(data);
      net.parameters[i] = kept;
      expect(slopes[i]).toBeCloseTo((above - below) / (2 * nudge), 7);
    }
  });

  it("the hand computation of every weight adds up to its slope", () => {
    const net = new MLP([2, 3, 2, 1], 5, { init: "listing" });
    const data = moons(9, 0.1, 3);
    net.gradients(data);
    for (let layer = 1; layer < net.sizes.length; layer++) {
      for (let unit = 0; unit < net.sizes[layer]!; unit++) {
        for (let input = 0; input <= net.sizes[layer - 1]!; input++) {
          const terms = net.terms(data, layer, unit, input);
          expect(terms).toHaveLength(9);
          for (const t of terms) expect(t.product).toBe(t.blame * t.slope * t.input);
          const sum = terms.reduce((total, t) => total + t.product, 0);
          expect(sum).toBeCloseTo(net.gradient[net.index(layer, unit, input)]!, 15);
        }
      }
    }
  });

  it("one update is old weight minus rate times slope", () => {
    const net = new MLP([2, 3, 1], 1, { init: "listing" });
    const before = net.snapshot().parameters;
    net.step(truthTable("XOR"), 5);
    before.forEach((w, i) => expect(net.parameters[i]).toBe(w + -5 * net.gradient[i]!));
  });
});

describe("snapshots and buffers", () => {
  it("a net that is restored goes on as it went on before", () => {
    const data = truthTable("XOR");
    const net = new MLP([2, 4, 1], 2, { init: "listing" });
    train(net, data, 5, 100);
    const kept = net.snapshot();
    train(net, data, 5, 500);
    const first = net.snapshot();
    net.restore(kept);
    expect(net.snapshot()).toEqual(kept);
    train(net, data, 5, 500);
    expect(net.snapshot()).toEqual(first);
  });

  it("a snapshot does not move with the net", () => {
    const net = new MLP([2, 1], 1);
    const kept = net.snapshot();
    const copy = kept.parameters.slice();
    net.step(truthTable("AND"), 5);
    expect(kept.parameters).toEqual(copy);
    expect(net.parameters).not.toEqual(copy);
  });

  it("a snapshot of another net is refused", () => {
    const { parameters } = new MLP([2, 3, 1]).snapshot();
    expect(() => new MLP([2, 4, 1]).restore({ sizes: [2, 3, 1], parameters })).toThrow(/other sizes/);
    expect(() => new MLP([2, 4, 1]).restore({ sizes: [2, 4, 1], parameters })).toThrow(/other sizes/);
  });

  it("training writes into the same buffers, epoch after epoch", () => {
    const made: string[] = [];
    const Original = globalThis.Float64Array;
    const net = new MLP([2, 8, 8, 1], 3);
    const data = moons(20, 0.1, 1);
    const { parameters, gradient } = net;
    const acts = net.forward(data.X).slice();
    globalThis.Float64Array = new Proxy(Original, {
      construct: (target, args, self) => (made.push("Float64Array"), Reflect.construct(target, args, self) as object),
    });
    try {
      for (let epoch = 0; epoch < 50; epoch++) net.step(data, 1, 0.5);
    } finally {
      globalThis.Float64Array = Original;
    }
    expect(made).toEqual([]);
    expect(net.parameters).toBe(parameters);
    expect(net.gradient).toBe(gradient);
    net.forward(data.X).forEach((buffer, layer) => expect(buffer).toBe(acts[layer]));
  });
});

describe("bad input", () => {
  test.each([[[2]], [[2, 0, 1]], [[2, 1.5]], [[]]])("sizes %j", (sizes) => {
    expect(() => new MLP(sizes)).toThrow(RangeError);
  });
  test.each([-1, 1.5, NaN, 2 ** 32])("seed %d", (seed) => {
    expect(() => new Mulberry32(seed)).toThrow(/seed/);
  });
  it("moons of one point", () => {
    expect(() => moons(1, 0.1, 1)).toThrow(/two points/);
  });
});
