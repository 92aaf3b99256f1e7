// Shortcuts of one figure. They work only while focus is inside it, and never take a key that the focused control
// uses itself: letters in a text field, arrows on a slider, Space on a button (WCAG 2.1.4).
import { button } from "./controls";
import { h } from "./dom";

/** What a key does; with `says` it stands in the help that `?` opens. */
export type Binding = (() => void) | { readonly run: () => void; readonly says: string };

const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const PRESS = new Set([" ", "Enter"]);
const SCROLLS = ".nn-table, .nn-sh-text, .pg-scroll"; // boxes that scroll by themselves when they have the focus
const TYPED = new Set(["text", "number", "search", "email", "url", "tel", "password", "date", "time"]);
const NAMES: Readonly<Record<string, string>> = {
  " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓",
}; // prettier-ignore

/** Does `target` use `key` itself? */
function taken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("textarea, select, dialog, [contenteditable]:not([contenteditable=false])")) return true;
  if (target instanceof HTMLInputElement) {
    if (TYPED.has(target.type)) return true;
    if (target.type === "range" || target.type === "radio") return ARROWS.has(key) || (target.type === "radio" && key === " ");
    return PRESS.has(key);
  }
  if (target.closest("button, summary, a[href]")) return PRESS.has(key);
  return target.matches(SCROLLS) && (ARROWS.has(key) || key === " ");
}

/** "Shift+ArrowLeft" and the like; Shift is not named where it only makes the character ("?", "R"). */
function chord(event: KeyboardEvent): string {
  const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
  return shift + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

function help(bindings: Readonly<Record<string, Binding>>): HTMLDialogElement {
  const rows = Object.entries(bindings).flatMap(([key, binding]) => {
    if (typeof binding === "function") return [];
    const parts = key.split("+").map((part) => h("kbd", {}, NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)));
    return [h("dt", {}, ...parts), h("dd", {}, binding.says)];
  });
  const close = h("button", { type: "button", class: "nn-button" }, "Close");
  const dialog = h("dialog", { class: "nn-keys", "aria-label": "Keys of this figure" }, h("dl", {}, ...rows), close);
  close.addEventListener("click", () => dialog.close());
  return dialog;
}

/** A button that opens the list of keys, for who does not know of `?`. */
export function keysButton(element: HTMLElement): HTMLButtonElement {
  const press = (): unknown => element.dispatchEvent(new KeyboardEvent("keydown", { key: "?" }));
  const made = button("Keys", press, { icon: "help", title: "The keys of this figure (?)" });
  made.classList.add("nn-keys-button");
  return made;
}

/**
 * Bind keys while focus is inside `element`. Keys by their `KeyboardEvent.key`, letters in lower case, with "Shift+"
 * before keys that make no character. If any binding says what it does, `?` opens a dialog that lists them.
 * Returns the undoing.
 */
export function keys(element: HTMLElement, bindings: Readonly<Record<string, Binding>>): () => void {
  const all: Record<string, Binding> = { ...bindings };
  let dialog: HTMLDialogElement | undefined;
  if (!("?" in all) && Object.values(all).some((binding) => typeof binding !== "function")) {
    all["?"] = {
      says: "these keys",
      run: () => {
        dialog ??= element.appendChild(help(all));
        dialog.showModal();
      },
    };
  }
  const press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = chord(event);
    if (!Object.hasOwn(all, name) || taken(event.target, event.key)) return;
    event.preventDefault();
    const binding = all[name]!;
    if (typeof binding === "function") binding();
    else binding.run();
  };
  element.addEventListener("keydown", press);
  return () => {
    element.removeEventListener("keydown", press);
    dialog?.remove();
  };
}
