import { beforeEach, expect, test } from "vitest";
import { FULL_SIZE, Viewport } from "./viewport";

let viewport: Viewport;
let size: [number, number];

beforeEach(() => {
  size = [800, 600];
  const canvas = document.createElement("div");
  Object.defineProperty(canvas, "clientWidth", { get: () => size[0] });
  Object.defineProperty(canvas, "clientHeight", { get: () => size[1] });
  viewport = new Viewport(canvas, document.createElement("div"));
});

/** Fits a picture of a size. */
function fitted(width: number, height: number): void {
  viewport.setSize(width, height);
  viewport.fit(false);
}

const point = (x: number, y: number): [number, number] => {
  const { placement } = viewport;
  return [placement.x + x * placement.scale, placement.y + y * placement.scale];
};

test("a small picture is shown at full size, in the middle", () => {
  fitted(100, 100);
  expect(viewport.placement.scale).toBe(FULL_SIZE);
  expect(point(50, 50)).toEqual([400, 300]);
});

test("a large picture fits when asked for, and begins readable", () => {
  fitted(400, 20_000);
  expect(viewport.seen.top).toBeLessThanOrEqual(0);
  expect(viewport.seen.bottom).toBeGreaterThanOrEqual(20_000);
  viewport.show();
  expect(viewport.placement.scale).toBeGreaterThan(0.6);
  expect(point(0, 0)[1]).toBeGreaterThanOrEqual(0);
});

test("zoom keeps the point under the pointer", () => {
  fitted(400, 400);
  const { x, y, scale } = viewport.placement;
  const under = [(200 - x) / scale, (150 - y) / scale] as const;
  viewport.zoom(2, 200, 150);
  expect(point(...under)[0]).toBeCloseTo(200);
  expect(point(...under)[1]).toBeCloseTo(150);
});

test("what opens stays where it was: its middle and its top", () => {
  fitted(400, 400);
  const before = { left: 100, top: 100, right: 150, bottom: 120 };
  const after = { left: 180, top: 90, right: 300, bottom: 300 };
  const was = point(125, 100);
  viewport.keep(before, after);
  expect(point(240, 90)[0]).toBeCloseTo(was[0]);
  expect(point(240, 90)[1]).toBeCloseTo(was[1]);
});

test("a scroll ends at the edge, and says so to the page", () => {
  viewport.setSize(400, 4000);
  viewport.show();
  expect(viewport.scroll(0, 50)).toBe(false);
  expect(viewport.scroll(0, -50)).toBe(true);
  for (let step = 0; step < 1000; step++) viewport.scroll(0, -500);
  expect(viewport.scroll(0, -50)).toBe(false);
  expect(viewport.scroll(-50, 0)).toBe(false);
});

test("no drag takes the picture off the screen", () => {
  fitted(300, 300);
  viewport.pan(-100_000, 100_000);
  const { left, right, top, bottom } = viewport.seen;
  expect(left).toBeLessThan(300);
  expect(right).toBeGreaterThan(0);
  expect(top).toBeLessThan(300);
  expect(bottom).toBeGreaterThan(0);
});

test("a panel over the canvas takes its part from the room", () => {
  viewport.setSize(100, 100);
  viewport.covered = { right: 300, bottom: 0 };
  viewport.fit(false);
  expect(point(50, 50)).toEqual([250, 300]);
});

test("a picture that the reader has not moved is fitted to a new size", () => {
  fitted(100, 100);
  viewport.covered = { right: 300, bottom: 0 };
  viewport.refit();
  expect(point(50, 50)[0]).toBe(250);
  viewport.pan(10, 0);
  viewport.covered = { right: 0, bottom: 0 };
  viewport.refit();
  expect(point(50, 50)[0]).toBe(260);
});

test("a canvas of another width keeps its middle, and a part that is in view leaves the picture fitted", () => {
  viewport.setSize(400, 4000);
  viewport.show();
  viewport.reveal({ left: 100, top: 100, right: 150, bottom: 120 }, false);
  expect(viewport.fitted).toBe("start");
  viewport.pan(30, -100);
  const { left, right, top } = viewport.seen;
  size = [600, 600];
  viewport.measure();
  const seen = viewport.seen;
  expect([(seen.left + seen.right) / 2, seen.top]).toEqual([(left + right) / 2, top]);
  expect([viewport.shows({ left: seen.right + 1, top: 0, right: seen.right + 9, bottom: 9000 }), viewport.shows(seen)]).toEqual([false, true]);
});

test("what is in view stays, what is not comes in", () => {
  viewport.setSize(400, 4000);
  viewport.show();
  const { y } = viewport.placement;
  viewport.reveal({ left: 100, top: 100, right: 150, bottom: 120 }, false);
  expect(viewport.placement.y).toBe(y);
  viewport.reveal({ left: 100, top: 3000, right: 150, bottom: 3020 }, false);
  expect(viewport.seen.top).toBeLessThan(3000);
  expect(viewport.seen.bottom).toBeGreaterThan(3020);
});
