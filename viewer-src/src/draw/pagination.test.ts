import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Box, PlacedEdge } from "../layout/places";
import { inColumns, inRows } from "./pagination";
import type { Layout } from "./places";
import { sheetOf } from "./room";

/** A layout as tests/render/columns.py writes it. */
interface Plain {
  readonly width: number;
  readonly height: number;
  readonly boxes: Readonly<Record<string, Box>>;
  readonly curves: readonly PlacedEdge[];
  readonly frames: Readonly<Record<string, readonly Box[]>>;
}

interface Vector {
  readonly name: string;
  readonly direction: "TB" | "LR";
  readonly costs: Readonly<Record<string, number>>;
  readonly headers: Readonly<Record<string, number>>;
  readonly layout: Plain;
  readonly rooms: readonly (readonly [wide: number, high: number, after: Plain])[];
}

const vectors = JSON.parse(readFileSync("vectors/columns/layouts.json", "utf8")) as Vector[];
const cases = vectors.flatMap((vector) => vector.rooms.map((room) => [vector.name, ...room, vector] as const));

test.each(cases)("%s in %d by %d is cut as Python cuts it", (_, wide, high, after, { direction, costs, headers, layout }) => {
  const [groups, widths] = [new Map(Object.entries(costs)), new Map(Object.entries(headers))];
  const sheet = sheetOf([wide, high]);
  const found = (direction === "TB" ? inColumns : inRows)(read(layout), groups, widths, sheet);
  expect(near(plain(found))).toEqual(near(after));
});

function read({ boxes, frames: _, ...rest }: Plain): Layout {
  return { ...rest, boxes: new Map(Object.entries(boxes)) };
}

function plain({ boxes, frames, ...rest }: Layout): Plain {
  return { ...rest, boxes: Object.fromEntries(boxes), frames: Object.fromEntries(frames ?? []) };
}

/** With numbers rounded: those of the two differ in the last digits. */
function near(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data), (_, value: unknown) =>
    typeof value === "number" ? Number(value.toFixed(4)) + 0 : value,
  );
}
