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

/** The id of the group that each node or group is in; none for those in none. */
export function parentsOf(items: readonly Visible[]): Map<string, string> {
  const result = new Map<string, string>();
  for (const item of walk(items)) {
    if (item.type === "group") for (const child of item.children) result.set(child.id, item.id);
  }
  return result;
}

/** The groups that something is in, from the innermost. */
export function ancestors(id: string, parents: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (let group = parents.get(id); group !== undefined; group = parents.get(group)) found.push(group);
  return found;
}

/** The id of the first node in a node or group, or with -1 of the last. */
export function leaf(item: Visible, place: 0 | -1): string {
  while (item.type === "group") item = item.children.at(place)!;
  return item.id;
}
