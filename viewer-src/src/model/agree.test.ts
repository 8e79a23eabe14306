import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { explorer } from "./explorer";
import type { Doc, Explorer, State, View, Visible } from "./types";
import { walk } from "./walk";

/** What Python's View shows, as tests/view/vectors.py writes it. */
interface Case {
  fold: boolean;
  open: string[];
  view: { items: unknown[]; edges: unknown[]; links: unknown[] };
}

const FOLDER = process.env.VECTORS ?? "vectors";
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

test("there are vectors", () => expect(files.length).toBeGreaterThan(10));

test.each(files)("%s shows what Python's View shows", (file) => {
  const { document, cases } = JSON.parse(readFileSync(`${FOLDER}/${file}`, "utf8")) as {
    document: Doc;
    cases: Case[];
  };
  const model = explorer(document);
  for (const { fold, open, view } of cases) {
    const state: State = { open: new Set(open), unfolded: new Set() };
    expect(summary(model.view(fold ? state : allUnfolded(model, state)))).toEqual(view);
  }
});

/** The state in which every copy of everything visible is shown by itself. */
function allUnfolded(model: Explorer, state: State): State {
  for (;;) {
    const folded = [...walk(model.view(state).items)].filter(({ copies }) => copies > 1);
    if (!folded.length) return state;
    state = { ...state, unfolded: new Set([...state.unfolded, ...folded.map(({ id }) => id)]) };
  }
}

function summary(view: View) {
  const names = new Map([...walk(view.items)].map((item) => [item.id, name(item)]));
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return {
    items: view.items.map(shown),
    edges: view.edges
      .map(({ source, target, nextCopy, tensors }) => [
        names.get(source),
        names.get(target),
        nextCopy,
        tensors.map(({ shape, dtype }) => `${shape.join("×") || "scalar"} ${dtype ?? ""}`.trim()).sort(),
      ])
      .sort(byText),
    links: view.links
      .map(({ source, target, reason }) => [names.get(source), names.get(target), reason])
      .sort(byText),
  };
}

function shown(item: Visible): unknown {
  return item.type === "group"
    ? [name(item), item.copies, item.children.map(shown)]
    : [name(item), item.copies];
}

function name(visible: Visible): string {
  const signs = (visible.signs ?? []).map(({ sign, inside, count }) => `${inside ? "…" : ""}${sign}${count}`);
  return [called(visible), ...signs].join(" ");
}

function called({ item, path }: Visible): string {
  if (item.label || item.colour) return `${item.id} ${item.label ?? ""} ${item.colour ?? ""}`.trimEnd();
  return item.kind === "weight" ? `weight ${path} ${item.title}` : item.id;
}
