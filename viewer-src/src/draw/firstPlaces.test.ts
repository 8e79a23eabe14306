import { expect, test } from "vitest";
import type { FirstPlaces } from "../model/document";
import { draw } from "./index";
import { LIGHT, edge, measure, node, view } from "./testing";

const nothing = (): never => {
  throw new Error("Graphviz was asked");
};
const model = view(
  [node("a", "convolution"), node("b", "convolution"), node("norm", "normalisation"), node("c", "other")],
  [edge("a", "b"), edge("b", "norm"), edge("a", "c"), edge("norm", "c")],
);
const places: FirstPlaces = {
  width: 300,
  height: 200,
  boxes: { a: [0, 0, 100, 40], b: [0, 100, 100, 172], c: [200, 0, 300, 40] },
  curves: [
    ["a", "b", [50, 40, 50, 60, 50, 80, 50, 94], [50, 100]],
    ["a", "c", [100, 20, 130, 20, 160, 20, 194, 20], [200, 20]],
    ["b", "c", [100, 136, 250, 136, 250, 136, 250, 46], [250, 40]],
  ],
  upward: ["b"],
  labels: [["a", "c", 110, 4]],
};

test("what a document says of places is drawn without Graphviz", async () => {
  const { boxes, edges } = await draw(model, { ...LIGHT, places }, undefined, { layOut: nothing, measure });
  const [a, c] = [boxes.get("a")!, boxes.get("c")!];
  expect([c.left - a.left, c.top - a.top]).toEqual([200, 0]);
  // Where data runs upwards, the first layer of a card is at its foot.
  expect(boxes.get("b")!.top).toBeGreaterThan(boxes.get("norm")!.top);
  expect(edges.map(({ elements }) => elements.length)).toEqual([1, 0, 2, 1]);
});

test("places of something else are left alone", async () => {
  const other = { ...places, boxes: { a: places.boxes.a! } };
  const drawn = draw(model, { ...LIGHT, places: other }, undefined, { layOut: nothing, measure });
  await expect(drawn).rejects.toThrow("Graphviz was asked");
});
