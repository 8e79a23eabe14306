/** The keys of a viewer, and what they do. */

import type { Help } from "./help";
import type { Review } from "./review";
import type { Search } from "./search";
import type { Session } from "./session";
import { FULL_SIZE, type Viewport } from "./viewport";

/** Keys that act wherever the keyboard is within the viewer. */
const EVERYWHERE: readonly string[] = ["Escape", "/", "?", "n", "N", "p", "P"];
const STEP = 80;
const ZOOM = 1.25;

export interface Parts {
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
  const unfocused = (event: KeyboardEvent): void => {
    if (event.target !== document.body || !pressed(event, canvas, parts)) return;
    event.preventDefault();
    // What comes next goes where this went.
    if (document.activeElement === document.body) canvas.focus();
  };
  if (alone) document.addEventListener("keydown", unfocused);
  root.addEventListener("keydown", (event) => {
    const here = event.target === canvas;
    // A letter in a list of choices is a choice.
    const typed = event.target instanceof HTMLSelectElement && event.key.length === 1;
    const done = !typed && (here || EVERYWHERE.includes(event.key)) && pressed(event, canvas, parts);
    if (done) event.preventDefault();
    // The page around the viewer has keys of its own.
    if (done || here) event.stopPropagation();
  });
  return () => document.removeEventListener("keydown", unfocused);
}

/** Does what the key asks; false for a key that means nothing here. */
export function pressed(event: KeyboardEvent, canvas: HTMLElement, parts: Parts): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const [dx, dy] = arrow;
    const { session, viewport } = parts;
    const [along, across] = session.shown.direction === "TB" ? [dy, dx] : [dx, dy];
    if (event.shiftKey) viewport.pan(-dx * STEP, -dy * STEP, true);
    else if (along) session.step(along > 0 ? "next" : "previous");
    else session.step(across > 0 ? "right" : "left");
    return true;
  }
  const act = KEYS[event.key.length > 1 ? event.key : event.key.toLowerCase()];
  return act !== undefined && act(parts, canvas) !== false;
}

type Act = (parts: Parts, canvas: HTMLElement) => boolean | void;

const toggle = selected((id, { session }) => session.toggle(id));
const larger: Act = ({ viewport }) => viewport.zoomGently(ZOOM);
const smaller: Act = ({ viewport }) => viewport.zoomGently(1 / ZOOM);
const fit: Act = ({ viewport }) => viewport.fit();

/** What each key does, letters in either case; false where there was nothing to do. */
const KEYS: Readonly<Record<string, Act>> = {
  Enter: toggle,
  " ": toggle,
  Escape: clear,
  "+": larger,
  "=": larger,
  "-": smaller,
  _: smaller,
  "0": fit,
  f: fit,
  "1": ({ viewport }) => viewport.zoomGently(FULL_SIZE / viewport.placement.scale),
  c: selected((id, { session }) => session.scene.centre(id)),
  i: ({ session }) => session.step("into"),
  o: ({ session }) => session.step("out"),
  u: selected((id, { session }) => session.toggleCopies(id)),
  w: ({ session }) => session.restyle({ columns: !session.shown.columns }),
  n: ({ review }) => review.step(1),
  p: ({ review }) => review.step(-1),
  "/": ({ search }) => search.focus(),
  "?": ({ help }) => help.toggle(),
};

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** Does something with what is selected, where anything is. */
function selected(act: (id: string, parts: Parts) => void): Act {
  return (parts) => {
    const { selected } = parts.session.shown;
    if (selected !== null) act(selected, parts);
  };
}

/** Clears whatever is in the way; false when there was nothing. */
function clear({ session, search, help }: Parts, canvas: HTMLElement): boolean {
  if (help.hide()) return true;
  if (session.shown.selected === null && !session.hits.length) return false;
  search.clear();
  session.select(null);
  canvas.focus();
  return true;
}
