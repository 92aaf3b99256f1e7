// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { button, numberField, range, relabel, segmented, select, switchBox } from "./controls";

const type = (input: HTMLInputElement, value: string, event: "input" | "change"): void => {
  input.value = value;
  input.dispatchEvent(new Event(event));
};

describe("controls", () => {
  it("are named by their labels", () => {
    document.body.replaceChildren(
      range("Speed", { min: 1, max: 9, step: 1, value: 2, onInput() {} }).root,
      numberField("Seed", { min: 0, max: 9, step: 1, value: 2, onChange() {} }).root,
      select("Task", [{ value: "a", label: "A" }], "a", () => {}).root,
      switchBox("Log scale", false, () => {}).root,
    );
    const names = [...document.querySelectorAll("input, select")].map(
      (control) => (control as HTMLInputElement).labels?.[0]?.textContent,
    );
    expect(names).toEqual(["Speed", "Seed", "Task", "Log scale"]);
  });

  it("tell a slider's value in the words that are shown", () => {
    const heard = vi.fn();
    const slider = range("Speed", { min: 1, max: 9, step: 1, value: 2, format: (v) => `${v} epochs`, onInput: heard });
    expect(slider.input.getAttribute("aria-valuetext")).toBe("2 epochs");
    type(slider.input, "5", "input");
    expect(heard).toHaveBeenCalledExactlyOnceWith(5);
    expect(slider.root.querySelector("output")?.textContent).toBe("5 epochs");
    slider.set(7);
    expect([slider.input.value, heard.mock.calls.length]).toEqual(["7", 1]);
  });

  it("keep a typed number in its range and on its steps", () => {
    const heard = vi.fn();
    const { input } = numberField("Seed", { min: 0, max: 10, step: 0.5, value: 2, onChange: heard });
    type(input, "99", "input");
    expect(heard).not.toHaveBeenCalled(); // perhaps the reader is not done
    type(input, "99", "change");
    expect([input.value, heard.mock.calls]).toEqual(["10", [[10]]]);
    type(input, "3.3", "change");
    expect(input.value).toBe("3.5");
    type(input, "", "change");
    expect([input.value, heard.mock.lastCall]).toEqual(["3.5", [3.5]]);
  });

  it("choose one of a few, and set without telling", () => {
    const heard = vi.fn();
    const options = [{ value: "AND", label: "AND" }, { value: "XOR", label: "XOR" }] as const;
    const bar = segmented("Task", options, "XOR", heard);
    const [first, second] = [...bar.root.querySelectorAll("input")];
    expect([first?.checked, second?.checked, bar.root.querySelector("legend")?.textContent]).toEqual([false, true, "Task"]);
    bar.set("AND");
    expect([first?.checked, heard.mock.calls.length]).toEqual([true, 0]);
    second!.checked = true;
    second!.dispatchEvent(new Event("change"));
    expect(heard).toHaveBeenCalledExactlyOnceWith("XOR");
  });

  it("change a button's words without changing the button", () => {
    const train = button("Train", () => {}, { icon: "play" });
    relabel(train, "Pause", "pause");
    expect(train.textContent).toBe("Pause");
    expect(train.querySelectorAll("svg")).toHaveLength(1);
    expect(train.querySelector(".nn-icon-pause")).not.toBeNull();
  });
});
