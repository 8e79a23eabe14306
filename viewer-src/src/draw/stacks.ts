import type { Shape, View, ViewEdge, VisibleNode } from "../model/types";
import { gather } from "../gathering";
import type { Look } from "./look";
import { MEASURES } from "./theme";
import { nodesOf, parentsOf } from "../model/walk";

const [STACKED, HEAVY, RESHAPING] = [
  new Set<string>(MEASURES.stacks.STACKED),
  new Set<string>(MEASURES.stacks.HEAVY),
  new Set<string>(MEASURES.stacks.RESHAPING),
];

interface Chain {
  readonly nodes: VisibleNode[];
  /** Whether one of them may change the shape already. */
  heavy: boolean;
}

/**
 * The nodes, those that are drawn as one card together.
 *
 * A layer joins the one that feeds it when nothing else passes between them, and when it keeps the
 * shape, or is the first to change it: the shapes around a card then say all.
 */
export function stacks(view: View, look: Look): VisibleNode[][] {
  const nodes = new Map(nodesOf(view.items).map((node) => [node.id, node]));
  const parents = parentsOf(view.items);
  const out = new Map<string, ViewEdge[]>();
  const into = new Map<string, number>();
  for (const edge of view.edges) {
    if (edge.nextCopy) continue;
    gather(out, edge.source, edge);
    into.set(edge.target, (into.get(edge.target) ?? 0) + 1);
  }
  const chains = new Map<string, Chain>();
  for (const node of nodes.values()) {
    const chain = chains.get(node.id) ?? { nodes: [node], heavy: RESHAPING.has(node.item.kind) };
    chains.set(node.id, chain);
    const [edge, ...more] = out.get(node.id) ?? [];
    if (look.direction !== "TB" || !edge || more.length || !stackable(node)) continue;
    const target = nodes.get(edge.target)!;
    if (
      into.get(target.id) === 1 &&
      !chains.has(target.id) &&
      stackable(target) &&
      parents.get(node.id) === parents.get(target.id) &&
      joins(target, edge, chain.heavy)
    ) {
      chain.nodes.push(target);
      chain.heavy ||= HEAVY.has(target.item.kind);
      chains.set(target.id, chain);
    }
  }
  return [...new Set(chains.values())].map((chain) => chain.nodes);
}

function stackable(node: VisibleNode): boolean {
  return (
    STACKED.has(node.item.kind) &&
    node.path !== undefined &&
    node.copies === 1 &&
    !node.expandable &&
    node.foldOf === undefined &&
    !node.item.status &&
    !node.tone
  );
}

function joins(node: VisibleNode, edge: ViewEdge, hasHeavy: boolean): boolean {
  const [tensor, ...more] = edge.tensors;
  if (!tensor || more.length) return false;
  const heavy = HEAVY.has(node.item.kind);
  return heavy ? !hasHeavy : sameShapes(node.item.shapes ?? [], tensor.shape);
}

function sameShapes(shapes: readonly Shape[], shape: Shape): boolean {
  return shapes.length === 1 && shapes[0]!.join() === shape.join();
}
