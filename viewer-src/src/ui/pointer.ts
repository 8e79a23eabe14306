/** Clicks and hovers in the picture, by what they are on. */

import type { Action } from "./session";

export interface PointerActions {
  /** The node at a point of the canvas that has no element there. */
  nodeAt(x: number, y: number): string | undefined;
  select(id: string): void;
  toggle(id: string): void;
  act(action: Action, id: string): void;
  /** A click beside everything. */
  nothing(): void;
  hover(edge: SVGElement | null, x: number, y: number): void;
}

/** Listens on the canvas. */
export function pointer(canvas: HTMLElement, actions: PointerActions): void {
  const onCanvas = ({ clientX, clientY }: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  };
  const idAt = (event: MouseEvent): string | undefined =>
    actions.nodeAt(...onCanvas(event)) ??
    (event.target as Element).closest<SVGElement>("[data-id]")?.dataset.id;
  canvas.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest(".mv-over")) return;
    const id = idAt(event);
    const action = target.closest<SVGElement>("[data-action]")?.dataset.action as Action | undefined;
    if (id === undefined) actions.nothing();
    else if (action !== undefined) actions.act(action, id);
    else actions.select(id);
  });
  canvas.addEventListener("dblclick", (event) => {
    const target = event.target as Element;
    if (target.closest(".mv-over, [data-action]")) return;
    const id = idAt(event);
    if (id !== undefined) actions.toggle(id);
  });
  canvas.addEventListener("pointermove", (event) => {
    const over = event.buttons ? null : (event.target as Element).closest<SVGElement>("[data-source]");
    actions.hover(over, ...onCanvas(event));
  });
  canvas.addEventListener("pointerleave", () => actions.hover(null, 0, 0));
}
