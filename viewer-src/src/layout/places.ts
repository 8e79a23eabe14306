/** A point in points of a page, y downwards. */
export type Point = readonly [number, number];

/** A rectangle; lengths are points, y grows downwards. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The middle of a rectangle. */
export function centre({ left, top, right, bottom }: Box): Point {
  return [(left + right) / 2, (top + bottom) / 2];
}

/** An edge: cubic Bezier control points, and where its arrow ends. */
export interface PlacedEdge {
  readonly source: string;
  readonly target: string;
  readonly points: readonly Point[];
  readonly tip: Point | null;
}

/** Where Graphviz puts everything, by the names in DOT: middles of nodes, boxes of clusters. */
export interface Places {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly (readonly [name: string, x: number, y: number])[];
  readonly clusters: readonly (readonly [name: string, box: Box])[];
  readonly edges: readonly PlacedEdge[];
}

interface Json {
  readonly bb: string;
  readonly objects?: readonly JsonObject[];
  readonly edges?: readonly JsonEdge[];
}
interface JsonObject {
  readonly _gvid: number;
  readonly name: string;
  readonly pos?: string;
  readonly bb?: string;
}
interface JsonEdge {
  readonly tail: number;
  readonly head: number;
  readonly pos?: string;
  readonly style?: string;
}

/** The places in Graphviz's JSON, with (0, 0) as the top left corner. */
export function readPlaces(text: string): Places {
  const data = JSON.parse(text) as Json;
  const [left, low, right, high] = numbers(data.bb);
  const point = (pair: string): Point => {
    const [x, y] = numbers(pair);
    return [x - left, high - y];
  };
  const names = new Map<number, string>();
  const nodes: [string, number, number][] = [];
  const clusters: [string, Box][] = [];
  for (const object of data.objects ?? []) {
    if (object.name.startsWith("cluster_")) {
      if (object.bb === undefined) continue;
      const [x0, y0, x1, y1] = numbers(object.bb);
      const box = { left: x0 - left, top: high - y1, right: x1 - left, bottom: high - y0 };
      clusters.push([object.name.slice("cluster_".length), box]);
    } else if (object.pos !== undefined) {
      names.set(object._gvid, object.name);
      nodes.push([object.name, ...point(object.pos)]);
    }
  }
  const edges: PlacedEdge[] = [];
  for (const edge of data.edges ?? []) {
    if (edge.style === "invis" || edge.pos === undefined) continue;
    const parts = edge.pos.split(" ").filter(Boolean);
    const end = parts.find((part) => part.startsWith("e,"));
    edges.push({
      source: names.get(edge.tail)!,
      target: names.get(edge.head)!,
      points: parts.filter((part) => !/^[es],/.test(part)).map(point),
      tip: end === undefined ? null : point(end.slice(2)),
    });
  }
  return { width: right - left, height: high - low, nodes, clusters, edges };
}

function numbers(text: string): [number, number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split(",").map(Number);
  return [a, b, c, d];
}
