import type { Link, ViewEdge, Visible } from "./types";
import { leaf, nodesOf, walk } from "./walk";

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
  for (const { source, target, reason } of held) {
    if (reason !== "removed") add(standIn(source, reason), standIn(target, reason), reason);
  }
  return [...result.values()];
}

/** The ways of the data to what is gone and from there; they carry nothing any more. */
export function formerEdges(
  items: readonly Visible[],
  held: readonly Link[],
  standIn: (id: string, reason: Link["reason"]) => string | undefined,
): ViewEdge[] {
  const former = held.filter(({ reason }) => reason === "removed");
  if (!former.length) return [];
  const shown = new Map([...walk(items)].map((item) => [item.id, item]));
  const result = new Map<string, ViewEdge>();
  for (const link of former) {
    const [from, to] = [standIn(link.source, "removed"), standIn(link.target, "removed")];
    if (from === undefined || to === undefined || from === to) continue;
    const [source, target] = [leaf(shown.get(from)!, -1), leaf(shown.get(to)!, 0)];
    result.set(`${source} ${target}`, { source, target, tensors: [], nextCopy: false });
  }
  return [...result.values()];
}
