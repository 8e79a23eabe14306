import { divergingColour, heatColour } from "./theme";

/**
 * The scale of a heat map: which numbers its colours stand for.
 *
 * From 0 where nothing is negative, as far below it as above where some is, and from the lowest
 * number to the highest where all are.
 */
export interface Scale {
  readonly low: number;
  readonly high: number;
}

/** The scale on which all of some numbers are. */
export function scaleOf(numbers: readonly number[]): Scale {
  if (!numbers.length) return { low: 0, high: 0 };
  const low = numbers.reduce((a, b) => Math.min(a, b));
  const high = numbers.reduce((a, b) => Math.max(a, b));
  if (low >= 0) return { low: 0, high };
  if (high < 0) return { low, high };
  const far = Math.max(-low, high);
  return high > 0 ? { low: -far, high: far } : { low, high: 0 };
}

/** How far a number is on a scale, 0 to 1; 0 where the scale has no length. */
function shareOf({ low, high }: Scale, number: number): number {
  if (high <= low) return 0;
  return Math.min(Math.max((number - low) / (high - low), 0), 1);
}

/** The colour of a number, and of none that of 0; null where the scale has no 0. */
export function scaleColour(scale: Scale, number: number | undefined): string | null {
  if (number === undefined && scale.high < 0) return null;
  return colourAt(scale, shareOf(scale, number ?? 0));
}

/** The colour at a place of a scale, 0 to 1. */
export function colourAt({ low, high }: Scale, share: number): string {
  return low < 0 && high > 0 ? divergingColour(share) : heatColour(share);
}
