import { expect, test } from "vitest";
import { explorer } from "../model";
import type { State } from "../model/types";
import { decode, encode, type Shown } from "./address";
import { Depths } from "./depths";
import { documentOf } from "./testing";

const model = explorer(documentOf("transformer"));
const depths = new Depths(model);
const start: Shown = {
  state: model.initial(),
  selected: null,
  heat: null,
  theme: "auto",
  direction: "TB",
};
const ids = model.doc.items.map((item) => item.id);
const back = (text: string): Shown => decode(model, depths, text, start);

function states(): State[] {
  const first = model.doc.items.find((item) => item.children && (item.copies ?? 1) > 1)!;
  return [
    model.closeAll(),
    model.openTo(2),
    model.openTo(model.depth),
    model.open(model.closeAll(), first.id),
    model.unfold(start.state, first.id),
    model.close(model.openTo(model.depth), first.id),
  ];
}

test("the start is the empty text", () => {
  expect(encode(depths, start, start)).toBe("");
  expect(back("")).toEqual(start);
});

test("every state comes back from its text", () => {
  for (const state of states()) {
    const shown: Shown = { ...start, state };
    expect(back(encode(depths, shown, start)).state).toEqual(state);
  }
});

test("selection, heat, theme, direction and columns come back", () => {
  const shown: Shown = { ...start, selected: ids[1]!, heat: "flops", theme: "paper", direction: "LR", columns: true };
  const text = encode(depths, shown, start);
  expect(text).toBe(`sel=${ids[1]}&heat=flops&theme=paper&dir=LR&columns=1`);
  expect(back(text)).toEqual(shown);
  expect(back(`#${text}`)).toEqual(shown);
});

test("what differs from another start is said, also where it is nothing", () => {
  const other: Shown = { ...start, heat: "params", selected: ids[1]! };
  const text = encode(depths, start, other);
  expect(decode(model, depths, text, other)).toEqual(start);
});

test("everything open is said by its depth", () => {
  const shown: Shown = { ...start, state: model.openTo(model.depth) };
  expect(encode(depths, shown, start).length).toBeLessThan(40);
});

test("a text for another model, or none at all, is no harm", () => {
  for (const text of ["open=nothing,like%2Cthis&sel=x", "%%%", "depth=99", "depth=-1&heat=mood", "sel=%E0%A4%A"]) {
    expect(back(text)).toEqual(start);
  }
});

test("ids with any characters come back", () => {
  const odd = ['a,b&c=d#e"<b>', "漢字 %41", "x/y:z@1"];
  const items = odd.map((id) => ({ id, kind: "other" as const, title: id, figures: { params: 0, flops: 0, memory: 0 }, children: [] }));
  const other = explorer({ ...model.doc, items, open: [] });
  const known = new Depths(other);
  const begin: Shown = { ...start, state: other.initial() };
  const shown: Shown = { ...begin, state: { open: new Set(odd), unfolded: new Set() }, selected: odd[0]! };
  const text = encode(known, shown, begin);
  expect(decode(other, known, text, begin)).toEqual(shown);
});

test("a lone surrogate in an id breaks nothing", () => {
  const shown: Shown = { ...start, selected: "\ud800" };
  expect(back(encode(depths, shown, start)).selected).toBeNull();
});

test("a figure of one's own comes back by its name, where the model has it", () => {
  const own = explorer({ ...model.doc, overlays: [{ name: "my, norm=1", unit: "", modules: {}, ops: {} }] });
  const text = encode(depths, { ...start, heat: "my, norm=1" }, start);
  expect(decode(own, depths, text, start).heat).toBe("my, norm=1");
  expect(back(text).heat).toBeNull();
});
