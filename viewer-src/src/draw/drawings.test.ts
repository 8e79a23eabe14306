import { readdirSync, readFileSync } from "node:fs";
import { expect, describe, test } from "vitest";
import { explorer } from "../model/explorer";
import type { Doc } from "../model/types";
import { calledOf } from "../model/view";
import { Breath } from "./breath";
import { cardMark } from "./cardMarks";
import { dotSource } from "./dot";
import { linkMark } from "./edgeMarks";
import { edgeParts } from "./edges";
import { frameMark, headerMark } from "./groupMarks";
import { headerPlace } from "./headerPlaces";
import { legendMark, legendOf } from "./legend";
import type { Box } from "../layout/places";
import type { Line } from "./lines";
import { linkLanes } from "./links";
import { type ViewerStyle, lookOf } from "./look";
import type { Measure } from "./measure";
import { type Layout, rowBoxes } from "./places";
import { type Plan, planOf } from "./plan";
import { titleMark } from "./title";
import { marksOf, type Mark } from "./reading";

/** What Python draws, as tests/render/drawings.py writes it. */
interface Drawing {
  readonly document: Doc;
  readonly style: ViewerStyle;
  readonly cards: unknown[];
  readonly headers: Record<string, unknown>;
  readonly dot: string;
  readonly layout: Omit<Layout, "boxes" | "frames"> & {
    readonly frames: Readonly<Record<string, readonly Box[]>>; readonly boxes: Record<string, Layout["boxes"] extends ReadonlyMap<string, infer B> ? B : never> };
  readonly marks: Record<string, Mark[]>;
}

const FOLDER = "vectors/drawings";
const WIDTHS = JSON.parse(readFileSync(`${FOLDER}/widths/fonts.json`, "utf8")) as Record<string, Record<string, number>>;
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

const measure: Measure = (text, size, bold, family) => {
  const font = WIDTHS[(family.includes("Times") ? "serif" : "sans") + (bold ? " bold" : "")]!;
  return size * [...text].reduce((sum, letter) => sum + font[letter]!, 0);
};

describe.each(names)("%s", (name) => {
  const drawing = JSON.parse(readFileSync(`${FOLDER}/${name}`, "utf8")) as Drawing;
  const model = explorer(drawing.document);
  const view = model.view(model.initial());
  const plan = planOf(view, lookOf(drawing.style, view, measure, false));
  const layout: Layout = {
    ...drawing.layout,
    boxes: new Map(Object.entries(drawing.layout.boxes)),
    frames: new Map(Object.entries(drawing.layout.frames)),
  };

  test("cards", () => expect([...plan.cards.values()].map(card)).toEqual(drawing.cards));

  test("headers", () => {
    const headers = [...plan.headers.values()].map(({ group, line: runs, badge, note, width, height }) => [
      group.id,
      [line(runs), badge?.text ?? "", note, round(width), height],
    ]);
    expect(Object.fromEntries(headers)).toEqual(drawing.headers);
  });

  test("what Graphviz is told", () => expect(dotSource(plan)).toBe(drawing.dot));

  test("marks", async () => {
    const marks = await marksIn(plan, layout);
    for (const [name, expected] of Object.entries(drawing.marks)) {
      expect({ [name]: near(marks.get(name), expected) }).toEqual({ [name]: expected });
    }
    expect([...marks.keys()].sort()).toEqual(Object.keys(drawing.marks).sort());
  });
});

function card({ id, shape, width, height, layers, rows }: Plan["cards"] extends ReadonlyMap<string, infer C> ? C : never) {
  const told = rows.map((row) => [row.node.id, round(row.height), row.badge?.text ?? "", row.lines.map(line)]);
  return { id, shape, width: round(width), height: round(height), layers, rows: told };
}

function line(runs: Line): unknown[] {
  return runs.map(({ text, size, bold, muted }) => [text, size, bold ?? false, muted ?? false]);
}

/** All marks in the coordinates of a layout, by what they are of. */
async function marksIn(plan: Plan, layout: Layout): Promise<Map<string, Mark[]>> {
  const { look, view } = plan;
  const result = new Map<string, Mark[]>();
  const headers = [...plan.headers.values()];
  const places = headers.map((head) => headerPlace(head, layout, look));
  const downwards = look.direction === "TB";
  const lanes = linkLanes(view.links, rowBoxes(plan, layout), downwards ? layout.width : layout.height, downwards);
  headers.forEach((head, index) => {
    result.set(`group ${head.group.id}`, marksOf(frameMark(plan, head, layout)));
    result.set(`header ${head.group.id}-header`, marksOf(headerMark(plan, head, places[index]!, layout)));
  });
  for (const one of lanes.lines) result.set(`link ${one.ids.join("=")}`, marksOf(linkMark(one, look)));
  const { lines, labels } = await edgeParts(plan, layout, places, new Breath(Infinity));
  const ends = (mark: Element) =>
    [mark.getAttribute("data-source")!, mark.getAttribute("data-target")!].map((id) => plan.place.get(id)!).join("-");
  for (const { mark } of lines) result.set(`edge ${ends(mark)}`, marksOf(mark));
  for (const { mark } of labels) result.set(`label ${ends(mark)}-label`, marksOf(mark));
  for (const one of plan.cards.values()) {
    result.set(`node ${one.id}`, marksOf(cardMark(plan, one, layout.boxes.get(one.id)!, new Map())));
  }
  result.set("title title", marksOf(titleMark(view, calledOf(view), look, 420).mark));
  result.set("legend legend", marksOf(legendMark(legendOf(plan, lanes.reasons), 260, look).mark));
  return result;
}

/** The marks, numbers as expected where they differ by no more than rounding. */
function near(found: unknown, expected: unknown): unknown {
  if (typeof found === "number" && typeof expected === "number") {
    return Math.abs(found - expected) < 0.011 ? expected : found;
  }
  if (!Array.isArray(found) || !Array.isArray(expected)) return found;
  return found.map((one, place) => near(one, expected[place]));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
