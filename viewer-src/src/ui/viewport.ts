/** What part of the picture is on the screen, and how large. */

import type { Box } from "../layout/places";

/** Where the picture's origin lies on the canvas, and pixels per point. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** A point in a print is 4/3 of a screen's pixel. */
export const FULL_SIZE = 4 / 3;
const SMALLEST = 0.02;
const LARGEST = 8;
/** Below this, text cannot be read, and a first look shows a part instead of the whole. */
const LEGIBLE = 0.62;
const MARGIN = 16;
/** Points of the picture that a drag leaves on the screen. */
const KEPT = 60;

export class Viewport {
  placement: Placement = { x: 0, y: 0, scale: 1 };
  /** Pixels at the right and at the bottom that something else covers. */
  covered = { right: 0, bottom: 0 };
  /** How the picture was last fitted, until the reader moves it. */
  fitted: "whole" | "start" | null = null;
  private size = { width: 0, height: 0 };
  private room = { width: 0, height: 0 };
  private readonly listeners = new Set<() => void>();
  private settling = 0;
  private gliding = 0;

  /** `stage` lies in `canvas` and holds the picture. */
  constructor(
    private readonly canvas: HTMLElement,
    private readonly stage: HTMLElement,
  ) {
    this.measure();
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** The size of the picture, in points. */
  setSize(width: number, height: number): void {
    this.size = { width, height };
  }

  /** Takes the size of the canvas anew; asking for it at every step would be slow. */
  measure(): void {
    const before = this.room.width;
    this.room = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    // A list beside the picture takes its room from both sides of what the reader looks at.
    const { x, y, scale } = this.placement;
    if (before && before !== this.room.width) this.place({ x: x + (this.room.width - before) / 2, y, scale });
  }

  /** Whether any of a box is on the screen. */
  shows({ left, top, right, bottom }: Box): boolean {
    const { seen } = this;
    return left < seen.right && right > seen.left && top < seen.bottom && bottom > seen.top;
  }

  get width(): number {
    return Math.max(this.room.width - this.covered.right, 1);
  }

  get height(): number {
    return Math.max(this.room.height - this.covered.bottom, 1);
  }

  /** The part of the picture that is on the screen, in points. */
  get seen(): Box {
    const { x, y, scale } = this.placement;
    return {
      left: -x / scale,
      top: -y / scale,
      right: (this.width - x) / scale,
      bottom: (this.height - y) / scale,
    };
  }

  /** The whole picture. */
  fit(glide = true): void {
    const scale = Math.min(this.fitting(), FULL_SIZE);
    this.moveTo(this.centred(scale), glide);
    this.fitted = "whole";
  }

  /** Fits again after a size changed, unless the reader has moved the picture. */
  refit(fitted = this.fitted): void {
    if (fitted === "whole") this.fit(false);
    else if (fitted === "start") this.show(false);
  }

  /** The whole picture if it can be read at that size, or else its beginning. */
  show(glide = false): void {
    const whole = this.fitting();
    if (whole >= LEGIBLE) {
      this.fit(glide);
      this.fitted = "start";
      return;
    }
    const wide = (this.width - 2 * MARGIN) / (this.size.width || 1);
    const scale = Math.min(Math.max(wide, LEGIBLE), 1);
    const place = this.centred(scale);
    const { width, height } = this.size;
    this.moveTo(
      {
        x: width * scale > this.width ? MARGIN : place.x,
        y: height * scale > this.height ? MARGIN : place.y,
        scale,
      },
      glide,
    );
    this.fitted = "start";
  }

  /** Larger or smaller by a factor, about a point of the canvas (its centre by default). */
  zoom(factor: number, x = this.width / 2, y = this.height / 2, glide = false): void {
    const old = this.placement;
    const scale = Math.min(Math.max(old.scale * factor, Math.min(SMALLEST, this.fitting())), LARGEST);
    const ratio = scale / old.scale;
    this.moveTo({ x: x - (x - old.x) * ratio, y: y - (y - old.y) * ratio, scale }, glide);
  }

  /** Larger or smaller about the centre, in a glide. */
  zoomGently(factor: number): void {
    this.zoom(factor, this.width / 2, this.height / 2, true);
  }

  /** Moves the picture by pixels, never quite off the screen. */
  pan(dx: number, dy: number, glide = false): void {
    const { x, y, scale } = this.placement;
    this.moveTo(
      {
        x: within(x + dx, KEPT - this.size.width * scale, this.width - KEPT),
        y: within(y + dy, KEPT - this.size.height * scale, this.height - KEPT),
        scale,
      },
      glide,
    );
  }

  /** Moves the picture by pixels up to its edges; false when it was there already. */
  scroll(dx: number, dy: number): boolean {
    const { x, y, scale } = this.placement;
    const next = {
      x: x + scrolled(dx, x, this.size.width * scale, this.width),
      y: y + scrolled(dy, y, this.size.height * scale, this.height),
      scale,
    };
    if (next.x === x && next.y === y) return false;
    this.moveTo(next, false);
    return true;
  }

  /** Puts a point of the picture in the middle. */
  centre(x: number, y: number, glide = false): void {
    const { scale } = this.placement;
    this.moveTo({ x: this.width / 2 - x * scale, y: this.height / 2 - y * scale, scale }, glide);
  }

  /** Brings a box into view; does nothing where it is already. */
  reveal(box: Box, glide = true): void {
    if (this.placement.scale < LEGIBLE / 2) this.zoom(LEGIBLE / this.placement.scale);
    const { x, y, scale } = this.placement;
    const dx = into(box.left * scale + x, box.right * scale + x, this.width);
    const dy = into(box.top * scale + y, box.bottom * scale + y, this.height);
    if (dx || dy) this.moveTo({ x: x + dx, y: y + dy, scale }, glide);
    else cancelAnimationFrame(this.gliding);
  }

  /** Keeps what was in the box `before` where it is, now that it is in the box `after`. */
  keep(before: Box, after: Box): void {
    const { x, y, scale } = this.placement;
    const middle = (box: Box): number => (box.left + box.right) / 2;
    this.moveTo(
      {
        x: x + (middle(before) - middle(after)) * scale,
        y: y + (before.top - after.top) * scale,
        scale,
      },
      false,
    );
  }

  moveTo(next: Placement, glide: boolean): void {
    cancelAnimationFrame(this.gliding);
    this.fitted = null;
    if (!glide || matchMedia("(prefers-reduced-motion: reduce)").matches) return this.place(next);
    const from = this.placement;
    const start = performance.now();
    const step = (now: number): void => {
      const done = Math.min(Math.max((now - start) / 180, 0), 1);
      const part = 1 - (1 - done) ** 3;
      const between = (a: number, b: number): number => a + (b - a) * part;
      this.place({
        x: between(from.x, next.x),
        y: between(from.y, next.y),
        scale: between(from.scale, next.scale),
      });
      if (done < 1) this.gliding = requestAnimationFrame(step);
    };
    this.gliding = requestAnimationFrame(step);
  }

  private place(next: Placement): void {
    this.placement = next;
    this.stage.style.transform = `translate(${next.x}px, ${next.y}px) scale(${next.scale})`;
    // While it moves the picture is one texture; standing still it is drawn sharply again.
    this.stage.style.willChange = "transform";
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => (this.stage.style.willChange = ""), 160);
    for (const listener of this.listeners) listener();
  }

  private fitting(): number {
    const wide = (this.width - 2 * MARGIN) / (this.size.width || 1);
    const high = (this.height - 2 * MARGIN) / (this.size.height || 1);
    return Math.max(Math.min(wide, high), 0.001);
  }

  private centred(scale: number): Placement {
    return {
      x: (this.width - this.size.width * scale) / 2,
      y: (this.height - this.size.height * scale) / 2,
      scale,
    };
  }
}

function within(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, Math.min(low, high)), Math.max(low, high));
}

/** How far a scroll moves something of a length that starts at `at` in a window. */
function scrolled(change: number, at: number, length: number, window: number): number {
  const before = Math.max(MARGIN - at, 0);
  const after = Math.max(at + length - (window - MARGIN), 0);
  return change > 0 ? Math.min(change, before) : Math.max(change, -after);
}

/** How far something from `low` to `high` has to move to lie in a window; its start comes first. */
function into(low: number, high: number, window: number): number {
  const margin = 2 * MARGIN;
  if (low < margin || high - low > window - 2 * margin) {
    return low >= margin && low < window / 2 ? 0 : margin - low;
  }
  return Math.min(window - margin - high, 0);
}
