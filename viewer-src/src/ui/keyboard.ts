/** The keys of a viewer, tied to what they do. */

import type { Help } from "./help";
import { type KeyActions, pressed } from "./keys";
import type { Review } from "./review";
import type { Search } from "./search";
import type { Session } from "./session";
import { FULL_SIZE, type Viewport } from "./viewport";

/** Keys that act wherever the keyboard is within the viewer. */
const EVERYWHERE: readonly string[] = ["Escape", "/", "?", "n", "N", "p", "P"];

interface Parts {
  readonly session: Session;
  readonly viewport: Viewport;
  readonly search: Search;
  readonly help: Help;
  readonly review: Review;
}

/**
 * Listens on the root; other keys than those act in the canvas only. In a page that holds nothing
 * else, `alone`, all of them act while nothing has the focus, too. Gives what ends that.
 */
export function keyboard(root: HTMLElement, canvas: HTMLElement, parts: Parts, alone: boolean): () => void {
  const actions = actionsOf(canvas, parts);
  const unfocused = (event: KeyboardEvent): void => {
    if (event.target !== document.body || !pressed(event, parts.session.shown.direction, actions)) return;
    event.preventDefault();
    // What comes next goes where this went.
    if (document.activeElement === document.body) canvas.focus();
  };
  if (alone) document.addEventListener("keydown", unfocused);
  root.addEventListener("keydown", (event) => {
    const here = event.target === canvas;
    // A letter in a list of choices is a choice.
    const typed = event.target instanceof HTMLSelectElement && event.key.length === 1;
    const done =
      !typed &&
      (here || EVERYWHERE.includes(event.key)) && pressed(event, parts.session.shown.direction, actions);
    if (done) event.preventDefault();
    // The page around the viewer has keys of its own.
    if (done || here) event.stopPropagation();
  });
  return () => document.removeEventListener("keydown", unfocused);
}

function actionsOf(canvas: HTMLElement, { session, viewport, search, help, review }: Parts): KeyActions {
  const selected = (act: (id: string) => void): void => {
    if (session.shown.selected !== null) act(session.shown.selected);
  };
  return {
    next: () => session.step("next"),
    previous: () => session.step("previous"),
    right: () => session.step("right"),
    left: () => session.step("left"),
    into: () => session.step("into"),
    out: () => session.step("out"),
    toggle: () => selected((id) => session.toggle(id)),
    toggleCopies: () => selected((id) => session.toggleCopies(id)),
    pan: (dx, dy) => viewport.pan(dx, dy, true),
    zoom: (factor) => viewport.zoomGently(factor),
    fit: () => viewport.fit(),
    fullSize: () => viewport.zoomGently(FULL_SIZE / viewport.placement.scale),
    centre: () => selected((id) => session.scene.centre(id)),
    columns: () => session.restyle({ columns: !session.shown.columns }),
    search: () => search.focus(),
    review: (by) => review.step(by),
    help: () => help.toggle(),
    clear: () => {
      if (help.hide()) return true;
      if (session.shown.selected === null && !session.hits.length) return false;
      search.clear();
      session.select(null);
      canvas.focus();
      return true;
    },
  };
}
