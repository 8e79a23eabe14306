/** What each key does in the picture. */

import type { Direction } from "../draw/look";

export interface KeyActions {
  next(): void;
  previous(): void;
  /** To a branch beside it. */
  right(): void;
  left(): void;
  into(): void;
  out(): void;
  toggle(): void;
  toggleCopies(): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number): void;
  fit(): void;
  fullSize(): void;
  centre(): void;
  /** Long pictures in columns, or in one again. */
  columns(): void;
  search(): void;
  /** To the next mark, or the one before; false where there are none. */
  review(by: 1 | -1): boolean;
  help(): void;
  /** Clears whatever is in the way; false when there was nothing. */
  clear(): boolean;
}

const STEP = 80;
const ZOOM = 1.25;

/** Does what the key asks; false for a key that means nothing here. */
export function pressed(event: KeyboardEvent, direction: Direction, actions: KeyActions): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const [dx, dy] = arrow;
    if (event.shiftKey) actions.pan(-dx * STEP, -dy * STEP);
    else {
      const [along, across] = direction === "TB" ? [dy, dx] : [dx, dy];
      if (along) along > 0 ? actions.next() : actions.previous();
      else across > 0 ? actions.right() : actions.left();
    }
    return true;
  }
  switch (event.key) {
    case "Enter":
    case " ":
      actions.toggle();
      return true;
    case "Escape":
      return actions.clear();
    case "+":
    case "=":
      actions.zoom(ZOOM);
      return true;
    case "-":
    case "_":
      actions.zoom(1 / ZOOM);
      return true;
    case "0":
    case "f":
    case "F":
      actions.fit();
      return true;
    case "1":
      actions.fullSize();
      return true;
    case "c":
    case "C":
      actions.centre();
      return true;
    case "i":
    case "I":
      actions.into();
      return true;
    case "o":
    case "O":
      actions.out();
      return true;
    case "u":
    case "U":
      actions.toggleCopies();
      return true;
    case "w":
    case "W":
      actions.columns();
      return true;
    case "n":
    case "N":
      return actions.review(1);
    case "p":
    case "P":
      return actions.review(-1);
    case "/":
      actions.search();
      return true;
    case "?":
      actions.help();
      return true;
    default:
      return false;
  }
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};
