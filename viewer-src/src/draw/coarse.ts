import { gather } from "../gathering";
import type { Box, PlacedEdge } from "../layout/places";
import { element, number } from "./elements";

/** A node as a plain box. */
export interface Shape {
  readonly box: Box;
  readonly fill: string;
}

/** Shapes in one path: a longer one would take long to draw where only a part is in sight. */
const TOGETHER = 500;
/** The outlines of nodes and of marked nodes, in pixels. */
const BOX = 0.6;
const SPOT = 3;

/**
 * The nodes and edges of a large picture seen from far, where a card has a few pixels: one path for
 * many, as thousands of cards would hold the page.
 */
export class Coarse {
  /** The layer in the picture; empty unless shown. */
  readonly layer = element("g", { class: "coarse" });
  private readonly lines: SVGGElement;
  private readonly boxes = element("g", { "stroke-linejoin": "round" });
  private readonly spots = element("g", { "stroke-linejoin": "round" });
  private shapes: ReadonlyMap<string, Shape> = new Map();
  private drawn = false;
  private selected: string | null = null;
  private found: ReadonlySet<string> = new Set();

  constructor(
    private readonly shapesOf: () => ReadonlyMap<string, Shape>,
    private readonly edges: readonly PlacedEdge[],
    stroke: string,
  ) {
    this.lines = element("g", { fill: "none", stroke, "stroke-width": 0.9 });
  }

  hide(): void {
    if (this.layer.hasChildNodes()) this.layer.replaceChildren();
  }

  /** Shows it at a scale in pixels per point, at which nothing is too thin to be seen. */
  show(scale: number): void {
    if (!this.drawn) this.draw();
    this.boxes.setAttribute("stroke-width", number(BOX / scale));
    this.spots.setAttribute("stroke-width", number(SPOT / scale));
    if (this.layer.hasChildNodes()) return;
    this.layer.replaceChildren(this.lines, this.boxes, this.spots);
    this.paintSpots();
  }

  /** Marks what is selected and what was found. */
  mark(selected: string | null, found: ReadonlySet<string>): void {
    this.selected = selected;
    this.found = found;
    if (this.layer.hasChildNodes()) this.paintSpots();
  }

  private paintSpots(): void {
    const path = (ids: Iterable<string>, name: string): SVGElement[] => {
      const shapes = [...ids].flatMap((id) => this.shapes.get(id) ?? []);
      return pieces(shapes, ({ box }) => outline(box)).map((d) => element("path", { d, class: name }));
    };
    const selected = this.selected === null ? [] : [this.selected];
    this.spots.replaceChildren(...path(this.found, "found"), ...path(selected, "selected"));
  }

  private draw(): void {
    this.drawn = true;
    this.shapes = this.shapesOf();
    this.lines.append(...pieces(this.edges, straight).map((d) => element("path", { d })));
    const byFill = new Map<string, Shape[]>();
    for (const shape of this.shapes.values()) gather(byFill, shape.fill, shape);
    for (const [fill, shapes] of byFill) {
      const paths = pieces(shapes, ({ box }) => outline(box));
      this.boxes.append(...paths.map((d) => element("path", { d, fill, stroke: fill })));
    }
  }
}

/** The paths of many things, some in each. */
function pieces<T>(items: readonly T[], path: (item: T) => string): string[] {
  const result: string[] = [];
  for (let start = 0; start < items.length; start += TOGETHER) {
    result.push(items.slice(start, start + TOGETHER).map(path).join(""));
  }
  return result;
}

function outline({ left, top, right, bottom }: Box): string {
  return `M${number(left)} ${number(top)}H${number(right)}V${number(bottom)}H${number(left)}Z`;
}

/** A curve as straight lines between the ends of its segments. */
function straight({ points, tip }: PlacedEdge): string {
  const ends = points.filter((_, place) => place % 3 === 0);
  const all = tip ? [...ends, tip] : ends;
  return "M" + all.map(([x, y]) => `${number(x)} ${number(y)}`).join("L");
}
