import { expect, test } from "vitest";
import { draw, exportSvg } from "./index";
import { LIGHT, edge, group, layOut, measure, node, view } from "./testing";

const EVIL = '<script>alert("1")</script>\u0000';

const model = view(
  [
    node("in", "input"),
    group("block", [node("conv", "convolution"), node("norm", "normalisation")]),
    node(EVIL, "block", { name: EVIL, expandable: true, copies: 4 }),
    node("out", "output"),
  ],
  [edge("in", "conv"), edge("conv", "norm"), edge("norm", EVIL), edge(EVIL, "out")],
);

const picture = await draw(model, LIGHT, undefined, { layOut, measure });

test("every node and group has a place inside the picture and marks with its id", () => {
  expect([...picture.boxes.keys()].sort()).toEqual(
    ["in", "block", "conv", "norm", EVIL, "out"].sort(),
  );
  for (const [id, box] of picture.boxes) {
    expect(box.left).toBeGreaterThan(0);
    expect(box.top).toBeGreaterThan(0);
    expect(box.right).toBeLessThan(picture.width);
    expect(box.bottom).toBeLessThan(picture.height);
    expect(picture.elements.get(id)!.map((part) => part.dataset.id)).toContain(id);
  }
  const [conv, norm] = [picture.boxes.get("conv")!, picture.boxes.get("norm")!];
  expect(norm.top).toBeCloseTo(conv.bottom);
});

test("edges between cards have a line and a label; one inside a card has neither", () => {
  const counts = picture.edges.map(({ elements }) => elements.length);
  expect(counts[1]).toBe(0);
  expect(counts[2]).toBe(2);
  const line = picture.edges[2]!.elements[0]!;
  expect(line.dataset).toMatchObject({ source: "norm", target: EVIL, edge: "2" });
});

test("what can be done is marked", () => {
  const actions = [...picture.svg.querySelectorAll<SVGElement>("[data-action]")];
  const done = actions.map(({ dataset }) => `${dataset.action} ${dataset.id}`);
  expect(done.sort()).toEqual(["close block", `open ${EVIL}`, `unfold ${EVIL}`].sort());
});

test("a name is text, never elements", () => {
  expect(picture.svg.querySelector("script")).toBeNull();
  const texts = [...picture.svg.querySelectorAll("text")].map((text) => text.textContent);
  expect(texts).toContain('<script>alert("1")</script>␀');
});

test("an export is a document of its own, with title and legend, and nothing to click", () => {
  picture.elements.get("conv")![0]!.classList.add("mv-selected");
  const text = exportSvg(picture, "A <model> & \u0001");
  expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(text).toContain("A &lt;model&gt; &amp; ␁</title>");
  expect(text).not.toMatch(/[\u0000-\u0008]|<script|data-action|mv-|class="(ring|hit|action sign)/);
  expect(text).toContain(">convolution<");
  expect(text).toContain("textLength=");
});

test("an empty view is an empty picture", async () => {
  const empty = await draw(view([]), LIGHT, undefined, { layOut, measure });
  expect(empty.boxes.size).toBe(0);
});

test("a large picture holds what is in sight, and its export everything", async () => {
  const items = Array.from({ length: 500 }, (_, index) => node(`n${index}`, "block"));
  const edges = items.slice(1).map((item, index) => edge(`n${index}`, item.id));
  const large = await draw(view(items, edges), LIGHT, undefined, { layOut, measure });
  const count = (root: Element): number => root.querySelectorAll(".node").length;
  expect(count(large.svg)).toBe(500);
  large.show({ left: 0, top: 0, right: 400, bottom: 400 }, 1);
  expect(count(large.svg)).toBeGreaterThan(5);
  expect(count(large.svg)).toBeLessThan(100);
  expect(count(large.whole())).toBe(500);
  large.show({ left: 0, top: large.height - 400, right: 400, bottom: large.height }, 1);
  expect(large.elements.get("n499")![0]!.closest("svg")).toBe(large.svg);
  expect(large.elements.get("n0")![0]!.closest("svg")).toBeNull();
});
