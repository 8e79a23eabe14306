/** Making elements. Text always goes in as text, never as HTML. */

type Child = Node | string | null | undefined | false;

interface Attributes {
  readonly class?: string;
  readonly on?: Readonly<Record<string, (event: never) => void>>;
  readonly [name: string]: unknown;
}

/** An HTML element with attributes (true for a bare one, null or false for none) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  dress(element, attributes, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element. */
export function s(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS(SVG, tag) as SVGElement;
  dress(element, attributes, children);
  return element;
}

function dress(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(attributes.on ?? {})) {
        element.addEventListener(event, listener as EventListener);
      }
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child): child is Node | string => isThere(child)));
}

function isThere(child: Child): boolean {
  return child !== null && child !== undefined && child !== false;
}

/** Puts the children in the place of those an element has. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => isThere(child)));
}

/** A button with an icon or a word; its label is what a screen reader says and a hover shows. */
export function button(
  label: string,
  content: Child,
  onClick: (event: MouseEvent) => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const named = typeof content === "string" ? {} : { "aria-label": label };
  return h(
    "button",
    { type: "button", class: "mv-button", title: label, ...named, ...attributes, on: { click: onClick } },
    content,
  );
}
