/** The whole picture in small, with a frame around the part on the screen. */

import { h, s } from "./dom";
import type { Box } from "../layout/places";
import type { Viewport } from "./viewport";

const WIDTH = 168;
const HEIGHT = 126;

export type Minimap = ReturnType<typeof minimap>;

export function minimap(viewport: Viewport) {
  const map = h("canvas", {});
  const frame = s("svg", { class: "mv-frame" });
  const seen = s("rect", { rx: 2 });
  frame.append(seen);
  const element = h("div", { class: "mv-minimap mv-over", "aria-hidden": "true", hidden: true }, map);
  element.append(frame);
  let scale = 1;
  let size = { width: 1, height: 1 };

  const follow = (): void => {
    const { left, top, right, bottom } = viewport.seen;
    const whole = left <= 0 && top <= 0 && right >= size.width && bottom >= size.height;
    element.hidden = whole;
    if (whole) return;
    const clip = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
    const [x, y] = [clip(left, size.width) * scale, clip(top, size.height) * scale];
    seen.setAttribute("x", String(x));
    seen.setAttribute("y", String(y));
    seen.setAttribute("width", String(Math.max(clip(right, size.width) * scale - x, 4)));
    seen.setAttribute("height", String(Math.max(clip(bottom, size.height) * scale - y, 4)));
  };

  const go = (event: PointerEvent): void => {
    const box = map.getBoundingClientRect();
    viewport.centre((event.clientX - box.left) / scale, (event.clientY - box.top) / scale);
  };
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    go(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) go(event);
  });
  viewport.onChange(follow);

  return {
    element,
    /** Draws another picture: its size in points, and its boxes with their colours. */
    draw(width: number, height: number, boxes: readonly (readonly [Box, string])[]): void {
      scale = Math.min(WIDTH / width, HEIGHT / height);
      size = { width, height };
      const [wide, high] = [Math.max(width * scale, 1), Math.max(height * scale, 1)];
      const dense = Math.max(devicePixelRatio, 1);
      map.width = Math.ceil(wide * dense);
      map.height = Math.ceil(high * dense);
      map.style.width = `${wide}px`;
      map.style.height = `${high}px`;
      const brush = map.getContext("2d");
      brush?.scale(dense * scale, dense * scale);
      for (const [{ left, top, right, bottom }, colour] of boxes) {
        if (!brush) break;
        brush.fillStyle = colour;
        brush.fillRect(left, top, Math.max(right - left, 1 / scale), Math.max(bottom - top, 1 / scale));
      }
      follow();
    },
  };
}
