// Making nodes. Text is always a text node, so nothing a reader typed or linked becomes markup.

type Attributes = Readonly<Record<string, unknown>>;

function dress(node: Element, attributes: Attributes, children: readonly (Node | string)[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") {
      node.addEventListener(name.replace(/^on/, "").toLowerCase(), value as EventListener);
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children);
}

/** An HTML element. Attributes by their HTML names; `onclick` and the like take functions; false and null are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  dress(node, attributes, children);
  return node;
}

/** The same for SVG. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(node, attributes, children);
  return node;
}

/** Write only what is new: an SVG is laid out again for a text or an attribute that is given the value it had. */
export function put(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** The same for an attribute. */
export function putAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

const styled = new Set<string>();

/** Put a component's style sheet into the page, once a tag. */
export function addStyle(tag: string, css: string): void {
  if (styled.has(tag)) return;
  styled.add(tag);
  document.head.append(h("style", { "data-nn": tag }, css));
}
