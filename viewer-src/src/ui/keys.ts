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
  const act = KEYS.get(event.key.length > 1 ? event.key : event.key.toLowerCase());
  return act !== undefined && act(actions) !== false;
}

/** What each key does, letters in either case; false where there was nothing to do. */
const KEYS: ReadonlyMap<string, (actions: KeyActions) => boolean | void> = new Map([
  ["Enter", (actions) => actions.toggle()],
  [" ", (actions) => actions.toggle()],
  ["Escape", (actions) => actions.clear()],
  ["+", (actions) => actions.zoom(ZOOM)],
  ["=", (actions) => actions.zoom(ZOOM)],
  ["-", (actions) => actions.zoom(1 / ZOOM)],
  ["_", (actions) => actions.zoom(1 / ZOOM)],
  ["0", (actions) => actions.fit()],
  ["f", (actions) => actions.fit()],
  ["1", (actions) => actions.fullSize()],
  ["c", (actions) => actions.centre()],
  ["i", (actions) => actions.into()],
  ["o", (actions) => actions.out()],
  ["u", (actions) => actions.toggleCopies()],
  ["w", (actions) => actions.columns()],
  ["n", (actions) => actions.review(1)],
  ["p", (actions) => actions.review(-1)],
  ["/", (actions) => actions.search()],
  ["?", (actions) => actions.help()],
] satisfies [string, (actions: KeyActions) => boolean | void][]);

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};
