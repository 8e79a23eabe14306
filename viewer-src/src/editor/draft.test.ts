import { beforeEach, expect, test } from "vitest";
import { keep, restored } from "./draft";

const TYPED = { session: "one", text: "class Mine: ...", ran: "", revision: 3, foreign: false };

beforeEach(() => sessionStorage.clear());

const RELOADED = { session: "two", text: "class Net: ...", revision: 0, linked: null };

test("a reload brings back what was typed", () => {
  keep("a.code", TYPED);
  expect(restored("a.code", RELOADED)).toEqual(TYPED);
  expect(restored("b.code", RELOADED)).toBeNull();
});

test("a new draw of the same page brings back what its server has not heard", () => {
  keep("a.code", TYPED);
  const drawn = { ...RELOADED, session: "one", revision: 3 };
  expect(restored("a.code", drawn)).toEqual(TYPED);
  expect(restored("a.code", { ...drawn, text: TYPED.text })).toBeNull();
  // The page has another text since: an uploaded one, say.
  expect(restored("a.code", { ...drawn, revision: 4 })).toBeNull();
});

test("a link's text stands, unless it is what was run here before the reload", () => {
  keep("a.code", { ...TYPED, ran: "class Run: ..." });
  expect(restored("a.code", { ...RELOADED, linked: "class Theirs: ..." })).toBeNull();
  expect(restored("a.code", { ...RELOADED, linked: "class Run: ..." })?.text).toBe(TYPED.text);
});

test("what is no draft is none", () => {
  for (const text of ["", "{", "null", "[]", '{"text": 1}']) {
    sessionStorage.setItem("modelviz.draft.a.code", text);
    expect(restored("a.code", RELOADED)).toBeNull();
  }
});
