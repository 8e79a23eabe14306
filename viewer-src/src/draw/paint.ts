import type { View, VisibleNode } from "../model/types";
import { type Scale, scaleColour, scaleOf } from "./heat";
import { heatValue, type Look } from "./look";
import { MEASURES, kindFill, mix, readableOn } from "./theme";
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
const { PALE } = MEASURES.paint;

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
  const { theme } = look;
  const kind = node.item.kind;
  if (node.item.status === "failed") {
    const fill = mix(theme.error, theme.background, 0.82);
    const { error, text, muted } = theme;
    return { fill, line: error, stripe: error, text, muted };
  }
  const { tone } = node;
  if (tone) {
    const colour = theme.tones[tone];
    const fill = mix(colour, theme.background, 0.82);
    return { fill, line: colour, stripe: colour, text: theme.text, muted: theme.muted };
  }
  const own = node.item.colour;
  if (own) {
    const text = readableOn(own);
    return { fill: own, line: mix(own, text, 0.35), stripe: mix(own, text, 0.2), text, muted: mix(text, own, 0.2) };
  }
  if (look.heat !== null && kind !== "input" && kind !== "output") {
    const fill = scaleColour(scale, heatValue(node, look)) ?? theme.background;
    const text = readableOn(fill);
    return { fill, line: mix(fill, text, 0.35), stripe: fill, text, muted: mix(text, fill, 0.2) };
  }
  if (kind === "weight" || isIdle(node)) {
    const { background, muted } = theme;
    const text = isIdle(node) ? muted : theme.text;
    return { fill: background, line: muted, stripe: muted, text, muted };
  }
  if (kind === "input" || kind === "output") {
    const fill = theme.coloured ? mix(theme.edge, theme.background, 0.1) : theme.background;
    const text = theme.coloured ? theme.background : theme.text;
    return { fill, line: theme.edge, stripe: fill, text, muted: mix(text, fill, 0.15) };
  }
  if (node.pale && theme.coloured) {
    const towards = (colour: string): string => mix(colour, theme.background, PALE);
    const [fill, hue] = [towards(kindFill(theme, kind)), theme.hues[kind]];
    return { fill, line: towards(mix(hue, theme.text, 0.3)), stripe: towards(hue), text: theme.text, muted: theme.muted };
  }
  const fill = kindFill(theme, kind);
  if (!theme.coloured) {
    return { fill, line: theme.edge, stripe: fill, text: theme.text, muted: theme.muted };
  }
  const hue = theme.hues[kind];
  return {
    fill,
    line: mix(hue, theme.text, 0.3),
    stripe: hue,
    text: theme.text,
    muted: mix(theme.text, fill, 0.25),
  };
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
