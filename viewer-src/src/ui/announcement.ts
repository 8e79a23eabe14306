/** What a screen reader says of the selected item. */

import { paramsText, shapeText } from "../units";
import type { Subject } from "./subject";

export function announcement(subject: Subject | null): string {
  if (!subject) return "";
  const { title, name, copies, item, all, can } = subject;
  return [
    title,
    name,
    copies > 1 && `${copies} copies`,
    item.status === "failed" && "failed",
    item.status === "lit" && "on the way to the failure",
    ...subject.marks.map((mark) => [mark.tone, mark.title].join(" ")),
    ...(item.shapes ?? []).slice(0, 2).map(shapeText),
    all.params > 0 && paramsText(all.params),
    can.open && "closed",
    can.close && "open",
  ]
    .filter(Boolean)
    .join(", ");
}
