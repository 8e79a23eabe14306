import type { View, VisibleNode } from "../model/types";
import { type Scale, scaleColour, scaleOf } from "./heat";
import { heatValue, type Look } from "./look";
import { MEASURES, mix, readableOn } from "./theme";
import { nodesOf } from "../model/walk";

/** Fill, outline, the stripe at the side, and text. */
export interface Colours {
  readonly fill: string;
  readonly line: string;
  readonly stripe: string;
  readonly text: string;
  readonly muted: string;
}

export const { LIT } = MEASURES.paint;

/** The colours that a node is drawn in; `scale` is that of the heat map. */
export function nodeColours(node: VisibleNode, look: Look, scale: Scale): Colours {
  const colours = plainColours(node, look, scale);
  const { lit } = look.theme;
  return node.item.status === "lit" ? { ...colours, line: lit, stripe: lit } : colours;
}

/** Whether a node is on the way to a failure, or where it ended. */
export function isLit(node: VisibleNode): boolean {
  return node.item.status === "lit" || node.item.status === "failed";
}

function plainColours(node: VisibleNode, look: Look, scale: Scale): Colours {
  const { background, paints } = look.theme;
  const { kind, status, colour } = node.item;
  if (status === "failed") return paints.failed;
  if (node.tone) return paints.tones[node.tone];
  if (colour) return { ...filled(colour), stripe: mix(colour, readableOn(colour), 0.2) };
  if (look.heat !== null && kind !== "input" && kind !== "output") {
    return filled(scaleColour(scale, heatValue(node, look)) ?? background);
  }
  if (status === "unread") return paints.unread;
  return (node.pale ? paints.pale : paints.plain)[kind];
}

/** The colours of what is filled with any colour. */
function filled(fill: string): Colours {
  const text = readableOn(fill);
  return { fill, line: mix(fill, text, 0.35), stripe: fill, text, muted: mix(text, fill, 0.2) };
}

/** Whether no output depends on a node, which is then drawn with a dashed line. */
export function isIdle(node: VisibleNode): boolean {
  return node.item.kind === "unused" || node.item.status === "unread";
}

/** The scale of the heat map: that of the figures of all nodes. */
export function heatScale(view: View, look: Look): Scale {
  const values = look.heat === null ? [] : nodesOf(view.items).map((node) => heatValue(node, look));
  return scaleOf(values.filter((value) => value !== undefined));
}
