/** The tooltip of the edge under the pointer. */

import type { Scene } from "./scene";
import { titleOf } from "./subject";
import { tooltip } from "./tooltip";

export interface Hovering {
  readonly element: HTMLElement;
  at(edge: SVGElement | null, x: number, y: number): void;
}

export function hovering(canvas: HTMLElement, scene: Scene): Hovering {
  const tip = tooltip(() => [canvas.clientWidth, canvas.clientHeight]);
  const nameOf = (id: string): string => {
    const visible = scene.index?.items.get(id);
    if (!visible) return id;
    return [titleOf(visible), visible.name].filter(Boolean).join(" ");
  };
  return {
    element: tip.element,
    at(over, x, y) {
      const edge = over && scene.edge(over);
      if (edge) tip.show(edge, [nameOf(edge.source), nameOf(edge.target)], x, y);
      else tip.hide();
    },
  };
}
