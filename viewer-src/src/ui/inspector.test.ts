import { expect, test } from "vitest";
import { explorer } from "../model";
import type { Doc, Item } from "../model/types";
import { inspector } from "./inspector";
import { subjectOf } from "./subject";
import { documentOf } from "./testing";
import { indexed } from "./walk";

function shown(doc: Doc, choose: (item: Item) => boolean): HTMLElement {
  const model = explorer(doc);
  const state = model.initial();
  const panel = inspector({ act() {}, select() {}, centre() {}, dismiss() {} });
  const item = doc.items.find(choose)!;
  panel.show(subjectOf(model, state, indexed(model.view(state)), item.id)!);
  return panel.element;
}

const text = (element: HTMLElement): string => element.textContent ?? "";

test("a folded block tells of one copy and of all", () => {
  const panel = shown(documentOf("gpt"), (item) => (item.copies ?? 1) > 1);
  expect(text(panel)).toContain("One copy");
  expect(text(panel)).toContain("All 12");
  expect(text(panel)).toContain("blocks.0 – blocks.11");
  const cells = [...panel.querySelectorAll("td")].map((cell) => cell.title);
  const [one, all] = cells.map((title) => Number(title.replaceAll(",", "")));
  expect(all).toBe(12 * one!);
});

test("a layer tells its class, configuration, tensors and weights", () => {
  const panel = shown(documentOf("gpt"), (item) => item.kind === "embedding");
  for (const part of ["torch.nn.modules.sparse.Embedding", "tokens", "weight", "float32", "Feeds"]) {
    expect(text(panel)).toContain(part);
  }
  expect(panel.querySelector(".mv-sum")?.textContent).toMatch(/^[\d,]+·[\d,]+ = [\d,]+$/);
  expect([...panel.querySelectorAll("button")].map((one) => one.title)).toContain("Copy path");
});

test("names are text, whatever is in them", () => {
  const odd = '<img src=x onerror="alert(1)">';
  const doc = documentOf("gpt");
  const items = doc.items.map((item) =>
    item.kind === "embedding" ? { ...item, title: odd, name: odd, path: odd, config: odd, source: odd } : item,
  );
  const panel = shown({ ...doc, items }, (item) => item.title === odd);
  expect(panel.querySelector("img")).toBeNull();
  expect(text(panel).split(odd).length).toBeGreaterThan(4);
});

test("figures that were put on the graph stand below its own", () => {
  const doc = documentOf("gpt");
  const overlays = [{ name: "sparsity", unit: "%", modules: { tokens: 0.125 }, ops: {} }];
  const panel = shown({ ...doc, overlays }, (item) => item.path === "tokens");
  expect(text(panel)).toContain("sparsity12.50%");
  expect(text(shown({ ...doc, overlays }, (item) => item.path === "positions"))).not.toContain("sparsity");
});

test("what an author calls a part stands first, what it is below", () => {
  const doc = { ...documentOf("gpt"), author: { labels: { tokens: "Words" } } };
  const panel = shown(doc, (item) => item.path === "tokens");
  expect(panel.querySelector("h2")?.textContent).toBe("Words");
  expect(panel.querySelector("header p")?.textContent).toBe("Embedding  tokens");
});
