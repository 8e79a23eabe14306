/** How well the words of a search fit what something is called. */

/** From best to worst; `none` is no hit. */
export const Rank = { whole: 0, exact: 1, start: 2, part: 3, about: 4, scattered: 5, none: 9 } as const;

/** What something is called. All of it is in lower case. */
export interface Called {
  /** The whole path, with what is around it. */
  readonly path: string;
  /** Where its own name begins in the path. */
  readonly own: number;
  /** Its class, its op, or the name of a function. */
  readonly title: string;
  /** What else is told of it: its configuration, what it holds. */
  readonly about: string;
}

/**
 * The rank of the worst word, and the sum of all. Each word has to fit somewhere, and one of them
 * what is called so itself: what is inside of it is not meant, unless another word says so.
 */
export function rankOf(called: Called, words: readonly string[]): { worst: number; sum: number } | undefined {
  let [worst, sum, own] = [0, 0, false];
  for (const word of words) {
    const itself = ownRank(called, word);
    const rank = Math.min(itself, aroundRank(called, word));
    if (rank >= Rank.scattered) return undefined;
    own ||= itself < Rank.scattered;
    worst = Math.max(worst, rank);
    sum += rank;
  }
  return own ? { worst, sum } : undefined;
}

/**
 * How far the letters of a word lie apart where they stand in a name in their order; undefined
 * where they do not. The last letter is one of its own name.
 */
export function spread({ path, own, title }: Called, word: string): number | undefined {
  const spreads = [
    lastSpread(path, word, own),
    lastSpread(title, word, 0),
  ].filter((one) => one !== undefined);
  return spreads.length ? Math.min(...spreads) : undefined;
}

function ownRank({ path, own, title, about }: Called, word: string): number {
  if (path === word || (path && path.slice(own) === word)) return path === word ? Rank.whole : Rank.exact;
  let best: number = title === word ? Rank.exact : title.startsWith(word) ? Rank.start : Rank.none;
  if (best === Rank.none && title.includes(word)) best = Rank.part;
  // Only where it reaches into the own name.
  for (let at = path.indexOf(word, Math.max(own - word.length + 1, 0)); at >= 0; at = path.indexOf(word, at + 1)) {
    if (at + word.length <= own) continue;
    const starts = at === 0 || path[at - 1] === ".";
    const ends = at + word.length === path.length;
    best = Math.min(best, starts && ends ? Rank.exact : starts ? Rank.start : Rank.part);
  }
  return best === Rank.none && about.includes(word) ? Rank.about : best;
}

function aroundRank({ path, own }: Called, word: string): number {
  const around = path.slice(0, own);
  const at = around.indexOf(word);
  if (at < 0) return Rank.none;
  return `.${around}`.includes(`.${word}`) ? Rank.start : Rank.part;
}

/** The shortest stretch of a text that ends at its latest fit and holds the letters in order. */
function lastSpread(text: string, letters: string, own: number): number | undefined {
  let at = text.length;
  let end = -1;
  for (let place = letters.length - 1; place >= 0; place--) {
    at = at > 0 ? text.lastIndexOf(letters[place]!, at - 1) : -1;
    if (at < 0) return undefined;
    if (end < 0) end = at;
  }
  return end >= own ? end - at : undefined;
}
