import { expect, test } from "vitest";
import { edge, group, node, view } from "../draw/testing";
import { entering, indexed, leaving, next, previous, within } from "./walk";

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
