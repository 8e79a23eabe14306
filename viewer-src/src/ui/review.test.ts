import { beforeEach, expect, test } from "vitest";
import type { Doc, Mark } from "../model/types";
import { review, type Review } from "./review";
import { documentOf } from "./testing";

const marks: Mark[] = ["first", "second", "third"].map((title) => ({
  tone: "changed",
  sign: "~",
  title,
  lines: [`${title} line`],
  places: [[title]],
}));
const doc: Doc = { ...documentOf("lstm_tagger"), marks: { title: "Changes", entries: marks } };
const ids = marks.map(({ title }) => [title]);

let gone: (readonly string[])[];
let shown: Review;

beforeEach(() => {
  gone = [];
  shown = review({ go: (found) => gone.push(found), turned() {} });
  document.body.replaceChildren(shown.bar, shown.list);
  shown.describe(doc, ids);
});

const count = (): string => shown.bar.querySelector(".mv-count")!.textContent!;

test("steps lead through the marks and round", () => {
  expect(count()).toBe("3");
  expect(shown.step(1)).toBe(true);
  expect(count()).toBe("1 of 3");
  shown.step(-1);
  expect([count(), gone.at(-1)]).toEqual(["3 of 3", ["third"]]);
  shown.step(1);
  expect(gone).toEqual([["first"], ["third"], ["first"]]);
  expect(shown.bar.querySelector(".mv-said")!.textContent).toContain("~first first line");
});

test("the list jumps to each", () => {
  const entries = [...shown.list.querySelectorAll<HTMLButtonElement>(".mv-entry")];
  expect(entries.map((entry) => entry.textContent)).toEqual(["~firstfirst line", "~secondsecond line", "~thirdthird line"]);
  entries[1]!.click();
  expect(gone).toEqual([["second"]]);
  expect(shown.list.querySelectorAll("[data-here]")).toHaveLength(1);
});

test("the button shows and hides the list", () => {
  const toggle = shown.bar.querySelector<HTMLButtonElement>(".mv-listed")!;
  const before = shown.list.hidden;
  toggle.click();
  expect([shown.list.hidden, toggle.getAttribute("aria-expanded")]).toEqual([!before, String(before)]);
  // Another picture of the same kind leaves it as it is.
  shown.describe(doc, ids);
  expect(shown.list.hidden).toBe(!before);
});

test("without marks there is neither bar nor step", () => {
  shown.describe(documentOf("lstm_tagger"), []);
  expect([shown.bar.hidden, shown.list.hidden, shown.step(1)]).toEqual([true, true, false]);
});
