import type { Shape, View, ViewEdge } from "../model/types";
import { LEADING, TINY } from "./lines";
import type { Look } from "./look";
import { MEASURES } from "./theme";
import { shapeText } from "../units";

const { MANY } = MEASURES.edge_labels;

/** The lines on an edge. They may as well stand on the edges that lead to another target. */
export interface Label {
  readonly source: string;
  readonly targets: readonly string[];
  readonly lines: readonly string[];
  readonly width: number;
  readonly height: number;
}

/** The labels of the edges: each tensor once where a node gives it to several. */
export function edgeLabels(view: View, look: Look): Label[] {
  if (!look.show.has("shapes")) return [];
  const labels = new Map<string, { source: string; lines: string[]; targets: string[] }>();
  for (const edge of view.edges) {
    if (edge.nextCopy || !edge.tensors.length) continue;
    const lines = edgeLines(edge);
    const key = JSON.stringify([edge.source, lines]);
    const label = labels.get(key);
    if (label) label.targets.push(edge.target);
    else labels.set(key, { source: edge.source, lines, targets: [edge.target] });
  }
  return [...labels.values()].map((label) => ({
    ...label,
    width: Math.max(0, ...label.lines.map((line) => look.width(line, TINY))) + 6,
    height: LEADING * TINY * label.lines.length + 2,
  }));
}

/** What an edge carries, in at most two lines. */
export function edgeLines(edge: ViewEdge): string[] {
  const texts = [...new Set(joined(edge))];
  return texts.length > 2 ? [texts[0]!, `+ ${texts.length - 1} more`] : texts;
}

/**
 * The shapes and dtypes that an edge carries, with `?` for a size that is never the same.
 *
 * Experts get 33, 26 or 40 tokens: many shapes that differ in one size say one thing.
 */
function joined(edge: ViewEdge): string[] {
  const alike = new Map<string, { dtype: string; shapes: Shape[] }>();
  for (const { shape, dtype = "" } of edge.tensors) {
    const key = `${shape.length} ${dtype}`;
    const group = alike.get(key) ?? { dtype, shapes: [] };
    group.shapes.push(shape);
    alike.set(key, group);
  }
  return [...alike.values()].flatMap(({ dtype, shapes }) => {
    const first = shapes[0]!;
    const open = first.map((_, place) => new Set(shapes.map((shape) => shape[place])).size > 1);
    const texts =
      shapes.length >= MANY && open.filter(Boolean).length === 1
        ? [first.map((size, place) => (open[place] ? "?" : size)).join("×")]
        : shapes.map(shapeText);
    return texts.map((text) => `${text} ${dtype}`.trimEnd());
  });
}
