import type { Point } from "../layout/places";

/** Points along cubic Bezier segments, `steps` for each, the very first left out. */
export function* flattened(points: readonly Point[], steps = 8): Generator<Point> {
  for (let index = 0; index + 3 < points.length; index += 3) {
    const [a, b, c, d] = points.slice(index, index + 4) as [Point, Point, Point, Point];
    for (let step = 1; step <= steps; step += 1) {
      const t = step / steps;
      const u = 1 - t;
      const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
      yield [p * a[0] + q * b[0] + r * c[0] + s * d[0], p * a[1] + q * b[1] + r * c[1] + s * d[1]];
    }
  }
}

/** Points along a curve, about `distance` apart. */
export function* spaced(points: readonly Point[], distance: number): Generator<Point> {
  for (let index = 0; index + 3 < points.length; index += 3) {
    const segment = points.slice(index, index + 4);
    let length = 0;
    for (let part = 1; part < 4; part += 1) {
      const [a, b] = [segment[part - 1]!, segment[part]!];
      length += Math.hypot(b[0] - a[0], b[1] - a[1]);
    }
    yield* flattened(segment, Math.max(1, Math.round(length / distance)));
  }
}

/** Where a curve that runs downwards first reaches `y`. */
export function crossing(points: readonly Point[], y: number): number {
  let before = points[0]!;
  for (const after of flattened(points)) {
    if (after[1] >= y) {
      const rise = after[1] - before[1];
      const share = rise > 0 ? Math.min(Math.max((y - before[1]) / rise, 0), 1) : 0;
      return before[0] + (after[0] - before[0]) * share;
    }
    before = after;
  }
  return points.at(-1)![0];
}

/** A curve that runs downwards, cut where it reaches `y`. */
export function splitAt(points: readonly Point[], y: number): readonly [Point[], Point[]] {
  for (let index = 0; index + 3 < points.length; index += 3) {
    const segment = points.slice(index, index + 4);
    if (segment[3]![1] < y) continue;
    let [low, high] = [0, 1];
    for (let turn = 0; turn < 24; turn += 1) {
      const middle = (low + high) / 2;
      if (divided(segment, middle)[0].at(-1)![1] < y) low = middle;
      else high = middle;
    }
    const [before, after] = divided(segment, high);
    return [[...points.slice(0, index), ...before], [...after, ...points.slice(index + 4)]];
  }
  const last = points.at(-1)!;
  return [[...points], [last, last, last, last]];
}

/** A cubic segment divided at a parameter (de Casteljau). */
function divided(segment: readonly Point[], t: number): readonly [Point[], Point[]] {
  const rows: Point[][] = [[...segment]];
  while (rows.at(-1)!.length > 1) {
    const row = rows.at(-1)!;
    rows.push(
      row.slice(1).map((b, index): Point => {
        const a = row[index]!;
        return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
      }),
    );
  }
  return [rows.map((row) => row[0]!), rows.reverse().map((row) => row.at(-1)!)];
}
