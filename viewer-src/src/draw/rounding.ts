/** Lines with round corners, as in modelviz/render/rounding.py. */

import type { Point } from "../layout/places";
import { MEASURES } from "./theme";

const { RADIUS } = MEASURES.rounding;

/** Cubic segments along straight lines with round corners, the start left out. */
export function rounded(start: Point, corners: readonly Point[], end: Point): Point[] {
  const points: Point[] = [];
  let at = start;
  corners.forEach((corner, index) => {
    const [enter, leave] = [towards(corner, at), towards(corner, corners[index + 1] ?? end)];
    points.push(at, enter, enter, corner, corner, leave);
    at = leave;
  });
  return [...points, at, end, end];
}

function towards([x, y]: Point, [toX, toY]: Point): Point {
  const length = Math.max(Math.abs(toX - x), Math.abs(toY - y)) || 1;
  const share = Math.min(RADIUS / length, 0.5);
  return [x + (toX - x) * share, y + (toY - y) * share];
}
