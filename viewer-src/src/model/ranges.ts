import type { Item } from "./types";

type Numbers = readonly [number, number];
export interface Ranges {
  readonly call: Numbers;
  readonly op: Numbers;
}

const known = new WeakMap<Item, Ranges>();

/** The number in an id and what it counts; undefined where the id is a name. */
export function numberIn(id: string): { kind: keyof Ranges; number: number } | undefined {
  const match = /^[bu]?f*([cox])(\d+)$/.exec(id);
  return match ? { kind: match[1] === "o" ? "op" : "call", number: Number(match[2]) } : undefined;
}

/** The least and the greatest number in the ids of an item, all inside, and all copies. */
export function rangesOf(item: Item): Ranges {
  const found = known.get(item);
  if (found) return found;
  const all: Ranges[] = (item.children ?? []).map(rangesOf);
  const own = numberIn(item.id);
  if (own) all.push({ ...EMPTY, [own.kind]: [own.number, own.number] });
  const one = { call: union(all.map(({ call }) => call)), op: union(all.map(({ op }) => op)) };
  const offsets = item.offsets ?? [];
  const result = {
    call: union([one.call, ...offsets.map(([, calls]) => moved(one.call, calls))]),
    op: union([one.op, ...offsets.map(([ops]) => moved(one.op, ops))]),
  };
  known.set(item, result);
  return result;
}

const NOTHING: Numbers = [Infinity, -Infinity];
const EMPTY: Ranges = { call: NOTHING, op: NOTHING };

function union(ranges: readonly Numbers[]): Numbers {
  let [least, greatest] = NOTHING;
  for (const [low, high] of ranges) {
    least = Math.min(least, low);
    greatest = Math.max(greatest, high);
  }
  return [least, greatest];
}

function moved([low, high]: Numbers, by: number): Numbers {
  return [low + by, high + by];
}
