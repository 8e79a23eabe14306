import { expect, test } from "vitest";
import { group, node } from "../draw/testing";
import { formerEdges, links } from "./links";
import type { Link } from "./types";

const items = [node("a"), group("block", [node("b"), node("c")]), node("gone"), node("d")];
const held: Link[] = [
  { source: "block", target: "gone", reason: "removed" },
  { source: "gone", target: "inside d", reason: "removed" },
  { source: "nowhere", target: "gone", reason: "removed" },
  { source: "a", target: "d", reason: "shared weights" },
];
const standIn = (id: string): string | undefined => (id === "inside d" ? "d" : id === "nowhere" ? undefined : id);

test("what is gone has edges without tensors, from the last of a group and to what stands for an item", () => {
  expect(formerEdges(items, held, standIn)).toEqual([
    { source: "c", target: "gone", tensors: [], nextCopy: false },
    { source: "gone", target: "d", tensors: [], nextCopy: false },
  ]);
});

test("those are no links", () => {
  expect(links(items, held, standIn)).toEqual([{ source: "a", target: "d", reason: "shared weights" }]);
});
