/**
 * A tall layout as several columns, as in modelviz/render/pagination.py.
 *
 * The layout is cut between cards. A group across a cut goes on in the next column, and an edge
 * across it leads from the foot of one column to the head of the next.
 */

import type { Box, PlacedEdge, Point } from "../layout/places";
import { splitAt } from "./curves";
import { FrameSides } from "./frameSides";
import { type Cut, CutPlaces } from "./pageBreaks";
import type { Layout } from "./places";
import { rounded } from "./rounding";
import { MEASURES } from "./theme";

const { GAIN, LANE, GUTTER, FOOT, EVENNESS, CUT_COST, COLUMNS, ROWS } = MEASURES.pagination;
type Form = typeof COLUMNS;

/** What a layout is to fill: its scale there, and whether its text can be read then. */
export interface Sheet {
  scale(width: number, height: number): number;
  fits(width: number, height: number): boolean;
}

type Numbers = ReadonlyMap<string, number>;

/**
 * The layout in as many columns as make it largest on its sheet.
 *
 * `groups` are all groups, outer first, and what a cut through each of them costs; `headers` are how
 * wide each piece of them is at least.
 */
export function inColumns(layout: Layout, groups: Numbers, headers: Numbers, sheet: Sheet): Layout {
  const ends = new Map([...groups.keys()].map((name) => [name, 0]));
  return wrapped(layout, groups, ends, COLUMNS, sheet, headers);
}

/**
 * A layout that reads to the right, in as many rows as make it largest on its sheet.
 *
 * `headers` are the widths of the headers of all groups, for which each piece of a group has room.
 */
export function inRows(layout: Layout, groups: Numbers, headers: Numbers, sheet: Sheet): Layout {
  const across = turned(layout);
  const rows = wrapped(across, groups, headers, ROWS, {
    scale: (width, height) => sheet.scale(height, width),
    fits: (width, height) => sheet.fits(height, width),
  }, new Map());
  return rows === across ? layout : turned(rows);
}

/** The layout in columns; `ends` is how much of each group stays whole at both ends. */
function wrapped(
  layout: Layout,
  groups: Numbers,
  ends: Numbers,
  form: Form,
  sheet: Sheet,
  headers: Numbers,
): Layout {
  const worth = ({ width, height }: { width: number; height: number }, lost: number, gain = 1): Worth => [
    sheet.fits(width, height),
    sheet.scale(width, height) * gain * (1 - lost),
  ];
  let best: Wrap | null = null;
  let most = worth(layout, 0, GAIN);
  let places: CutPlaces | undefined;
  for (let count = 2; count <= form.most; count += 1) {
    // No piece is narrower than its share of the cards.
    if (sheet.scale(GUTTER * (count - 1), layout.height / count) <= most[1]) continue;
    places ??= new CutPlaces(layout, groups, ends, form.share);
    for (const [wrap, lost] of choices(layout, groups, places, form, count)) {
      const reached = worth(wrap, lost);
      if (isMore(reached, most)) [best, most] = [wrap, reached];
    }
  }
  return best ? best.layout(headers, form.before) : layout;
}

/** What a layout is worth: to be read first, then to be large and whole. */
type Worth = readonly [fits: boolean, scale: number];

function isMore([fits, scale]: Worth, [fitted, scaled]: Worth): boolean {
  return fits === fitted ? scale > scaled : fits;
}

/** Good ways to cut a layout into a number of columns, and the share that each loses. */
function* choices(
  layout: Layout,
  groups: Numbers,
  places: CutPlaces,
  form: Form,
  count: number,
): Generator<readonly [Wrap, number]> {
  const tried = new Set<string>();
  for (const evenness of EVENNESS) {
    const cuts = places.cuts(count, evenness);
    const key = cuts?.map(({ y }) => y).join();
    if (!cuts || key === undefined || tried.has(key)) continue;
    tried.add(key);
    const through = cuts.flatMap((cut) => cut.groups).reduce((sum, name) => sum + groups.get(name)!, 0);
    const rails = cuts.reduce((sum, { edges }) => sum + Math.max(edges - 1, 0), 0);
    const lost = Math.min(0.9, CUT_COST * through + form.rail * rails);
    yield [new Wrap(layout, groups, cuts, places, form.head), lost];
  }
}

/** Moves everything below a cut into the next column. */
class Wrap {
  readonly width: number;
  readonly height: number;
  private readonly tops: readonly number[];
  private readonly ends: readonly number[];
  private readonly lanes: number;
  private readonly heads: readonly number[];
  private readonly extents: readonly (readonly [number, number])[];
  /** How far each column moves: to the right of the one before, and up. */
  private readonly shifts: Point[] = [];
  private readonly feet: readonly number[];

  constructor(
    private readonly whole: Layout,
    private readonly groups: Numbers,
    private readonly cuts: readonly Cut[],
    places: CutPlaces,
    private readonly head: number,
  ) {
    const ys = cuts.map(({ y }) => y);
    this.tops = [0, ...ys];
    this.ends = [...ys, whole.height];
    this.lanes = Math.max(...cuts.map(({ edges }) => edges));
    const room = LANE * this.lanes + 12;
    this.heads = [room, ...cuts.map((cut) => room + head * cut.groups.length)];
    this.extents = this.tops.map((top, column) => places.extent(top, this.ends[column]!));
    let at = 0;
    this.extents.forEach(([left, right], column) => {
      if (column) at += GUTTER + LANE * this.lanes;
      this.shifts.push([at - left, this.heads[column]! - this.tops[column]!]);
      at += right - left;
    });
    const depths = [...cuts.map((cut) => cut.groups.length), 0];
    this.feet = this.ends.map(
      (end, column) => end - this.tops[column]! + this.heads[column]! + FOOT * depths[column]!,
    );
    this.width = this.shifts.at(-1)![0] + this.extents.at(-1)![1];
    this.height = Math.max(this.feet.at(-1)!, ...this.feet.slice(0, -1).map((foot) => foot + LANE * this.lanes + 6));
  }

  /** The layout in columns. */
  layout(headers: Numbers, before: number): Layout {
    const column = (y: number): number => this.column(y);
    const sides = new FrameSides(this.whole, this.groups, column, headers, before);
    const boxes = new Map<string, Box>();
    const frames = new Map<string, readonly Box[]>();
    for (const [name, box] of this.whole.boxes) {
      if (this.groups.has(name)) {
        const pieces = this.frames(name, box, sides);
        frames.set(name, pieces);
        boxes.set(name, pieces[0]!);
      } else boxes.set(name, this.moved(box, this.column((box.top + box.bottom) / 2)));
    }
    const order = this.cuts.map(({ y }) => this.laneOrder(y));
    const curves = this.whole.curves.map((curve) => this.curve(curve, order));
    return { width: this.width, height: this.height, boxes, curves, frames };
  }

  private column(y: number): number {
    return this.cuts.filter((cut) => cut.y < y).length;
  }

  private moved({ left, top, right, bottom }: Box, column: number): Box {
    const [dx, dy] = this.shifts[column]!;
    return { left: left + dx, top: top + dy, right: right + dx, bottom: bottom + dy };
  }

  /** The outlines of a group, one in each column that it is in. */
  private frames(name: string, box: Box, sides: FrameSides): Box[] {
    const [first, last] = [this.column(box.top), this.column(box.bottom)];
    const result: Box[] = [];
    for (let column = first; column <= last; column += 1) {
      const [left, right] = sides.of(name, column).map((x) => x + this.shifts[column]![0]) as [number, number];
      let { top, bottom } = this.moved(box, column);
      if (column > first) top = this.heads[0]! + this.head * this.cuts[column - 1]!.groups.indexOf(name);
      if (column < last) {
        const { groups } = this.cuts[column]!;
        bottom = this.ends[column]! + this.shifts[column]![1] + FOOT * (groups.length - groups.indexOf(name));
      }
      result.push({ left, top, right, bottom });
    }
    return result;
  }

  /** A curve with each of its parts in its column; `order` are the curves of each cut, by lanes. */
  private curve(curve: PlacedEdge, order: readonly (readonly PlacedEdge[])[]): PlacedEdge {
    const [start, end] = [curve.points[0]![1], curve.points.at(-1)![1]];
    if (this.column(start) === this.column(end) || start > end) {
      const column = this.column(Math.min(start, end));
      return this.movedCurve(curve, this.shift(curve.points, column), column);
    }
    let points: Point[] = [];
    let rest = curve.points;
    this.cuts.forEach((cut, column) => {
      if (!(start < cut.y && cut.y < end)) return;
      const [head, after] = splitAt(rest, cut.y);
      rest = after;
      points = [...points, ...this.shift(head, column).slice(points.length ? 1 : 0)];
      const lane = order[column]!.indexOf(curve);
      const [next] = this.shift(rest, column + 1);
      points = [...points, ...this.around(points.at(-1)!, next!, column, lane)];
    });
    const last = this.column(end);
    return this.movedCurve(curve, [...points, ...this.shift(rest, last).slice(1)], last);
  }

  private movedCurve({ source, target, tip }: PlacedEdge, points: readonly Point[], column: number): PlacedEdge {
    return { source, target, points, tip: tip && this.shift([tip], column)[0]! };
  }

  private shift(points: readonly Point[], column: number): Point[] {
    const [dx, dy] = this.shifts[column]!;
    return points.map(([x, y]) => [x + dx, y + dy]);
  }

  /** The curves that cross a cut, by lane: the one furthest right has the shortest way. */
  private laneOrder(y: number): PlacedEdge[] {
    const crossing = this.whole.curves.filter(({ points }) => points[0]![1] < y && y < points.at(-1)![1]);
    const places = new Map(crossing.map((curve) => [curve, splitAt(curve.points, y)[1][0]![0]]));
    return crossing.sort((a, b) => places.get(b)! - places.get(a)!);
  }

  /** From the foot of a column to the head of the next, with round corners. */
  private around(start: Point, end: Point, column: number, lane: number): Point[] {
    const foot = this.feet[column]! + 6 + LANE * lane;
    const head = LANE * lane + 4;
    const left = this.shifts[column + 1]![0] + this.extents[column + 1]![0];
    const gutter = left - GUTTER / 2 - LANE * (this.lanes - 1 - lane);
    return rounded(start, [[start[0], foot], [gutter, foot], [gutter, head], [end[0], head]], end);
  }
}

/** The layout with x and y exchanged. */
function turned(layout: Layout): Layout {
  const point = ([x, y]: Point): Point => [y, x];
  const box = ({ left, top, right, bottom }: Box): Box => ({ left: top, top: left, right: bottom, bottom: right });
  return {
    width: layout.height,
    height: layout.width,
    boxes: new Map([...layout.boxes].map(([name, one]) => [name, box(one)])),
    curves: layout.curves.map((curve) => ({
      ...curve,
      points: curve.points.map(point),
      tip: curve.tip && point(curve.tip),
    })),
    ...(layout.frames ? { frames: new Map([...layout.frames].map(([name, some]) => [name, some.map(box)])) } : {}),
  };
}
