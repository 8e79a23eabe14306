/** What an edge carries, beside the pointer. */

import type { ViewEdge } from "../model/types";
import { fill, h } from "./dom";
import { tensorText } from "../units";

export interface Tooltip {
  readonly element: HTMLElement;
  show(edge: ViewEdge, ends: readonly [string, string], x: number, y: number): void;
  hide(): void;
}

const MOST = 8;

/** `room` gives the width and height that it must stay in. */
export function tooltip(room: () => readonly [number, number]): Tooltip {
  const element = h("div", { class: "mv-tooltip", role: "tooltip", hidden: true });
  return {
    element,
    show(edge, [source, target], x, y) {
      const lines = edge.tensors.slice(0, MOST).map((label) => h("div", { class: "mv-shape" }, tensorText(label)));
      const rest = edge.tensors.length - lines.length;
      fill(
        element,
        h("div", { class: "mv-muted" }, `${source} → ${target}`),
        ...lines,
        rest > 0 && h("div", { class: "mv-muted" }, `and ${rest} more`),
        edge.nextCopy && h("div", { class: "mv-muted" }, "to the next copy"),
      );
      element.hidden = false;
      const [width, height] = room();
      const left = Math.min(x + 14, width - element.offsetWidth - 6);
      const top = y + 14 + element.offsetHeight > height ? y - 10 - element.offsetHeight : y + 14;
      element.style.transform = `translate(${Math.max(left, 6)}px, ${Math.max(top, 6)}px)`;
    },
    hide() {
      element.hidden = true;
    },
  };
}
