import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { explorer } from "./explorer";
import type { Doc, Item } from "./types";

/** For each document some queries, and all that they find: kinds and paths, the best first. */
const QUERIES = JSON.parse(readFileSync("vectors/search/queries.json", "utf8")) as Record<string, Record<string, string[]>>;

describe.each(Object.entries(QUERIES))("in %s", (name, queries) => {
  const { document } = JSON.parse(readFileSync(`vectors/${name}.json`, "utf8")) as { document: Doc };
  const model = explorer(document);

  test.each(Object.entries(queries))("%s", (query, hits) => {
    expect(model.search(query).map(({ kind, path }) => `${kind} ${path}`)).toEqual(hits);
  });
});

function item(id: string, title: string, more: Partial<Item> = {}): Item {
  return { id, kind: "other", title, figures: { params: 0, flops: 0, memory: 0 }, ...more };
}

function module(id: string, path: string, title: string, more: Partial<Item> = {}): Item {
  const held = { qualified: title, training: false, parameters: [], buffers: [] };
  return item(id, title, { path, name: path.slice(path.lastIndexOf(".") + 1), module: held, ...more });
}

function found(items: readonly Item[], query: string): string[] {
  const doc = {
    version: 1, name: "", traced: true, counted: true, depth: 0, failure: "", figures: { params: 0, flops: 0, memory: 0 }, items, open: [],
    show: [], tensors: [], flow: { ops: 0, reads: [], outside: [], results: [], ends: [], differ: [] }, links: [],
  } as Doc;
  return explorer(doc).search(query).map(({ id, kind }) => `${kind} ${id}`);
}

test("the best fit stands first: the name, its start, a part of it, what is told of it", () => {
  const items = [
    module("c1", "a.told", "Linear", { config: "of a gate" }),
    module("c2", "a.mygate", "Linear"),
    module("c3", "a.gated", "Linear"),
    module("c4", "a.gate", "Linear"),
    module("c5", "gate", "Linear"),
    module("c6", "a.green_art", "Linear"),
  ];
  expect(found(items, "gate")).toEqual(["module c5", "module c4", "module c3", "module c2", "module c1"]);
});

test("letters in their order are a hit where nothing fits better", () => {
  const items = [module("c1", "decoder.rotary_embedding", "Rotary"), module("c2", "decoder.norm", "Norm")];
  expect(found(items, "rtryemb")).toEqual(["module c1"]);
  expect(found(items, "decodernrm")).toEqual(["module c2"]);
  expect(found(items, "nrmx")).toEqual([]);
  expect(found(items, "ro")).toEqual(["module c1"]);
});

test("a function without a level of its own is found where it began", () => {
  const inner = [item("o1", "tanh", { functions: ["squash"] })];
  expect(found([module("c1", "blocks.0", "Block", { children: inner })], "blocks.0.squash")).toEqual(["function o1"]);
});
