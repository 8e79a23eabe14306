import { type Box, centre } from "../layout/places";
import { type Card, PAD_X, PAD_Y, type Row, STACK, STRIPE } from "./cards";
import { badgeMark, element, label, partlyRound, rect, signMark } from "./elements";
import { TINY, badgeWidth, largestSize, lineHeight, lineWidth, runWidth } from "./lines";
import { type Look, heatText } from "./look";
import { type Colours, LIT, isIdle, isLit, nodeColours } from "./paint";
import type { Plan } from "./plan";
import { MEASURES, mix } from "./theme";
import { spoken } from "./texts";

const { RADIUS } = MEASURES.card_marks;

/** The card in its place: one `g.node` for each row, by node id in `rows`. */
export function cardMark(
  plan: Plan,
  card: Card,
  box: Box,
  rows: Map<string, SVGGElement>,
): SVGGElement {
  const first = card.rows[0]!;
  const colours = nodeColours(first.node, plan.look, plan.scale);
  if (card.shape === "circle") {
    const row = circle(plan, first, box, colours);
    rows.set(first.node.id, row);
    return element("g", { class: "card" }, [row]);
  }
  const { theme } = plan.look;
  const back = card.layers * STACK;
  const [width, height] = [box.right - box.left - back, box.bottom - box.top - back];
  const radius = radiusOf(card, height);
  const marks: SVGElement[] = [];
  for (let layer = card.layers; layer > 0; layer -= 1) {
    const fill = mix(colours.fill, theme.background, 0.25);
    const [left, top] = [box.left + layer * STACK, box.top + layer * STACK];
    const paint = { fill, stroke: colours.line, line: theme.line };
    marks.push(rect(left, top, width, height, RADIUS, paint));
  }
  let y = box.top;
  card.rows.forEach((row, index) => {
    const ends = [index === 0, index === card.rows.length - 1] as const;
    const place = { left: box.left, top: y, right: box.left + width, bottom: y + row.height };
    const mark = rowMark(plan, card, row, place, radius, ends);
    rows.set(row.node.id, mark);
    marks.push(mark);
    y += row.height;
  });
  const dashed = isIdle(first.node) || card.shape === "weight";
  const line = isLit(first.node) || first.node.tone ? LIT : theme.line;
  const paint = { stroke: colours.line, line, dashed, class: "outline" };
  marks.push(rect(box.left, box.top, width, height, radius, paint));
  return element("g", { class: "card" }, marks);
}

function radiusOf(card: Card, height: number): number {
  if (card.shape === "pill") return Math.min(height / 2, 13);
  return card.shape === "weight" ? 2 : RADIUS;
}

/** The marks of an op that a symbol stands for. */
function circle(plan: Plan, row: Row, box: Box, colours: Colours): SVGGElement {
  const run = row.lines[0]![0]!;
  const [x, y] = centre(box);
  const size = box.right - box.left;
  const how = { size: run.size, colour: colours.text, anchor: "middle" } as const;
  const paint = { fill: colours.fill, stroke: colours.line, line: 0.8, class: "body" };
  return nodeGroup(row, [
    rect(box.left, box.top, size, size, size / 2, paint),
    label(run.text, x, y + run.size * 0.34, how, plan.look),
    rect(box.left, box.top, size, size, size / 2, { class: "ring" }),
  ]);
}

function rowMark(
  plan: Plan,
  card: Card,
  row: Row,
  box: Box,
  radius: number,
  ends: readonly [boolean, boolean],
): SVGGElement {
  const tints = nodeColours(row.node, plan.look, plan.scale);
  const width = box.right - box.left;
  const body = { fill: tints.fill, class: "body" };
  const marks: SVGElement[] = [
    partlyRound(box.left, box.top, width, row.height, radius, ends, body),
  ];
  if (card.shape === "card") {
    // As round as the card, and then the card's own colour again, over its edge as well.
    const [wide, rest] = [2 * radius, 2 * radius + 1 - STRIPE];
    const stripe = { fill: tints.stripe };
    marks.push(partlyRound(box.left, box.top, wide, row.height, radius, ends, stripe));
    marks.push(rect(box.left + STRIPE, box.top, rest, row.height, 0, { fill: tints.fill }));
  }
  if (!ends[0]) {
    const rule = { stroke: mix(tints.line, tints.fill, 0.4), "stroke-width": 0.5 };
    marks.push(element("line", { x1: box.left, y1: box.top, x2: box.right, y2: box.top, ...rule }));
  }
  marks.push(...texts(row, card, box, tints, plan.look));
  marks.push(partlyRound(box.left, box.top, width, row.height, radius, ends, { class: "ring" }));
  return nodeGroup(row, marks);
}

/** The texts of a row: to the left in a card, in the middle elsewhere; its badge and its sign. */
function* texts(row: Row, card: Card, box: Box, tints: Colours, look: Look): Generator<SVGElement> {
  const sign = row.node.expandable ? look.sign : 0;
  let y = box.top + PAD_Y;
  for (const [index, line] of row.lines.entries()) {
    const height = lineHeight(line);
    const base = y + height / 2 + largestSize(line) * 0.35;
    const space = box.right - box.left - (index ? 0 : sign) - lineWidth(line, look);
    let x = card.shape === "card" ? box.left + PAD_X + STRIPE : box.left + space / 2;
    for (const run of line) {
      const colour = run.tone ? look.theme.tones[run.tone] : run.muted ? tints.muted : tints.text;
      yield label(run.text, x, base, { size: run.size, colour, bold: run.bold }, look);
      x += runWidth(run, look);
    }
    if (index === 0) {
      const end = box.right - PAD_X + 2;
      if (row.badge) {
        yield badgeMark(row.badge, end - sign - badgeWidth(row.badge, look), base, look);
      }
      if (sign) yield signMark("open", row.node.id, end - 4, y + height / 2, tints.muted);
    }
    const heat = heatText(row.node, look);
    if (heat && card.shape === "card" && index === row.lines.length - 1) {
      const signs = index ? 0 : sign + (row.badge ? badgeWidth(row.badge, look) + 6 : 0);
      const end = box.right - PAD_X + 2 - signs;
      const how = { size: TINY, colour: tints.muted, anchor: "end" } as const;
      if (end - look.width(heat, TINY) >= x + 8) yield label(heat, end, base, how, look);
    }
    y += height;
  }
}

function nodeGroup(row: Row, marks: readonly SVGElement[]): SVGGElement {
  const { id, item, expandable } = row.node;
  return element(
    "g",
    {
      class: `node ${item.kind}${expandable ? " expandable" : ""}`,
      "data-id": id,
      "aria-label": spoken(row.node),
    },
    marks,
  );
}
