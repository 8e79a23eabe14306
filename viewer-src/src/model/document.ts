/** A whole model, of which a part is shown: `Document` of modelviz/view/document.py. */
export interface Doc {
  readonly version: 1;
  readonly name: string;
  /** False for a model that was not run: a tree of modules, without edges. */
  readonly traced: boolean;
  /** Whether all of its FLOPs are known. */
  readonly counted: boolean;
  /** Why and where the forward stopped; empty when it did not. */
  readonly failure: string;
  readonly figures: Figures;
  /** Inputs, what the model runs in order, and outputs. */
  readonly items: readonly Item[];
  /** Ids of the items that are open at first. */
  readonly open: readonly string[];
  /** How many levels that is. */
  readonly depth: number;
  /** What the picture shows: "shapes", "config", "params", "flops", "memory". */
  readonly show: readonly string[];
  /** Every shape and dtype that an op reads; `DataFlow.reads` points into it. */
  readonly tensors: readonly TensorLabel[];
  readonly flow: DataFlow;
  /** Items that are one thing: the same module called again, or weights held in common. */
  readonly links: readonly Link[];
  /** What is to be told of parts of it; absent where there is nothing. */
  readonly marks?: Marks;
  /** What it could be coloured by beside its own figures. */
  readonly overlays?: readonly Overlay[];
  readonly author?: Authored;
  /** Where everything stands at first, read downwards, where that is not left to Graphviz. */
  readonly places?: FirstPlaces;
}

/**
 * The places of cards, groups and lines in a picture that has a form of its own, such as a U:
 * `modelviz/render/first_places.py`. Boxes are left, top, right and bottom in points.
 */
export interface FirstPlaces {
  readonly width: number;
  readonly height: number;
  readonly boxes: Readonly<Record<string, readonly [number, number, number, number]>>;
  readonly curves: readonly FirstCurve[];
  /** The cards whose layers stand bottom up. */
  readonly upward: readonly string[];
  /** Where the shapes on lines stand: the cards at the ends, left and top. */
  readonly labels: readonly (readonly [source: string, target: string, left: number, top: number])[];
}

/** The cards at its ends, x and y of its points one after the other, and where its arrow ends. */
export type FirstCurve = readonly [
  source: string,
  target: string,
  points: readonly number[],
  tip: readonly [number, number] | null,
];

/** What an author of pictures says of a model, by the paths of modules and, after a #, by ids. */
export interface Authored {
  /** In place of its name. */
  readonly title?: string;
  /** In place of class and name. */
  readonly labels?: Readonly<Record<string, string>>;
  /** In place of the colour of the kind: `#rrggbb`. */
  readonly colours?: Readonly<Record<string, string>>;
  /** Titles that have a colour of their own: title, what a legend calls it, colour. */
  readonly classes?: readonly (readonly [title: string, said: string, colour: string])[];
}

/** A figure that was put on a graph: its numbers by the paths of modules and the ids of ops. */
export interface Overlay {
  readonly name: string;
  readonly unit: string;
  readonly modules: Readonly<Record<string, number>>;
  readonly ops: Readonly<Record<string, number>>;
}

/** Changes of a diff, or findings, in the order in which a reader goes through them. */
export interface Marks {
  readonly title: string;
  readonly entries: readonly Mark[];
  /** A tone colours the whole of an item, and all else is drawn paler. */
  readonly fills?: true;
}

export type Tone = "added" | "removed" | "changed" | "error" | "warning" | "info";

export interface Mark {
  readonly tone: Tone;
  /** Says the same as the colour of the tone. */
  readonly sign: string;
  readonly title: string;
  readonly lines: readonly string[];
  /** Ids of what it is about; of each, should it not be there, of what is around it. */
  readonly places: readonly (readonly string[])[];
  /** What a card has room for. */
  readonly word?: string;
}

/** Totals over everything that an item stands for, all copies included; `memory` is bytes. */
export interface Figures {
  readonly params: number;
  readonly flops: number;
  readonly memory: number;
  /** Measured seconds; absent when nothing was measured. */
  readonly seconds?: number;
}

export type Kind =
  | "convolution" | "linear" | "normalisation" | "activation" | "attention" | "embedding"
  | "pooling" | "reshape" | "arithmetic" | "recurrent" | "dropout" | "block" | "several"
  | "input" | "output" | "weight" | "unused" | "other";

/** A module call, an op, what a function did, a repeated unit, a summary of several, an input, an output, a weight. */
export interface Item {
  readonly id: string;
  readonly kind: Kind;
  /** A class or an op; may hold line breaks. */
  readonly title: string;
  /** What the parent calls it; a range for folded copies. */
  readonly name?: string;
  /** The configuration in short. */
  readonly detail?: string;
  /** The configuration in full. */
  readonly config?: string;
  /** The module's path, "" for the root; absent for what is not a module. */
  readonly path?: string;
  readonly call_index?: number;
  /** Above 1 for a folded item; default 1. */
  readonly copies?: number;
  /** Whether the copies feed one another; null when nothing was run to tell. */
  readonly chained?: boolean | null;
  /** Output shapes. */
  readonly shapes?: readonly Shape[];
  /** What a summary of several, or several inputs or outputs in one, holds. */
  readonly contents?: readonly string[];
  readonly figures: Figures;
  /** Lit: on the way of what met at a failure. Unread: an input that no output depends on. */
  readonly status?: "failed" | "lit" | "unread";
  /** File name and line. */
  readonly source?: string;
  /** Left to its neighbours while it is closed: data passes through it unseen. */
  readonly hidden?: true;
  /** The first op of its first copy and the one after its last; absent where it has no ops. */
  readonly span?: readonly [number, number];
  /** Where the other copies start: how far their ops and their calls are from the first's. */
  readonly offsets?: readonly (readonly [number, number])[];
  /** Paths of each copy, the first included: those of its modules, in order. */
  readonly paths?: readonly (readonly string[])[];
  /** Several layers that repeat together: the frame around them, when it is open, has no class. */
  readonly unit?: true;
  readonly stretch?: true;
  /**
   * What a Python function of the forward did: ops, a level of its own; or layers, too, a frame
   * around them.
   */
  readonly function?: "ops" | "layers";
  /** Names of the functions that began with it and have no level of their own, outer ones first. */
  readonly functions?: readonly string[];
  /** Its module holds weights and is called more than once. */
  readonly repeated?: true;
  /** What is inside; absent when there is nothing to open. */
  readonly children?: readonly Item[];
  /** For the inspector. */
  readonly module?: ModuleInfo;
  readonly inputs?: readonly TensorLabel[];
  readonly outputs?: readonly TensorLabel[];
  /** What an author says in place of title and name, and of the colour of its kind: see `Instances`. */
  readonly label?: string;
  readonly colour?: string;
}

export interface ModuleInfo {
  readonly qualified: string;
  readonly training: boolean;
  readonly parameters: readonly Stored[];
  readonly buffers: readonly Stored[];
  /** How its parameters add up, "784·128 + 128 = 100,480", and what that is in words. */
  readonly sum?: string;
  readonly words?: string;
}

/** A parameter or a buffer that a module owns itself. */
export interface Stored {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: string;
  readonly bytes: number;
  readonly trainable?: boolean;
  /** The path under which the same tensor appears first. */
  readonly shared_with?: string;
}

/** Sizes, those with a name as that: `["batch", "2*seq", 768]`. */
export type Shape = readonly (number | string)[];

/** A shape, and the dtype where it is not the usual one (always there in an inspector list). */
export interface TensorLabel {
  readonly shape: Shape;
  readonly dtype?: string;
}

export interface DataFlow {
  /** Number of ops. */
  readonly ops: number;
  /**
   * Triples (op, source, tensor) in order of execution: the op reads `tensors[tensor]`, which op
   * `source` made, or, when `source` is negative, the item `outside[-1 - source]`.
   */
  readonly reads: readonly number[];
  /** Ids of the inputs and weights that ops read. */
  readonly outside: readonly string[];
  /** Triples (place in `ends`, source, tensor): what leaves the model. */
  readonly results: readonly number[];
  /** Ids of the outputs. */
  readonly ends: readonly string[];
  /** Ops of further copies that are hidden where the first copy's are not, or the other way. */
  readonly differ: readonly number[];
}

export interface Link {
  readonly source: string;
  readonly target: string;
  /** Removed: leads to and from what is gone. */
  readonly reason: "same module" | "shared weights" | "removed";
}
