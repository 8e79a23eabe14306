/** Figures as a reader takes them in, and exactly; short forms are those of the picture. */

import { countText, shapeText } from "../draw/texts";
import type { TensorLabel } from "../model/types";

/** `25,557,032`. */
export function exact(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `25.6 M`. */
export function short(value: number): string {
  return countText(value);
}

/** `12.3%` of a whole; what would read as nothing is below 0.1%. */
export function share(part: number, whole: number): string {
  if (!whole || !part) return "";
  const percent = (100 * part) / whole;
  if (percent < 0.1) return "< 0.1%";
  return `${percent >= 99.95 ? 100 : Number(percent.toFixed(1))}%`;
}

/** `1×64×56×56 float32`. */
export function tensor(label: TensorLabel): string {
  return [shapeText(label.shape), label.dtype].filter(Boolean).join(" ");
}
