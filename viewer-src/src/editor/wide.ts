/** The button that gives the editor most of the page, and takes it back. */
import type { Editor } from "./editor";

const GROW = "M4 4h6v2H7.4l4 4L10 11.4l-4-4V10H4zm16 16h-6v-2h2.6l-4-4 1.4-1.4 4 4V14h2z";
const SHRINK = "M11 11H5V9h2.6l-4-4L5 3.6l4 4V5h2zm2 2h6v2h-2.6l4 4-1.4 1.4-4-4V19h-2z";

export function wideButton(box: HTMLElement, editor: Editor, onSize: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.className = "mv-wide";
  button.type = "button";
  // In the page's top layer, above the sidebar that it is in; nothing moves in the document.
  box.popover = "manual";
  const show = (wide: boolean): void => {
    button.title = wide ? "Back to the sidebar (Escape)" : "Wide editor";
    button.ariaLabel = button.title;
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${wide ? SHRINK : GROW}"/></svg>`;
  };
  show(false);
  // Not on the way to a click, which would take the editor for left.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    box.togglePopover();
    editor.view.focus();
  });
  box.addEventListener("toggle", (event) => {
    show((event as ToggleEvent).newState === "open");
    editor.view.requestMeasure();
    onSize();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.matches(":popover-open")) box.hidePopover();
  });
  return button;
}
