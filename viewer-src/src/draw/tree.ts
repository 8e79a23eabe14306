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
