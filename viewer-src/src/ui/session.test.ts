import { beforeEach, expect, test } from "vitest";
import type { ViewerStyle } from "../draw";
import type { View } from "../model/types";
import type { Outcome, Placing, Scene } from "./scene";
import { Session, type Style } from "./session";
import { documentOf } from "./testing";
import { indexed, type Index } from "./walk";

const STYLE: Style = { theme: "auto", heat: null, direction: "TB" };
const doc = documentOf("transformer");

let outcome: Outcome;
let styles: ViewerStyle[];
let placings: Placing[];
let problems: (string | null)[];
let selected: (string | null)[];
let session: Session;

/** A scene that only remembers what it was asked to draw. */
function fakeScene(): Scene {
  const scene = {
    picture: null,
    index: null as Index | null,
    draw: async (viewOf: () => View, style: ViewerStyle, placing: Placing): Promise<Outcome> => {
      styles.push(style);
      placings.push(placing);
      if (outcome === "drawn") scene.index = indexed(viewOf());
      return outcome;
    },
    room: [800, 600],
    reveal() {},
  };
  return scene as unknown as Scene;
}

beforeEach(async () => {
  [outcome, styles, placings, problems, selected] = ["drawn", [], [], [], []];
  session = new Session(fakeScene(), (theme) => (theme === "auto" ? "dark" : theme), {
    changed() {},
    selected: (id) => selected.push(id),
    problem: (text) => problems.push(text),
  });
  await session.load(doc, STYLE, "", null);
});

const visible = (): string[] => [...session.scene.index!.items.keys()];
const settled = (): Promise<void> => new Promise((done) => setTimeout(done));
const group = (): string => [...session.scene.index!.items.values()].find(({ type }) => type === "group")!.id;

test("a block closes and opens in place", async () => {
  const id = group();
  session.toggle(id);
  await settled();
  expect(session.scene.index!.items.get(id)?.type).toBe("node");
  expect(placings.at(-1)).toEqual({ how: "keep", id });
  session.toggle(id);
  await settled();
  expect(session.text).toBe("");
});

test("a picture that fails is told, and what was shown stays shown", async () => {
  const before = visible();
  outcome = { problem: "too much is open" };
  session.openTo(session.depths.count);
  await settled();
  expect(problems.at(-1)).toBe("too much is open");
  expect(session.text).toBe("");
  expect(visible()).toEqual(before);
});

test("a picture that the reader stops leaves no message and no change", async () => {
  outcome = "stopped";
  session.restyle({ heat: "flops" });
  await settled();
  expect(problems).toEqual([null]);
  expect(session.shown.heat).toBeNull();
});

test("a selection that goes out of sight moves to what it is inside of", async () => {
  const id = group();
  const inside = session.scene.index!.items.get(id);
  const child = inside?.type === "group" ? inside.children[0]!.id : "";
  session.select(child);
  session.act("close", id);
  await settled();
  expect(session.shown.selected).toBe(id);
  expect(selected).toEqual([child, id]);
});

test("what is looked for is opened, by path or by id", async () => {
  session.closeAll();
  await settled();
  await session.find("encoder.0.feed_forward", false);
  const id = session.shown.selected!;
  expect(visible()).toContain(id);
  expect(selected).toEqual([]);
  await session.find("no such thing", true);
  expect(session.shown.selected).toBe(id);
});

test("the state comes back in another session", async () => {
  session.closeAll();
  session.restyle({ heat: "params", direction: "LR" });
  await session.find("decoder.1.cross_attention", true);
  const { text } = session;
  const seen = visible();
  await session.load(doc, STYLE, text, null);
  expect(visible()).toEqual(seen);
  expect(session.text).toBe(text);
  expect(styles.at(-1)).toEqual({ theme: "dark", heat: "params", direction: "LR" });
});

test("columns fill the room that there is, and are a new beginning", async () => {
  session.restyle({ columns: true });
  await settled();
  expect([styles.at(-1)?.room, placings.at(-1), session.text]).toEqual([[800, 600], { how: "start" }, "columns=1"]);
  session.restyle({ heat: "params" });
  await settled();
  expect([styles.at(-1)?.room, placings.at(-1)]).toEqual([[800, 600], { how: "same" }]);
  session.restyle({ columns: false, heat: null });
  await settled();
  expect([styles.at(-1)?.room, session.text]).toEqual([undefined, ""]);
});

test("a style that the page sets is no choice of the reader's", async () => {
  session.startFrom({ heat: "flops" });
  await settled();
  expect(session.text).toBe("");
  session.restyle({ heat: null });
  expect(session.text).toBe("heat=none");
});

test("another document keeps the reader's style", async () => {
  session.restyle({ theme: "light" });
  await session.replace(documentOf("gpt"), "", "head");
  expect(styles.at(-1)?.theme).toBe("light");
  expect(session.explorer.item(session.shown.selected!)?.path).toBe("head");
});

test("steps lead through the flow, into groups and out of them", async () => {
  session.step("next");
  const first = session.shown.selected;
  expect(first).toBe(visible()[0]);
  session.select(group());
  session.step("into");
  expect(session.scene.index!.parents.get(session.shown.selected!)).toBe(group());
  session.step("out");
  expect(session.shown.selected).toBe(group());
});
