// A layered net with backpropagation by hand, and the two generators that draw its weights. No DOM.
//
// The twin of nnfs/mlp.py and nnfs/rng.py: float64, the same draws, the same formulas, the same order of sums
// (inputs of a unit ascending and its bias last; rows ascending; units of the layer above ascending). Weights drawn
// by "listing" make it the net of posts/listings/net.py, whose generator and layout are the same as here: all
// parameters in one row, layer by layer, unit by unit, a unit's weights and then its bias. golden/engine.json, written
// by Python, holds both to 1e-9 after 5,000 epochs. Training allocates nothing.

export type Activation = "sigmoid" | "tanh" | "relu" | "linear";
export type Init = "uniform" | "he" | "listing";

/** Rows of a task: X holds rows × inputs numbers, row by row, Y rows × outputs. */
export interface Data {
  readonly rows: number;
  readonly X: Float64Array;
  readonly Y: Float64Array;
}

export interface Snapshot {
  readonly sizes: readonly number[];
  readonly parameters: Float64Array;
}

/** What one row of the data adds to the slope of one weight: blame × slope × input = product. */
export interface Term {
  readonly blame: number; // dL/da of the unit that the weight leads to
  readonly slope: number; // da/dz of that unit
  readonly input: number; // what came in along the weight; 1 for a bias
  readonly product: number;
}

// --- Numbers -----------------------------------------------------------------------------------------------------

/** Mulberry32 (Tommy Ettinger, 2017, public domain) with Box–Muller, bit for bit nnfs.rng.Mulberry32. */
export class Mulberry32 {
  #state: number;
  #spare: number | null = null; // the sine half of the last Box–Muller pair

  /** seed: an integer in [0, 2**32), else RangeError. */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new RangeError(`a seed is an integer from 0 to 2**32 - 1, got ${seed}`);
    }
    this.#state = seed | 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A multiple of 2**-32 in [0, 1). */
  random(): number {
    return this.uint32() / 4294967296;
  }

  uniform(lo: number, hi: number): number {
    return lo + (hi - lo) * this.random();
  }

  /** A standard normal number; a pair of draws serves two calls, the cosine first, then the sine. */
  normal(): number {
    if (this.#spare !== null) {
      const z = this.#spare;
      this.#spare = null;
      return z;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
    const angle = 2 * Math.PI * this.random();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** An integer in [0, n), one draw. */
  below(n: number): number {
    if (n < 1) throw new RangeError(`there is no integer in [0, ${n})`);
    return Math.floor(this.random() * n);
  }
}

/** The three-line generator of posts/listings/net.py: numbers in [-1, 1), period 65,536. */
export function listingNumbers(seed: number): () => number {
  if (!Number.isInteger(seed) || seed < 0) throw new RangeError(`a seed is an integer of 0 or more, got ${seed}`);
  let state = seed % 65537; // as the first step would
  return () => {
    state = (75 * state + 74) % 65537;
    return state / 32768 - 1;
  };
}

/** Initial parameters for the layers of `sizes`. he: weights normal with deviation sqrt(2 / inputs), biases 0. */
function draw(sizes: readonly number[], seed: number, init: Init, into: Float64Array): void {
  const rng = init === "listing" ? null : new Mulberry32(seed);
  const next = rng === null ? listingNumbers(seed) : () => rng.uniform(-1, 1);
  let at = 0;
  for (let layer = 1; layer < sizes.length; layer++) {
    const inputs = sizes[layer - 1]!;
    const deviation = Math.sqrt(2 / inputs);
    for (let unit = 0; unit < sizes[layer]!; unit++) {
      for (let i = 0; i < inputs; i++) into[at++] = init === "he" ? deviation * rng!.normal() : next();
      into[at++] = init === "he" ? 0 : next();
    }
  }
}

// --- The net -----------------------------------------------------------------------------------------------------

function squash(name: Activation, z: number): number {
  if (name === "sigmoid") return 1 / (1 + Math.exp(-z));
  if (name === "tanh") return Math.tanh(z);
  if (name === "relu") return z > 0 ? z : 0;
  return z;
}

/** f'(z) written with a = f(z), which is all that the forward pass keeps. */
function slopeOf(name: Activation, a: number): number {
  if (name === "sigmoid") return a * (1 - a);
  if (name === "tanh") return 1 - a * a;
  if (name === "relu") return a > 0 ? 1 : 0;
  return 1;
}

export class MLP {
  readonly sizes: readonly number[];
  readonly activations: readonly Activation[]; // of the layers after the input
  readonly parameters: Float64Array;
  readonly gradient: Float64Array; // of the loss at the last call of `gradients` or `step`
  readonly offsets: readonly number[]; // where the parameters of layer 1, 2, … begin
  readonly acts: readonly Float64Array[]; // what every layer put out last, the input first
  readonly #deltas: readonly Float64Array[]; // dL/dz, beside acts; that of the input stays empty
  readonly #blames: readonly Float64Array[]; // dL/da
  readonly #velocity: Float64Array; // what momentum remembers

  /** sizes: units a layer, the input first. hidden, output: activation of the hidden layers and of the last one. */
  constructor(
    sizes: readonly number[],
    seed = 0,
    { hidden = "sigmoid", output = "sigmoid", init = "uniform" }: { hidden?: Activation; output?: Activation; init?: Init } = {},
  ) {
    if (sizes.length < 2 || !sizes.every((n) => Number.isInteger(n) && n >= 1)) {
      throw new RangeError(`a net needs an input and an output size, each 1 or more, got ${sizes.join("-")}`);
    }
    this.sizes = [...sizes];
    this.activations = sizes.slice(1).map((_, i) => (i < sizes.length - 2 ? hidden : output));
    const offsets = [0];
    for (let layer = 1; layer < sizes.length; layer++) {
      offsets.push(offsets[layer - 1]! + sizes[layer]! * (sizes[layer - 1]! + 1));
    }
    const count = offsets.pop()!;
    this.offsets = offsets;
    this.parameters = new Float64Array(count);
    this.gradient = new Float64Array(count);
    this.#velocity = new Float64Array(count);
    this.acts = sizes.map((n) => new Float64Array(n));
    this.#deltas = sizes.map((n, layer) => new Float64Array(layer === 0 ? 0 : n));
    this.#blames = sizes.map((n, layer) => new Float64Array(layer === 0 ? 0 : n));
    draw(sizes, seed, init, this.parameters);
  }

  /** Where in `parameters` the weight from unit `input` of the layer before leads to unit `unit` of layer `layer`
   *  (1 is the first after the input); input = number of inputs means the bias. */
  index(layer: number, unit: number, input: number): number {
    return this.offsets[layer - 1]! + unit * (this.sizes[layer - 1]! + 1) + input;
  }

  /** What every layer puts out for row `row` of X, the input first: views that the next call writes over. */
  forward(X: ArrayLike<number>, row = 0): readonly Float64Array[] {
    const { acts, sizes, parameters } = this;
    const input = acts[0]!;
    for (let i = 0; i < input.length; i++) input[i] = X[row * input.length + i]!;
    let at = 0;
    for (let layer = 1; layer < sizes.length; layer++) {
      const below = acts[layer - 1]!;
      const out = acts[layer]!;
      const name = this.activations[layer - 1]!;
      for (let unit = 0; unit < out.length; unit++) {
        let z = 0;
        for (let i = 0; i < below.length; i++) z += parameters[at++]! * below[i]!;
        out[unit] = squash(name, z + parameters[at++]!);
      }
    }
    return acts;
  }

  /** Mean over rows and outputs of the squared error. */
  loss(data: Data): number {
    const out = this.acts[this.acts.length - 1]!;
    let sum = 0;
    for (let row = 0; row < data.rows; row++) {
      this.forward(data.X, row);
      for (let k = 0; k < out.length; k++) {
        const error = out[k]! - data.Y[row * out.length + k]!;
        sum += error * error;
      }
    }
    return sum / (data.rows * out.length);
  }

  /** Write the slopes of the loss into `gradient`; returns the loss. */
  gradients(data: Data): number {
    this.gradient.fill(0);
    let sum = 0;
    for (let row = 0; row < data.rows; row++) {
      sum += this.#blame(data, row);
      let at = 0;
      for (let layer = 1; layer < this.sizes.length; layer++) {
        const below = this.acts[layer - 1]!;
        const deltas = this.#deltas[layer]!;
        for (let unit = 0; unit < deltas.length; unit++) {
          const delta = deltas[unit]!;
          for (let i = 0; i < below.length; i++) this.gradient[at++]! += delta * below[i]!;
          this.gradient[at++]! += delta;
        }
      }
    }
    return sum / (data.rows * this.sizes[this.sizes.length - 1]!);
  }

  /** One full-batch update, velocity = momentum · velocity − rate · gradient, weight += velocity.
   *  Returns the loss before the update. */
  step(data: Data, rate: number, momentum = 0): number {
    const loss = this.gradients(data);
    const { parameters, gradient } = this;
    const velocity = this.#velocity;
    for (let i = 0; i < parameters.length; i++) {
      velocity[i] = momentum * velocity[i]! - rate * gradient[i]!;
      parameters[i]! += velocity[i]!;
    }
    return loss;
  }

  /** The hand computation of one slope: for every row the numbers whose products add up to dL/dw. */
  terms(data: Data, layer: number, unit: number, input: number): Term[] {
    const below = this.acts[layer - 1]!;
    const found: Term[] = [];
    for (let row = 0; row < data.rows; row++) {
      this.#blame(data, row);
      const term = {
        blame: this.#blames[layer]![unit]!,
        slope: slopeOf(this.activations[layer - 1]!, this.acts[layer]![unit]!),
        input: input < below.length ? below[input]! : 1,
      };
      found.push({ ...term, product: term.blame * term.slope * term.input });
    }
    return found;
  }

  /** Forward and back along one row; returns its squared error, summed over outputs. */
  #blame(data: Data, row: number): number {
    const { sizes, parameters, acts } = this;
    this.forward(data.X, row);
    const last = sizes.length - 1;
    const out = acts[last]!;
    const share = 2 / (data.rows * out.length);
    let sum = 0;
    for (let k = 0; k < out.length; k++) {
      const error = out[k]! - data.Y[row * out.length + k]!;
      sum += error * error;
      this.#blames[last]![k] = share * error;
    }
    for (let layer = last; layer >= 1; layer--) {
      const deltas = this.#deltas[layer]!;
      const name = this.activations[layer - 1]!;
      for (let unit = 0; unit < deltas.length; unit++) {
        deltas[unit] = this.#blames[layer]![unit]! * slopeOf(name, acts[layer]![unit]!);
      }
      if (layer === 1) break;
      const below = this.#blames[layer - 1]!;
      const stride = below.length + 1;
      for (let i = 0; i < below.length; i++) {
        let arrives = 0;
        for (let unit = 0; unit < deltas.length; unit++) {
          arrives += deltas[unit]! * parameters[this.offsets[layer - 1]! + unit * stride + i]!;
        }
        below[i] = arrives;
      }
    }
    return sum;
  }

  snapshot(): Snapshot {
    return { sizes: this.sizes, parameters: this.parameters.slice() };
  }

  /** Set the parameters to those of a net of these sizes, else RangeError; momentum starts from 0. */
  restore(snapshot: Snapshot): void {
    if (snapshot.sizes.join() !== this.sizes.join() || snapshot.parameters.length !== this.parameters.length) {
      throw new RangeError(`this snapshot belongs to a net of other sizes, not ${this.sizes.join("-")}`);
    }
    this.parameters.set(snapshot.parameters);
    this.#velocity.fill(0);
  }
}
