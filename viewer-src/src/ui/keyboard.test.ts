import { expect, test } from "vitest";
import type { Direction } from "../draw/look";
import { type Parts, pressed } from "./keyboard";

/** Parts that remember what they are asked to do; something is selected and found. */
function done(key: string, direction: Direction = "TB", more: KeyboardEventInit = {}): [string[], boolean] {
  const said: string[] = [];
  const part = (known: object) =>
    new Proxy(known, {
      get: (_, name) => Reflect.get(known, name) ?? ((...values: unknown[]) => {
        said.push([String(name), ...values.filter((value) => typeof value !== "object")].join(" "));
        return name === "hide" || undefined;
      }),
    });
  const shown = { direction, selected: "a", columns: false };
  const parts = {
    session: part({ shown, hits: [1], scene: part({}) }),
    viewport: part({ placement: { scale: 1 } }),
    search: part({}),
    help: part({}),
    review: part({}),
  } as unknown as Parts;
  const known = pressed(new KeyboardEvent("keydown", { key, ...more }), document.body, parts);
  return [said, known];
}

test("arrows go along the flow and across it, in either direction of the picture", () => {
  expect(done("ArrowDown")[0]).toEqual(["step next"]);
  expect(done("ArrowUp")[0]).toEqual(["step previous"]);
  expect(done("ArrowRight")[0]).toEqual(["step right"]);
  expect(done("ArrowLeft")[0]).toEqual(["step left"]);
  expect(done("ArrowRight", "LR")[0]).toEqual(["step next"]);
  expect(done("ArrowDown", "LR")[0]).toEqual(["step right"]);
});

test("arrows with Shift move the picture", () => {
  expect(done("ArrowDown", "TB", { shiftKey: true })[0][0]).toMatch(/^pan -?0 -80 true$/);
});

test("keys of the browser and of the system are left alone", () => {
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
    expect(done("f", "TB", more)).toEqual([[], false]);
  }
  expect(done("Tab")).toEqual([[], false]);
});

test("each key does what the list says", () => {
  const all = {
    Enter: "toggle a", u: "toggleCopies a", i: "step into", O: "step out", f: "fit", "0": "fit", "1": `zoomGently ${4 / 3}`,
    c: "centre a", w: "restyle", "/": "focus", "?": "toggle", Escape: "hide", "+": "zoomGently 1.25", "-": "zoomGently 0.8",
  };
  for (const [key, action] of Object.entries(all)) expect(done(key)).toEqual([[action], true]);
});

test("n and p go from mark to mark", () => {
  expect(done("n")).toEqual([["step 1"], true]);
  expect(done("P")).toEqual([["step -1"], true]);
});
