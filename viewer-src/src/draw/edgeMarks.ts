import type { PlacedEdge, Point } from "../layout/places";
import type { LinkLine } from "./links";
import { curvePath, element, label, number, rect } from "./elements";
import { LEADING, TINY } from "./lines";
import type { Look } from "./look";
import { LIT } from "./paint";
import type { Placed } from "./placing";
import { MEASURES } from "./theme";

const { ASCENT } = MEASURES.edge_marks;
const DOTS = { "stroke-dasharray": "1 3", "stroke-linecap": "round" };
/** How near to a line the pointer must come, on either side, to be on it. */
const REACH = 5;

/** What ties the marks of an edge to it: its ends, and its place among the edges of the view. */
export interface EdgeKey {
  readonly "data-source": string;
  readonly "data-target": string;
  readonly "data-edge": string;
}

/** The line of an edge with its arrow, and around it, unseen, what the pointer meets. */
export function edgeMark(
  curve: PlacedEdge,
  key: EdgeKey,
  look: Look,
  lit: boolean,
  gone: boolean,
): SVGGElement {
  const colour = lit ? look.theme.lit : look.theme.edge;
  const width = lit ? LIT : 0.9;
  const last = curve.points.at(-1)!;
  const d = curvePath(curve.points);
  const hit = curve.tip ? `${d}L${number(curve.tip[0])},${number(curve.tip[1])}` : d;
  const marks: SVGElement[] = [
    element("path", {
      d: hit,
      class: "hit",
      fill: "none",
      stroke: "none",
      "stroke-width": 2 * REACH,
    }),
    element("path", { d, class: "line", fill: "none", stroke: colour, "stroke-width": width, ...(gone ? DOTS : {}) }),
  ];
  if (curve.tip) {
    const points = arrow(last, curve.tip, lit ? 6.5 : 5).map(([x, y]) => `${number(x)},${number(y)}`);
    marks.push(element("polygon", { points: points.join(" "), class: "arrow", fill: colour }));
  }
  return element("g", { class: "edge", ...key }, marks);
}

/** The shapes on an edge, beside its line. */
export function labelMark(placed: Placed, key: EdgeKey, behind: string, look: Look): SVGGElement {
  const { left, top } = placed.box;
  const { lines, width, height } = placed.label;
  const how = { size: TINY, colour: look.theme.muted };
  return element("g", { class: "label", ...key }, [
    rect(left, top, width, height, 3, { fill: behind }),
    ...lines.map((line, index) => {
      const base = top + 1 + LEADING * TINY * index + TINY * ASCENT;
      return label(line, left + 3, base, how, look);
    }),
  ]);
}

/** A dotted line that joins what is one thing. */
export function linkMark(line: LinkLine, look: Look): SVGGElement {
  const d = line.pieces
    .map(([a, b]) => `M${number(a[0])},${number(a[1])}L${number(b[0])},${number(b[1])}`)
    .join("");
  const paint = { fill: "none", stroke: look.theme.edge, "stroke-width": 1 };
  return element("g", { class: "link" }, [element("path", { d, ...paint, ...DOTS })]);
}

function arrow(base: Point, tip: Point, width: number): Point[] {
  const [dx, dy] = [tip[0] - base[0], tip[1] - base[1]];
  const length = Math.hypot(dx, dy) || 1;
  const [x, y] = [((-dy / length) * width) / 2, ((dx / length) * width) / 2];
  return [[base[0] + x, base[1] + y], tip, [base[0] - x, base[1] - y]];
}
