import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";
import { failingAt, failingLine, setFailing } from "./failing";

const FAILING = { line: 2, text: "second", message: "it failed" };

function marked(failing = FAILING): EditorState {
  const state = EditorState.create({ doc: "first\nsecond\nthird", extensions: [failingLine] });
  return state.update({ effects: setFailing.of(failing) }).state;
}

test("the line is marked, and the mark moves along", () => {
  const state = marked();
  expect(failingAt(state)).toBe(2);
  const above = state.update({ changes: { from: 0, insert: "new\n" } }).state;
  expect(failingAt(above)).toBe(3);
  const below = state.update({ changes: { from: state.doc.length, insert: "!" } }).state;
  expect(failingAt(below)).toBe(2);
});

test("the mark goes with an edit of its line, and with the next run", () => {
  const state = marked();
  const edited = state.update({ changes: { from: 8, insert: "x" } }).state;
  expect(failingAt(edited)).toBeNull();
  const cut = state.update({ changes: { from: 6, to: 13 } }).state;
  expect(failingAt(cut)).toBeNull();
  expect(failingAt(state.update({ effects: setFailing.of(null) }).state)).toBeNull();
});

test("a text that is another by now has no mark", () => {
  expect(failingAt(marked({ ...FAILING, text: "other" }))).toBeNull();
  expect(failingAt(marked({ ...FAILING, line: 9 }))).toBeNull();
});
