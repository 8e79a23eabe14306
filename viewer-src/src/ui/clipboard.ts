/** Copying text, also where a page may not use the clipboard directly. */

import { button, fill, h } from "./dom";
import { icon } from "./icons";

/** A button that copies a text, and says that it did. */
export function copyButton(what: string, text: string): HTMLButtonElement {
  const made = button(`Copy ${what}`, icon("copy"), () => {
    void copied(text, made).then((done) => {
      fill(made, icon(done ? "done" : "warning"));
      window.setTimeout(() => fill(made, icon("copy")), 1200);
    });
  });
  made.classList.add("mv-copy");
  return made;
}

async function copied(text: string, beside: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed in a frame, or not over http: the older way, through a selected text.
    const area = h("textarea", { class: "mv-unseen", "aria-hidden": "true" });
    area.value = text;
    beside.after(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    beside.focus();
    return done;
  }
}
