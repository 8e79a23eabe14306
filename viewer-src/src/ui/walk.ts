/** Steps from one visible thing to another: along the flow, into groups and out of them. */

import type { Direction } from "../draw/look";
import type { View, ViewEdge, Visible } from "../model/types";
import { ancestors, parentsOf, walk } from "../model/walk";
import type { Box } from "../layout/places";

/** What a view holds, ready to be looked up by id. */
export interface Index {
  readonly items: ReadonlyMap<string, Visible>;
  readonly parents: ReadonlyMap<string, string>;
  /** Place in reading order. */
  readonly order: ReadonlyMap<string, number>;
  readonly view: View;
}

export function indexed(view: View): Index {
  const items = new Map([...walk(view.items)].map((item) => [item.id, item]));
  const order = new Map([...items.keys()].map((id, place) => [id, place]));
  return { items, parents: parentsOf(view.items), order, view };
}

/** Ids of a visible thing and of all that is inside it. */
export function within(index: Index, id: string): Set<string> {
  const item = index.items.get(id);
  return new Set(item ? [...walk([item])].map((one) => one.id) : []);
}

/** Edges that leave a visible thing for what is outside it, in reading order of their targets. */
export function leaving(index: Index, id: string): ViewEdge[] {
  const inside = within(index, id);
  return index.view.edges
    .filter((edge) => inside.has(edge.source) && !inside.has(edge.target))
    .sort((a, b) => place(index, a.target) - place(index, b.target));
}

/** Edges that enter a visible thing from outside it, in reading order of their sources. */
export function entering(index: Index, id: string): ViewEdge[] {
  const inside = within(index, id);
  return index.view.edges
    .filter((edge) => inside.has(edge.target) && !inside.has(edge.source))
    .sort((a, b) => place(index, a.source) - place(index, b.source));
}

/** The next along the flow, or in reading order where nothing leaves. */
export function next(index: Index, id: string): string | undefined {
  return leaving(index, id)[0]?.target ?? beside(index, id, 1);
}

/** The one before: the nearest that feeds it, or that in reading order. */
export function previous(index: Index, id: string): string | undefined {
  return entering(index, id).at(-1)?.source ?? beside(index, id, -1);
}

/**
 * The nearest node on one side of a visible thing in the picture: of another branch that data goes
 * through at the same height (in a left-to-right picture at the same distance from the left).
 */
export function across(
  index: Index,
  boxes: ReadonlyMap<string, Box>,
  id: string,
  by: 1 | -1,
  direction: Direction,
): string | undefined {
  const from = boxes.get(id);
  if (!from) return undefined;
  const own = new Set([...within(index, id), ...ancestors(id, index.parents)]);
  const here = turned(from, direction);
  let best: string | undefined;
  let least = [Infinity, Infinity];
  for (const [other, item] of index.items) {
    const box = boxes.get(other);
    if (item.type !== "node" || own.has(other) || !box) continue;
    // The outermost block that is beside it counts as a whole; what is nearest in it is reached.
    const outer = ancestors(other, index.parents).filter((block) => !own.has(block)).at(-1);
    const there = turned(boxes.get(outer ?? other) ?? box, direction);
    const gap = by > 0 ? there.left - here.right : here.left - there.right;
    if (gap < -SLACK || !overlap(here, there)) continue;
    const far = [Math.max(gap, 0), Math.abs(middle(turned(box, direction)) - middle(here))];
    if (before(far, least)) [best, least] = [other, far];
  }
  return best;
}

/** Points that what stands side by side may overlap. */
const SLACK = 2;

/** A box as it would be in a picture from top to bottom. */
function turned(box: Box, direction: Direction): Box {
  return direction === "TB" ? box : { left: box.top, right: box.bottom, top: box.left, bottom: box.right };
}

function overlap(a: Box, b: Box): boolean {
  return a.top < b.bottom - SLACK && b.top < a.bottom - SLACK;
}

function middle(box: Box): number {
  return (box.top + box.bottom) / 2;
}

function before(a: readonly number[], b: readonly number[]): boolean {
  const differs = a.findIndex((value, place) => value !== b[place]);
  return differs >= 0 && a[differs]! < b[differs]!;
}

function beside(index: Index, id: string, step: 1 | -1): string | undefined {
  const inside = within(index, id);
  const ids = [...index.items.keys()];
  for (let at = place(index, id) + step; at >= 0 && at < ids.length; at += step) {
    const found = ids[at]!;
    if (!inside.has(found) && index.items.get(found)?.type === "node") return found;
  }
  return undefined;
}

function place(index: Index, id: string): number {
  return index.order.get(id) ?? 0;
}
