import { gather } from "../gathering";
import type { Neighbours, View } from "./types";
import { nodesOf, walk } from "./walk";

/** The visible nodes that feed a visible node or group, and those that it feeds. */
export function neighbours(view: View, id: string): Neighbours {
  const start = [...walk(view.items)].find((item) => item.id === id);
  const inside = new Set(start ? nodesOf([start]).map((node) => node.id) : []);
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  for (const { source, target, nextCopy } of view.edges) {
    if (nextCopy) continue;
    gather(after, source, target);
    gather(before, target, source);
  }
  return { upstream: reach(inside, before), downstream: reach(inside, after) };
}

function reach(from: ReadonlySet<string>, next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set<string>();
  const waiting = [...from];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const other of next.get(id) ?? []) {
      if (!seen.has(other) && !from.has(other)) {
        seen.add(other);
        waiting.push(other);
      }
    }
  }
  return seen;
}
