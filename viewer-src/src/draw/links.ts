import type { Link } from "../model/types";
import { type Box, type Point, centre } from "../layout/places";
import { MEASURES } from "./theme";

const { LANE, MAX_LANES } = MEASURES.links;

/** A dotted line that joins nodes which are one thing, as straight pieces. */
export interface LinkLine {
  readonly ids: readonly string[];
  readonly pieces: readonly (readonly [Point, Point])[];
}

/**
 * The lines, the room that they take beside the picture, and what they stand for.
 *
 * `before` is the room to the left of a picture, or above it, `after` that on the other side.
 */
export interface Lanes {
  readonly lines: readonly LinkLine[];
  readonly before: number;
  readonly after: number;
  readonly reasons: ReadonlySet<Link["reason"]>;
}

/**
 * One line for each set of nodes that are joined, in a lane before 0 or beyond `edge`.
 *
 * `boxes` are the rows of the nodes. Lanes run beside a picture that reads downwards, and above or
 * below one that reads to the right. A line that would pass behind another node on either side is
 * left out: it would seem to join that node, and the names on the cards tell.
 */
export function linkLanes(
  links: readonly Link[],
  boxes: ReadonlyMap<string, Box>,
  edge: number,
  downwards: boolean,
): Lanes {
  const sets = joined(links, boxes).filter(
    (set) => new Set(set.map((id) => corner(boxes, id))).size > 1,
  );
  if (sets.length > MAX_LANES) return { lines: [], before: 0, after: 0, reasons: new Set() };
  sets.sort((a, b) => span(a, boxes, downwards) - span(b, boxes, downwards));
  const lines: LinkLine[] = [];
  const lanes = { after: 0, before: 0 };
  for (const ids of sets) {
    const side = ([1, -1] as const).find((way) => isFree(ids, boxes, way, downwards));
    if (side === undefined) continue;
    const name = side > 0 ? "after" : "before";
    const far = 6 + lanes[name] * LANE;
    lines.push({ ids, pieces: pieces(ids, boxes, side > 0 ? edge + far : -far, side, downwards) });
    lanes[name] += 1;
  }
  const drawn = new Set(lines.flatMap((line) => line.ids));
  const reasons = new Set(
    links.filter((link) => drawn.has(link.source)).map((link) => link.reason),
  );
  return { lines, before: room(lanes.before), after: room(lanes.after), reasons };
}

function room(lanes: number): number {
  return lanes ? 6 + LANE * lanes : 0;
}

function corner(boxes: ReadonlyMap<string, Box>, id: string): string {
  const box = boxes.get(id)!;
  return `${box.left} ${box.top}`;
}

/** Whether nothing else stands between the nodes of a set and a side of the picture. */
function isFree(
  ids: readonly string[],
  boxes: ReadonlyMap<string, Box>,
  side: 1 | -1,
  downwards: boolean,
): boolean {
  return ids.every((id) => {
    const [x, y] = centre(boxes.get(id)!);
    for (const [other, box] of boxes) {
      if (other === id) continue;
      const [otherX, otherY] = centre(box);
      const meets = downwards
        ? box.top - 1 < y && y < box.bottom + 1 && (otherX - x) * side > 0
        : box.left - 1 < x && x < box.right + 1 && (otherY - y) * side > 0;
      if (meets) return false;
    }
    return true;
  });
}

/** The nodes of the links, those that hang together in one list; only what is visible. */
function joined(links: readonly Link[], boxes: ReadonlyMap<string, Box>): string[][] {
  const home = new Map<string, string[]>();
  const of = (id: string): string[] => {
    const list = home.get(id) ?? [id];
    home.set(id, list);
    return list;
  };
  for (const { source, target } of links) {
    if (!boxes.has(source) || !boxes.has(target)) continue;
    const [left, right] = [of(source), of(target)];
    if (left === right) continue;
    left.push(...right);
    for (const id of right) home.set(id, left);
  }
  return [...new Set(home.values())];
}

function span(ids: readonly string[], boxes: ReadonlyMap<string, Box>, downwards: boolean): number {
  const places = ids.map((id) => centre(boxes.get(id)!)[downwards ? 1 : 0]);
  return Math.max(...places) - Math.min(...places);
}

function pieces(
  ids: readonly string[],
  boxes: ReadonlyMap<string, Box>,
  at: number,
  side: 1 | -1,
  downwards: boolean,
): [Point, Point][] {
  const along = (value: number, far: number): Point => (downwards ? [far, value] : [value, far]);
  const ends = ids
    .map((id) => {
      const box = boxes.get(id)!;
      const [x, y] = centre(box);
      if (downwards) return { value: y, far: side > 0 ? box.right : box.left };
      return { value: x, far: side > 0 ? box.bottom : box.top };
    })
    .sort((a, b) => a.value - b.value);
  const trunk: [Point, Point] = [along(ends[0]!.value, at), along(ends.at(-1)!.value, at)];
  return [
    trunk,
    ...ends.map(({ value, far }): [Point, Point] => [along(value, far), along(value, at)]),
  ];
}
