import type { Visible } from "../model/types";
import type { Plan } from "./plan";
import { MEASURES } from "./theme";
import { leaf } from "../model/walk";

const { INCH, GROUP_MARGIN, MANY_EDGES, BRANCHES, BACK } = MEASURES.layout_source;
const HASTE = Object.entries(MEASURES.layout_source.HASTE).map((pair) => pair.join("=")).join(" ");

/**
 * The plan as DOT, without any text of the model: boxes of a fixed size, groups, edges.
 *
 * The same picture in other colours has the same DOT.
 */
export function dotSource(plan: Plan): string {
  return [
    "digraph {",
    `graph [rankdir=${plan.look.direction} nodesep=0.26 ranksep=${(rankGap(plan) / INCH).toFixed(3)}` +
      `${haste(plan.view.edges.length)} labelloc=t labeljust=l margin=0]`,
    'node [shape=box fixedsize=true label=""]',
    "edge [arrowsize=0.6 penwidth=0.9]",
    ...items(plan, plan.view.items),
    ...fixedRanks(plan),
    ...edges(plan),
    "}",
    "",
  ].join("\n");
}

function inches(points: number): string {
  return (points / INCH).toFixed(4);
}

function haste(edges: number): string {
  if (edges <= MANY_EDGES) return "";
  return ` ${HASTE} mclimit=${Math.min(0.3, 100 / edges).toFixed(2)}`;
}

/** The space between ranks: enough for the labels that stand in it. */
function rankGap(plan: Plan): number {
  return plan.look.direction === "LR"
    ? plan.labels.reduce((most, label) => Math.max(most, label.width + 14), 24)
    : plan.labels.reduce((most, label) => Math.max(most, label.height + 10), 17);
}

function* items(plan: Plan, shown: readonly Visible[]): Generator<string> {
  for (const item of shown) {
    const name = plan.names.get(item.id);
    const card = plan.cards.get(item.id);
    if (item.type === "group") {
      const head = plan.headers.get(item.id)!;
      const [width, height] = [Math.round(head.width + 14), Math.round(head.height)];
      yield `subgraph cluster_${name} {`;
      yield (
        "label=<" +
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" FIXEDSIZE="TRUE" ' +
        `WIDTH="${width}" HEIGHT="${height}"><TR><TD></TD></TR></TABLE>> margin=${GROUP_MARGIN}`
      );
      yield* items(plan, item.children);
      yield "}";
    } else if (card) {
      const shape = card.shape === "circle" ? " shape=circle" : "";
      yield `${name} [width=${inches(card.width)} height=${inches(card.height)}${shape}]`;
    }
  }
}

/**
 * What stands at the beginning, and at the end, of what reads downwards: an output that is handed
 * out half way would take room beside everything that comes after it, and an input that nothing
 * reads would stand anywhere.
 */
function* fixedRanks({ view, names, look }: Plan): Generator<string> {
  if (look.direction !== "TB" || !view.traced) return;
  const ends = new Set(view.edges.flatMap(({ source, target }) => [source, target]));
  const ids = (kind: string): string[] =>
    view.items.flatMap((one) => (one.type === "node" && one.item.kind === kind ? [one.id] : []));
  const row = (rank: string, of: string[]): string =>
    `{rank=${rank} ${of.map((id) => names.get(id)!).join(" ")}}`;
  const alone = ids("input").filter((id) => !ends.has(id));
  if (alone.length) yield row("source", alone);
  if (ids("output").length > 1) yield row("sink", ids("output"));
}

/** Lines leave a card of several layers below the last of them, and enter one above the first. */
function attributes(isMain: boolean, leavesLast: boolean, entersFirst: boolean): string {
  const words = [
    ...(isMain ? ["weight=6"] : []),
    ...(leavesLast ? ["tailport=s"] : []),
    ...(entersFirst ? ["headport=n"] : []),
  ];
  return words.length ? ` [${words.join(" ")}]` : "";
}

function* edges(plan: Plan): Generator<string> {
  const name = (node: string): string => plan.names.get(plan.place.get(node)!)!;
  const several = (node: string): boolean =>
    plan.cards.get(plan.place.get(node)!)!.rows.length > 1;
  const main = mainEdges(plan, name);
  const seen = new Set<string>();
  const linked = new Set<string>();
  for (const edge of plan.view.edges) {
    const [source, target] = [name(edge.source), name(edge.target)];
    const text = `${source}->${target}`;
    if (edge.nextCopy || source === target || seen.has(text)) continue;
    seen.add(text);
    linked.add(plan.place.get(edge.source)!).add(plan.place.get(edge.target)!);
    const isMain = main.get(target) === source;
    yield text + attributes(isMain, several(edge.source), several(edge.target));
  }
  for (const pair of inOrder(plan, linked)) {
    const [above, below] = pair.map(name);
    if (above !== below) yield `${above}->${below} [style=invis]`;
  }
}

/** Pairs of nodes of which the second belongs below the first; `linked` are the cards with lines. */
function* inOrder(plan: Plan, linked: ReadonlySet<string>): Generator<[string, string]> {
  const { view, look, place } = plan;
  const after = [...afterwards(view.items)];
  yield* after;
  if (!view.traced) {
    yield* registered(view.items);
  } else if (look.direction === "TB") {
    const ordered = new Set(after.flat().map((id) => place.get(id)!));
    yield* alone(view.items, (id) => {
      const card = place.get(id)!;
      return !linked.has(card) && !ordered.has(card);
    });
  }
}

/**
 * For each card: the one that feeds it last, from which the way should be straight. Where branches
 * beside one another meet, none of them is straighter than the others.
 */
function mainEdges(plan: Plan, name: (node: string) => string): Map<string, string> {
  const order = new Map([...plan.names.values()].map((text, index) => [text, index]));
  const sources = new Map<string, Set<string>>();
  for (const edge of plan.view.edges) {
    const [source, target] = [name(edge.source), name(edge.target)];
    if (edge.nextCopy || !edge.tensors.length || source === target) continue;
    sources.set(target, (sources.get(target) ?? new Set()).add(source));
  }
  const main = new Map<string, string>();
  for (const [target, some] of sources) {
    const last = [...some].reduce((a, b) => (order.get(b)! > order.get(a)! ? b : a));
    if (some.size < BRANCHES || comesAfter(last, some, sources)) main.set(target, last);
  }
  return main;
}

/** Whether data comes to a card from one of the others, as far as is looked back. */
function comesAfter(
  card: string,
  others: ReadonlySet<string>,
  sources: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  const seen = new Set([card]);
  const waiting = [card];
  while (waiting.length && seen.size < BACK) {
    for (const source of sources.get(waiting.pop()!) ?? []) {
      if (others.has(source)) return true;
      if (seen.has(source)) continue;
      seen.add(source);
      waiting.push(source);
    }
  }
  return false;
}

/** Pairs of a node and what is never used beside it, which belongs below it. */
function* afterwards(shown: readonly Visible[]): Generator<[string, string]> {
  let last: Visible | undefined;
  for (const item of shown) {
    if (item.type === "group") yield* afterwards(item.children);
    if (item.type === "node" && item.item.kind === "unused") {
      if (last) yield [leaf(last, -1), item.id];
    } else if (item.item.kind !== "output") {
      last = item;
    }
  }
}

/** Pairs that keep nodes without any line below one another, where they take less room. */
function* alone(
  shown: readonly Visible[],
  isAlone: (id: string) => boolean,
): Generator<[string, string]> {
  const ids = shown.filter(({ type, id }) => type === "node" && isAlone(id)).map(({ id }) => id);
  for (const [index, id] of ids.slice(1).entries()) yield [ids[index]!, id];
  for (const item of shown) if (item.type === "group") yield* alone(item.children, isAlone);
}

/** Pairs that keep what has no edges in the order in which it is registered. */
function* registered(shown: readonly Visible[]): Generator<[string, string]> {
  for (const [index, item] of shown.entries()) {
    const next = shown[index + 1];
    if (next) yield [leaf(item, -1), leaf(next, 0)];
    if (item.type === "group") yield* registered(item.children);
  }
}
