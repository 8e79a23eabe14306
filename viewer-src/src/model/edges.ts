import type { Instance } from "./instances";
import type { Doc, TensorLabel, ViewEdge } from "./types";

/** Folded items that an op is in, outer first, each with the number of the copy. */
export type Copies = readonly number[];

/** Who stands for every op in a state. */
export interface Owners {
  /** The closed instances, in order. */
  readonly leaves: readonly Instance[];
  /** For each op the place of its leaf, -1 where nothing stands for it. */
  readonly leafOf: Int32Array;
  readonly copiesOf: readonly (Copies | undefined)[];
  /** The place of the leaf of an input, output or weight, by its id and how far its ops are. */
  readonly places: ReadonlyMap<string, number>;
}

/**
 * The edges between visible nodes: all ways of the data from one to another, past what is unseen,
 * those with the same ends merged.
 */
export function edges(doc: Doc, owners: Owners): ViewEdge[] {
  return new Flowing(doc, owners).edges();
}

/** A source of data: an op, or -1 minus the place of the leaf of an input or a weight. */
type Source = number;

class Flowing {
  private readonly behind: (readonly Source[] | undefined)[];
  private readonly merged = new Map<string, { edge: Omit<ViewEdge, "tensors">; tensors: Set<number> }>();

  constructor(
    private readonly doc: Doc,
    private readonly owners: Owners,
  ) {
    this.behind = new Array<readonly Source[] | undefined>(doc.flow.ops);
  }

  edges(): ViewEdge[] {
    const { reads, results, ends } = this.doc.flow;
    for (let at = 0; at < reads.length; at += 3) {
      this.read(reads[at]!, reads[at + 1]!, reads[at + 2]!);
    }
    for (let at = 0; at < results.length; at += 3) {
      const end = this.owners.places.get(`${ends[results[at]!]}+0`);
      if (end === undefined) continue;
      for (const source of this.sources(results[at + 1]!, undefined)) {
        this.add(source, end, undefined, results[at + 2]!);
      }
    }
    return [...this.merged.values()].map(({ edge, tensors }) => ({
      ...edge,
      tensors: [...tensors].map((tensor): TensorLabel => this.doc.tensors[tensor]!),
    }));
  }

  private read(op: number, from: number, tensor: number): void {
    const target = this.owners.leafOf[op]!;
    const seen = this.isSeen(target);
    // Most data stays inside one closed block, where nobody sees it.
    if (seen && from >= 0 && this.owners.leafOf[from] === target && !this.crosses(from, op)) return;
    const sources = this.sources(from, op);
    if (seen) {
      for (const source of sources) this.add(source, target, op, tensor);
    } else {
      const known = this.behind[op];
      this.behind[op] = known ? [...new Set([...known, ...sources])] : sources;
    }
  }

  /** What is shown behind a tensor: who made it, or who fed the unseen ops that did. */
  private sources(from: number, reader: number | undefined): readonly Source[] {
    if (from < 0) {
      const place = this.outside(this.doc.flow.outside[-1 - from]!, reader);
      return place === undefined ? [] : [-1 - place];
    }
    return this.isSeen(this.owners.leafOf[from]!) ? [from] : (this.behind[from] ?? []);
  }

  private isSeen(leaf: number): boolean {
    return leaf >= 0 && !this.owners.leaves[leaf]!.item.hidden;
  }

  /** The leaf of an input or weight, in the copy in which the reader is. */
  private outside(id: string, reader: number | undefined): number | undefined {
    const { leafOf, leaves, places } = this.owners;
    const leaf = reader === undefined ? undefined : leaves[leafOf[reader]!];
    for (let around = leaf; around; around = around.parent) {
      const place = places.get(`${id}+${around.ops}`);
      if (place !== undefined) return place;
    }
    return places.get(`${id}+0`);
  }

  private add(source: Source, target: number, op: number | undefined, tensor: number): void {
    const node = source < 0 ? -1 - source : this.owners.leafOf[source]!;
    const nextCopy = source >= 0 && op !== undefined && this.crosses(source, op);
    if (node === target && !nextCopy) return;
    const key = `${node} ${target} ${nextCopy}`;
    let found = this.merged.get(key);
    if (!found) {
      const { leaves } = this.owners;
      const edge = { source: leaves[node]!.id, target: leaves[target]!.id, nextCopy };
      this.merged.set(key, (found = { edge, tensors: new Set() }));
    }
    found.tensors.add(tensor);
  }

  /** Whether two ops are in different copies of the same folded item. */
  private crosses(source: number, target: number): boolean {
    const mine = this.owners.copiesOf[source];
    const theirs = this.owners.copiesOf[target];
    return mine !== theirs && mine !== undefined && theirs !== undefined && differ(mine, theirs);
  }
}

function differ(mine: Copies, theirs: Copies): boolean {
  for (let at = 0; at < mine.length && at < theirs.length; at += 2) {
    if (mine[at] === theirs[at] && mine[at + 1] !== theirs[at + 1]) return true;
  }
  return false;
}
