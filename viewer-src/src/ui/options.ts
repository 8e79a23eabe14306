/** What a viewer is told at first, and what it can be told later. */

import type { Direction, Heat } from "../draw/look";
import type { Doc } from "../model/types";
import type { Style } from "./session";
import type { ThemeChoice } from "./theme";

export interface ViewerOptions {
  readonly theme?: ThemeChoice;
  readonly heat?: Heat | null;
  readonly direction?: Direction;
  /** A path or an id to begin with. */
  readonly select?: string | null;
  /** What `state()` gave before. */
  readonly state?: string;
  /** Draws a line around it, where it is a part of a page. */
  readonly framed?: boolean;
  /** False where the page around it says the model's name, its totals and why a forward failed. */
  readonly titled?: boolean;
  /** The page holds nothing else: printed, it is the diagram. */
  readonly alone?: boolean;
  /** Keeps the state in the page's address. */
  readonly url?: boolean;
  /** The reader selected something, or nothing; `path` is that of a module. */
  readonly onSelect?: (id: string | null, path: string | null) => void;
  /** The state as text changed. */
  readonly onState?: (text: string) => void;
}

export interface ViewerHandle {
  /** Selects an item by path or id wherever it is and shows it; null clears. */
  select(pathOrId: string | null): void;
  /** The selected item, and its path if it is a module. */
  selected(): { readonly id: string | null; readonly path: string | null };
  /** What is shown, as a short text; empty for the start. */
  state(): string;
  setState(text: string): void;
  /** Shows another document, from its start or from a state, with something selected. */
  update(doc: Doc, state?: string, select?: string | null): void;
  setOptions(style: Partial<Style>): void;
  /** Follows the page where its colours changed without the browser's knowing. */
  followPage(): void;
  destroy(): void;
}
