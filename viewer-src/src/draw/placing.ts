import type { Box, PlacedEdge, Point } from "../layout/places";
import { Breath } from "./breath";
import { crossing, spaced } from "./curves";
import { Boxes, LinePoints } from "./grids";
import type { Label } from "./edgeLabels";
import { MEASURES } from "./theme";

const { DEPTHS, REACHES, GAPS, OVERHANG, ELSEWHERE, SPACING } = MEASURES.placing;

/** A label, the edge on which it stands, and where. Ends are cards. */
export interface Placed {
  readonly label: Label;
  readonly source: string;
  readonly target: string;
  readonly box: Box;
}

/**
 * The labels with their places; one without any room at all is left out.
 *
 * The ends of labels and curves are cards. No label may stand in one of the `boxes`; `width` is
 * that of the picture.
 */
export async function placeLabels(
  labels: readonly Label[],
  curves: readonly PlacedEdge[],
  boxes: Iterable<Box>,
  downwards: boolean,
  width: number,
  breath = new Breath(),
): Promise<Placed[]> {
  const drawn = new Map<string, { curve: PlacedEdge; index: number }>();
  const lines = new LinePoints();
  for (const [index, curve] of curves.entries()) {
    drawn.set(key(curve.source, curve.target), { curve, index });
    for (const point of spaced(curve.points, SPACING)) lines.add(point, index);
  }
  const taken = new Boxes(boxes);
  const places: Placed[] = [];
  const told = new Set<string>();
  const says = (card: string, label: Label): string => key(card, label.lines.join("\n"));
  const isTold = (label: Label): boolean =>
    told.has(says(label.source, label)) ||
    label.targets.every((target) => told.has(says(target, label)));
  let waiting = labels;
  for (const tidy of [true, false]) {
    const left: Label[] = [];
    await breath.each(waiting, (label) => {
      if (!tidy && isTold(label)) return;
      let best: Placed | undefined;
      let least = Infinity;
      for (const [turn, target] of label.targets.entries()) {
        const line = drawn.get(key(label.source, target));
        if (!line) continue;
        let rank = 0;
        for (const box of candidates(line.curve, label, downwards)) {
          const far = 0.5 * rank + ELSEWHERE * Math.min(turn, 1);
          if (far >= least) break;
          rank += 1;
          const onPage = box.left > -OVERHANG && box.right < width + OVERHANG;
          if (!onPage || taken.touch(box)) continue;
          const { own, others } = lines.inside(box, line.index);
          const cost = far + 3 * others + own;
          if ((others === 0 || !tidy) && cost < least) {
            best = { label, source: label.source, target, box };
            least = cost;
          }
        }
      }
      if (!best) {
        left.push(label);
      } else {
        taken.add(best.box);
        places.push(best);
        told.add(says(best.source, label)).add(says(best.target, label));
      }
    });
    waiting = left;
  }
  return places;
}

function key(a: string, b: string): string {
  return `${a}\u0000${b}`;
}

/** Boxes beside a curve, on the side that it bends away from first, and at last upon it. */
function* candidates(curve: PlacedEdge, label: Label, downwards: boolean): Generator<Box> {
  // To the right it is the same with x and y exchanged.
  const turned = ([x, y]: Point): Point => (downwards ? [x, y] : [y, x]);
  const points = downwards ? curve.points : curve.points.map(turned);
  const start = points[0]!;
  const end = curve.tip ? turned(curve.tip) : points.at(-1)!;
  const [along, across] = downwards ? [label.height, label.width] : [label.width, label.height];
  const depths = downwards ? DEPTHS : REACHES;
  const sides = end[0] > start[0] + 3 || !downwards ? [-1, 1] : [1, -1];
  for (const gap of GAPS) {
    for (const depth of depths) {
      const top = start[1] + depth;
      if (depth > depths[0]! && top + along > end[1] - 4) break;
      const x = crossing(points, top + along / 2);
      for (const side of gap ? sides : [0]) {
        const left = x - across / 2 + side * (across / 2 + gap);
        const [right, bottom] = [left + across, top + along];
        if (downwards) yield { left, top, right, bottom };
        else yield { left: top, top: left, right: bottom, bottom: right };
      }
    }
  }
}
