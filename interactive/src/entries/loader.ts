// The only script that a page with live figures loads at once: it waits until a figure comes near the screen, then
// fetches that figure's code. Without it, and until then, the page shows poster, caption and table.
import { failure, keepFocus } from "../core/failure";

/** Element → its chunk, beside this file; filled in by the bundler. */
declare const NN_CHUNKS: Readonly<Record<string, string>>;

function load(element: HTMLElement, attempt = 0): void {
  element.dataset["phase"] = "armed";
  // a browser may remember that an address failed: another attempt, another address
  const file = NN_CHUNKS[element.localName] + (attempt ? `?${attempt}` : "");
  import(new URL(file, import.meta.url).href).catch((error: unknown) =>
    failure(element, error, () => load(element, attempt + 1)),
  );
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      load(target as HTMLElement);
    }
  },
  { rootMargin: "150% 0px" },
);

const { saveData } = (navigator as { connection?: { saveData?: boolean } }).connection ?? {};

for (const element of document.querySelectorAll<HTMLElement>(Object.keys(NN_CHUNKS).join())) {
  if (!saveData) {
    near.observe(element);
    continue;
  }
  element.dataset["wait"] = "";
  const button = document.createElement("button");
  button.className = "nn-button nn-start";
  button.textContent = "Make this figure live";
  button.onclick = () => {
    keepFocus(element);
    button.remove();
    delete element.dataset["wait"];
    load(element);
  };
  element.prepend(button);
}

// A link with a figure's state (#fig-x=v1,…) leads to the figure, as a plain #fig-x would.
const [, id] = /^#([\w-]+)=/.exec(location.hash) ?? [];
if (id) document.getElementById(id)?.scrollIntoView();
