/** What a reader should know: a failed forward, a model that was not run, a picture that failed. */

import type { Doc, Item } from "../model/types";
import { button, fill, h } from "./dom";
import { icon } from "./icons";

const NOT_RUN =
  "This model was not run: here are its layers and parameters. Shapes and connections come with a forward.";

/** `failure`: whether it says why a forward failed. */
export function notices({ failure }: { readonly failure: boolean }) {
  const lasting = h("div", {});
  const passing = h("div", { role: "alert" });
  return {
    element: h("div", { class: "mv-notices" }, lasting, passing),
    /** Another document; `go` leads to the failing item. */
    describe(doc: Doc, go: (id: string) => void): void {
      const failed = doc.failure ? failing(doc.items) : undefined;
      const way = failed && button("Show the layer that failed", "Go to the failing layer", () => go(failed));
      const hide = button("Hide this note", icon("close"), () => fill(lasting));
      fill(
        lasting,
        failure && doc.failure && banner(true, doc.failure, way, { role: "alert" }),
        !doc.traced && !doc.failure && banner(false, NOT_RUN, hide),
      );
    },
    /** A message about the picture, with a way out; null when all is well. */
    problem(text: string | null): void {
      const hide = button("Hide this message", icon("close"), () => fill(passing));
      fill(passing, text !== null && banner(true, text, hide));
    },
  };
}

/** A line across the page with what can be done about it; `bad` is what failed. */
function banner(bad: boolean, text: string, way: HTMLElement | undefined | "", more = {}): HTMLElement {
  const attributes = { class: bad ? "mv-banner mv-bad" : "mv-banner", ...more };
  return h("div", attributes, bad && icon("warning"), h("p", {}, text), way);
}

/** The id of the innermost item that failed. */
function failing(items: readonly Item[]): string | undefined {
  for (const item of items) {
    const inside = failing(item.children ?? []);
    if (inside !== undefined) return inside;
    if (item.status === "failed") return item.id;
  }
  return undefined;
}
