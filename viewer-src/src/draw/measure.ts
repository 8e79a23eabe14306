/** The width of one line of text, in the unit of `size`. */
export type Measure = (text: string, size: number, bold: boolean, family: string) => number;

const MEASURED_AT = 100;
const KEPT = 20_000;

const widths = new Map<string, number>();
let context: CanvasRenderingContext2D | null | undefined;

/** The width of text as this browser draws it. */
export const measureText: Measure = (text, size, bold, family) => {
  const key = `${bold ? "b" : "n"}${family}\n${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    context ??= document.createElement("canvas").getContext("2d");
    if (!context) throw new Error("this browser has no canvas to measure text with");
    context.font = `${bold ? "bold " : ""}${MEASURED_AT}px ${family}`;
    width = context.measureText(text).width / MEASURED_AT;
    if (widths.size >= KEPT) widths.clear();
    widths.set(key, width);
  }
  return width * size;
};
