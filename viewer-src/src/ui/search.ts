/** The search box: what is found, which of it is shown, and steps from one to the next. */

import type { Hit } from "../model/types";
import { button, h } from "./dom";
import { icon } from "./icons";

export interface SearchActions {
  find(query: string): readonly Hit[];
  /** Hits changed: to be marked in the picture. */
  mark(hits: readonly Hit[]): void;
  go(hit: Hit): void;
  /** Back to the picture. */
  leave(): void;
}

export interface Search {
  readonly element: HTMLElement;
  focus(): void;
  clear(): void;
  /** Finds again, in another document. */
  refresh(): void;
}

const PAUSE = 90;

export function search(actions: SearchActions): Search {
  let hits: readonly Hit[] = [];
  let at = -1;
  let waiting = 0;

  const input = h("input", {
    type: "search",
    class: "mv-query",
    placeholder: "Search path, class or op",
    "aria-label": "Search path, class or op",
    autocomplete: "off",
    spellcheck: "false",
  });
  const count = h("output", { class: "mv-count", "aria-live": "polite" });
  const previous = button("Previous (Shift+Enter)", icon("previous"), () => step(-1));
  const following = button("Next (Enter)", icon("next"), () => step(1));
  const element = h("div", { class: "mv-search", role: "search" }, icon("search"), input, count, previous, following);

  const say = (): void => {
    const any = hits.length > 0;
    previous.hidden = following.hidden = !any;
    count.hidden = !input.value.trim();
    count.textContent = !any ? "Nothing found" : at < 0 ? `${hits.length} found` : `${at + 1} of ${hits.length}`;
  };
  const find = (): void => {
    clearTimeout(waiting);
    waiting = 0;
    hits = input.value.trim() ? actions.find(input.value.trim()) : [];
    at = -1;
    actions.mark(hits);
    say();
  };
  const step = (by: 1 | -1): void => {
    if (waiting) find();
    if (!hits.length) return;
    at = at < 0 && by < 0 ? hits.length - 1 : (at + by + hits.length) % hits.length;
    say();
    actions.go(hits[at]!);
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(find, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape" && !input.value) actions.leave();
    else if (event.key === "Escape") api.clear();
    else if (event.key === "ArrowDown" && hits.length) actions.leave();
    else return event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
  });

  const api: Search = {
    element,
    focus() {
      input.focus();
      input.select();
    },
    clear() {
      input.value = "";
      find();
    },
    refresh: find,
  };
  say();
  return api;
}
