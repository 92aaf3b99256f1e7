// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { announce } from "./announce";

const heard = (): string | null | undefined => document.querySelector("[role=status]")?.textContent;

describe("the live region", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("says the first sentence at once, then at most one in two seconds, the last one", () => {
    announce("epoch 1");
    expect(heard()).toBe("epoch 1");
    announce("epoch 2");
    announce("epoch 3");
    vi.advanceTimersByTime(1999);
    expect(heard()).toBe("epoch 1");
    vi.advanceTimersByTime(1);
    expect(heard()).toBe("epoch 3");
    announce("epoch 4");
    expect(heard()).toBe("epoch 3");
    vi.advanceTimersByTime(2000);
    expect(heard()).toBe("epoch 4");
    vi.advanceTimersByTime(2000);
    announce("done");
    expect(heard()).toBe("done");
  });
});
