import type { Visible } from "../model/types";
import { walk } from "../model/walk";

/** What says how often something is there, and what a click on it does. */
export interface Badge {
  readonly text: string;
  readonly action: "unfold" | "fold";
  /** The item that is to be unfolded or folded. */
  readonly id: string;
}

/** The badges by node or group: of what is folded, and of the first of copies that were. */
export function badgesOf(items: readonly Visible[]): Map<string, Badge> {
  const result = new Map<string, Badge>();
  const firsts = new Map<string, { readonly id: string; copies: number }>();
  for (const item of walk(items)) {
    if (item.copies > 1) {
      const beside = item.item.chained === false ? " side by side" : "";
      const text = `× ${item.copies}${beside}`;
      result.set(item.id, { text, action: "unfold", id: item.id });
    } else if (item.foldOf !== undefined) {
      const first = firsts.get(item.foldOf);
      if (first) first.copies += 1;
      else firsts.set(item.foldOf, { id: item.id, copies: 1 });
    }
  }
  for (const [fold, { id, copies }] of firsts) {
    result.set(id, { text: `fold ${copies}`, action: "fold", id: fold });
  }
  return result;
}
