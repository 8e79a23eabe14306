import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as units from "./units";

/** What Python writes for arguments, by function, as tests/view/vectors.py saves it. */
const VECTORS = JSON.parse(readFileSync("vectors/units/numbers.json", "utf8")) as Record<
  string,
  [unknown[], string][]
>;

const FUNCTIONS: Record<string, (...args: any[]) => string> = {
  count_text: units.countText,
  exact_text: units.exactText,
  params_text: units.paramsText,
  flops_text: units.flopsText,
  bytes_text: units.bytesText,
  seconds_text: units.secondsText,
  share_text: units.shareText,
  measure_text: units.measureText,
  shape_text: units.shapeText,
};

test("there are vectors for every function", () =>
  expect(Object.keys(VECTORS).sort()).toEqual(Object.keys(FUNCTIONS).sort()));

test.each(Object.keys(FUNCTIONS))("%s reads as in Python", (name) => {
  expect(VECTORS[name]!.length).toBeGreaterThan(2);
  for (const [given, text] of VECTORS[name]!) {
    expect([given, FUNCTIONS[name]!(...given)]).toEqual([given, text]);
  }
});

test("tensors read as shape and dtype", () => {
  expect(units.tensorText({ shape: [1, 3], dtype: "int64" })).toBe("1×3 int64");
  expect(units.tensorText({ shape: [] })).toBe("scalar");
});
