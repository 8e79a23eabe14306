import type { FirstPlaces } from "../model/document";
import type { Figures, Overlay, View, Visible } from "../model/types";
import { type Measure, measureText } from "./measure";
import type { Room } from "./room";
import { MEASURES, THEMES, type Theme, type ThemeName } from "./theme";
import { bytesText, flopsText, measureText as unitText, paramsText, secondsText } from "../units";

export type Direction = "TB" | "LR";
export type Figure = "params" | "flops" | "memory" | "seconds";
/** What colours can stand for: a figure, or the name of one that was put on the graph. */
export type Heat = Figure | (string & {});

/** What the reader asks of the picture, beyond what it shows. */
export interface ViewerStyle {
  readonly theme: ThemeName;
  readonly direction: Direction;
  /** The figure that colours stand for; null for the kinds of the nodes. */
  readonly heat: Heat | null;
  /** The room that a long picture is to fill in columns; without one it is not cut. */
  readonly room?: Room;
  /** Where everything stands, where that is known. */
  readonly places?: FirstPlaces;
}

/** A style with all that it takes to size and paint: its theme, and how wide text is. */
export interface Look {
  readonly theme: Theme;
  readonly direction: Direction;
  readonly heat: Heat | null;
  /** What `heat` names where it is none of the figures. */
  readonly overlay: Overlay | null;
  readonly show: ReadonlySet<string>;
  /** The room that a sign for opening or closing takes: none in a picture that stands still. */
  readonly sign: number;
  /** The width of one line of text in points. */
  width(text: string, size: number, bold?: boolean): number;
}

const { SIGN } = MEASURES.first_places;

/** The look of a view in a style; what is `acting` can be clicked. */
export function lookOf(
  style: ViewerStyle,
  { show, overlays = [] }: Pick<View, "show" | "overlays">,
  measure: Measure = measureText,
  acting = true,
): Look {
  const theme = THEMES[style.theme];
  const width = (text: string, size: number, bold = false): number =>
    measure(text, size, bold, theme.family);
  const sign = acting ? SIGN : 0;
  const { direction, heat } = style;
  const overlay = isFigure(heat) ? null : (overlays.find(({ name }) => name === heat) ?? null);
  return { theme, direction, heat: overlay || isFigure(heat) ? heat : null, overlay, show, sign, width };
}

export function isFigure(heat: Heat | null): heat is Figure {
  return heat !== null && heat in FIGURES;
}

/** The number of something in a figure that was put on the graph. */
export function overlayValue({ modules, ops }: Overlay, id: string, path: string | undefined): number | undefined {
  const numbers = path === undefined ? ops : modules;
  const key = path ?? id;
  return Object.hasOwn(numbers, key) ? numbers[key] : undefined;
}

/** The figure that colours stand for: 0 where they stand for kinds, undefined where it has none. */
export function heatValue({ id, path, figures }: Visible, { heat, overlay }: Look): number | undefined {
  if (overlay) return overlayValue(overlay, id, path);
  return isFigure(heat) ? (figures[heat] ?? 0) : 0;
}

/** The figures in their order: what a view calls each, what a reader does, and how it is written. */
const FIGURES: Readonly<Record<Figure, readonly [name: string, label: string, write: (value: number) => string]>> = {
  params: ["params", "params", paramsText],
  flops: ["flops", "FLOPs", flopsText],
  memory: ["memory", "memory", bytesText],
  seconds: ["time", "time", secondsText],
};
/** Their names. */
export const NAMES = Object.keys(FIGURES) as readonly Figure[];

/** What a reader calls a figure. */
export function figureLabel(figure: Figure): string {
  return FIGURES[figure][1];
}

/** A figure with its unit. */
export function figureText(figure: Figure, value: number): string {
  return FIGURES[figure][2](value);
}

function isShown(figure: Figure, show: ReadonlySet<string>): boolean {
  return show.has(FIGURES[figure][0]);
}

/** The figures that are to be shown, those that are not zero, with units. */
export function figureTexts(figures: Figures, look: Look): string[] {
  return NAMES.filter((name) => isShown(name, look.show) && figures[name])
    .map((name) => figureText(name, figures[name] ?? 0));
}

/**
 * The figure that colours stand for, where it is not shown already.
 *
 * It takes no room of its own: colours change nothing else.
 */
export function heatText({ id, path, each }: Visible, { heat, overlay, show }: Look): string {
  if (overlay) {
    const value = overlayValue(overlay, id, path);
    return value === undefined ? "" : unitText(value, overlay.unit);
  }
  if (!isFigure(heat) || isShown(heat, show) || !each[heat]) return "";
  return figureText(heat, each[heat] ?? 0);
}
