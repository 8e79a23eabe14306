/** What the edge under the pointer carries, beside the pointer. */

import { tensorText } from "../units";
import { fill, h } from "./dom";
import type { Scene } from "./scene";
import { titleOf } from "./subject";

const MOST = 8;

/** The tooltip stays in the canvas. */
export function tooltip(canvas: HTMLElement, scene: Scene) {
  const element = h("div", { class: "mv-tooltip", role: "tooltip", hidden: true });
  const nameOf = (id: string): string => {
    const visible = scene.index?.items.get(id);
    return visible ? [titleOf(visible), visible.name].filter(Boolean).join(" ") : id;
  };
  return {
    element,
    /** Shows what an element of an edge carries, or nothing. */
    at(over: SVGElement | null, x: number, y: number): void {
      const edge = over && scene.edge(over);
      element.hidden = !edge;
      if (!edge) return;
      const lines = edge.tensors.slice(0, MOST).map((label) => h("div", { class: "mv-shape" }, tensorText(label)));
      const rest = edge.tensors.length - lines.length;
      fill(
        element,
        h("div", { class: "mv-muted" }, `${nameOf(edge.source)} → ${nameOf(edge.target)}`),
        ...lines,
        rest > 0 && h("div", { class: "mv-muted" }, `and ${rest} more`),
        edge.nextCopy && h("div", { class: "mv-muted" }, "to the next copy"),
      );
      const left = Math.min(x + 14, canvas.clientWidth - element.offsetWidth - 6);
      const below = y + 14 + element.offsetHeight <= canvas.clientHeight;
      const top = below ? y + 14 : y - 10 - element.offsetHeight;
      element.style.transform = `translate(${Math.max(left, 6)}px, ${Math.max(top, 6)}px)`;
    },
  };
}
