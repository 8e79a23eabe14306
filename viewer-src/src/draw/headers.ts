import type { View, VisibleGroup } from "../model/types";
import { type Badge, badgesOf } from "./badges";
import { MAX_NAME } from "./cards";
import { type Line, type Run, SMALL, TINY, TITLE, afterSigns, badgeWidth, lineWidth, ownSigns } from "./lines";
import { type Look, figureTexts } from "./look";
import { cut } from "./texts";
import { shapeText } from "../units";
import { type Nested, parentsOf } from "./tree";

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
export function headersOf(groups: readonly Nested[], view: View, look: Look): Header[] {
  const handed = handedOn(groups, view);
  const badges = badgesOf(view.items);
  return groups.map(({ group, level }) => {
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
function handedOn(groups: readonly Nested[], view: View): Map<string, Set<string>> {
  const parents = parentsOf(view.items);
  const result = new Map(groups.map(({ group }) => [group.id, new Set<string>()]));
  for (const edge of view.edges) {
    if (!edge.nextCopy) continue;
    const around = new Set(ancestors(edge.target, parents));
    for (const group of ancestors(edge.source, parents)) {
      if (around.has(group))
        edge.tensors.forEach((t) => result.get(group)?.add(shapeText(t.shape)));
    }
  }
  return result;
}

function handedNote(shapes: ReadonlySet<string> | undefined): string {
  const [first, ...more] = shapes ?? [];
  if (first === undefined) return "";
  return `to the next: ${first}${more.length ? ` + ${more.length} more` : ""}`;
}

function ancestors(id: string, parents: ReadonlyMap<string, string>): string[] {
  const result: string[] = [];
  for (let at = parents.get(id); at; at = parents.get(at)) result.push(at);
  return result;
}
