import type { Visible, VisibleNode } from "./types";

/** Every visible node and group, outer before inner. */
export function* walk(items: readonly Visible[]): Generator<Visible> {
  for (const item of items) {
    yield item;
    if (item.type === "group") yield* walk(item.children);
  }
}

/** Every visible node, in order. */
export function nodesOf(items: readonly Visible[]): VisibleNode[] {
  return [...walk(items)].filter((item): item is VisibleNode => item.type === "node");
}

/** The id of the first node in a node or group, or with -1 of the last. */
export function leaf(item: Visible, place: 0 | -1): string {
  while (item.type === "group") item = item.children.at(place)!;
  return item.id;
}
