import type { View } from "../model/types";
import { element, label } from "./elements";
import type { Look } from "./look";
import { oneLine } from "./texts";
import { flopsText, paramsText, secondsText } from "../units";

/** Marks that stand together from (0, 0), and how much room they take. */
export interface Block {
  readonly mark: SVGGElement;
  readonly width: number;
  readonly height: number;
}

const LINE = 86;

/** The title of a picture: the model's name, its totals, and why its forward failed. */
export function titleMark(view: View, name: string, look: Look): Block {
  const { text, muted, error } = look.theme;
  const { params, flops, seconds } = view.figures;
  const facts: string[] = [];
  if (params) facts.push(paramsText(params).replace("params", "parameters"));
  if (flops || !view.counted) facts.push(`${view.counted ? "" : "at least "}${flopsText(flops)}`);
  if (seconds && look.heat === "seconds") facts.push(secondsText(seconds));
  const lines = [
    { text: oneLine(name), rise: 13, how: { size: 15, colour: text, bold: true } },
    { text: facts.join(" · "), rise: 15, how: { size: 9.5, colour: muted } },
    ...wrapped(view.failure).map((line) => ({
      text: line,
      rise: 14,
      how: { size: 9.5, colour: error, bold: true },
    })),
  ].filter((line) => line.text);
  let y = 0;
  const marks = lines.map((line) => label(line.text, 0, (y += line.rise), line.how, look));
  const widths = lines.map(({ text, how }) => look.width(text, how.size, "bold" in how));
  const height = marks.length ? y + 16 : 0;
  return { mark: element("g", { class: "title" }, marks), width: Math.max(0, ...widths), height };
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LINE) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
