import { expect, test } from "vitest";
import { scaleColour, scaleOf } from "./heat";
import { legendOf } from "./legend";
import { heatText, lookOf } from "./look";
import { heatScale, nodeColours } from "./paint";
import { planOf } from "./plan";
import { group, look, measure, node, view } from "./testing";
import { divergingColour, heatColour } from "./theme";

const figures = (params: number) => ({ params, flops: 0, memory: 0 });
const small = node("small", "linear", { figures: figures(25) });
const big = node("big", "linear", { figures: figures(100), copies: 2, multiple: 6 });
const input = node("input", "input");

test("a heat map shows the share of the largest figure; inputs keep their colours", () => {
  const of = view([input, small, group("g", [big], { copies: 3 })]);
  const hot = look(of, { heat: "params" });
  const scale = heatScale(of, hot);
  expect(scale).toEqual({ low: 0, high: 100 });
  expect(nodeColours(small, hot, scale).fill).toBe(heatColour(0.25));
  expect(nodeColours(big, hot, scale).fill).toBe("#662506");
  expect(nodeColours(big, hot, scale).text).toBe("#ffffff");
  expect(nodeColours(input, hot, scale)).toEqual(nodeColours(input, look(of), scale));
  const { heat, entries } = legendOf(planOf(of, hot), new Set());
  expect(heat).toMatchObject({ figure: "params", end: "100 params in all 6 copies" });
  expect(entries).toEqual([]);
});

test("a model without the figure is all cold", () => {
  const of = view([node("a")]);
  const hot = look(of, { heat: "seconds" });
  expect(nodeColours(of.items[0] as typeof small, hot, heatScale(of, hot)).fill).toBe("#ffffe5");
});

test("what failed is in the colour of errors, whatever the colours stand for", () => {
  const failed = node("a", "linear", { of: { status: "failed" } });
  const of = view([failed]);
  expect(nodeColours(failed, look(of, { heat: "params" }), scaleOf([1])).line).toBe("#b3261e");
});

test("the legend names the kinds that are there, and what dotted lines mean", () => {
  const of = view([small, node("r", "activation")]);
  const { entries } = legendOf(planOf(of, look(of)), new Set(["same module"]));
  expect(entries.map(({ form, text }) => [form, text])).toEqual([
    ["box", "linear"],
    ["box", "activation"],
    ["dots", "same module"],
  ]);
});

test("a figure that was put on the graph colours modules by their paths and ops by their ids", () => {
  const drift = { name: "drift", unit: "dB", modules: { small: -2, big: 40, __proto__: 7 }, ops: { o1: 10 } };
  const op = node("o1", "arithmetic", { path: undefined as never });
  const bare = node("toString", "linear");
  const of = { ...view([input, small, op, bare, group("g", [big], { copies: 3 })]), overlays: [drift] };
  const hot = lookOf({ theme: "light", direction: "TB", heat: "drift" }, of, measure);
  const scale = heatScale(of, hot);
  expect(scale).toEqual({ low: -40, high: 40 });
  expect([small, op, bare, big].map((one) => heatText(one, hot))).toEqual(["−2 dB", "10 dB", "", "40 dB"]);
  expect([small, op, bare].map((one) => nodeColours(one, hot, scale).fill)).toEqual([0.475, 0.625, 0.5].map(divergingColour));
  expect(legendOf(planOf(of, hot), new Set()).heat).toMatchObject({ begin: "−40 dB", end: "drift 40 dB" });
});

test("what colours cannot stand for leaves the kinds", () => {
  const of = view([small]);
  expect(lookOf({ theme: "light", direction: "TB", heat: "gone" }, of, measure).heat).toBeNull();
});

test("a scale begins at 0, has 0 in its middle, or begins at the lowest number of all negative ones", () => {
  expect([[], [3, 1], [-1, 4], [-6, 2], [-6, -2], [-6, 0]].map(scaleOf)).toEqual([
    { low: 0, high: 0 },
    { low: 0, high: 3 },
    { low: -4, high: 4 },
    { low: -6, high: 6 },
    { low: -6, high: -2 },
    { low: -6, high: 0 },
  ]);
  const colours = (numbers: number[]) => numbers.map((one) => scaleColour(scaleOf(numbers), one));
  expect(colours([-6, -2])).toEqual([heatColour(0), heatColour(1)]);
  expect(colours([-6, 0, 3])).toEqual([0, 0.5, 0.75].map(divergingColour));
  expect(scaleColour(scaleOf([-6, -2]), undefined)).toBeNull();
});
