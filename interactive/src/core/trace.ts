// nnfs-trace/1 on the page's side: fetch the two files of a recording, prove that they are what was recorded, give
// back its numbers. The twin of nnfs/trace.py: same numbers to the last bit, same refusals, held to each other by
// src/golden/trace.json. Text of a trace is text: show it with textContent, as core/dom does.
//
// The CRC-32 in the header is checked everywhere. SHA-256 comes from crypto.subtle, which browsers give to secure
// contexts only (https, localhost); a page that comes over plain http does with the CRC. From file:// a browser
// fetches nothing, so such a page keeps its posters.
import type { Axis, Claim, StoredArray, TraceHeader } from "./trace-types";

export type { Axis, Claim, StoredArray, TraceHeader } from "./trace-types";

const VERSION: TraceHeader["schema"] = "nnfs-trace/1";

/** A trace that did not arrive, or that is not what was recorded. The message is for the reader. */
export class TraceError extends Error {}

/** One array, dequantised, in C order. */
export interface Decoded {
  readonly data: Float64Array;
  readonly shape: readonly number[];
  readonly axes: readonly string[];
  /** How far a number may lie from the one that was computed. */
  readonly maxAbsError: number;
  /** The number at one index for each axis; RangeError outside. */
  at(...index: number[]): number;
}

export interface Trace {
  readonly header: TraceHeader;
  /** Array and axis by name; TraceError if the trace has none of that name. */
  array(name: string): Decoded;
  axis(name: string): Axis;
  /** The sentences that the trace bears out, each with the number that it is about. All of them hold. */
  readonly claims: readonly (Claim & { readonly measured: number })[];
}

// --- Loading ---

const loaded = new Map<string, Promise<Trace>>();

/**
 * The trace at `url` (…/id.digest.json, with the .bin beside it): loaded once a page, again after a failure.
 * `tell` hears how many bytes of numbers are here, as they come.
 */
export function loadTrace(url: string, tell?: (bytes: number) => void): Promise<Trace> {
  const known = loaded.get(url);
  if (known) return known;
  const coming = load(url, tell);
  loaded.set(url, coming);
  coming.catch(() => loaded.delete(url));
  return coming;
}

async function load(url: string, tell?: (bytes: number) => void): Promise<Trace> {
  const [text, bytes] = await Promise.all([get(url), get(url.replace(/\.json$/, ".bin"), tell)]);
  const named = /\.([0-9a-f]{12})\.json$/.exec(url)?.[1];
  const proven = await sha256(text);
  if (proven && proven.slice(0, 12) !== named) refuse("its header is not what its name says");
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    refuse("its header is not JSON");
  }
  const trace = decode(header, bytes);
  if (proven && (await sha256(bytes)) !== trace.header.data.sha256) refuse("its data are corrupted");
  return trace;
}

async function get(url: string, tell?: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  let answer: Response;
  try {
    answer = await fetch(url);
  } catch {
    throw new TraceError("its data could not be fetched");
  }
  if (!answer.ok) throw new TraceError(`its data could not be fetched: ${answer.status}`);
  if (!tell || !answer.body) return new Uint8Array(await answer.arrayBuffer());
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let here = 0;
  const reader = answer.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    tell((here += next.value.length));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const digest = await globalThis.crypto?.subtle?.digest("SHA-256", bytes);
  return digest && Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- Decoding ---

/** The trace that `header` and `bytes` make; TraceError if they are not one. */
export function decode(header: unknown, bytes: Uint8Array): Trace {
  const version = (header as Partial<TraceHeader> | null)?.schema;
  if (version !== VERSION) refuse(`it is ${version ?? "no trace"}, this page reads ${VERSION}`);
  try {
    return read(header as TraceHeader, bytes);
  } catch (error) {
    if (error instanceof TraceError) throw error;
    refuse(`its header does not keep to ${VERSION}: ${String(error)}`);
  }
}

function read(header: TraceHeader, bytes: Uint8Array): Trace {
  const { data, table } = header;
  if (bytes.length !== data.bytes) refuse(`its data are truncated or too long: ${bytes.length} bytes of ${data.bytes}`);
  if (crc32(bytes) !== data.crc32) refuse("its data are corrupted");
  const axes = new Map(header.axes.map((axis) => [axis.name, axis]));
  if (axes.size !== header.axes.length) refuse("it has an axis twice");
  for (const axis of header.axes) {
    for (const list of [axis.labels, axis.values]) {
      if (list && list.length !== axis.size) refuse(`axis ${axis.name} has ${axis.size} places, not ${list.length}`);
    }
  }
  if (table?.rows.some((row) => row.length !== table.columns.length)) refuse("a row of its table is not whole");

  const arrays = new Map<string, Decoded>();
  let end = 0;
  for (const [name, entry] of Object.entries(header.arrays).sort((a, b) => a[1].offset - b[1].offset)) {
    const size = READ[entry.dtype]?.[0] ?? refuse(`array ${name} has dtype ${entry.dtype}`);
    const shape = entry.axes.map((axis) => axes.get(axis)?.size ?? refuse(`array ${name} lies on no axis ${axis}`));
    const count = shape.reduce((product, n) => product * n, 1);
    if (String(shape) !== String(entry.shape)) refuse(`array ${name} has shape ${entry.shape}, its axes ${shape}`);
    if (entry.bytes !== count * size) refuse(`array ${name} has ${entry.bytes} bytes for ${count} numbers`);
    if (entry.offset < end || entry.offset % 4 !== 0) refuse(`array ${name} overlaps another`);
    end = entry.offset + entry.bytes;
    if (end > bytes.length) refuse(`array ${name} ends beyond the data`);
    arrays.set(name, array(name, entry, bytes));
  }
  const claims = header.claims.map((claim) => {
    const measured = measure(claim, arrays);
    if (!holds(claim, measured)) refuse(`“${claim.text}” is false: ${measured} is not ${claim.op} ${claim.value}`);
    return { ...claim, measured };
  });
  return {
    header,
    claims,
    array: (name) => arrays.get(name) ?? refuse(`it has no array ${name}`),
    axis: (name) => axes.get(name) ?? refuse(`it has no axis ${name}`),
  };
}

type Reader = readonly [bytes: number, number: (view: DataView, offset: number) => number];
const READ: Readonly<Record<StoredArray["dtype"], Reader>> = {
  u8: [1, (view, offset) => view.getUint8(offset)],
  i8: [1, (view, offset) => view.getInt8(offset)],
  u16: [2, (view, offset) => view.getUint16(offset, true)],
  f16: [2, (view, offset) => half(view.getUint16(offset, true))],
  f32: [4, (view, offset) => view.getFloat32(offset, true)],
};

function array(name: string, entry: StoredArray, bytes: Uint8Array): Decoded {
  const { dtype, shape, axes, offset } = entry;
  const [size, number] = READ[dtype];
  const [scale, zero] = dtype.startsWith("f") ? [1, 0] : [entry.scale, entry.zero];
  if (typeof scale !== "number" || typeof zero !== "number") refuse(`array ${name} has whole numbers and no step`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float64Array(entry.bytes / size);
  for (let i = 0; i < data.length; i++) {
    const value = number(view, offset + i * size) * scale + zero;
    if (!Number.isFinite(value)) refuse(`array ${name} holds numbers that are not finite`);
    data[i] = value;
  }
  const at = (...index: number[]): number => {
    if (index.length !== shape.length) throw new RangeError(`array ${name} has ${shape.length} axes`);
    return data[place(name, shape, index)]!;
  };
  return { data, shape, axes, maxAbsError: entry.max_abs_error, at };
}

/** Where the part of an array below `index` begins, counted in such parts. */
function place(name: string, shape: readonly number[], index: readonly number[]): number {
  return index.reduce((before, i, axis) => {
    if (!(Number.isInteger(i) && i >= 0 && i < (shape[axis] ?? 0))) {
      throw new RangeError(`[${index}] lies outside array ${name} of shape [${shape}]`);
    }
    return before * shape[axis]! + i;
  }, 0);
}

/** IEEE 754 binary16: sign, five bits of exponent, ten of fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// --- Claims ---

function measure({ of, id }: Claim, arrays: ReadonlyMap<string, Decoded>): number {
  if (typeof of === "number") return of;
  const { data, shape } = arrays.get(of.array) ?? refuse(`claim ${id} is about array ${of.array}, which it has not`);
  const size = shape.slice(of.index.length).reduce((product, n) => product * n, 1);
  const start = place(of.array, shape, of.index) * size;
  const below = data.subarray(start, start + size);
  const whole = below.reduce((sum, x) => sum + x, 0);
  if (of.reduce === undefined) return size === 1 ? whole : refuse(`claim ${id} is about ${size} numbers`);
  if (of.reduce === "mean") return whole / size;
  return below.reduce((a, b) => Math[of.reduce as "min" | "max"](a, b));
}

function holds({ op, value, tolerance }: Claim, measured: number): boolean {
  switch (op) {
    case "<":
      return measured < value + tolerance;
    case "<=":
      return measured <= value + tolerance;
    case ">":
      return measured > value - tolerance;
    case ">=":
      return measured >= value - tolerance;
    case "==":
      return Math.abs(measured - value) <= tolerance;
  }
}

// --- Small things ---

function refuse(why: string): never {
  throw new TraceError(`The data of this figure cannot be used: ${why}.`);
}

let table: Uint32Array | undefined;

/** CRC-32 as in zlib and PNG (polynomial 0xEDB88320, reflected). */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
    return byte;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
  return ~crc >>> 0;
}
