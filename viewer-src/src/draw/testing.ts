/** Hand-made views for the tests of the drawing; a character is half as wide as it is high. */

import type {
  Figures,
  Item,
  Kind,
  View,
  ViewEdge,
  Visible,
  VisibleGroup,
  VisibleNode,
} from "../model/types";
import { graphvizJson } from "../layout/graphviz";
import type { LayOut } from "../layout/layouter";
import { readPlaces } from "../layout/places";
import { type Look, type ViewerStyle, lookOf } from "./look";
import type { Measure } from "./measure";

export const measure: Measure = (text, size, bold) => text.length * size * (bold ? 0.55 : 0.5);

export const layOut: LayOut = async (dot) => readPlaces(await graphvizJson(dot));

export const LIGHT: ViewerStyle = { theme: "light", direction: "TB", heat: null };

const NOTHING: Figures = { params: 0, flops: 0, memory: 0 };

/** A visible layer called `id`; what `more` says goes before. */
export function node(
  id: string,
  kind: Kind = "other",
  more: Partial<VisibleNode> & { readonly of?: Partial<Item> } = {},
): VisibleNode {
  const { of, ...rest } = more;
  const figures = rest.figures ?? NOTHING;
  const item: Item = { id, kind, title: id, figures, shapes: [[1, 8]], ...of };
  return {
    type: "node",
    id,
    item,
    title: item.label ?? item.title,
    name: "",
    path: id,
    copies: 1,
    multiple: rest.copies ?? 1,
    figures,
    each: figures,
    expandable: false,
    ...rest,
  };
}

/** A visible group called `id`. */
export function group(
  id: string,
  children: readonly Visible[],
  more: Partial<VisibleGroup> = {},
): VisibleGroup {
  const item: Item = { id, kind: "block", title: id, figures: NOTHING };
  const rest = { name: "", path: id, copies: 1, multiple: 1, figures: NOTHING, each: NOTHING };
  return { type: "group", id, item, title: id, children, ...rest, ...more };
}

/** An edge that carries one shape. */
export function edge(source: string, target: string, shape: readonly number[] = [1, 8]): ViewEdge {
  return { source, target, tensors: [{ shape }], nextCopy: false };
}

export function view(
  items: readonly Visible[],
  edges: readonly ViewEdge[] = [],
  more: Partial<View> = {},
): View {
  return {
    name: "Model",
    traced: true,
    counted: true,
    failure: "",
    figures: NOTHING,
    show: new Set(["shapes", "config"]),
    items,
    edges,
    links: [],
    ...more,
  };
}

export function look(of: View, style: Partial<ViewerStyle> = {}): Look {
  return lookOf({ ...LIGHT, ...style }, of, measure);
}
