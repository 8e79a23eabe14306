import { STACK } from "./cards";
import { badgeMark, element, label, rect, signMark } from "./elements";
import { type HeaderPlace, inset } from "./headerPlaces";
import type { Header } from "./headers";
import { TINY } from "./lines";
import type { Layout } from "./places";
import type { Plan } from "./plan";
import { type Theme, groupFill, mix } from "./theme";
import { oneLine, printable } from "./texts";

/** What a group is filled with. */
export function groupColour({ group, level }: Header, theme: Theme): string {
  return group.item.colour ?? groupFill(theme, level);
}

/** The frame of a group in its place, with the frames of its copies behind it. */
export function frameMark(plan: Plan, head: Header, layout: Layout): SVGGElement {
  const { theme } = plan.look;
  const { group } = head;
  const { tone } = group;
  const line = group.item.status === "failed" ? theme.error : tone ? theme.tones[tone] : theme.groupLine;
  const fill = groupColour(head, theme);
  const box = inset(layout.boxes.get(group.id)!);
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const marks: SVGElement[] = [];
  for (let layer = Math.min(group.copies - 1, 2); layer >= 0; layer -= 1) {
    const paint = {
      fill: layer ? mix(fill, theme.background, 0.3) : fill,
      stroke: line,
      line: theme.line,
      class: layer ? "behind" : "frame",
    };
    marks.push(rect(box.left + layer * STACK, box.top + layer * STACK, width, height, 8, paint));
  }
  marks.push(rect(box.left, box.top, width, height, 8, { class: "ring" }));
  const said = [group.title, group.name, group.copies > 1 ? `${group.copies} copies` : ""];
  return element(
    "g",
    {
      class: "group",
      "data-id": group.id,
      "aria-label": printable(said.map(oneLine).filter(Boolean).join(", ")),
    },
    marks,
  );
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
  return element("g", { class: "header", "data-id": head.group.id }, marks);
}
