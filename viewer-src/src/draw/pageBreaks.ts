/** Where a tall layout can be cut into columns, as in modelviz/render/page_breaks.py. */

import type { Box } from "../layout/places";
import type { Layout } from "./places";
import { MEASURES } from "./theme";

const { MAX_CROSSING, CLEAR } = MEASURES.page_breaks;

/** A height at which the layout is cut, the groups that it goes through, outer first, and edges. */
export interface Cut {
  readonly y: number;
  readonly groups: readonly string[];
  readonly edges: number;
}

/** Where a layout can be cut, and how wide it is there. */
export class CutPlaces {
  private readonly choices: { readonly cost: number; readonly cut: Cut }[] = [];
  private readonly points: readonly (readonly [y: number, x: number])[];

  /**
   * `groups` say what a cut through each costs, and `ends` how much of it stays whole. A cut stands
   * at a `share` of the way from what is above it to what is below.
   */
  constructor(
    private readonly layout: Layout,
    groups: ReadonlyMap<string, number>,
    ends: ReadonlyMap<string, number>,
    share: number,
  ) {
    const { curves } = layout;
    const down = curves
      .map(({ points }) => [points[0]![1], points.at(-1)![1]] as const)
      .filter(([start, stop]) => start < stop);
    const spans = [...groups.keys()].map((name) => [name, layout.boxes.get(name)!] as const);
    for (const y of gaps(blocked(layout, ends), layout.height, share)) {
      const edges = down.filter(([start, stop]) => start < y && stop >= y).length;
      if (edges > MAX_CROSSING) continue;
      const through = spans.filter(([, { top, bottom }]) => top < y && y < bottom).map(([name]) => name);
      const cost = through.reduce((sum, name) => sum + groups.get(name)!, 0) + 0.7 * edges;
      this.choices.push({ cost, cut: { y, groups: through, edges } });
    }
    this.points = curves
      .flatMap(({ points }) => points.map(([x, y]) => [y, x] as const))
      .sort(([a], [b]) => a - b);
  }

  /**
   * Where to cut into a number of columns; null when there is no good place for a cut.
   *
   * The higher `evenness`, the more columns of one length count beside groups that stay whole.
   */
  cuts(count: number, evenness: number): readonly Cut[] | null {
    const { height } = this.layout;
    const cuts: Cut[] = [];
    for (let number = 1; number < count; number += 1) {
      const ideal = (height * number) / count;
      let best: Cut | null = null;
      let least = Infinity;
      for (const { cost, cut } of this.choices) {
        if (cuts.length && !(cut.y > cuts.at(-1)!.y + height / count / 2)) continue;
        const price = cost + ((evenness * Math.abs(cut.y - ideal)) / height) * count;
        if (price < least) [best, least] = [cut, price];
      }
      if (!best) return null;
      cuts.push(best);
    }
    return cuts;
  }

  /** How far to the left and right a stretch of the layout reaches. */
  extent(top: number, end: number): readonly [number, number] {
    let [least, most] = [Infinity, -Infinity];
    const reach = (x: number): void => {
      least = Math.min(least, x);
      most = Math.max(most, x);
    };
    for (const box of this.layout.boxes.values()) {
      if (box.top < end && box.bottom > top) [box.left, box.right].forEach(reach);
    }
    for (const [y, x] of this.points) if (top <= y && y <= end) reach(x);
    return [least, most];
  }
}

/** The stretches of the height through which no cut may lead. */
function blocked(layout: Layout, ends: ReadonlyMap<string, number>): [number, number][] {
  const cards = [...layout.boxes].filter(([name]) => !ends.has(name)).map(([, box]) => box);
  const found = cards.map((card): [number, number] => [card.top - CLEAR, card.bottom + CLEAR]);
  // Nor through an arrowhead, which would be left behind without its line.
  for (const { points, tip } of layout.curves) {
    const end = points.at(-1)![1];
    if (tip && end < tip[1]) found.push([end - 1, tip[1]]);
  }
  const byTop = [...cards].sort((a, b) => a.top - b.top);
  const byBottom = [...cards].sort((a, b) => b.bottom - a.bottom);
  for (const [name, end] of ends) {
    // Not between the outline of a group and the first or last card in it.
    const box = layout.boxes.get(name)!;
    const first = byTop.find((card) => holds(box, card))?.top ?? box.bottom;
    const last = byBottom.find((card) => holds(box, card))?.bottom ?? box.top;
    found.push([box.top - 1, Math.max(first, box.top + end)]);
    found.push([Math.min(last, box.bottom - end), box.bottom + 1]);
  }
  return found;
}

/** Whether a card is inside a box. */
export function holds(box: Box, card: Box): boolean {
  return box.left < card.left && card.right < box.right && box.top < card.top && card.bottom < box.bottom;
}

/** A place in each of the stretches that nothing blocks, at a share of its length. */
function gaps(blocked: readonly [number, number][], height: number, share: number): number[] {
  const result: number[] = [];
  let end = 0;
  for (const [start, stop] of [...blocked].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (start > end && end > 0) result.push(end + (start - end) * share);
    end = Math.max(end, stop);
  }
  return result.filter((y) => 0 < y && y < height);
}
