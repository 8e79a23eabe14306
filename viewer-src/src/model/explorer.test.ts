import { beforeEach, describe, expect, test } from "vitest";
import { documentOf } from "../ui/testing";
import { explorer } from "./explorer";
import { neighbours } from "./neighbours";
import type { Explorer, State, View, Visible } from "./types";
import { walk } from "./walk";

/** Blocks of an embedding, attention and a feed-forward network, twelve times. */
const gpt = documentOf("gpt");

let model: Explorer;
let blocks: string;
beforeEach(() => {
  model = explorer(gpt);
  blocks = folded(model.view(model.initial())).id;
});

describe("opening and closing", () => {
  test("everything closed shows what the model itself runs", () => {
    const view = model.view(model.closeAll());
    expect(view.items.every((item) => item.type === "node")).toBe(true);
  });

  test("an opened block shows what is inside, and closing it gives the same view back", () => {
    const closed = model.closeAll();
    const opened = model.open(closed, blocks);
    const group = find(model.view(opened), blocks);
    expect(group?.type).toBe("group");
    expect(model.view(model.close(opened, blocks))).toEqual(model.view(closed));
  });

  test("what is open inside a closed block is open again with it", () => {
    const inner = child(model.view(model.openTo(9)), blocks, (item) => item.type === "group");
    const state = model.close(model.openTo(9), blocks);
    expect(find(model.view(state), inner.id)).toBeUndefined();
    expect(find(model.view(model.open(state, blocks)), inner.id)?.type).toBe("group");
  });

  test("opening to a depth leaves nothing deeper open", () => {
    const sizes = [1, 2, 3].map((depth) => all(model.view(model.openTo(depth)).items).length);
    expect(sizes[0]).toBeLessThan(sizes[1]!);
    expect(sizes[1]).toBeLessThan(sizes[2]!);
    expect(all(model.view(model.openTo(1)).items).every(({ type }) => type === "node")).toBe(true);
  });

  test("figures of what is visible add up to the model's in every state", () => {
    for (const state of [model.initial(), model.openTo(9), unfold(model.openTo(9))]) {
      const total = (of: "params" | "flops" | "memory") =>
        model.view(state).items.reduce((sum, item) => sum + item.figures[of], 0);
      expect(total("params")).toBe(gpt.figures.params);
      expect(total("flops")).toBe(gpt.figures.flops);
      expect(total("memory")).toBe(gpt.figures.memory);
    }
  });
});

describe("folded copies", () => {
  test("unfolded, each has its own path, name and share", () => {
    const before = find(model.view(model.initial()), blocks)!;
    const view = model.view(unfold(model.initial()));
    const copies = all(view.items).filter((item) => item.foldOf === blocks);
    expect(copies.map(({ path }) => path)).toEqual(before.item.paths!.map(([path]) => path));
    expect(new Set(copies.map(({ id }) => id)).size).toBe(before.copies);
    expect(copies.map(({ name }) => name.split(".").at(-1))).toEqual(copies.map((_, i) => `${i}`));
    const params = copies.map(({ figures }) => figures.params);
    expect(params.reduce((a, b) => a + b)).toBe(before.figures.params);
  });

  test("unfolded, one feeds the next", () => {
    const view = model.view(unfold(model.initial()));
    const copies = all(view.items).filter((item) => item.foldOf === blocks).map(({ id }) => id);
    const fed = new Set(view.edges.map(({ source, target }) => `${source} ${target}`));
    for (let at = 1; at < copies.length; at++) {
      expect(fed.has(`${copies[at - 1]} ${copies[at]}`)).toBe(true);
    }
    expect(view.edges.some(({ nextCopy }) => nextCopy)).toBe(false);
  });

  test("a copy opens by itself, with its own paths inside", () => {
    const state = unfold(model.initial());
    const third = all(model.view(state).items).filter(({ foldOf }) => foldOf === blocks)[3]!;
    const group = find(model.view(model.open(state, third.id)), third.id)!;
    expect(group.type).toBe("group");
    const paths = all(group.type === "group" ? group.children : []).map(({ path }) => path);
    expect(paths.filter((path) => path?.startsWith(`${third.path}.`)).length).toBeGreaterThan(2);
    const others = all(model.view(model.open(state, third.id)).items);
    expect(others.filter(({ type, foldOf }) => type === "group" && foldOf).length).toBe(1);
  });

  test("folded again they are one", () => {
    const state = model.initial();
    expect(model.view(model.fold(model.unfold(state, blocks), blocks))).toEqual(
      model.view(model.close(state, blocks)),
    );
  });
});

describe("finding", () => {
  test("by path, class and op, with several words", () => {
    expect(model.search("layernorm").every(({ title }) => title === "LayerNorm")).toBe(true);
    expect(model.search("layernorm").length).toBeGreaterThan(1);
    const path = model.item(blocks)!.path!;
    expect(model.search(`${path} linear`).length).toBeGreaterThan(0);
    expect(model.search("no such thing")).toEqual([]);
    expect(model.search("   ")).toEqual([]);
  });

  test("a copy by its path, and what is in it", () => {
    const [, , copy] = model.item(blocks)!.paths!;
    expect(model.search(copy![0]!)[0]!.path).toBe(copy![0]);
    const inner = model.search(`${copy![0]} linear`).find(({ path }) => path.startsWith(`${copy![0]}.`))!;
    const state = model.reveal(model.closeAll(), inner.id);
    expect(find(model.view(state), inner.id)?.path).toBe(inner.path);
  });

  test("every item can be found again by its id, and shown", () => {
    const view = model.view(unfold(model.openTo(9)));
    for (const { id, path, item } of all(view.items)) {
      const fresh = explorer(gpt);
      if (item.span) expect(fresh.item(id)?.path).toBe(path);
      expect(find(fresh.view(fresh.reveal(fresh.closeAll(), id)), id)).toBeDefined();
    }
  });

  test("the stand-in of what is visible is itself", () => {
    for (const state of [model.initial(), model.openTo(9), unfold(model.openTo(9))]) {
      for (const { id } of all(model.view(state).items)) expect(model.standIn(state, id)).toBe(id);
    }
  });

  test("what is not visible has a stand-in", () => {
    const inner = child(model.view(model.openTo(9)), blocks, () => true);
    const closed = model.closeAll();
    expect(model.standIn(closed, inner.id)).toBe(blocks);
    expect(model.standIn(closed, "nothing")).toBeUndefined();
    expect(model.idOf(inner.path!)).toBe(inner.id);
  });
});

test("what feeds a node, and what it feeds, at any distance", () => {
  const view = model.view(model.initial());
  const input = view.items[0]!.id;
  const output = view.items.at(-1)!.id;
  expect(neighbours(view, input).upstream.size).toBe(0);
  expect(neighbours(view, input).downstream.has(output)).toBe(true);
  expect(neighbours(view, output).upstream.has(input)).toBe(true);
  const around = neighbours(view, blocks);
  expect(around.upstream.has(input) && around.downstream.has(output)).toBe(true);
});

function unfold(state: State): State {
  return model.unfold(state, blocks);
}

function folded(view: View): Visible {
  return all(view.items).find(({ copies }) => copies > 1)!;
}

const all = (items: readonly Visible[]): Visible[] => [...walk(items)];

function find(view: View, id: string): Visible | undefined {
  return all(view.items).find((item) => item.id === id);
}

function child(view: View, id: string, wanted: (item: Visible) => boolean): Visible {
  const group = find(view, id)!;
  return all(group.type === "group" ? group.children : []).find(wanted)!;
}
