import { expect, test } from "vitest";
import type { Box, PlacedEdge, Point } from "../layout/places";
import type { Label } from "./edgeLabels";
import { placeLabels } from "./placing";

const LABEL: Label = { source: "a", targets: ["b"], lines: ["1×8"], width: 30, height: 12 };

/** A straight line from `a` to `b`. */
function line(from: Point, to: Point, target = "b"): PlacedEdge {
  const between = (part: number): Point => [
    from[0] + (to[0] - from[0]) * part,
    from[1] + (to[1] - from[1]) * part,
  ];
  return { source: "a", target, points: [from, between(1 / 3), between(2 / 3), to], tip: null };
}

async function place(edges: PlacedEdge[], taken: Box[], downwards = true): Promise<Box | undefined> {
  const placed = await placeLabels([LABEL], edges, taken, downwards, 400);
  return placed[0]?.box;
}

test("a label stands at the beginning of its line, beside it", async () => {
  const box = await place([line([100, 0], [100, 300])], []);
  expect(box).toEqual({ left: 102, top: 3, right: 132, bottom: 15 });
});

test("a label goes far down its line before it is left out, and at last stands upon it", async () => {
  const walls = [
    { left: 0, top: 0, right: 400, bottom: 120 },
    { left: 0, top: 120, right: 84, bottom: 300 },
    { left: 116, top: 120, right: 400, bottom: 300 },
  ];
  const box = await place([line([100, 0], [100, 300])], walls);
  expect(box).toMatchObject({ left: 85, right: 115 });
  expect(box!.top).toBeGreaterThanOrEqual(120);
});

test("to the right it is the same with x and y exchanged", async () => {
  const across = [line([0, 100], [300, 100])];
  expect(await place(across, [], false)).toEqual({ left: 3, top: 86, right: 33, bottom: 98 });
  const above = { left: 0, top: 0, right: 400, bottom: 99 };
  expect(await place(across, [above], false)).toMatchObject({ left: 3, top: 102 });
});

test("a label without any room is left out", async () => {
  expect(await place([line([100, 0], [100, 20])], [{ left: 0, top: 0, right: 400, bottom: 400 }])).toBeUndefined();
});
