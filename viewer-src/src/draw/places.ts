import type { Box, PlacedEdge, Places } from "../layout/places";
import type { Placed } from "./placing";
import type { Plan } from "./plan";

/** Places for everything in a plan: boxes of cards and groups by id, edges between cards. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, Box>;
  readonly curves: readonly PlacedEdge[];
  /** The outlines of the groups, where they may go on in another column. */
  readonly frames?: ReadonlyMap<string, readonly Box[]>;
  /** The cards where the data runs upwards, whose layers stand bottom up. */
  readonly upward?: ReadonlySet<string>;
  /** The labels with their places, where these are known. */
  readonly labels?: readonly Placed[];
}

/** The layout of a plan from that of its DOT. */
export function layoutOf(plan: Plan, places: Places): Layout {
  const ids = new Map([...plan.names].map(([id, name]) => [name, id]));
  const boxes = new Map<string, Box>();
  for (const [name, box] of places.clusters) boxes.set(ids.get(name)!, box);
  for (const [name, x, y] of places.nodes) {
    const card = plan.cards.get(ids.get(name)!)!;
    const [w, h] = [card.width / 2, card.height / 2];
    boxes.set(card.id, { left: x - w, top: y - h, right: x + w, bottom: y + h });
  }
  const curves = places.edges.map((edge) => ({
    ...edge,
    source: ids.get(edge.source)!,
    target: ids.get(edge.target)!,
  }));
  return { width: places.width, height: places.height, boxes, curves };
}

/** The place of each node in its card. */
export function rowBoxes(plan: Plan, layout: Layout): Map<string, Box> {
  const result = new Map<string, Box>();
  for (const card of plan.cards.values()) {
    const { left, right, top } = layout.boxes.get(card.id)!;
    let y = top;
    for (const row of card.rows) {
      result.set(row.node.id, { left, top: y, right, bottom: y + row.height });
      y += row.height;
    }
  }
  return result;
}
