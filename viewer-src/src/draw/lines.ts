import type { Sign, Tone, Visible, VisibleNode } from "../model/types";
import type { Badge } from "./badges";
import type { Look } from "./look";
import { MEASURES } from "./theme";

export const { TITLE, SMALL, TINY } = MEASURES.sizes;
export const { LEADING } = MEASURES.lines;

/** A stretch of text in one style; sizes are in points. */
export interface Run {
  readonly text: string;
  readonly size: number;
  readonly bold?: boolean;
  readonly muted?: boolean;
  /** The colour of what is marked so, instead of that of the text. */
  readonly tone?: Tone;
}

export type Line = readonly Run[];

/** What stands before a title of what is marked: its own signs. */
export function ownSigns(signs: readonly Sign[] | undefined): Run[] {
  const own = (signs ?? []).filter(({ inside }) => !inside);
  return own.map(({ sign, tone }) => ({ text: `${sign} `, size: TITLE, bold: true, tone }));
}

/** What stands after it: in how many copies, if not in all, and how often what is inside. */
export function afterSigns({ signs, copies }: Visible): Run[] {
  const told = (signs ?? []).filter(({ inside, count }) => inside || count < copies);
  return told.map(({ sign, tone, count, inside }) => {
    const text = `  ${sign}${count}${inside ? "" : ` of ${copies}`}`;
    return { text, size: SMALL, bold: true, tone };
  });
}

/** What a card says beneath its title: what is marked of it, or else its configuration. */
export function toldDetail({ item, signs }: VisibleNode): string {
  return signs?.find(({ word, inside }) => word && !inside)?.word ?? item.detail ?? "";
}

/** The width of a stretch of text. */
export function runWidth(run: Run, look: Look): number {
  return look.width(run.text, run.size, run.bold);
}

/** The width of a line of text. */
export function lineWidth(line: Line, look: Look): number {
  return line.reduce((sum, run) => sum + runWidth(run, look), 0);
}

/** The height of a line of text. */
export function lineHeight(line: Line): number {
  return LEADING * largestSize(line);
}

/** The size of the largest text in a line. */
export function largestSize(line: Line): number {
  return Math.max(...line.map((run) => run.size));
}

/** The width of a badge around its text. */
export function badgeWidth(badge: Badge, look: Look): number {
  return look.width(badge.text, SMALL, true) + 10;
}
