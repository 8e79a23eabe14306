export type * from "./document";
export type { Explorer } from "./explorer";
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

/** Ids of the visible nodes that feed a visible node or group, or that it feeds, at any distance. */
export interface Neighbours {
  readonly upstream: ReadonlySet<string>;
  readonly downstream: ReadonlySet<string>;
}
