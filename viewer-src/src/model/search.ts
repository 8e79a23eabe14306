/** What of a model a search finds: modules, functions, ops, parameters and buffers, best first. */

import { canUnfold, type Instance, type Instances, pathAround, relative } from "./instances";
import { type Called, Rank, rankOf, spread } from "./matching";
import type { Hit, HitKind } from "./types";

/** Most hits that are told. */
const MANY = 2000;
/** Fewer letters than these stand in their order in nearly every name. */
const FEW = 3;

/** Something that can be found: a hit without its rank. */
interface Candidate {
  readonly hit: Hit;
  readonly called: Called;
  /** The same for what is the same in another copy. */
  readonly key: string;
}

interface Found extends Candidate {
  readonly worst: number;
  readonly sum: number;
}

/**
 * What all the words fit, the best first: whole names, then starts of a part of a path, then parts
 * of a name, then what is told of it; only where there is none of these, letters in their order.
 * Of folded copies the first stands for all, unless the words tell another from it.
 */
export function search(instances: Instances, query: string): Hit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found = new Search(instances, words, (called) => rankOf(called, words)).found();
  if (found.length || words.length > 1 || words[0]!.length < FEW) return sorted(found);
  const [word] = words as [string];
  const loose = new Search(instances, words, (called) => {
    const sum = spread(called, word);
    return sum === undefined ? undefined : { worst: Rank.scattered, sum };
  });
  return sorted(loose.found());
}

function sorted(found: readonly Found[]): Hit[] {
  const order = new Map(found.map((one, place) => [one, place]));
  const best = [...found].sort(
    (a, b) => a.worst - b.worst || a.sum - b.sum || KINDS[a.hit.kind] - KINDS[b.hit.kind] || order.get(a)! - order.get(b)!,
  );
  return best.slice(0, MANY).map(({ hit }) => hit);
}

/** What stands first among those that fit as well. */
const KINDS: Readonly<Record<HitKind, number>> = {
  module: 0, function: 0, op: 0, input: 0, output: 0, part: 0, parameter: 1, buffer: 1,
};

class Search {
  /** The parts of paths that are in the words. */
  private readonly pieces: readonly string[];

  constructor(
    private readonly instances: Instances,
    words: readonly string[],
    private readonly rank: (called: Called) => { worst: number; sum: number } | undefined,
  ) {
    this.pieces = words.flatMap((word) => word.split(".")).filter(Boolean);
  }

  found(): Found[] {
    return this.instances.top.flatMap((instance) => this.visit(instance));
  }

  /** What is found in an instance and, where that tells them apart, in its copies. */
  private visit(instance: Instance): Found[] {
    const found = this.one(instance);
    if (!canUnfold(instance)) return found;
    const known = new Map(found.map((one) => [one.key, one]));
    const copies = this.instances.copies(instance);
    for (let index = 1; index < copies.length; index++) {
      if (!this.tell(copies[index]!, copies[0]!)) continue;
      const more = copies[index]!.flatMap((copy) => this.visit(copy)).filter((one) => isBetter(one, known.get(one.key)));
      found.push(...more.map((one) => ({ ...one, key: `${one.key}#${index}` })));
    }
    return found;
  }

  private one(instance: Instance): Found[] {
    const found: Found[] = [];
    for (const candidate of candidates(instance)) {
      const rank = this.rank(candidate.called);
      if (rank) found.push({ ...candidate, ...rank });
    }
    // Not by spreading: there may be more of them than a call has room for.
    for (const child of this.instances.children(instance)) {
      for (const one of this.visit(child)) found.push(one);
    }
    return found;
  }

  /** Whether a word can be about a copy rather than the first. */
  private tell(copy: readonly Instance[], first: readonly Instance[]): boolean {
    return copy.some(({ item }, place) => {
      const other = (first[place]?.item.path ?? "").toLowerCase().split(".");
      const parts = (item.path ?? "").toLowerCase().split(".");
      const differ = parts.filter((part, at) => part !== other[at]);
      return differ.some((part) => this.pieces.some((piece) => piece.includes(part) || part.includes(piece)));
    });
  }
}

/** Whether something is found, or found by a better fit, in a copy rather than in the first. */
function isBetter(one: Found, first: Found | undefined): boolean {
  return !first || one.worst < first.worst || (one.worst === first.worst && one.sum < first.sum);
}

function* candidates(instance: Instance): Generator<Candidate> {
  const { id, item, template } = instance;
  const around = pathAround(instance.parent);
  const title = (item.label ?? item.title).replaceAll("\n", ", ");
  const kind = kindOf(instance);
  const path = item.path ?? (around && `${around}.`) + (kind === "op" ? "" : (item.name ?? item.title));
  // The name of a fold is that of its first copy and its last.
  const name = (item.copies ?? 1) > 1 ? undefined : item.name;
  const about = [item.label === undefined ? "" : item.title, item.config ?? item.detail, ...(item.contents ?? []), name].join(" ").toLowerCase();
  yield {
    hit: { id, kind, path: item.path ?? around, title },
    called: {
      path: path.toLowerCase(),
      own: item.path !== undefined ? path.length - relative(path, around).length : around ? around.length + 1 : 0,
      title: title.toLowerCase(),
      about,
    },
    key: template.id,
  };
  for (const name of item.functions ?? []) {
    yield named({ id, kind: "function", path: around, title: name }, around, name, `${template.id} ${name}()`);
  }
  for (const [stored, tensors] of [["parameter", item.module?.parameters], ["buffer", item.module?.buffers]] as const) {
    for (const { name } of tensors ?? []) {
      const hit = { id, kind: stored, path: joined(item.path, name), title: name, stored: name };
      yield named(hit, item.path ?? "", name, `${template.id} ${name}`);
    }
  }
}

/** A candidate that has a name in a module. */
function named(hit: Hit, around: string, name: string, key: string): Candidate {
  const path = joined(around, name).toLowerCase();
  return { hit, called: { path, own: path.length - name.length, title: "", about: "" }, key };
}

function joined(around: string | undefined, name: string): string {
  return around ? `${around}.${name}` : name;
}

function kindOf({ item }: Instance): HitKind {
  if (item.kind === "input" || item.kind === "output") return item.kind;
  if (item.kind === "weight") return "parameter";
  if (item.function) return "function";
  if (item.module) return "module";
  return item.unit || item.contents || item.kind === "unused" ? "part" : "op";
}
