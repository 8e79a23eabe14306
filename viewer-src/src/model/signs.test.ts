import { expect, test } from "vitest";
import { afterSigns } from "../draw/lines";
import { documentOf } from "../ui/testing";
import { explorer } from "./explorer";
import type { Doc, Item, Mark, Visible } from "./types";
import { walk } from "./walk";

const plain = documentOf("transformer");

function marked(...entries: Partial<Mark>[]): Doc {
  const fills = entries.every(({ tone = "changed" }) => tone === "changed");
  const whole = entries.map((entry) => ({ tone: "changed", sign: "~", title: "", lines: [], places: [], ...entry }) as Mark);
  return { ...plain, marks: { title: "Changes", entries: whole, ...(fills ? { fills } : {}) } };
}

function everyItem(items: readonly Item[]): Item[] {
  return items.flatMap((item) => [item, ...everyItem(item.children ?? [])]);
}

const items = everyItem(plain.items);
const block = plain.items.find(({ children, module }) => children && module)!;
const inner = everyItem(block.children ?? []).find(({ hidden }) => !hidden)!;
const folded = items.find(({ copies, paths }) => (copies ?? 1) > 1 && paths)!;

const visible = (doc: Doc, open: readonly string[] = []): Visible[] => [
  ...walk(explorer(doc).view({ open: new Set(open), unfolded: new Set() }).items),
];

test("a document without marks has no signs, and nothing is pale", () => {
  for (const item of visible(plain)) expect([item.signs, item.pale]).toEqual([undefined, undefined]);
});

test("what is marked bears the sign, and what is around it says that there is one inside", () => {
  const doc = marked({ places: [[inner.id]] });
  const closed = visible(doc).filter(({ signs }) => signs?.length);
  expect(closed.map(({ signs }) => signs)).toEqual([[{ tone: "changed", sign: "~", word: "", inside: true, count: 1 }]]);
  const model = explorer(doc);
  const open = [...walk(model.view(model.reveal(model.initial(), inner.id)).items)];
  const own = open.filter(({ tone }) => tone);
  expect(own.map(({ id }) => id)).toEqual([inner.id]);
});

test("a place that the document does not have is that of what is around it", () => {
  const model = explorer(marked({ places: [["o999999", "nothing", block.id]] }, { places: [["nothing"]] }));
  expect(model.marked).toEqual([[block.id], []]);
});

test("a finding leaves the colours; of a change all else is pale", () => {
  const finding = visible(marked({ tone: "warning", sign: "▲", places: [[block.id]] }));
  expect(finding.filter((item) => item.pale || item.tone)).toEqual([]);
  expect(finding.some(({ id, signs }) => id === block.id && signs?.[0]?.tone === "warning")).toBe(true);
  const change = visible(marked({ places: [[block.id]] }));
  expect(change.filter(({ type }) => type === "node").every((item) => (item.id === block.id) !== Boolean(item.pale))).toBe(true);
});

test("marks in several copies of a folded block are counted on it", () => {
  const model = explorer(plain);
  const state = { open: new Set<string>(), unfolded: new Set<string>() };
  const around = model.reveal(state, folded.id);
  const unfolded = [...walk(model.view({ ...around, unfolded: new Set([folded.id]) }).items)];
  const copies = unfolded.filter(({ foldOf }) => foldOf === folded.id).map(({ id }) => id);
  expect(copies.length).toBeGreaterThan(1);
  const doc = marked({ places: copies.slice(1).map((id) => [id]) });
  const [item] = [...walk(explorer(doc).view(around).items)].filter(({ id }) => id === folded.id);
  expect(item?.signs).toEqual([{ tone: "changed", sign: "~", word: "", inside: false, count: copies.length - 1 }]);
  expect(afterSigns(item!).map(({ text }) => text.trim())).toEqual([`~${copies.length - 1} of ${copies.length}`]);
  const every = [...walk(explorer(marked({ places: copies.map((id) => [id]) })).view(around).items)];
  expect(afterSigns(every.find(({ id }) => id === folded.id)!)).toEqual([]);
  const shown = explorer(doc);
  expect(shown.view(shown.reveal(state, copies[1]!)).items.length).toBeGreaterThan(0);
});
