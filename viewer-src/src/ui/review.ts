/** The marks of a document one after the other: a bar with steps, and a list that jumps to each. */

import type { Doc, Mark } from "../model/types";
import { copyButton } from "./clipboard";
import { button, fill, h } from "./dom";
import { icon } from "./icons";

export interface ReviewActions {
  /** Shows the items that a mark is about; none where it is about the model itself. */
  go(ids: readonly string[]): void;
  /** The list came or went. */
  turned(): void;
}

export type Review = ReturnType<typeof review>;

/** Most marks in the list; steps lead through all. */
const LISTED = 500;

export function review(actions: ReviewActions) {
  let marks: readonly Mark[] = [];
  let marked: readonly (readonly string[])[] = [];
  let at = -1;

  const name = h("span", {});
  const count = h("span", { class: "mv-count mv-muted" });
  const toggle = button("Show or hide the list", null, () => show(Boolean(list.hidden)), { class: "mv-button mv-listed" });
  toggle.append(icon("list"), name, count);
  const said = h("p", { class: "mv-said", "aria-live": "polite" });
  const bar = h(
    "div",
    { class: "mv-review", role: "group", hidden: true },
    toggle,
    button("Previous (P)", icon("previous"), () => step(-1)),
    button("Next (N)", icon("next"), () => step(1)),
    said,
  );
  const entries = h("ol", {});
  const list = h("nav", { class: "mv-list", hidden: true }, entries);

  const show = (open: boolean): void => {
    list.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    actions.turned();
  };
  const say = (): void => {
    count.textContent = at < 0 ? String(marks.length) : `${at + 1} of ${marks.length}`;
    const mark = marks[at];
    fill(said, mark && signOf(mark), mark && h("strong", {}, mark.title), mark && ` ${mark.lines[0] ?? ""}`);
    [...entries.children].forEach((entry, place) => {
      entry.toggleAttribute("data-here", place === at);
      if (place === at && !list.hidden) entry.scrollIntoView?.({ block: "nearest" });
    });
  };
  const go = (place: number): void => {
    at = place;
    say();
    actions.go(marked[place] ?? []);
  };
  /** To the next mark, or the one before; false where there are none. */
  const step = (by: 1 | -1): boolean => {
    if (!marks.length) return false;
    go(at < 0 && by < 0 ? marks.length - 1 : (at + by + marks.length) % marks.length);
    return true;
  };

  return {
    /** Steps and the mark that was gone to; hidden where a document has no marks. */
    bar,
    list,
    step,
    /** Another document, and the ids of each of its marks. */
    describe(doc: Doc, ids: readonly (readonly string[])[]): void {
      marks = doc.marks?.entries ?? [];
      marked = ids;
      at = -1;
      const title = doc.marks?.title ?? "";
      bar.setAttribute("aria-label", title);
      list.setAttribute("aria-label", title);
      bar.hidden = !marks.length;
      const more = marks.length - LISTED;
      fill(
        entries,
        ...marks.slice(0, LISTED).map((mark, place) => entryOf(mark, () => go(place))),
        more > 0 && h("li", { class: "mv-muted" }, `and ${more} more: the steps lead through all`),
      );
      // Changes are why the picture was made; findings stand beside it until they are asked for.
      const changes = doc.marks?.fills;
      // What the reader chose stays from one picture of the same kind to the next.
      if (name.textContent !== title || !marks.length) show(changes === true && !narrow(bar));
      name.textContent = title;
      say();
    },
  };
}

function entryOf(mark: Mark, go: () => void): HTMLElement {
  const text = [`${mark.sign} ${mark.title}`, ...mark.lines].join("\n");
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "mv-entry", on: { click: go } },
      h("span", { class: "mv-entry-title" }, signOf(mark), h("strong", {}, mark.title)),
      ...mark.lines.map((line) => h("span", { class: "mv-line" }, line)),
    ),
    copyButton("text", text),
  );
}

function signOf({ sign, tone }: Mark): HTMLElement {
  return h("span", { class: `mv-sign mv-${tone}`, title: tone }, sign);
}

/** Whether a list would leave the picture too little room. */
function narrow(bar: HTMLElement): boolean {
  return (bar.closest(".mv-root")?.clientWidth ?? 0) < 900;
}
