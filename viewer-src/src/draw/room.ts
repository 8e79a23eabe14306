/** A picture that fills the room on the screen, in columns where it is long. */

import { TINY } from "./lines";
import { type Sheet, inColumns, inRows } from "./pagination";
import type { Layout } from "./places";
import type { Plan } from "./plan";

/** Width and height, in pixels. */
export type Room = readonly [width: number, height: number];

/** The size of the smallest text that can be read, as on paper. */
const READABLE = 6;

/** The room as what a layout is to fill; `beside` is what the picture has around that. */
export function sheetOf([wide, high]: Room, beside = 0): Sheet {
  const scale = (width: number, height: number): number =>
    Math.min(wide / (width + beside), high / (height + beside), 1);
  return { scale, fits: (width, height) => scale(width, height) * TINY >= READABLE - 1e-6 };
}

/** The layout of a plan in as many columns as make it largest, or rows where it reads to the right. */
export function filling(plan: Plan, layout: Layout, sheet: Sheet): Layout {
  const heads = [...plan.headers.values()].filter(({ group }) => layout.boxes.has(group.id));
  const costs = new Map(heads.map(({ group }) => [group.id, group.copies === 1 ? 2 : 6]));
  const widths = new Map(heads.map(({ group, width }) => [group.id, width + 24]));
  return (plan.look.direction === "TB" ? inColumns : inRows)(layout, costs, widths, sheet);
}
