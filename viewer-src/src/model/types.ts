import type { Doc, Item } from "./document";
import type { View } from "./view";

export type * from "./document";
export type * from "./view";

/** What the reader sees open. */
export interface State {
  /** Ids of the open items. */
  readonly open: ReadonlySet<string>;
  /** Ids of the folded items whose copies are shown one by one. */
  readonly unfolded: ReadonlySet<string>;
}

/** What a hit is: a part of the picture, or what one of them holds or was run by. */
export type HitKind = "module" | "function" | "op" | "input" | "output" | "part" | "parameter" | "buffer";

/** Something that a search found. */
export interface Hit {
  /** Of the item that it is, or is in. */
  readonly id: string;
  readonly kind: HitKind;
  /** Its path; of an op or a function, that of the module that ran it. */
  readonly path: string;
  readonly title: string;
  /** The name of a parameter or a buffer in its module. */
  readonly stored?: string;
}

/** Reads a document; all of it is pure, a state goes in and a new one comes out. */
export interface Explorer {
  readonly doc: Doc;
  initial(): State;
  view(state: State): View;
  /** The item with an id, in any copy; its paths and names are those of that copy. */
  item(id: string): Item | undefined;
  /** The id of the first call of a module. */
  idOf(path: string): string | undefined;
  open(state: State, id: string): State;
  close(state: State, id: string): State;
  unfold(state: State, id: string): State;
  fold(state: State, id: string): State;
  /** Everything closed. */
  closeAll(state: State): State;
  /** Modules open down to a depth, 1 being what the model itself runs. */
  openTo(depth: number): State;
  /** Number of levels. */
  readonly depth: number;
  /** Whatever is around an item opened, so that it is visible. */
  reveal(state: State, id: string): State;
  /** The visible node or group that stands for an item in a state. */
  standIn(state: State, id: string): string | undefined;
  /** For each mark of the document the ids of the items that it is about, in any copy. */
  readonly marked: readonly (readonly string[])[];
  /** What has the words in its path, class, op or name, the best first; visible or not. */
  search(query: string): Hit[];
}

/** Ids of the visible nodes that feed a visible node or group, or that it feeds, at any distance. */
export interface Neighbours {
  readonly upstream: ReadonlySet<string>;
  readonly downstream: ReadonlySet<string>;
}
