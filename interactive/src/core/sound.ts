// A curve as sound: high is large, falling is learning. Off until the reader asks for it.
import { button } from "./controls";

const LOW = 220; // Hz, the smallest value
const OCTAVES = 2.5; // up to the largest
const POINTS = 200; // a curve of any length is heard through as many points

/** Frequencies in Hz for `values`, by their place between smallest and largest; values that are not finite are left out. */
export function pitches(values: ArrayLike<number>): Float32Array {
  const finite = Array.from(values).filter(Number.isFinite);
  const count = Math.min(POINTS, finite.length);
  const lo = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const hi = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const found = new Float32Array(Math.max(2, count)).fill(LOW);
  for (let i = 0; i < count; i++) {
    const value = finite[Math.round((i * (finite.length - 1)) / Math.max(1, count - 1))]!;
    found[i] = LOW * 2 ** (OCTAVES * (hi > lo ? (value - lo) / (hi - lo) : 0));
  }
  return found;
}

let playing: { stop(): void } | undefined;

/** Play `values` in so many seconds; what still sounds stops. Returns a function that stops it. */
export function sonify(values: ArrayLike<number>, seconds: number): () => void {
  playing?.stop();
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { type: "triangle" });
  const volume = new GainNode(context, { gain: 0 });
  const start = context.currentTime + 0.05;
  tone.frequency.setValueCurveAtTime(pitches(values), start, seconds);
  volume.gain.setTargetAtTime(0.12, start, 0.02);
  volume.gain.setTargetAtTime(0, start + seconds - 0.05, 0.03);
  tone.connect(volume).connect(context.destination);
  tone.start(start);
  tone.stop(start + seconds + 0.2);
  const own = {
    stop: (): void => {
      if (playing === own) playing = undefined;
      if (context.state !== "closed") void context.close();
    },
  };
  tone.onended = own.stop;
  playing = own;
  return own.stop;
}

/** A button that plays what `values` returns when it is pressed. */
export function soundButton(label: string, values: () => ArrayLike<number>, seconds = 3): HTMLButtonElement {
  return button(label, () => void sonify(values(), seconds), { icon: "sound", title: "Hear the curve: high is large" });
}
