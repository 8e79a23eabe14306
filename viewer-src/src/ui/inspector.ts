/** The panel that tells all about the selected item. */

import { button, fill, h } from "./dom";
import { callSection, figureSection, flowSection, markSection, moduleSections, relatedSection, tensorSection } from "./sections";
import { icon } from "./icons";
import type { Action } from "./session";
import type { Subject } from "./subject";

export interface InspectorActions {
  act(action: Action, id: string): void;
  select(id: string): void;
  centre(id: string): void;
  dismiss(): void;
}

export function inspector(actions: InspectorActions) {
  const element = h("aside", { class: "mv-inspector", "aria-label": "Details", hidden: true });
  let pointed: { readonly id: string; readonly stored: string } | null = null;
  /** Brings what is pointed at into view, where it is here. */
  const spot = (): void => {
    for (const row of element.querySelectorAll<HTMLElement>("[data-stored]")) {
      const here = pointed?.id === element.dataset.id && pointed?.stored === row.dataset.stored;
      row.toggleAttribute("data-here", here);
      if (here) row.scrollIntoView?.({ block: "nearest" });
    }
  };
  return {
    element,
    /** Marks a parameter or a buffer of an item, now or when the item is shown; null marks none. */
    point(id: string, stored: string | null): void {
      pointed = stored === null ? null : { id, stored };
      spot();
    },
    /** Shows a subject, hides the panel for null; says whether it came or went. */
    show(subject: Subject | null): boolean {
      const turned = element.hidden !== (subject === null);
      element.hidden = subject === null;
      if (!subject) {
        fill(element);
        return turned;
      }
      const scrolled = element.dataset.id === subject.id ? element.scrollTop : 0;
      element.dataset.id = subject.id;
      fill(
        element,
        head(subject, actions),
        doings(subject, actions),
        markSection(subject),
        callSection(subject),
        figureSection(subject),
        tensorSection(subject),
        ...moduleSections(subject),
        flowSection("Reads from", subject.reads, actions.select),
        flowSection("Feeds", subject.feeds, actions.select),
        relatedSection(subject, actions.select),
      );
      element.scrollTop = scrolled;
      spot();
      return turned;
    },
    /** Pixels of the canvas that the panel covers. */
    covers(canvas: HTMLElement): { right: number; bottom: number } {
      if (element.hidden) return { right: 0, bottom: 0 };
      // Beside the picture, or where that is narrow, below it.
      const wide = element.offsetWidth < canvas.clientWidth - 1;
      return wide ? { right: element.offsetWidth, bottom: 0 } : { right: 0, bottom: element.offsetHeight };
    },
  };
}

function head(subject: Subject, actions: InspectorActions): HTMLElement {
  return h(
    "header",
    { class: "mv-inspector-head" },
    h(
      "div",
      {},
      h("h2", {}, subject.title, subject.copies > 1 && h("span", { class: "mv-badge" }, `× ${subject.copies}`)),
      named(subject) && h("p", { class: "mv-muted" }, subject.name),
      subject.item.status === "failed" && h("p", { class: "mv-failed" }, "The forward failed here."),
    ),
    button("Close the details (Escape)", icon("close"), actions.dismiss),
  );
}

function doings(subject: Subject, actions: InspectorActions): HTMLElement | null {
  const { id, can } = subject;
  const made = [
    can.open && button("Show what is inside (Enter)", "Open", () => actions.act("open", id)),
    can.close && button("Show it as one block (Enter)", "Close", () => actions.act("close", id)),
    can.unfold && button(`Show each of the ${subject.copies} copies`, "Unfold copies", () => actions.act("unfold", id)),
    can.fold && button("Show the copies as one", "Fold copies", () => actions.act("fold", id)),
    button("Bring it to the middle (C)", "Centre", () => actions.centre(id)),
  ];
  return h("div", { class: "mv-doings" }, ...made);
}

/** Whether the name says more than the path does. */
function named({ name, path }: Subject): boolean {
  return name !== "" && name !== path && !path?.endsWith(`.${name}`);
}
