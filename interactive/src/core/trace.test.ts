import { afterEach, describe, expect, it, vi } from "vitest";
import golden from "../golden/trace.json";
import { crc32, decode, loadTrace, TraceError } from "./trace";

const bytes = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const data = bytes(golden.data);
const trace = decode(golden.header, data);

interface Forgery {
  name: string;
  set?: Record<string, unknown>;
  data?: string;
  proof?: boolean;
}

/** Header and data with the changes that `case` names; with a proof that fits them, if the forger mends it. */
function forged(forgery: Forgery): [unknown, Uint8Array] {
  const header = structuredClone(golden.header) as Record<string, any>;
  const changed = forgery.data === undefined ? data : bytes(forgery.data);
  for (const [path, value] of Object.entries(forgery.set ?? {})) {
    const way = path.split(".");
    const last = way.pop()!;
    way.reduce((place, step) => place[step], header)[last] = value;
  }
  if (forgery.proof) header["data"] = { ...header["data"], bytes: changed.length, crc32: crc32(changed) };
  return [header, changed];
}

describe("a trace that Python wrote", () => {
  for (const [name, numbers] of Object.entries(golden.numbers)) {
    it(`has the same numbers in ${name}, to the last bit`, () => {
      expect(Array.from(trace.array(name).data)).toStrictEqual(numbers);
    });
  }

  it("is indexed as its axes say", () => {
    const waves = trace.array("single");
    expect(waves.axes).toEqual(["step", "place"]);
    expect(waves.at(2, 1)).toBe(golden.numbers.single[9]);
    expect(trace.array("one").at()).toBeCloseTo(0.1, 7);
    expect(trace.axis("step").values).toEqual([1, 10, 100]);
    for (const index of [[3, 0], [0, 4], [-1, 0], [0, 0.5], [0]]) expect(() => waves.at(...index)).toThrow(RangeError);
  });

  it("states an error that its numbers keep", () => {
    const { data: stored, maxAbsError } = trace.array("byte");
    expect(maxAbsError).toBeGreaterThan(0);
    stored.forEach((x, i) => expect(Math.abs(x - Math.sin(Math.floor(i / 4) + (i % 4)))).toBeLessThanOrEqual(maxAbsError));
  });

  it("bears out its claims", () => {
    expect(trace.claims.map(({ id }) => id)).toEqual(["least", "mean", "given"]);
    expect(trace.claims[0]!.measured).toBe(Math.min(...golden.numbers.single));
  });

  it("has nothing under a name that nobody recorded", () => {
    for (const name of ["nothing", "__proto__", "toString"]) {
      expect(() => trace.array(name)).toThrow(TraceError);
      expect(() => trace.axis(name)).toThrow(TraceError);
    }
  });

  it("can stand anywhere in a larger buffer", () => {
    const larger = new Uint8Array(data.length + 7);
    larger.set(data, 3);
    const again = decode(golden.header, larger.subarray(3, 3 + data.length));
    expect(again.array("single").data).toEqual(trace.array("single").data);
  });
});

describe("what is not a trace is refused:", () => {
  for (const forgery of golden.refused as Forgery[]) {
    it(forgery.name, () => expect(() => decode(...forged(forgery))).toThrow(TraceError));
  }

  it("what is no header at all", () => {
    for (const header of [null, undefined, 3, "nnfs-trace/1", [], {}]) {
      expect(() => decode(header, data)).toThrow(/no trace/);
    }
  });

  it("a header without its parts", () => {
    for (const key of ["axes", "arrays", "claims", "data"]) {
      expect(() => decode({ ...golden.header, [key]: undefined }, data)).toThrow(/does not keep to nnfs-trace\/1/);
    }
  });

  it("every single changed byte", () => {
    for (let i = 0; i < data.length; i++) {
      const changed = data.slice();
      changed[i]! ^= 1 << i % 8;
      expect(() => decode(golden.header, changed)).toThrow(/corrupted/);
    }
  });
});

describe("crc32", () => {
  it("is the one that zlib computes", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
  });
});

describe("loading", () => {
  const text = new TextEncoder().encode(`${JSON.stringify(golden.header)}\n`);
  let asked: string[] = [];

  /** A server that has these files; what is undefined cannot be reached. */
  function serve(files: Record<string, Uint8Array<ArrayBuffer> | number | undefined>): void {
    asked = [];
    vi.stubGlobal("fetch", (url: string) => {
      asked.push(url);
      const file = files[url];
      if (file === undefined) return Promise.reject(new TypeError("Failed to fetch"));
      return Promise.resolve(typeof file === "number" ? new Response(null, { status: file }) : new Response(file));
    });
  }

  async function named(folder: string, header = text): Promise<string> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", header));
    const digits = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${folder}/golden.${digits.slice(0, 12)}.json`;
  }
  const bin = (url: string): string => url.replace(".json", ".bin");

  afterEach(() => vi.unstubAllGlobals());

  it("asks for the two files once, whoever wants them", async () => {
    const url = await named("a");
    serve({ [url]: text, [bin(url)]: data });
    const [one, other] = await Promise.all([loadTrace(url), loadTrace(url)]);
    expect(one).toBe(other);
    expect(one.array("single").data).toEqual(trace.array("single").data);
    expect(asked).toEqual([url, bin(url)]);
  });

  it("tells how much is here as it comes, and the numbers are the same", async () => {
    const url = await named("told");
    const half = data.length >> 1;
    vi.stubGlobal("fetch", (asked: string) => {
      if (asked === url) return Promise.resolve(new Response(text));
      const parts = [data.slice(0, half), data.slice(half)];
      const pull = (to: ReadableStreamDefaultController): void => (parts.length ? to.enqueue(parts.shift()!) : to.close());
      return Promise.resolve(new Response(new ReadableStream({ pull })));
    });
    const told: number[] = [];
    const found = await loadTrace(url, (bytes) => told.push(bytes));
    expect(told).toEqual([half, data.length]);
    expect(found.array("single").data).toEqual(trace.array("single").data);
  });

  it("says why nothing came, and asks again at the next try", async () => {
    const url = await named("b");
    serve({});
    await expect(loadTrace(url)).rejects.toThrow("could not be fetched");
    serve({ [url]: text, [bin(url)]: 404 });
    await expect(loadTrace(url)).rejects.toThrow("404");
    serve({ [url]: text, [bin(url)]: data });
    await expect(loadTrace(url)).resolves.toHaveProperty("header.id", "golden");
  });

  it("refuses a header that is not what its name says", async () => {
    const url = await named("c");
    serve({ [url]: new TextEncoder().encode("{}"), [bin(url)]: data });
    await expect(loadTrace(url)).rejects.toThrow("not what its name says");
  });

  it("refuses what is no JSON, and no UTF-8", async () => {
    for (const broken of [new TextEncoder().encode('{"schema": NaN}'), Uint8Array.of(0xff)]) {
      const url = await named("d", broken);
      serve({ [url]: broken, [bin(url)]: data });
      await expect(loadTrace(url)).rejects.toThrow("not JSON");
    }
  });

  it("refuses data that only the SHA-256 gives away", async () => {
    const header = new TextEncoder().encode(
      JSON.stringify({ ...golden.header, data: { ...golden.header.data, sha256: "0".repeat(64) } }),
    );
    const url = await named("e", header);
    serve({ [url]: header, [bin(url)]: data });
    await expect(loadTrace(url)).rejects.toThrow("corrupted");
  });

  it("does without SHA-256 where the browser has none, and still sees a changed byte", async () => {
    const [good, bad] = [await named("f"), await named("g")];
    const changed = data.slice();
    changed[5]! ^= 4;
    vi.stubGlobal("crypto", {});
    serve({ [good]: text, [bin(good)]: data, [bad]: text, [bin(bad)]: changed });
    await expect(loadTrace(good)).resolves.toHaveProperty("header.id", "golden");
    await expect(loadTrace(bad)).rejects.toThrow("corrupted");
  });
});
