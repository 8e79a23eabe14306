/** Which visible things bear the marks of a document, as in modelviz/view/signs.py. */

import type { Doc, Explorer, Sign, State, Visible } from "./types";

export class Signs {
  /** For each entry the ids of the items that it is about. */
  readonly ids: readonly (readonly string[])[];

  constructor(
    private readonly doc: Doc,
    private readonly explorer: Explorer,
  ) {
    this.ids = (doc.marks?.entries ?? []).map(({ places }) => [
      ...new Set(places.flatMap((ids) => ids.find((id) => explorer.bears(id)) ?? [])),
    ]);
  }

  /** The items with the signs of what is to be told of them and of what is hidden inside. */
  signed(items: readonly Visible[], state: State): Visible[] {
    if (!this.doc.marks?.entries.length) return [...items];
    const found = this.found(state);
    const fills = this.doc.marks.fills ?? false;
    const put = (item: Visible): Visible => {
      const signs = found.get(item.id) ?? [];
      const own = signs.filter(({ inside }) => !inside);
      const tone = fills && own[0] ? { tone: own[0].tone } : {};
      if (item.type === "group") return { ...item, signs: own, ...tone, children: item.children.map(put) };
      return { ...item, signs, ...tone, ...(fills && !signs.length ? { pale: true } : {}) };
    };
    return items.map(put);
  }

  /** The signs of each visible item, by its id, in the order of the marks. */
  private found(state: State): Map<string, Sign[]> {
    const found = new Map<string, Sign[]>();
    const counted = new Set<string>();
    this.doc.marks!.entries.forEach(({ tone, sign, word = "" }, place) => {
      for (const id of this.ids[place]!) {
        const seen = this.explorer.standIn(state, id);
        if (seen === undefined) continue;
        // What is marked in a copy of what is folded is marked in the fold itself.
        const inside = seen !== id && this.explorer.copyOf(id) !== seen;
        const again = !inside && counted.has(`${sign} ${id}`);
        counted.add(`${sign} ${id}`);
        const signs = found.get(seen) ?? [];
        const same = signs.findIndex((one) => one.sign === sign && one.inside === inside);
        if (same < 0) signs.push({ tone, sign, word, inside, count: 1 });
        else if (!again) signs[same] = { ...signs[same]!, count: signs[same]!.count + 1 };
        found.set(seen, signs);
      }
    });
    return found;
  }
}
