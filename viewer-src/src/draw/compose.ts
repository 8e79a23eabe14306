import type { View } from "../model/types";
import type { Box } from "../layout/places";
import { Breath } from "./breath";
import { cardMark } from "./cardMarks";
import { Coarse, type Shape } from "./coarse";
import { linkMark } from "./edgeMarks";
import { type DrawnEdge, edgeParts } from "./edges";
import { element } from "./elements";
import { upright } from "./firstPlaces";
import { frameMark, headerMark } from "./groupMarks";
import { headerPlace } from "./headerPlaces";
import { type Legend, legendOf } from "./legend";
import { type Lanes, linkLanes } from "./links";
import type { Look } from "./look";
import { nodeColours } from "./paint";
import { type Layout, rowBoxes } from "./places";
import { type Plan, planOf } from "./plan";
import { MEASURES, THEMES, type ThemeName } from "./theme";
import { type Part, Tiles, plainLayer, union } from "./tiles";

export const { MARGIN } = MEASURES.compose;
/** Below this scale no text can be read, and none is drawn. */
export const FAR = 0.22;
/** Most parts that are drawn one by one where they are too small to be read. */
const CROWD = 2500;

/**
 * A view as SVG elements; lengths are points.
 *
 * Nodes are `g.node[data-id]`, groups `g.group[data-id]` with `g.header[data-id]`, edges
 * `g.edge[data-source][data-target][data-edge]` with `g.label` alike: `data-edge` is their place
 * in `edges`. Whatever acts has `data-action` (open, close, unfold, fold) and `data-id`.
 */
export interface Picture {
  /** What it shows. */
  readonly view: View;
  readonly svg: SVGSVGElement;
  readonly width: number;
  readonly height: number;
  /** The row of every node in its card, and the frame of every group. */
  readonly boxes: ReadonlyMap<string, Box>;
  /** The same where the picture is not cut: what is beside it there is a branch beside it. */
  readonly uncut: ReadonlyMap<string, Box>;
  /** What shows a node or a group; some of it may not be in the page, see `show`. */
  readonly elements: ReadonlyMap<string, readonly SVGGElement[]>;
  readonly edges: readonly DrawnEdge[];
  readonly legend: Legend;
  readonly look: Look;
  /**
   * Tells which part is in sight, in points of the picture, so that the page holds no more than
   * that of a large one. Without this it holds everything.
   *
   * At a `scale` (pixels per point) below `FAR`, many nodes are plain boxes without elements of
   * their own; then it says so.
   */
  show(seen: Box, scale: number): "plain" | "full";
  /** Marks nodes where they are plain boxes; elsewhere classes on their elements do. */
  spot(selected: string | null, found: ReadonlySet<string>): void;
  /** A copy of everything that is drawn, in sight or not. */
  whole(): SVGGElement;
  /** The same in other colours, before anything else in the page goes on. */
  inTheme(theme: ThemeName): Promise<Picture>;
}

/**
 * The finished picture of a plan in its layout: groups behind, then edges, then cards.
 *
 * `uncut` is the layout before it was cut into columns.
 */
export async function compose(sized: Plan, layout: Layout, breath = new Breath(), uncut = layout): Promise<Picture> {
  const plan = upright(sized, layout);
  const { look, view } = plan;
  const downwards = look.direction === "TB";
  const rows = rowBoxes(plan, layout);
  const lanes = linkLanes(view.links, rows, downwards ? layout.width : layout.height, downwards);
  const elements = new Map<string, SVGGElement[]>();

  const headers = [...plan.headers.values()].filter((head) => layout.boxes.has(head.group.id));
  const frames = await breath.each(headers, (head) => frameMark(plan, head, layout));
  const places = await breath.each(headers, (head) => headerPlace(head, layout, look));
  const { lines, labels, drawn } = await edgeParts(plan, layout, places, breath);
  const tops = await breath.each(headers.entries(), ([index, head]): Part => {
    const mark = headerMark(plan, head, places[index]!, layout);
    elements.set(head.group.id, [frames[index]!, mark]);
    const further = layout.frames?.get(head.group.id)?.slice(1) ?? [];
    return { mark, box: union([...places[index]!.boxes, ...further]) };
  });
  const nodes = new Map<string, SVGGElement>();
  const cards = await breath.each(plan.cards.values(), (card): Part => {
    const box = layout.boxes.get(card.id)!;
    return { mark: cardMark(plan, card, box, nodes), box };
  });
  for (const [id, node] of nodes) elements.set(id, [node]);

  const tiles = new Tiles();
  const coarse = new Coarse(() => shapesOf(plan, rows), layout.curves, look.theme.edge);
  const layers = [
    plainLayer("frames", frames),
    plainLayer(
      "links",
      lanes.lines.map((line) => linkMark(line, look)),
    ),
    tiles.layer("edges", lines),
    tiles.layer("headers", tops),
    tiles.layer("labels", labels),
    tiles.layer("cards", cards),
    coarse.layer,
  ];
  const page = pageOf(layout, lanes, downwards);
  const svg = svgOf(page, look, layers);
  const boxes = new Map<string, Box>();
  for (const { group } of headers) boxes.set(group.id, moved(layout.boxes.get(group.id)!, page, 1));
  for (const [id, box] of rows) boxes.set(id, moved(box, page, 1));
  return {
    view,
    svg,
    width: page.width,
    height: page.height,
    boxes,
    uncut: uncut === layout ? boxes : new Map([...uncut.boxes, ...rowBoxes(plan, uncut)]),
    elements,
    edges: drawn,
    legend: legendOf(plan, lanes.reasons),
    look,
    show(seen, scale) {
      const full = tiles.show(moved(seen, page, -1), scale < FAR ? CROWD : Infinity);
      if (full) coarse.hide();
      else coarse.show(scale);
      return full ? "full" : "plain";
    },
    spot: (selected, found) => coarse.mark(selected, found),
    whole() {
      const copy = tiles.whole(svg.firstElementChild as SVGGElement);
      copy.querySelector(".coarse")?.remove();
      return copy;
    },
    inTheme: (theme) => compose(planOf(view, { ...look, theme: THEMES[theme] }), layout, new Breath(Infinity), uncut),
  };
}

function shapesOf(plan: Plan, rows: ReadonlyMap<string, Box>): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const card of plan.cards.values()) {
    for (const { node } of card.rows) {
      const { fill } = nodeColours(node, plan.look, plan.scale);
      shapes.set(node.id, { box: rows.get(node.id)!, fill });
    }
  }
  return shapes;
}

interface Page {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function pageOf(layout: Layout, lanes: Lanes, downwards: boolean): Page {
  const { before, after } = lanes;
  const [left, top] = downwards ? [before, 0] : [0, before];
  const [right, bottom] = downwards ? [after, 0] : [0, after];
  return {
    left: MARGIN + left,
    top: MARGIN + top,
    width: layout.width + 2 * MARGIN + left + right,
    height: layout.height + 2 * MARGIN + top + bottom,
  };
}

function svgOf(
  { left, top, width, height }: Page,
  look: Look,
  layers: SVGGElement[],
): SVGSVGElement {
  const { name, family } = look.theme;
  return element(
    "svg",
    {
      class: `mv-picture ${name}`,
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      "font-family": family,
      "text-rendering": "geometricPrecision",
    },
    [element("g", { class: "page", transform: `translate(${left} ${top})` }, layers)],
  );
}

/** A box of the layout on the page, or with `way` -1, one of the page in the layout. */
function moved(box: Box, { left, top }: Page, way: 1 | -1): Box {
  return {
    left: box.left + way * left,
    top: box.top + way * top,
    right: box.right + way * left,
    bottom: box.bottom + way * top,
  };
}
