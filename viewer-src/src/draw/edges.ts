import type { ViewEdge } from "../model/types";
import type { Breath } from "./breath";
import { type EdgeKey, edgeMark, labelMark } from "./edgeMarks";
import type { Label } from "./edgeLabels";
import type { HeaderPlace } from "./headerPlaces";
import { isLit } from "./paint";
import type { Layout } from "./places";
import { type Placed, placeLabels } from "./placing";
import type { Plan } from "./plan";
import { groupColour } from "./groupMarks";
import { type Part, around } from "./tiles";
import { parentsOf } from "../model/walk";

/** An edge of the view and what shows it: a line and perhaps a label; nothing inside a card. */
export interface DrawnEdge {
  readonly edge: ViewEdge;
  readonly elements: readonly SVGGElement[];
}

/** The marks of all edges; `drawn` has one entry for each edge of the view, in its order. */
export interface EdgeParts {
  readonly lines: readonly Part[];
  readonly labels: readonly Part[];
  readonly drawn: readonly DrawnEdge[];
}

/** The lines of the edges, and their labels clear of cards and headers. */
export async function edgeParts(
  plan: Plan,
  layout: Layout,
  headers: readonly HeaderPlace[],
  breath: Breath,
): Promise<EdgeParts> {
  const { look } = plan;
  const keys = new EdgeKeys(plan);
  const lines = await breath.each(layout.curves, (curve): Part => {
    const ends = [curve.source, curve.target].map((id) => plan.cards.get(id)?.rows ?? []);
    // On the way of what met where the forward failed; to what is gone, or from there.
    const lit = ends.every((rows) => rows.some(({ node }) => isLit(node)));
    const gone = ends.some((rows) => rows.some(({ node }) => node.tone === "removed"));
    const mark = edgeMark(curve, keys.key(curve), look, lit, gone);
    keys.add(curve, mark);
    return { mark, box: around(curve.points) };
  });
  const parents = parentsOf(plan.view.items);
  const behind = (node: string): string => {
    const head = plan.headers.get(parents.get(node) ?? "");
    return head ? groupColour(head, look.theme) : look.theme.background;
  };
  const placed = layout.labels ?? (await labelPlaces(plan, layout, headers, breath));
  const labels = await breath.each(placed, (label): Part => {
    const mark = labelMark(label, keys.key(label), behind(label.source), look);
    keys.add(label, mark);
    return { mark, box: label.box };
  });
  return { lines, labels, drawn: keys.drawn };
}

/** Two cards that an edge joins. */
interface Ends {
  readonly source: string;
  readonly target: string;
}

/** Which edge of the view the line between two cards is, and what shows it. */
class EdgeKeys {
  readonly drawn: { readonly edge: ViewEdge; readonly elements: SVGGElement[] }[];
  private readonly byCards = new Map<string, number>();

  constructor({ view, place }: Plan) {
    this.drawn = view.edges.map((edge) => ({ edge, elements: [] }));
    view.edges.forEach((edge, index) => {
      const ends = together({ source: place.get(edge.source)!, target: place.get(edge.target)! });
      if (!edge.nextCopy && !this.byCards.has(ends)) this.byCards.set(ends, index);
    });
  }

  key(cards: Ends): EdgeKey {
    const index = this.byCards.get(together(cards))!;
    const { source, target } = this.drawn[index]!.edge;
    return { "data-source": source, "data-target": target, "data-edge": String(index) };
  }

  add(cards: Ends, mark: SVGGElement): void {
    this.drawn[this.byCards.get(together(cards))!]!.elements.push(mark);
  }
}

function together({ source, target }: Ends): string {
  return `${source}\u0000${target}`;
}

function labelPlaces(
  { labels, place, cards, look }: Plan,
  layout: Layout,
  headers: readonly HeaderPlace[],
  breath: Breath,
): Promise<Placed[]> {
  const taken = [...cards.keys()].map((card) => layout.boxes.get(card)!);
  for (const header of headers) taken.push(...header.boxes);
  const betweenCards = labels.map((label): Label => ({
    ...label,
    source: place.get(label.source)!,
    targets: label.targets.map((target) => place.get(target)!),
  }));
  const downwards = look.direction === "TB";
  return placeLabels(betweenCards, layout.curves, taken, downwards, layout.width, breath);
}
