import type { Figures } from "../model/types";
import { type Measure, measureText } from "./measure";
import { THEMES, type Theme, type ThemeName } from "./theme";
import { bytesText, flopsText, paramsText, secondsText } from "../units";

export type Direction = "TB" | "LR";
export type Figure = "params" | "flops" | "memory" | "seconds";

/** What the reader asks of the picture, beyond what it shows. */
export interface ViewerStyle {
  readonly theme: ThemeName;
  readonly direction: Direction;
  /** The figure that colours stand for; null for the kinds of the nodes. */
  readonly heat: Figure | null;
}

/** A style with all that it takes to size and paint: its theme, and how wide text is. */
export interface Look {
  readonly theme: Theme;
  readonly direction: Direction;
  readonly heat: Figure | null;
  readonly show: ReadonlySet<string>;
  /** The room that a sign for opening or closing takes: none in a picture that stands still. */
  readonly sign: number;
  /** The width of one line of text in points. */
  width(text: string, size: number, bold?: boolean): number;
}

const SIGN = 11;

/** The look of a style; `show` is what the view shows, and what is `acting` can be clicked. */
export function lookOf(
  style: ViewerStyle,
  show: ReadonlySet<string>,
  measure: Measure = measureText,
  acting = true,
): Look {
  const theme = THEMES[style.theme];
  const width = (text: string, size: number, bold = false): number =>
    measure(text, size, bold, theme.family);
  const sign = acting ? SIGN : 0;
  return { theme, direction: style.direction, heat: style.heat, show, sign, width };
}

const WRITE: Readonly<Record<Figure, (value: number) => string>> = {
  params: paramsText,
  flops: flopsText,
  memory: bytesText,
  seconds: secondsText,
};

/** What a view calls the figures that it shows. */
const SHOWN_AS: Readonly<Record<Figure, string>> = {
  params: "params",
  flops: "flops",
  memory: "memory",
  seconds: "time",
};

/** A figure with its unit. */
export function figureText(figure: Figure, value: number): string {
  return WRITE[figure](value);
}

/** The figures that are to be shown, those that are not zero, with units. */
export function figureTexts(figures: Figures, look: Look): string[] {
  const names: readonly Figure[] = ["params", "flops", "memory", "seconds"];
  return names
    .filter((name) => look.show.has(SHOWN_AS[name]) && figures[name])
    .map((name) => figureText(name, figures[name] ?? 0));
}

/**
 * The figure that colours stand for, where it is not shown already.
 *
 * It takes no room of its own: colours change nothing else.
 */
export function heatText(figures: Figures, { heat, show }: Look): string {
  if (heat === null || show.has(SHOWN_AS[heat]) || !figures[heat]) return "";
  return figureText(heat, figures[heat] ?? 0);
}
