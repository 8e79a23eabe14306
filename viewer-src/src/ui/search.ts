/** The search box: what is found, a list of it, which of it is shown, and steps from one to the next. */

import type { Hit } from "../model/types";
import { button, fill, h } from "./dom";
import { icon } from "./icons";

export interface SearchActions {
  find(query: string): readonly Hit[];
  /** Hits changed: to be marked in the picture. */
  mark(hits: readonly Hit[]): void;
  go(hit: Hit): void;
  /** Back to the picture. */
  leave(): void;
}

export type Search = ReturnType<typeof search>;

const PAUSE = 90;
/** Most hits in the list; steps lead through all. */
const LISTED = 60;

export function search(actions: SearchActions) {
  let hits: readonly Hit[] = [];
  /** The hit that was gone to. */
  let at = -1;
  /** The hit that the keys chose in the list. */
  let chosen = -1;
  let waiting = 0;

  const list = h("ul", { class: "mv-hits", id: "mv-hits", role: "listbox", "aria-label": "Found", hidden: true });
  const input = h("input", {
    type: "search",
    class: "mv-query",
    placeholder: "Search path, class or op",
    "aria-label": "Search path, class or op",
    title: "A path or a part of one, a class, an op, a function, a parameter or a buffer",
    role: "combobox",
    "aria-controls": "mv-hits",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
  });
  const count = h("output", { class: "mv-count", "aria-live": "polite" });
  const previous = button("Previous (Shift+Enter)", icon("previous"), () => step(-1));
  const following = button("Next (Enter)", icon("next"), () => step(1));
  const element = h("div", { class: "mv-search", role: "search" }, icon("search"), input, count, previous, following, list);

  const say = (): void => {
    const any = hits.length > 0;
    previous.hidden = following.hidden = !any;
    count.hidden = !input.value.trim();
    count.textContent = !any ? "Nothing found" : at < 0 ? `${hits.length} found` : `${at + 1} of ${hits.length}`;
  };
  const show = (open: boolean): void => {
    list.hidden = !open || !hits.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (list.hidden) choose(-1);
  };
  const choose = (place: number): void => {
    chosen = place;
    [...list.children].forEach((entry, index) => entry.setAttribute("aria-selected", String(index === place)));
    const entry = list.children[place];
    if (entry) input.setAttribute("aria-activedescendant", entry.id);
    else input.removeAttribute("aria-activedescendant");
    entry?.scrollIntoView?.({ block: "nearest" });
  };
  const find = (): void => {
    clearTimeout(waiting);
    waiting = 0;
    hits = input.value.trim() ? actions.find(input.value.trim()) : [];
    at = -1;
    actions.mark(hits);
    const more = hits.length - LISTED;
    fill(
      list,
      ...hits.slice(0, LISTED).map((hit, place) => entryOf(hit, place, () => go(place))),
      more > 0 && h("li", { class: "mv-muted", "aria-disabled": "true" }, `and ${more} more: Enter leads through all`),
    );
    choose(-1);
    show(isFocused(input));
    say();
  };
  const go = (place: number): void => {
    at = place;
    show(false);
    say();
    actions.go(hits[at]!);
  };
  const step = (by: 1 | -1): void => {
    if (waiting) find();
    if (!hits.length) return;
    if (chosen >= 0) go(chosen);
    else go(at < 0 && by < 0 ? hits.length - 1 : (at + by + hits.length) % hits.length);
  };
  /** Up and down in the list, from its end back to the box. */
  const move = (by: 1 | -1): void => {
    if (waiting) find();
    if (!hits.length) return;
    const listed = Math.min(hits.length, LISTED);
    const from = list.hidden && at >= 0 && at < listed ? at - by : chosen;
    show(true);
    choose(((from + by + 1 + listed + 1) % (listed + 1)) - 1);
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(find, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape" && !input.value) actions.leave();
    else if (event.key === "Escape") clear();
    else if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else return event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
  });
  // What is found stays listed while the reader types and chooses, and is out of the way after.
  element.addEventListener("focusout", (event) => {
    if (!element.contains(event.relatedTarget as Node | null)) show(false);
  });
  input.addEventListener("click", () => show(true));
  list.addEventListener("pointerdown", (event) => event.preventDefault());

  const clear = (): void => {
    input.value = "";
    find();
  };
  say();
  return {
    element,
    focus(): void {
      input.focus();
      input.select();
    },
    clear,
  };
}

function entryOf({ kind, title, path }: Hit, place: number, go: () => void): HTMLElement {
  return h(
    "li",
    { id: `mv-hit-${place}`, role: "option", "aria-selected": "false", on: { click: go } },
    h("span", { class: "mv-kind" }, kind),
    h("span", { class: "mv-said-of" }, h("strong", {}, title), h("span", { class: "mv-muted" }, path)),
  );
}

function isFocused(input: HTMLElement): boolean {
  return (input.getRootNode() as Document | ShadowRoot).activeElement === input;
}
