/** What is open at each depth, made when it is first asked for. */

import type { Explorer, State } from "../model/types";

export class Depths {
  private readonly states: (State | undefined)[] = [];

  constructor(private readonly explorer: Explorer) {}

  /** Number of levels. */
  get count(): number {
    return this.explorer.depth;
  }

  at(depth: number): State {
    return (this.states[depth] ??= this.explorer.openTo(depth));
  }

  /** The depth whose modules are just those that are open in a state. */
  of(state: State): number | undefined {
    for (let depth = 1; depth <= this.count; depth++) {
      if (same(this.at(depth), state)) return depth;
    }
    return undefined;
  }
}

/** Whether two states show the same. */
export function same(a: State, b: State): boolean {
  return equal(a.open, b.open) && equal(a.unfolded, b.unfolded);
}

function equal(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id));
}
