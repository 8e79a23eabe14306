import { expect, test } from "vitest";
import type { Direction } from "../draw/look";
import { type KeyActions, pressed } from "./keys";

function done(key: string, direction: Direction = "TB", more: KeyboardEventInit = {}): [string[], boolean] {
  const said: string[] = [];
  const actions = new Proxy({} as KeyActions, {
    get: (_, name) => (...values: number[]) => {
      said.push([String(name), ...values].join(" "));
      return name === "clear" || name === "review" || undefined;
    },
  });
  const known = pressed(new KeyboardEvent("keydown", { key, ...more }), direction, actions);
  return [said, known];
}

test("arrows go along the flow and across it, in either direction of the picture", () => {
  expect(done("ArrowDown")[0]).toEqual(["next"]);
  expect(done("ArrowUp")[0]).toEqual(["previous"]);
  expect(done("ArrowRight")[0]).toEqual(["right"]);
  expect(done("ArrowLeft")[0]).toEqual(["left"]);
  expect(done("ArrowRight", "LR")[0]).toEqual(["next"]);
  expect(done("ArrowDown", "LR")[0]).toEqual(["right"]);
});

test("arrows with Shift move the picture", () => {
  expect(done("ArrowDown", "TB", { shiftKey: true })[0][0]).toMatch(/^pan -?0 -80$/);
});

test("keys of the browser and of the system are left alone", () => {
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
    expect(done("f", "TB", more)).toEqual([[], false]);
  }
  expect(done("Tab")).toEqual([[], false]);
});

test("each key does what the list says", () => {
  const all = { Enter: "toggle", u: "toggleCopies", i: "into", O: "out", f: "fit", "0": "fit", "1": "fullSize", c: "centre", w: "columns", "/": "search", "?": "help", Escape: "clear" };
  for (const [key, action] of Object.entries(all)) expect(done(key)).toEqual([[action], true]);
});

test("n and p go from mark to mark", () => {
  expect(done("n")).toEqual([["review 1"], true]);
  expect(done("P")).toEqual([["review -1"], true]);
});
