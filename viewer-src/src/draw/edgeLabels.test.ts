import { expect, test } from "vitest";
import { edgeLabels, edgeLines } from "./edgeLabels";
import { edge, look, node, view } from "./testing";

function lines(...shapes: number[][]): string[] {
  const tensors = shapes.map((shape) => ({ shape }));
  return edgeLines({ source: "a", target: "b", tensors, nextCopy: false });
}

test("an edge says its shapes, in at most two lines", () => {
  expect(lines([1, 8])).toEqual(["1×8"]);
  expect(lines([1, 8], [1, 8])).toEqual(["1×8"]);
  expect(lines([1, 8], [2])).toEqual(["1×8", "2"]);
  expect(lines([1, 8], [2], [3, 3, 3])).toEqual(["1×8", "+ 2 more"]);
});

test("shapes that differ in one size leave it open", () => {
  expect(lines([33, 64], [26, 64], [40, 64])).toEqual(["?×64"]);
  expect(lines([33, 64], [26, 32], [40, 16])).toEqual(["33×64", "+ 2 more"]);
});

test("an unusual dtype is told", () => {
  const tensors = [{ shape: [2, 4], dtype: "int64" }];
  expect(edgeLines({ source: "a", target: "b", tensors, nextCopy: false })).toEqual(["2×4 int64"]);
});

test("a tensor that several read has one label, for any of its edges", () => {
  const of = view(
    [node("a"), node("b"), node("c")],
    [edge("a", "b"), edge("a", "c"), edge("b", "c", [])],
  );
  const labels = edgeLabels(of, look(of)).map(({ source, targets, lines }) => ({
    source,
    targets,
    lines,
  }));
  expect(labels).toEqual([
    { source: "a", targets: ["b", "c"], lines: ["1×8"] },
    { source: "b", targets: ["c"], lines: ["scalar"] },
  ]);
  const silent = view(of.items, of.edges, { show: new Set() });
  expect(edgeLabels(silent, look(silent))).toEqual([]);
});
