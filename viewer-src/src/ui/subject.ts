/** What the inspector shows: one item, with what surrounds it in the picture. */

import type { Doc, Explorer, Figures, Item, Link, Mark, State, TensorLabel, ViewEdge, Visible } from "../model/types";
import { perCopy } from "../model/visible";
import { overlayValue } from "../draw/look";
import { measureText, tensorText } from "../units";
import { entering, type Index, leaving } from "./walk";

export interface Subject {
  readonly id: string;
  readonly item: Item;
  readonly title: string;
  readonly name: string;
  /** A range for folded copies. */
  readonly path: string | undefined;
  readonly copies: number;
  /** Of one copy; equal to `all` where there is one. */
  readonly each: Figures;
  readonly all: Figures;
  readonly whole: Figures;
  /** Figures that were put on the graph, as they read. */
  readonly own: readonly (readonly [name: string, text: string])[];
  /** What can be done with it as it is shown. */
  readonly can: { readonly open: boolean; readonly close: boolean; readonly unfold: boolean; readonly fold: boolean };
  readonly reads: readonly Neighbour[];
  readonly feeds: readonly Neighbour[];
  readonly related: readonly Related[];
  /** What is to be told of it. */
  readonly marks: readonly Mark[];
}

/** Something next to it in the flow, and the tensors between the two. */
export interface Neighbour {
  readonly id: string;
  readonly title: string;
  readonly name: string;
  readonly tensors: readonly TensorLabel[];
  readonly nextCopy: boolean;
}

/** Another call of its module, or something that holds the same weights. */
export interface Related {
  readonly id: string;
  readonly name: string;
  readonly reason: Link["reason"];
}

/** All about an item, visible or not; undefined where there is none of that id. */
export function subjectOf(
  explorer: Explorer,
  state: State,
  index: Index,
  id: string,
): Subject | undefined {
  const item = explorer.item(id);
  if (!item) return undefined;
  const visible = index.items.get(id);
  const copies = visible?.copies ?? item.copies ?? 1;
  const all = visible?.figures ?? item.figures;
  return {
    id,
    item,
    title: item.label ?? item.title,
    name: item.label ? [titleText(item.title), item.name].filter(Boolean).join("  ") : (item.name ?? ""),
    path: pathOf(item, visible?.path ?? item.path, copies),
    copies,
    each: visible?.each ?? perCopy(item.figures, copies),
    all,
    whole: explorer.doc.figures,
    own: (explorer.doc.overlays ?? []).flatMap((overlay) => {
      const value = overlayValue(overlay, id, item.path);
      return value === undefined ? [] : [[overlay.name, measureText(value, overlay.unit)] as const];
    }),
    can: {
      open: visible?.type === "node" && visible.expandable,
      close: visible?.type === "group",
      unfold: visible !== undefined && copies > 1 && !state.unfolded.has(id),
      fold: visible?.foldOf !== undefined,
    },
    reads: visible ? neighbours(index, entering(index, id), "source") : [],
    feeds: visible ? neighbours(index, leaving(index, id), "target") : [],
    related: relatedTo(explorer.doc, explorer, id),
    marks: (explorer.doc.marks?.entries ?? []).filter((_, place) => explorer.marked[place]?.includes(id)),
  };
}

/** Those at one end of edges, each once. */
function neighbours(index: Index, edges: readonly ViewEdge[], end: "source" | "target"): Neighbour[] {
  const found = new Map<string, Neighbour>();
  for (const edge of edges) {
    const id = edge[end];
    const visible = index.items.get(id);
    const title = visible ? titleOf(visible) : id;
    const { tensors = [], nextCopy = true } = found.get(id) ?? {};
    const more = edge.tensors.filter((one) => !tensors.some((other) => tensorText(other) === tensorText(one)));
    found.set(id, {
      id,
      title,
      name: visible?.name ?? "",
      tensors: [...tensors, ...more],
      nextCopy: nextCopy && edge.nextCopy,
    });
  }
  return [...found.values()];
}

/** What a visible thing is called: its class or op. */
export function titleOf(visible: Visible): string {
  return titleText(visible.item.label ?? visible.item.title);
}

function titleText(title: string): string {
  return title.split("\n").join(", ");
}

function relatedTo(doc: Doc, explorer: Explorer, id: string): Related[] {
  return doc.links
    .filter((link) => link.source === id || link.target === id)
    .map(({ source, target, reason }) => {
      const other = source === id ? target : source;
      const item = explorer.item(other);
      return { id: other, name: item?.path || item?.label || item?.name || item?.title || other, reason };
    });
}

/** Its path, or the paths of its first copy and its last. */
function pathOf(item: Item, path: string | undefined, copies: number): string | undefined {
  const last = copies > 1 ? item.paths?.at(-1)?.[0] : undefined;
  return path && last && last !== path ? `${path} – ${last}` : path;
}
