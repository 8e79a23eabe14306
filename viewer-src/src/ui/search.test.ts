import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Hit } from "../model/types";
import { search, type Search } from "./search";

const hits: Hit[] = ["a", "b", "c"].map((id) => ({ id, kind: "module", path: `in.${id}`, title: id }));
let gone: string[];
let marked: number[];
let left: number;
let box: Search;

beforeEach(() => {
  vi.useFakeTimers();
  [gone, marked, left] = [[], [], 0];
  box = search({
    find: (query) => (query === "nothing" ? [] : hits),
    mark: (found) => marked.push(found.length),
    go: (hit) => gone.push(hit.id),
    leave: () => (left += 1),
  });
  document.body.replaceChildren(box.element);
});
afterEach(() => vi.useRealTimers());

const input = (): HTMLInputElement => box.element.querySelector("input")!;
const count = (): string => box.element.querySelector("output")!.textContent ?? "";

function type(text: string): void {
  input().value = text;
  input().dispatchEvent(new Event("input"));
}

function press(key: string, shiftKey = false): void {
  input().dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, cancelable: true }));
}

test("typing counts and marks, and goes nowhere", () => {
  type("x");
  vi.runAllTimers();
  expect(count()).toBe("3 found");
  expect(marked.at(-1)).toBe(3);
  expect(gone).toEqual([]);
});

test("Enter goes on and round, Shift+Enter back", () => {
  type("x");
  press("Enter");
  expect(count()).toBe("1 of 3");
  press("Enter");
  press("Enter");
  press("Enter");
  press("Enter", true);
  expect(gone).toEqual(["a", "b", "c", "a", "c"]);
  expect(count()).toBe("3 of 3");
});

test("what is not there is said", () => {
  type("nothing");
  vi.runAllTimers();
  expect(count()).toBe("Nothing found");
  press("Enter");
  expect(gone).toEqual([]);
});

test("Escape first clears, then leaves", () => {
  type("x");
  vi.runAllTimers();
  press("Escape");
  expect(input().value).toBe("");
  expect(marked.at(-1)).toBe(0);
  expect(left).toBe(0);
  press("Escape");
  expect(left).toBe(1);
});

const entries = (): HTMLElement[] => [...box.element.querySelectorAll<HTMLElement>("[role=option]")];
const listed = (): boolean => !box.element.querySelector<HTMLElement>("[role=listbox]")!.hidden;
const chosen = (): string | null | undefined =>
  entries().find((entry) => entry.getAttribute("aria-selected") === "true")?.querySelector("strong")?.textContent;

test("what is found is listed with its kind and path, and a click goes there", () => {
  box.focus();
  type("x");
  vi.runAllTimers();
  expect(listed()).toBe(true);
  expect(entries()[1]!.textContent).toBe("modulebin.b");
  entries()[1]!.click();
  expect(gone).toEqual(["b"]);
  expect(count()).toBe("2 of 3");
  expect(listed()).toBe(false);
});

test("arrows choose in the list, round by the box, and Enter goes there", () => {
  box.focus();
  type("x");
  vi.runAllTimers();
  press("ArrowUp");
  expect(chosen()).toBe("c");
  press("ArrowDown");
  expect(chosen()).toBeUndefined();
  press("ArrowDown");
  press("ArrowDown");
  expect(chosen()).toBe("b");
  expect(input().getAttribute("aria-activedescendant")).toBe(entries()[1]!.id);
  expect(gone).toEqual([]);
  press("Enter");
  expect(gone).toEqual(["b"]);
  press("Enter");
  expect(gone).toEqual(["b", "c"]);
});
