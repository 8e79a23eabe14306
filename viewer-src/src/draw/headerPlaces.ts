import type { Box, Point } from "../layout/places";
import { crossing } from "./curves";
import type { Header } from "./headers";
import { TINY, badgeWidth, runWidth } from "./lines";
import type { Look } from "./look";
import type { Layout } from "./places";
import { MEASURES } from "./theme";

const { INSET, HEIGHT, GAP, CLEAR, FEW } = MEASURES.header_places;

/** Where the pieces of a header begin; `boxes` are their places, where no other text may stand. */
export interface HeaderPlace {
  readonly sign: number;
  readonly runs: readonly number[];
  readonly badge: number | null;
  readonly note: { readonly x: number; readonly base: number } | null;
  readonly boxes: readonly Box[];
}

/** The outline of a group: a little inside its place, so that neighbours stand apart. */
export function inset(box: Box): Box {
  return {
    left: box.left + INSET,
    top: box.top + INSET,
    right: box.right - INSET,
    bottom: box.bottom - INSET,
  };
}

/** The place of the header of a group: free of lines where there is room. */
export function headerPlace(head: Header, layout: Layout, look: Look): HeaderPlace {
  const box = inset(layout.boxes.get(head.group.id)!);
  const runs = [...(look.sign ? [look.sign] : []), ...head.line.map((run) => runWidth(run, look))];
  const pieces = head.badge ? [...runs, badgeWidth(head.badge, look)] : runs;
  const noteWidth = head.note ? look.width(head.note, TINY) : 0;
  const crossed = crossings(layout, box, box.top + 10);
  const boxes: Box[] = [];
  let note: HeaderPlace["note"] = null;
  let widths = head.note ? [...pieces, noteWidth] : pieces;
  const fit = (lines: readonly number[], inside = box): number[] | null =>
    leftEnds(widths, runs.length, inside, lines);
  let lefts = fit(crossed);
  if (head.note && lefts) {
    note = { x: lefts.at(-1)!, base: box.top + 14 };
  } else if (head.note) {
    // No room in the header's line: the note stands at the foot, where what it tells of leaves.
    const foot = { ...box, top: box.bottom - 12, bottom: box.bottom - 2 };
    const x = firstGap(noteWidth, foot.left + 9, foot.right - 9, atFoot(layout, box, foot));
    const whole = (layout.frames?.get(head.group.id)?.length ?? 1) < 2;
    if (x !== null && whole) {
      note = { x, base: box.bottom - 4 };
      boxes.push({ ...foot, left: x - 3, right: x + noteWidth + 3 });
    }
    widths = pieces;
    lefts = fit(crossed);
  }
  if (!lefts && crossed.length <= FEW) {
    // In front of one line rather than in front of all.
    for (const spared of crossed) lefts ??= fit(crossed.filter((x) => x !== spared));
  }
  const placed = lefts ?? fit([], { ...box, right: Infinity })!;
  const top = box.top + 3;
  placed.forEach((left, index) => {
    const right = left + widths[index]! + CLEAR;
    boxes.push({ left: left - CLEAR, top, right, bottom: top + HEIGHT });
  });
  const starts = placed.slice(0, runs.length);
  const sign = look.sign ? starts.shift()! : box.left;
  return { sign, runs: starts, badge: head.badge ? placed[runs.length]! : null, note, boxes };
}

/** Where lines pass through a height in a box. */
function crossings(layout: Layout, box: Box, y: number): number[] {
  const result: number[] = [];
  for (const points of falling(layout, box)) {
    if (points[0]![1] < y && y < points.at(-1)![1]) result.push(crossing(points, y));
  }
  return result.sort((a, b) => a - b);
}

/** The lines over or beside a box, downwards: also those that run up to the next column. */
function* falling(layout: Layout, box: Box): Generator<readonly Point[]> {
  for (const curve of layout.curves) {
    const up = curve.points[0]![1] > curve.points.at(-1)![1];
    const points = up ? [...curve.points].reverse() : curve.points;
    let [low, high] = [Infinity, -Infinity];
    for (const [x] of points) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    if (low < box.right && high > box.left) yield points;
  }
}

/** What lines and what cards and groups in a box take of a place at its foot. */
function atFoot(layout: Layout, box: Box, place: Box): [number, number][] {
  const taken: [number, number][] = [];
  for (const inner of layout.boxes.values()) {
    const beside = inner.left >= place.right || inner.right <= place.left;
    const within = inner.top > box.top && inner.bottom >= place.top && inner.bottom <= box.bottom;
    if (within && !beside) taken.push([inner.left, inner.right]);
  }
  for (const points of falling(layout, place)) {
    const [high, low] = [points[0]![1], points.at(-1)![1]];
    if (high >= low || high >= place.bottom || low <= place.top) continue;
    const ends = [Math.max(high, place.top), Math.min(low, place.bottom)];
    const xs = ends.map((y) => crossing(points, y));
    taken.push([Math.min(...xs), Math.max(...xs)]);
  }
  return taken;
}

/** The left end of a piece from `at` to `end`, as far left as there is room between what is taken. */
function firstGap(
  width: number,
  at: number,
  end: number,
  taken: readonly (readonly [number, number])[],
): number | null {
  const starts = taken.map(([, right]) => right + 7).filter((start) => start > at);
  for (const start of [at, ...starts].sort((a, b) => a - b)) {
    const after = start + width;
    if (after > end) return null;
    if (taken.every(([left, right]) => right + CLEAR <= start || left - CLEAR >= after)) return start;
  }
  return null;
}

/**
 * The left ends of pieces in a row that no line passes through; null where they do not fit.
 *
 * The first `joined` pieces follow each other without a gap where there is room for that.
 */
function leftEnds(widths: readonly number[], joined: number, box: Box, crossed: readonly number[]): number[] | null {
  const first = widths.slice(0, joined);
  const one = first.reduce((sum, width) => sum + width, 0);
  const found = free([one, ...widths.slice(joined)], 1, box, crossed);
  if (!found) return free(widths, joined, box, crossed);
  let at = found[0]!;
  const starts = first.map((width) => (at += width) - width);
  return [...starts, ...found.slice(1)];
}

/** The left ends of pieces as far left as no line passes through them. */
function free(widths: readonly number[], joined: number, box: Box, crossed: readonly number[]): number[] | null {
  const lines = crossed.map((x) => [x, x] as const);
  const end = box.right - 9;
  let at = box.left + 9;
  const result: number[] = [];
  for (const [index, width] of widths.entries()) {
    const start = firstGap(width, at, end, lines);
    if (start === null) return null;
    result.push(start);
    at = start + width + (index + 1 < joined ? 0 : GAP);
  }
  return result;
}
