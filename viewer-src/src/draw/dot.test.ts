import { expect, test } from "vitest";
import { dotSource } from "./dot";
import { planOf } from "./plan";
import { edge, group, layOut, look, node, view } from "./testing";

function dot(of: ReturnType<typeof view>, style = {}): string {
  return dotSource(planOf(of, look(of, style)));
}

test("no text of the model reaches Graphviz", async () => {
  const names = ['"quoted"', "<b>&amp;", "back\\slash", "line\nbreak", "}", "\u0000"];
  const items = names.map((name) => node(name, "block", { name }));
  const of = view([group('"]; evil [', items)], [edge(names[0]!, names[1]!)], { name: "}" });
  const source = dot(of);
  for (const name of ["quoted", "amp", "slash", "break", "evil"])
    expect(source).not.toContain(name);
  const places = await layOut(source);
  expect(places.nodes.map(([name]) => name)).toEqual(["n0", "n1", "n2", "n3", "n4", "n5"]);
  expect(places.clusters.map(([name]) => name)).toEqual(["n6"]);
});

test("the way from what feeds a card last is kept straight", () => {
  const of = view(
    [node("a"), node("b"), node("c")],
    [edge("a", "b"), edge("a", "c"), edge("b", "c")],
  );
  expect(dot(of, { direction: "LR" })).toContain("n1->n2 [weight=6]");
  expect(dot(of, { direction: "LR" })).toMatch(/n0->n2$/m);
});

test("edges to the next copy and inside a card are not laid out", () => {
  const next = { ...edge("c", "a"), nextCopy: true };
  const stacked = [node("a", "normalisation"), node("b", "activation"), node("c", "block")];
  const source = dot(view(stacked, [edge("a", "b"), edge("b", "c"), next]));
  expect(source.match(/->/g)).toHaveLength(1);
});

test("a line leaves a card of several layers below the last, and enters above the first", () => {
  const stacked = [node("a", "block"), node("b", "normalisation"), node("c", "activation")];
  const items = [...stacked, node("d", "block")];
  const of = view(items, [edge("a", "b"), edge("b", "c"), edge("c", "d")]);
  expect(dot(of)).toContain("n0->n1 [weight=6 headport=n]");
  expect(dot(of)).toContain("n1->n2 [weight=6 tailport=s]");
});

test("several outputs stand beside one another at the end", () => {
  const items = [node("a", "block"), node("b", "output"), node("c", "output")];
  const of = view(items, [edge("a", "b"), edge("a", "c")]);
  expect(dot(of)).toContain("{rank=sink n1 n2}");
  expect(dot(of, { direction: "LR" })).not.toContain("rank=sink");
});

test("what was not run stands one below the other, what is never used below its neighbour", async () => {
  const tree = view([node("a"), group("g", [node("b"), node("c")])], [], { traced: false });
  const heights = (await layOut(dot(tree))).nodes.map(([, , y]) => y);
  expect(heights).toEqual([...heights].sort((a, b) => a - b));
  expect(new Set(heights).size).toBe(3);
  expect(dot(view([node("a"), node("b", "unused")]))).toContain("n0->n1 [style=invis]");
});

test("nodes without any line stand one below the other", async () => {
  const items = ["a", "b", "c", "d"].map((name) => node(name, "block"));
  const of = view(items, [edge("a", "b")]);
  expect(dot(of)).toContain("n2->n3 [style=invis]");
  expect(dot(of).match(/invis/g)).toHaveLength(1);
  expect(dot(of, { direction: "LR" })).not.toContain("invis");
});

test("other colours leave the layout as it is", () => {
  const of = view([node("a", "linear"), node("b", "block")], [edge("a", "b")]);
  expect(dot(of, { theme: "dark" })).toBe(dot(of));
});
