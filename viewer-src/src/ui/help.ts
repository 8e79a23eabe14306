/** The list of keys and gestures, over the picture. */

import { button, h } from "./dom";
import { icon } from "./icons";

const KEYS: readonly (readonly [string, string])[] = [
  ["Click", "Select a block and see its details"],
  ["Double click, Enter", "Open or close a block"],
  ["U", "Unfold or fold the copies of a repeated block"],
  ["↓ ↑", "Go along the flow (in a left-to-right picture → ←)"],
  ["→ ←", "Go to the branch beside it; where there is none, into a block or out of it (there ↓ ↑)"],
  ["I, O", "Go into a block, or out of it"],
  ["Drag, wheel, Shift+arrows", "Move the picture"],
  ["Ctrl+wheel, pinch, + −", "Zoom"],
  ["F, 0", "Fit the whole picture"],
  ["1", "Full size"],
  ["C", "Bring the selected block to the middle"],
  ["W", "Wrap a long picture into columns that fill the window, or not"],
  ["N, P", "Go to the next change or finding, or the one before"],
  ["/", "Search: a path or part of it, a class, op, function, parameter; ↓ ↑ choose, Enter goes on"],
  ["Ctrl+P", "Print the diagram on one page"],
  ["Escape", "Clear the selection"],
  ["?", "Show or hide this list"],
];

export type Help = ReturnType<typeof help>;

export function help(onHide: () => void) {
  /** Whether it was there to be hidden. */
  const hide = (): boolean => {
    if (element.hidden) return false;
    element.hidden = true;
    onHide();
    return true;
  };
  const close = button("Close (Escape)", icon("close"), hide);
  const element = h(
    "div",
    { class: "mv-help mv-over", role: "dialog", "aria-label": "Keys and mouse", hidden: true },
    h("header", {}, h("h2", {}, "Keys and mouse"), close),
    h("dl", {}, ...KEYS.flatMap(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)])),
  );
  return {
    element,
    toggle(): void {
      if (hide()) return;
      element.hidden = false;
      close.focus();
    },
    hide,
  };
}
