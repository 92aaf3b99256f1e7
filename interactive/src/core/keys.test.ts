// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { button, range, segmented } from "./controls";
import { h } from "./dom";
import { keys } from "./keys";

function press(target: Element, key: string, more: KeyboardEventInit = {}): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

describe("shortcuts of a figure", () => {
  const play = vi.fn();
  const next = vi.fn();
  const ten = vi.fn();
  let root: HTMLElement;
  beforeEach(() => {
    document.body.replaceChildren((root = h("div", { tabindex: -1 })));
    for (const mock of [play, next, ten]) mock.mockReset();
    keys(root, { " ": { run: play, says: "play or pause" }, ArrowRight: next, "Shift+ArrowRight": ten, r: next });
  });

  it("run once and take the key from the page", () => {
    expect(press(root, " ")).toBe(true);
    expect(play).toHaveBeenCalledTimes(1);
    expect(press(root, "x")).toBe(false);
  });

  it("tell Shift from no Shift, and capital letters from nothing", () => {
    press(root, "ArrowRight", { shiftKey: true });
    expect([ten.mock.calls.length, next.mock.calls.length]).toEqual([1, 0]);
    press(root, "R", { shiftKey: true });
    expect(next).toHaveBeenCalledTimes(1);
  });

  it("leave the browser's own chords alone", () => {
    for (const modifier of ["ctrlKey", "metaKey", "altKey"]) press(root, "r", { [modifier]: true });
    expect(next).not.toHaveBeenCalled();
  });

  it("are silent outside the figure", () => {
    press(document.body.appendChild(h("p")), " ");
    expect(play).not.toHaveBeenCalled();
  });

  it.each([
    ["letters in a text field", () => h("input", { type: "text" }), "r"],
    ["Space in a number field", () => h("input", { type: "number" }), " "],
    ["anything in an editor", () => h("textarea"), "r"],
    ["Space on a button", () => button("Step", () => {}), " "],
    ["arrows on a slider", () => range("Seed", { min: 0, max: 9, step: 1, value: 3, onInput() {} }).input, "ArrowRight"],
    ["arrows in a box that scrolls", () => h("div", { class: "nn-table", tabindex: 0 }), "ArrowRight"],
    ["Space in a box that scrolls", () => h("div", { class: "nn-sh-text", tabindex: 0 }), " "],
    ["arrows in a radio group", () => segmented("Task", [{ value: "a", label: "A" }], "a", () => {}).root.querySelector("input")!, "ArrowRight"],
  ])("do not take %s", (_, make, key) => {
    const control = make();
    root.append(control);
    expect(press(control, key)).toBe(false);
    expect([play, next, ten].flatMap((mock) => mock.mock.calls)).toEqual([]);
  });

  it("work on a button for keys that a button does not use", () => {
    const control = button("Step", () => {});
    root.append(control);
    press(control, "ArrowRight");
    expect(next).toHaveBeenCalledTimes(1);
  });

  it("are listed by the question mark", () => {
    press(root, "?", { shiftKey: true });
    const dialog = root.querySelector("dialog")!;
    expect(dialog.open).toBe(true);
    expect(dialog.querySelector("dl")?.textContent).toBe("Spaceplay or pause?these keys");
    press(dialog.querySelector("button")!, "ArrowRight");
    expect(next).not.toHaveBeenCalled();
  });
});
