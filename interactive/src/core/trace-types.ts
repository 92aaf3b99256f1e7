// Made from nnfs/trace.schema.json by `python -m nnfs.site.typescript`; a test checks that it is.

/** What a recording holds and where in its .bin file it stands. Written by nnfs/trace.py, read by src/core/trace.ts. */
export interface TraceHeader {
  readonly schema: "nnfs-trace/1";
  /** the element that shows it */
  readonly kind: string;
  readonly id: string;
  readonly title: string;
  /** what happened, in one sentence */
  readonly summary: string;
  /** what the data look like, for who does not see them */
  readonly alt: string;
  readonly made_by: MadeBy;
  readonly checkpoint?: Checkpoint;
  /** hyperparameters, as the reader sees them */
  readonly config: Readonly<Record<string, Setting>>;
  readonly axes: readonly Axis[];
  readonly arrays: Readonly<Record<string, StoredArray>>;
  /** the text twin, unless the poster has its own */
  readonly table: Table | null;
  readonly claims: readonly Claim[];
  /** page and figure that show it without a script */
  readonly poster: string;
  /** what must not be concluded */
  readonly limits: string;
  readonly data: Data;
}

/** Where it comes from, and how to make it again. */
export interface MadeBy {
  /** version of the library */
  readonly nnfs: string;
  /** of the post's cells and of all that they import and declare */
  readonly digest: string;
  readonly post: string;
  readonly cell: number;
  readonly command: string;
  readonly seed: number | readonly number[];
  readonly device?: string;
  readonly torch?: string;
}

export interface Checkpoint {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly url?: string;
}

export type Scalar = number | string | boolean | null;

export type Setting = Scalar | readonly Scalar[];

export interface Axis {
  readonly name: string;
  readonly size: number;
  readonly unit?: string;
  readonly scale?: "linear" | "log";
  /** one for each place */
  readonly labels?: readonly string[];
  /** one for each place */
  readonly values?: readonly number[];
}

/** C order, little endian. A whole number q stands for q * scale + zero. */
export interface StoredArray {
  readonly dtype: "u8" | "i8" | "u16" | "f16" | "f32";
  readonly shape: readonly number[];
  readonly axes: readonly string[];
  readonly offset: number;
  readonly bytes: number;
  readonly scale?: number;
  readonly zero?: number;
  /** as measured against the float64 original */
  readonly max_abs_error: number;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | string | boolean)[])[];
}

/** A sentence that holds if `of` stands in the relation `op` to `value`; for a part of an array, of the decoded numbers. */
export interface Claim {
  readonly id: string;
  readonly text: string;
  readonly of: number | Part;
  readonly op: "<" | "<=" | "==" | ">=" | ">";
  readonly value: number;
  /** absolute; how far the bar is moved in the claim's favour */
  readonly tolerance: number;
}

/** One number out of an array: the element at `index`, or what `reduce` makes of all below it. */
export interface Part {
  readonly array: string;
  readonly index: readonly number[];
  readonly reduce?: "min" | "max" | "mean";
}

/** The .bin file: how long it is, and what proves it. The CRC is for pages without a secure context. */
export interface Data {
  readonly bytes: number;
  readonly sha256: string;
  readonly crc32: number;
}
