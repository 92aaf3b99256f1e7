// What a reader sees when a live figure cannot run: the poster stays, one line says so, one button tries again.
// Shared by the loader (the chunk did not arrive) and the element (its code threw).

const LONGEST = 160; // characters of an error's own message

/** A button inside `element` is about to go: the focus stays in the figure. */
export function keepFocus(element: HTMLElement): void {
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

/** Put the line under the poster of `element`; `retry` runs on the button, after the line is gone. */
export function failure(element: HTMLElement, error: unknown, retry: () => void): void {
  element.querySelector(":scope > .nn-failed")?.remove();
  const reason = error instanceof Error ? error.message : String(error);
  const line = document.createElement("p");
  line.className = "nn-failed";
  line.setAttribute("role", "status");
  line.textContent = `${element.dataset["fallbackText"] ?? "This figure is not live."} (${reason.slice(0, LONGEST)}) `;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Try again";
  button.onclick = () => {
    keepFocus(element);
    line.remove();
    retry();
  };
  line.append(button);
  const poster = element.querySelector(":scope > .nn-poster");
  if (poster) poster.after(line);
  else element.prepend(line);
  element.dataset["phase"] = "failed";
}
