// One polite live region for the page. A screen reader hears at most one sentence in two seconds, and the last one
// said wins: a net that trains at 1,000 epochs a second must not talk over its reader.
import { h } from "./dom";

const EVERY = 2000; // ms

let region: HTMLElement | undefined;
let waiting: string | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Make the region before there is something to say: some screen readers miss the first text of a new one. */
export function prepareAnnouncer(): void {
  region ??= document.body.appendChild(h("div", { class: "nn-announcer", role: "status", "aria-live": "polite" }));
}

function speak(): void {
  timer = undefined;
  if (waiting === undefined) return;
  prepareAnnouncer();
  region!.textContent = waiting;
  waiting = undefined;
  timer = setTimeout(speak, EVERY);
}

export function announce(text: string): void {
  waiting = text;
  if (timer === undefined) speak();
}
