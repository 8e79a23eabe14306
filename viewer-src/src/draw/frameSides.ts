/** How wide a group is in each column that it goes through: as what is in it there. */

import type { Box } from "../layout/places";
import { holds } from "./pageBreaks";
import type { Layout } from "./places";
import { MEASURES } from "./theme";

const { BESIDE } = MEASURES.frame_sides;
const { GROUP_MARGIN } = MEASURES.layout_source;

type Numbers = ReadonlyMap<string, number>;
export type Sides = readonly [left: number, right: number];

/**
 * The left and the right of the pieces of groups, where the layout has them, before they move.
 *
 * `column` tells in which one a height is. `headers` are the widths that each piece of a group has
 * at least; `before` is the most room to the left of what is in a group.
 */
export class FrameSides {
  private readonly known = new Map<string, Sides>();

  constructor(
    private readonly layout: Layout,
    private readonly groups: Numbers,
    private readonly column: (y: number) => number,
    private readonly headers: Numbers,
    private readonly before: number,
  ) {}

  /** The left and the right of a group in a column. */
  of(name: string, column: number): Sides {
    const box = this.layout.boxes.get(name)!;
    if (this.column(box.top) === this.column(box.bottom)) return [box.left, box.right];
    const key = `${column} ${name}`;
    let found = this.known.get(key);
    if (!found) this.known.set(key, (found = this.fitted(name, box, column)));
    return found;
  }

  private fitted(name: string, box: Box, column: number): Sides {
    const inside = new Map([...this.layout.boxes].filter(([n, b]) => n !== name && holds(box, b)));
    const here: Sides[] = [];
    for (const [n, b] of inside) {
      if (this.column(b.top) > column || column > this.column(b.bottom)) continue;
      here.push(this.groups.has(n) ? this.of(n, column) : [b.left, b.right]);
    }
    if (!here.length) return [box.left, box.right];
    let [least, most] = [Infinity, -Infinity];
    for (const b of inside.values()) [least, most] = [Math.min(least, b.left), Math.max(most, b.right)];
    const before = Math.min(this.before, least - box.left);
    const after = Math.min(GROUP_MARGIN, box.right - most);
    let [left, right] = [Infinity, -Infinity];
    for (const [a, b] of here) [left, right] = [Math.min(left, a - before), Math.max(right, b + after)];
    for (const { source, target, points } of this.layout.curves) {
      if (!inside.has(source) || !inside.has(target)) continue;
      for (const [x, y] of points) {
        if (this.column(y) !== column) continue;
        [left, right] = [Math.min(left, x - BESIDE), Math.max(right, x + BESIDE)];
      }
    }
    right = Math.max(right, left + (this.headers.get(name) ?? 0));
    // No piece is wider than the group was.
    const shift = Math.max(right - box.right, 0);
    return [Math.max(left - shift, box.left), Math.min(right, box.right)];
  }
}
