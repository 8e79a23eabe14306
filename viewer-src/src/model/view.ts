/** What a view is, as in modelviz/view/model.py: what is drawn of a document. */

import type { Authored, Figures, Item, Link, Overlay, TensorLabel, Tone } from "./document";

/** What a visible thing bears of the marks with one sign: its own, or of what is hidden inside. */
export interface Sign {
  readonly tone: Tone;
  readonly sign: string;
  /** What a card has room for of the first of them. */
  readonly word: string;
  readonly inside: boolean;
  /** In how many copies it bears its own, and how many marks are inside. */
  readonly count: number;
}

/** What is drawn in a state. */
export interface View {
  readonly name: string;
  readonly traced: boolean;
  /** Whether all of its FLOPs are known. */
  readonly counted: boolean;
  readonly failure: string;
  readonly figures: Figures;
  readonly show: ReadonlySet<string>;
  readonly items: readonly Visible[];
  readonly edges: readonly ViewEdge[];
  readonly links: readonly Link[];
  readonly overlays?: readonly Overlay[];
  readonly author?: Authored;
}

export type Visible = VisibleNode | VisibleGroup;

interface Seen {
  readonly id: string;
  readonly item: Item;
  /** What it is called: an author's label, or its class or op; empty for a repeated unit that is open. */
  readonly title: string;
  /** Empty where the title is an author's. */
  readonly name: string;
  readonly path?: string;
  readonly copies: number;
  /** Its copies in all copies of the groups around it. */
  readonly multiple: number;
  /** Over all copies, in all copies of the groups around it. */
  readonly figures: Figures;
  /** Of one copy. */
  readonly each: Figures;
  /** The folded item whose copies this is one of, when they are shown one by one. */
  readonly foldOf?: string;
  readonly signs?: readonly Sign[];
  /** What colours the whole of it. */
  readonly tone?: Tone;
  /** It is drawn paler: changes are marked, and this is none. */
  readonly pale?: true;
}

export interface VisibleNode extends Seen {
  readonly type: "node";
  /** Whether a double click opens it. */
  readonly expandable: boolean;
}

export interface VisibleGroup extends Seen {
  readonly type: "group";
  readonly children: readonly Visible[];
}

/** Without tensors it leads to or from what is gone. */
export interface ViewEdge {
  readonly source: string;
  readonly target: string;
  readonly tensors: readonly TensorLabel[];
  /** It leaves one copy of a folded part and enters a later one. */
  readonly nextCopy: boolean;
}

/** What a model is called: its name, unless an author says another. */
export function calledOf({ author, name }: { readonly author?: Authored; readonly name: string }): string {
  return author?.title ?? name;
}
