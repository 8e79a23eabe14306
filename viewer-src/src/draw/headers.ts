import type { View, VisibleGroup } from "../model/types";
import { gather } from "../gathering";
import { type Badge, badgesOf } from "./badges";
import { MAX_NAME } from "./cards";
import { type Line, type Run, SMALL, TINY, TITLE, afterSigns, badgeWidth, lineWidth, ownSigns } from "./lines";
import { type Look, figureTexts } from "./look";
import { cut } from "./texts";
import { shapeText } from "../units";
import { ancestors, parentsOf, walk } from "../model/walk";

/** What stands at the top of a group. */
export interface Header {
  readonly group: VisibleGroup;
  readonly level: number;
  readonly line: Line;
  readonly badge: Badge | undefined;
  readonly note: string;
  readonly width: number;
  readonly height: number;
}

/** The header of every group: class, name, copies, and what one copy hands to the next. */
export function headersOf(view: View, look: Look): Header[] {
  const parents = parentsOf(view.items);
  const handed = handedOn(view, parents);
  const badges = badgesOf(view.items);
  const groups = [...walk(view.items)].filter((item) => item.type === "group");
  return groups.map((group) => {
    const level = ancestors(group.id, parents).length;
    const line = headerLine(group, look);
    const badge = badges.get(group.id);
    const note = group.copies > 1 ? handedNote(handed.get(group.id)) : "";
    let width = look.sign + lineWidth(line, look);
    if (badge) width += 8 + badgeWidth(badge, look);
    if (note) width += 6 + look.width(note, TINY);
    return { group, level, line, badge, note, width, height: 15 };
  });
}

function headerLine(group: VisibleGroup, look: Look): Line {
  const runs: Run[] = ownSigns(group.signs);
  const signs = runs.length;
  const gap = (): string => (runs.length > signs ? "  " : "");
  if (group.title) runs.push({ text: cut(group.title, MAX_NAME), size: TITLE, bold: true });
  if (group.name) runs.push({ text: gap() + cut(group.name, MAX_NAME), size: SMALL, muted: true });
  const call = group.item.call_index;
  if (call) runs.push({ text: `${gap()}call ${call + 1}`, size: SMALL, muted: true });
  runs.push(...afterSigns(group));
  const figures = figureTexts(group.each, look);
  if (figures.length) runs.push({ text: gap() + figures.join(" · "), size: TINY, muted: true });
  return runs;
}

/** The shapes that one copy of each group hands to the next. */
function handedOn(view: View, parents: ReadonlyMap<string, string>): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const { source, target, tensors, nextCopy } of view.edges) {
    const around = new Set(nextCopy ? ancestors(target, parents) : []);
    for (const group of around.size ? ancestors(source, parents) : []) {
      if (around.has(group)) gather(result, group, ...tensors.map(({ shape }) => shapeText(shape)));
    }
  }
  return result;
}

function handedNote(shapes: readonly string[] = []): string {
  const [first, ...more] = new Set(shapes);
  if (first === undefined) return "";
  return `to the next: ${first}${more.length ? ` + ${more.length} more` : ""}`;
}
