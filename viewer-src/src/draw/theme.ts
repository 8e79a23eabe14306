import type { Kind } from "../model/types";
import data from "./theme.json";

export type ThemeName = "light" | "dark" | "paper";

/** Everything that a picture's look depends on: that of modelviz/render/theme.py. */
export type Theme = (typeof data.themes)["light"];

export const THEMES: Readonly<Record<ThemeName, Theme>> = data.themes;

/** The kinds that a legend explains, in its order. */
export const LEGEND = data.legend as readonly Kind[];

/** What both drawings are measured by, as the files of these names in modelviz/render explain it. */
export const MEASURES = data.measures;

/** The colour of a place on the scale of a heat map, 0 to 1. */
export function heatColour(share: number): string {
  return between(data.heat, share);
}

/** The same on a scale with 0 in its middle. */
export function divergingColour(share: number): string {
  return between(data.diverging, share);
}

function between(stops: readonly string[], share: number): string {
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  return mix(stops[index]!, stops[index + 1]!, place - index);
}

/** The colour on the way from `a` to `b`: `a` at 0, `b` at 1. */
export function mix(a: string, b: string, share: number): string {
  const [left, right] = [channels(a), channels(b)];
  const mixed = left.map((x, index) => toEven(x + (right[index]! - x) * share));
  return "#" + mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("");
}

/** The nearest whole number, of two the even one, as Python rounds. */
function toEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

/** Dark or light, whichever can be read on a fill. */
export function readableOn(fill: string): string {
  const [red, green, blue] = channels(fill);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#1c2430" : "#ffffff";
}

function channels(colour: string): [number, number, number] {
  const at = (place: number): number => parseInt(colour.slice(place, place + 2), 16);
  return [at(1), at(3), at(5)];
}
