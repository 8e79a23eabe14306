/** Which visible things bear the marks of a document: changes of a diff, findings of a check. */

import type { Doc, Mark, Sign, State, Tone, Visible } from "./types";

/** Finds the instance of an id, and the visible thing that stands for it. */
interface Finder {
  has(id: string): boolean;
  standIn(state: State, id: string): string | undefined;
}

/** The graver a tone, the earlier it stands. */
const ORDER: readonly Tone[] = ["removed", "added", "changed", "error", "warning", "info"];

export class Signs {
  /** For each entry the ids of the items that it is about. */
  readonly ids: readonly (readonly string[])[];

  constructor(
    doc: Doc,
    private readonly finder: Finder,
  ) {
    this.ids = (doc.marks?.entries ?? []).map(({ places }) => [
      ...new Set(places.flatMap((ids) => ids.find((id) => finder.has(id)) ?? [])),
    ]);
    this.entries = doc.marks?.entries ?? [];
  }

  private readonly entries: readonly Mark[];

  /** The items with the signs of what is to be told of them and of what is hidden inside. */
  put(items: readonly Visible[], state: State): Visible[] {
    if (!this.entries.length) return [...items];
    const found = this.found(state);
    const changes = this.entries.some(({ tone }) => CHANGES.includes(tone));
    const visit = (item: Visible): Visible => {
      const signs = found.get(item.id);
      const own = signs ? { signs: signs.filter((sign) => item.type === "node" || !sign.inside) } : {};
      if (item.type === "group") return { ...item, ...own, children: item.children.map(visit) };
      return changes && !signs ? { ...item, pale: true } : { ...item, ...own };
    };
    return items.map(visit);
  }

  private found(state: State): Map<string, Sign[]> {
    const found = new Map<string, Sign[]>();
    this.entries.forEach(({ tone, sign }, place) => {
      for (const id of this.ids[place]!) {
        const seen = this.finder.standIn(state, id);
        if (seen === undefined) continue;
        const inside = seen !== id;
        const signs = found.get(seen) ?? [];
        const same = signs.findIndex((one) => one.sign === sign && one.inside === inside);
        if (same < 0) signs.push({ tone, sign, inside, count: 1 });
        else signs[same] = { ...signs[same]!, count: signs[same]!.count + 1 };
        found.set(seen, signs);
      }
    });
    for (const signs of found.values()) signs.sort((a, b) => ORDER.indexOf(a.tone) - ORDER.indexOf(b.tone));
    return found;
  }
}

/** The tone that colours a whole node: that of a change of it. */
export function toneOf(item: Visible): Tone | undefined {
  return item.signs?.find(({ tone, inside }) => !inside && CHANGES.includes(tone))?.tone;
}

const CHANGES: readonly Tone[] = ["removed", "added", "changed"];
