import type { Box } from "../layout/places";
import { STACK } from "./cards";
import { badgeMark, element, label, rect, signMark } from "./elements";
import { type HeaderPlace, inset } from "./headerPlaces";
import type { Header } from "./headers";
import { SMALL, TINY } from "./lines";
import type { Look } from "./look";
import type { Layout } from "./places";
import type { Plan } from "./plan";
import { type Theme, mix } from "./theme";
import { cut, spoken } from "./texts";

/** What a group is filled with. */
export function groupColour({ group, level }: Header, theme: Theme): string {
  return group.item.colour ?? theme.groupFill[level % theme.groupFill.length]!;
}

/** The frame of a group in its place, with the frames of its copies behind it. */
export function frameMark(plan: Plan, head: Header, layout: Layout): SVGGElement {
  const { theme } = plan.look;
  const { group } = head;
  const { tone } = group;
  const line = group.item.status === "failed" ? theme.error : tone ? theme.tones[tone] : theme.groupLine;
  const fill = groupColour(head, theme);
  const marks: SVGElement[] = [];
  for (const frame of layout.frames?.get(group.id) ?? [layout.boxes.get(group.id)!]) {
    marks.push(...outlines(group.copies, inset(frame), fill, line, theme));
  }
  return element("g", { class: "group", "data-id": group.id, "aria-label": spoken(group) }, marks);
}

/** An outline, and those of further copies behind it. */
function* outlines(copies: number, box: Box, fill: string, line: string, theme: Theme): Generator<SVGElement> {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  for (let layer = Math.min(copies - 1, 2); layer >= 0; layer -= 1) {
    const paint = {
      fill: layer ? mix(fill, theme.background, 0.3) : fill,
      stroke: line,
      line: theme.line,
      class: layer ? "behind" : "frame",
    };
    yield rect(box.left + layer * STACK, box.top + layer * STACK, width, height, 8, paint);
  }
  yield rect(box.left, box.top, width, height, 8, { class: "ring" });
}

/** The header of a group: a sign that closes it, class, name, copies. */
export function headerMark(
  plan: Plan,
  head: Header,
  place: HeaderPlace,
  layout: Layout,
): SVGGElement {
  const { look } = plan;
  const { theme } = look;
  const base = inset(layout.boxes.get(head.group.id)!).top + 14;
  const fill = groupColour(head, theme);
  const marks: SVGElement[] = place.boxes.map((box) =>
    rect(box.left, box.top, box.right - box.left, box.bottom - box.top, 4, { fill }),
  );
  if (look.sign) marks.push(signMark("close", head.group.id, place.sign + 4, base - 3.6, theme.muted));
  head.line.forEach((run, index) => {
    const colour = run.tone ? theme.tones[run.tone] : run.muted ? theme.muted : theme.text;
    const how = { size: run.size, colour, bold: run.bold };
    marks.push(label(run.text, place.runs[index]!, base, how, look));
  });
  if (head.badge && place.badge !== null) {
    marks.push(badgeMark(head.badge, place.badge, base, look));
  }
  if (place.note) {
    const how = { size: TINY, colour: theme.muted };
    marks.push(label(head.note, place.note.x, place.note.base, how, look));
  }
  for (const frame of layout.frames?.get(head.group.id)?.slice(1) ?? []) {
    marks.push(...continued(head, inset(frame), fill, look));
  }
  return element("g", { class: "header", "data-id": head.group.id }, marks);
}

/** What stands at the head of a group that goes on in another column. */
function* continued({ line }: Header, box: Box, fill: string, look: Look): Generator<SVGElement> {
  const said = line.map(({ text }) => text.trim()).join(" ");
  const text = within(said, box.right - box.left - 18, look);
  const [x, width] = [box.left + 9, look.width(text, SMALL)];
  yield rect(x - 3, box.top + 3, width + 6, 14, 4, { fill });
  yield label(text, x, box.top + 13, { size: SMALL, colour: look.theme.muted }, look);
}

/** As much of a text as there is room for: what goes on, or that something does. */
function within(text: string, room: number, look: Look): string {
  const choices = [text, ...[32, 24, 16, 10].map((size) => cut(text, size))].map((said) => `${said} (continued)`);
  return [...choices, "…"].find((said) => look.width(said, SMALL) <= room) ?? "";
}
