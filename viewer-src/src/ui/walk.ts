/** Steps from one visible thing to another: along the flow, into groups and out of them. */

import type { View, ViewEdge, Visible } from "../model/types";

/** What a view holds, ready to be looked up by id. */
export interface Index {
  readonly items: ReadonlyMap<string, Visible>;
  readonly parents: ReadonlyMap<string, string>;
  /** Place in reading order. */
  readonly order: ReadonlyMap<string, number>;
  readonly view: View;
}

export function indexed(view: View): Index {
  const items = new Map<string, Visible>();
  const parents = new Map<string, string>();
  const order = new Map<string, number>();
  const visit = (some: readonly Visible[], parent?: string): void => {
    for (const item of some) {
      items.set(item.id, item);
      order.set(item.id, order.size);
      if (parent !== undefined) parents.set(item.id, parent);
      if (item.type === "group") visit(item.children, item.id);
    }
  };
  visit(view.items);
  return { items, parents, order, view };
}

/** Ids of a visible thing and of all that is inside it. */
export function within(index: Index, id: string): Set<string> {
  const ids = new Set<string>();
  const visit = (item: Visible | undefined): void => {
    if (!item) return;
    ids.add(item.id);
    if (item.type === "group") item.children.forEach(visit);
  };
  visit(index.items.get(id));
  return ids;
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
