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
