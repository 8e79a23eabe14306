import { expect, test } from "vitest";
import { graphvizJson } from "./graphviz";
import { readPlaces } from "./places";

test("places are measured from the top left corner, downwards", async () => {
  const dot =
    "digraph { node [shape=box fixedsize=true width=1 height=0.5] pad=0 margin=0 " +
    "a -> b; b -> c [style=invis]; subgraph cluster_g { b } }";
  const places = readPlaces(await graphvizJson(dot));
  const at = new Map(places.nodes.map(([name, x, y]) => [name, [x, y] as const]));
  expect(at.get("a")![1]).toBeCloseTo(18);
  expect(at.get("b")![1]).toBeGreaterThan(at.get("a")![1]);
  expect(places.edges).toHaveLength(1);
  const [edge] = places.edges;
  expect([edge!.source, edge!.target]).toEqual(["a", "b"]);
  expect(edge!.points.length % 3).toBe(1);
  expect(edge!.points[0]![1]).toBeLessThan(edge!.tip![1]);
  const [[name, box]] = places.clusters as [(typeof places.clusters)[number]];
  expect(name).toBe("g");
  expect(box.top).toBeLessThan(at.get("b")![1]);
  expect(box.bottom).toBeGreaterThan(at.get("b")![1]);
});

test("a layout still works after one that failed", async () => {
  await expect(graphvizJson("digraph {")).rejects.toThrow();
  expect(readPlaces(await graphvizJson("digraph { a }")).nodes).toHaveLength(1);
});
