import type { View, VisibleNode } from "../model/types";
import { type Badge, badgesOf } from "./badges";
import { type Line, SMALL, TINY, TITLE, afterSigns, badgeWidth, lineHeight, lineWidth, ownSigns, toldDetail } from "./lines";
import { type Look, figureTexts } from "./look";
import { stacks } from "./stacks";
import { cut } from "./texts";
import { MEASURES } from "./theme";
import { nodesOf } from "../model/walk";

export type CardShape = "card" | "pill" | "circle" | "weight" | "dashed";

export const { PAD_X, PAD_Y, STRIPE, STACK, MAX_NAME } = MEASURES.cards;
const { MIN_WIDTH, CIRCLE, MAX_TIE } = MEASURES.cards;
const SYMBOLS: ReadonlyMap<string, string> = new Map(Object.entries(MEASURES.cards.SYMBOLS));

/** What one node says in its card, and the height it takes there. */
export interface Row {
  readonly node: VisibleNode;
  readonly lines: readonly Line[];
  readonly height: number;
  readonly badge: Badge | undefined;
}

/** A box to be placed: its size holds the cards that stick out behind a folded one. */
export interface Card {
  readonly id: string;
  readonly shape: CardShape;
  readonly rows: readonly Row[];
  readonly width: number;
  readonly height: number;
  readonly layers: number;
}

/** What nodes say beyond themselves. */
interface Extras {
  readonly ties: ReadonlyMap<string, string>;
  readonly badges: ReadonlyMap<string, Badge>;
}

/** A card for every node of the view; each node is in exactly one. */
export function cardsOf(view: View, look: Look): Card[] {
  const extras: Extras = { ties: tiesOf(view), badges: badgesOf(view.items) };
  return stacks(view, look).map((chain) => cardOf(chain, extras, look));
}

/**
 * What to write on the nodes that share weights with others: the name of the first of those.
 *
 * Two layers with one weight are equal; a block may share no more than a part.
 */
function tiesOf(view: View): Map<string, string> {
  const nodes = new Map(nodesOf(view.items).map((node) => [node.id, node]));
  const ties = new Map<string, string>();
  for (const link of view.links) {
    const [source, target] = [nodes.get(link.source), nodes.get(link.target)];
    if (link.reason !== "shared weights" || !source || !target) continue;
    const word = source.expandable || target.expandable ? "shares with" : "=";
    for (const [mine, other] of [
      [target, source],
      [source, target],
    ] as const) {
      if (!ties.has(mine.id)) {
        ties.set(mine.id, `${word} ${cut(other.name || other.title, MAX_TIE)}`);
      }
    }
  }
  return ties;
}

function cardOf(nodes: readonly VisibleNode[], extras: Extras, look: Look): Card {
  const first = nodes[0]!;
  if (nodes.length === 1 && isSymbol(first, look)) {
    const line: Line = [{ text: SYMBOLS.get(first.item.title)!, size: 13 }];
    const row: Row = { node: first, lines: [line], height: CIRCLE, badge: undefined };
    const size = { width: CIRCLE, height: CIRCLE, layers: 0 };
    return { id: first.id, shape: "circle", rows: [row], ...size };
  }
  const shape = shapeOf(first);
  const rows = nodes.map((node) => rowOf(node, extras, look));
  const left = PAD_X + (shape === "card" ? STRIPE : 2);
  const widest = Math.max(...rows.map((row) => rowWidth(row, look)));
  const layers = Math.min(first.copies - 1, 2);
  return {
    id: first.id,
    shape,
    rows,
    width: Math.max(MIN_WIDTH, left + widest + PAD_X) + layers * STACK,
    height: rows.reduce((sum, row) => sum + row.height, 0) + layers * STACK,
    layers,
  };
}

function shapeOf(node: VisibleNode): CardShape {
  switch (node.item.kind) {
    case "input":
    case "output":
      return "pill";
    case "weight":
      return "weight";
    case "unused":
      return "dashed";
    default:
      return "card";
  }
}

function isSymbol(node: VisibleNode, look: Look): boolean {
  return (
    node.path === undefined &&
    !node.item.label &&
    SYMBOLS.has(node.item.title) &&
    node.copies === 1 &&
    node.foldOf === undefined &&
    !node.expandable &&
    !node.item.status &&
    !node.signs?.length &&
    !figureTexts(node.each, look).length
  );
}

function rowOf(node: VisibleNode, extras: Extras, look: Look): Row {
  const { item } = node;
  const tie = extras.ties.get(node.id);
  const small = (text: string): Line => [{ text, size: SMALL, muted: true }];
  const titles = node.title.split("\n").map((title) => cut(title, MAX_NAME));
  const names = node.name ? node.name.split("\n").map((name) => cut(name, MAX_NAME)) : [];
  const call = item.call_index ? `  call ${item.call_index + 1}` : "";
  const lines: Line[] = [];
  if (titles.length === 1 && names.length === 1) {
    lines.push([{ text: titles[0]!, size: TITLE, bold: true }, ...small(`  ${names[0]}${call}`)]);
  } else {
    const bold = item.kind !== "weight";
    lines.push(...titles.map((text): Line => [{ text, size: TITLE, bold }]), ...names.map(small));
    if (call) lines.push([...lines.pop()!, ...small(call)]);
  }
  lines[0] = [...ownSigns(node.signs), ...lines[0]!, ...afterSigns(node)];
  if (tie) lines.push([...lines.pop()!, ...small(`  ${tie}`)]);
  const always = ["input", "output", "weight", "unused", "several"].includes(item.kind);
  const detail = toldDetail(node);
  if (detail && (always || look.show.has("config"))) lines.push(small(cut(detail, MAX_NAME)));
  const figures = figureTexts(node.each, look);
  if (figures.length) lines.push([{ text: figures.join(" · "), size: TINY, muted: true }]);
  const height = 2 * PAD_Y + lines.reduce((sum, line) => sum + lineHeight(line), 0);
  return { node, lines, height, badge: extras.badges.get(node.id) };
}

function rowWidth(row: Row, look: Look): number {
  const widths = row.lines.map((line) => lineWidth(line, look));
  if (row.badge) widths[0]! += 8 + badgeWidth(row.badge, look);
  if (row.node.expandable) widths[0]! += look.sign;
  return Math.max(...widths);
}
