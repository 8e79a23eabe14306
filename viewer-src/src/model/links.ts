import type { Link, Visible } from "./types";
import { nodesOf } from "./walk";

/** The links between visible nodes: modules called again, and weights held in common. */
export function links(
  items: readonly Visible[],
  held: readonly Link[],
  standIn: (id: string, reason: Link["reason"]) => string | undefined,
): Link[] {
  const nodes = nodesOf(items);
  const shown = new Set(nodes.map(({ id }) => id));
  const result = new Map<string, Link>();
  const add = (source: string | undefined, target: string | undefined, reason: Link["reason"]) => {
    if (source === undefined || target === undefined || source === target) return;
    if (!shown.has(source) || !shown.has(target)) return;
    result.set(`${source} ${target} ${reason}`, { source, target, reason });
  };
  const last = new Map<string, string>();
  for (const { id, item, path } of nodes) {
    if (path === undefined || !item.repeated) continue;
    add(last.get(path), id, "same module");
    last.set(path, id);
  }
  for (const { source, target, reason } of held) add(standIn(source, reason), standIn(target, reason), reason);
  return [...result.values()];
}
