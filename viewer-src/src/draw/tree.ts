import type { Visible, VisibleGroup } from "../model/types";

/** A group, and how many others it is in. */
export interface Nested {
  readonly group: VisibleGroup;
  readonly level: number;
}

/** Every visible group, outer before inner, with its level. */
export function groupsOf(items: readonly Visible[], level = 0): Nested[] {
  return items.flatMap((item) =>
    item.type === "group" ? [{ group: item, level }, ...groupsOf(item.children, level + 1)] : [],
  );
}

/** The id of the group that each node or group is in; "" for those in none. */
export function parentsOf(items: readonly Visible[]): Map<string, string> {
  const result = new Map(items.map((item) => [item.id, ""]));
  for (const { group } of groupsOf(items)) {
    for (const child of group.children) result.set(child.id, group.id);
  }
  return result;
}

/** The id of the first node in a node or group. */
export function firstLeaf(item: Visible): string {
  return item.type === "node" ? item.id : firstLeaf(item.children[0]!);
}

/** The id of the last node in a node or group. */
export function lastLeaf(item: Visible): string {
  return item.type === "node" ? item.id : lastLeaf(item.children.at(-1)!);
}
