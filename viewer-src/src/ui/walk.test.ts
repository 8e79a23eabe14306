import { expect, test } from "vitest";
import { edge, group, node, view } from "../draw/testing";
import { across, entering, indexed, leaving, next, previous, within } from "./walk";

const shown = indexed(
  view(
    [node("in"), group("block", [node("a"), node("b")]), node("add"), node("out"), node("alone")],
    [edge("in", "a"), edge("a", "b"), edge("in", "add"), edge("b", "add"), edge("add", "out")],
  ),
);

test("down leads along the flow, up leads back", () => {
  expect(next(shown, "in")).toBe("a");
  expect(next(shown, "b")).toBe("add");
  expect(previous(shown, "add")).toBe("b");
  expect(previous(shown, "a")).toBe("in");
});

test("a group's flow is that of what is inside it, without the edges between", () => {
  expect([...within(shown, "block")]).toEqual(["block", "a", "b"]);
  expect(leaving(shown, "block").map(({ target }) => target)).toEqual(["add"]);
  expect(entering(shown, "block").map(({ source }) => source)).toEqual(["in"]);
  expect(next(shown, "block")).toBe("add");
});

test("where nothing leaves, reading order goes on", () => {
  expect(next(shown, "out")).toBe("alone");
  expect(previous(shown, "alone")).toBe("out");
  expect(next(shown, "alone")).toBeUndefined();
  expect(previous(shown, "in")).toBeUndefined();
});

/** Three branches beside one another: a chain, an open block, and a node that starts lower. */
const branches = indexed(
  view(
    [node("in"), node("a"), node("b"), group("block", [node("c"), node("d")]), node("e"), node("out")],
    [edge("in", "a"), edge("a", "b"), edge("in", "c"), edge("c", "d"), edge("in", "e"), edge("b", "out")],
  ),
);
const box = (left: number, top: number, wide = 40, high = 20) => ({ left, top, right: left + wide, bottom: top + high });
const PLACES = new Map(
  Object.entries({
    in: box(100, 0), a: box(0, 40), b: box(0, 80), block: box(90, 40, 60, 80),
    c: box(100, 62), d: box(100, 92), e: box(200, 46), out: box(100, 140),
  }),
);
const go = (id: string, by: 1 | -1) => across(branches, PLACES, id, by, "TB");

test("left and right lead to the branches beside", () => {
  expect(go("b", 1)).toBe("d");
  expect(go("d", -1)).toBe("b");
  expect(go("e", -1)).toBe("c");
  expect(go("c", 1)).toBe("e");
  expect(go("a", -1)).toBeUndefined();
});

test("a block beside it is entered at what is nearest", () => {
  expect(go("a", 1)).toBe("c");
  expect(go("block", 1)).toBe("e");
  expect(go("block", -1)).toBe("b");
});

test("what is alone at its height has nothing beside it", () => {
  for (const id of ["in", "out"]) for (const by of [1, -1] as const) expect(go(id, by)).toBeUndefined();
});

test("in a left-to-right picture the branches are below and above", () => {
  const turned = new Map(
    [...PLACES].map(([id, { left, top, right, bottom }]) => [id, { left: top, top: left, right: bottom, bottom: right }]),
  );
  expect(across(branches, turned, "b", 1, "LR")).toBe("d");
  expect(across(branches, turned, "d", -1, "LR")).toBe("b");
});
