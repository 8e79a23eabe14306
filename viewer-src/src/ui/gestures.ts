/** Moving the picture by pointer and wheel: drag, scroll, pinch, control and wheel. */

import type { Viewport } from "./viewport";

/** Pixels that a pointer may move and still click. */
const SLACK = 4;
const LINE = 16;

/** Listens on the canvas; gives what ends that. */
export function gestures(canvas: HTMLElement, viewport: Viewport): () => void {
  const fingers = new Map<number, PointerEvent>();
  let start: PointerEvent | undefined;
  let dragging = false;

  const at = (event: { clientX: number; clientY: number }): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const down = (event: PointerEvent): void => {
    if (event.button > 1 || (event.target as Element).closest(".mv-over")) return;
    if (!fingers.size) {
      start = event;
      dragging = false;
    }
    fingers.set(event.pointerId, event);
  };

  const move = (event: PointerEvent): void => {
    const last = fingers.get(event.pointerId);
    if (!last || !start) return;
    if (!dragging) {
      const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
      if (far < SLACK && fingers.size < 2) return;
      dragging = true;
      canvas.classList.add("mv-dragging");
      for (const id of fingers.keys()) canvas.setPointerCapture(id);
    }
    const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
    fingers.set(event.pointerId, event);
    const other = others[0];
    if (!other) return viewport.pan(event.clientX - last.clientX, event.clientY - last.clientY);
    const [before, after] = [apart(last, other), apart(event, other)];
    const [x, y] = at(event);
    const [otherX, otherY] = at(other);
    viewport.pan((event.clientX - last.clientX) / 2, (event.clientY - last.clientY) / 2);
    if (before > 0) viewport.zoom(after / before, (x + otherX) / 2, (y + otherY) / 2);
  };

  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (!fingers.size) canvas.classList.remove("mv-dragging");
  };

  // The click that ends a drag selects nothing.
  const click = (event: MouseEvent): void => {
    if (!dragging || (event.target as Element).closest(".mv-over")) return;
    dragging = false;
    event.stopPropagation();
  };

  const wheel = (event: WheelEvent): void => {
    if ((event.target as Element).closest(".mv-over")) return;
    const unit = event.deltaMode === 1 ? LINE : event.deltaMode === 2 ? viewport.height : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const step = Math.min(Math.max(event.deltaY * unit, -60), 60);
      viewport.zoom(Math.exp(-step * 0.006), ...at(event));
      return;
    }
    const [dx, dy] = event.shiftKey && !event.deltaX ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    // At the edge of the picture the page scrolls on.
    if (viewport.scroll(-dx * unit, -dy * unit)) event.preventDefault();
  };

  const listening = new AbortController();
  const { signal } = listening;
  canvas.addEventListener("pointerdown", down, { signal });
  canvas.addEventListener("pointermove", move, { signal });
  canvas.addEventListener("pointerup", up, { signal });
  canvas.addEventListener("pointercancel", up, { signal });
  canvas.addEventListener("click", click, { capture: true, signal });
  canvas.addEventListener("wheel", wheel, { passive: false, signal });
  return () => listening.abort();
}

function apart(a: PointerEvent, b: PointerEvent): number {
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}
