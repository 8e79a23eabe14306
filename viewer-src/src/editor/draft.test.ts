import { beforeEach, expect, test } from "vitest";
import { keep, restored } from "./draft";

const TYPED = { session: "one", text: "class Mine: ...", ran: "", unsent: false, foreign: false };

beforeEach(() => sessionStorage.clear());

test("a reload brings back what was typed, a new draw of the same page does not", () => {
  keep("a.code", TYPED);
  expect(restored("a.code", { session: "one", linked: null })).toBeNull();
  expect(restored("a.code", { session: "two", linked: null })).toEqual(TYPED);
  keep("a.code", { ...TYPED, unsent: true });
  expect(restored("a.code", { session: "one", linked: null })?.text).toBe(TYPED.text);
  expect(restored("b.code", { session: "two", linked: null })).toBeNull();
});

test("a link's text stands, unless it is what was run here before the reload", () => {
  keep("a.code", { ...TYPED, ran: "class Run: ..." });
  expect(restored("a.code", { session: "two", linked: "class Theirs: ..." })).toBeNull();
  expect(restored("a.code", { session: "two", linked: "class Run: ..." })?.text).toBe(TYPED.text);
});

test("what is no draft is none", () => {
  for (const text of ["", "{", "null", "[]", '{"text": 1}']) {
    sessionStorage.setItem("modelviz.draft.a.code", text);
    expect(restored("a.code", { session: "two", linked: null })).toBeNull();
  }
});
