/** Marks in the picture: what is selected, what leads there and from there, what was found. */

import type { Picture } from "../draw";
import type { Neighbours } from "../model/types";
import { ancestors } from "../model/walk";
import { type Index, within } from "./walk";

export interface Marks {
  readonly selected: string | null;
  readonly neighbours: Neighbours | null;
  /** Visible things that were found, or that hold what was found. */
  readonly hits: ReadonlySet<string>;
}

const STATES = ["mv-selected", "mv-lit", "mv-hit"] as const;

/** Sets the classes of everything in a picture; what is not lit is dimmed while anything is. */
export function mark(picture: Picture, index: Index, marks: Marks): void {
  const { selected, neighbours, hits } = marks;
  const inside = selected === null ? new Set<string>() : within(index, selected);
  const before = union(inside, neighbours?.upstream);
  const after = union(inside, neighbours?.downstream);
  const lit = new Set([...before, ...after].flatMap((id) => [id, ...ancestors(id, index.parents)]));
  picture.svg.classList.toggle("mv-focus", selected !== null);
  picture.spot(selected, hits);
  for (const [id, elements] of picture.elements) {
    const on = [id === selected, lit.has(id), hits.has(id)];
    for (const element of elements) set(element, on);
  }
  for (const { edge, elements } of picture.edges) {
    const { source, target } = edge;
    const on =
      (before.has(source) && before.has(target)) || (after.has(source) && after.has(target));
    for (const element of elements) set(element, [false, on && selected !== null, false]);
  }
}

function set(element: Element, on: readonly boolean[]): void {
  STATES.forEach((state, place) => {
    if (element.classList.contains(state) !== on[place]) element.classList.toggle(state);
  });
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): Set<string> {
  return new Set([...a, ...(b ?? [])]);
}
