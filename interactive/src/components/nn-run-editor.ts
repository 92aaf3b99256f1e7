// The text field in which a reader edits a program. A textarea, so that the browser's own editing, search and
// dictation work; added are the two keys that code wants, Tab and Enter, and a way out of the first.
import { h } from "../core/dom";

const INDENT = "    ";

export interface Editor {
  readonly root: HTMLElement;
  readonly area: HTMLTextAreaElement;
}

/** `indents`: Tab indents, and Escape gives it back to the page. Ctrl or ⌘ with Enter calls `onRun`. */
export function editor(label: string, id: string, indents: boolean, onInput: () => void, onRun: () => void): Editor {
  let leaving = false;
  const area = h("textarea", {
    id,
    class: "nn-run-text",
    rows: 24,
    wrap: "off",
    spellcheck: "false",
    autocapitalize: indents ? "off" : "characters",
    autocomplete: "off",
    autocorrect: "off",
    "aria-describedby": `${id}-keys`,
    oninput: onInput,
    onblur: () => (leaving = false),
  });
  area.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onRun();
    } else if (indents && plain && event.key === "Tab" && !event.shiftKey && !leaving) {
      event.preventDefault();
      type(area, INDENT);
    } else if (indents && plain && event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      type(area, `\n${indentAfter(area.value.slice(0, area.selectionStart))}`);
    }
    if (event.key !== "Shift") leaving = event.key === "Escape";
  });
  const keys = indents ? "Tab indents; Escape, then Tab, leaves the text. " : "";
  const root = h(
    "div",
    { class: "nn-run-editor" },
    h("label", { for: id }, label),
    area,
    h("p", { id: `${id}-keys`, class: "nn-run-keys" }, `${keys}Ctrl+Enter runs it. Nothing that you type leaves this page.`),
  );
  return { root, area };
}

/** The blanks with which the line after `before` begins: those of its last line, and four more after a colon. */
export function indentAfter(before: string): string {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const blanks = /^ */.exec(line)![0];
  return /:\s*(#.*)?$/.test(line) ? blanks + INDENT : blanks;
}

/** As if typed, so that the browser's undo knows it. */
function type(area: HTMLTextAreaElement, text: string): void {
  if (document.execCommand("insertText", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
