import type { View } from "../model/types";
import { element, label } from "./elements";
import type { Look } from "./look";
import { MAX_NAME } from "./cards";
import { cut } from "./texts";
import { MEASURES } from "./theme";
import { flopsText, paramsText, secondsText } from "../units";

/** Marks that stand together from (0, 0), and how much room they take. */
export interface Block {
  readonly mark: SVGGElement;
  readonly width: number;
  readonly height: number;
}

const { NAME, FACTS } = MEASURES.title;

/**
 * The title of a picture: the model's name, its totals, and why its forward failed, in lines of
 * which those with spaces are no wider than `room`.
 */
export function titleMark(view: View, name: string, look: Look, room: number): Block {
  const { text, muted, error } = look.theme;
  const { params, flops, seconds } = view.figures;
  const facts: string[] = [];
  if (params) facts.push(paramsText(params).replace("params", "parameters"));
  if (flops || !view.counted) facts.push(`${view.counted ? "" : "at least "}${flopsText(flops)}`);
  if (seconds && look.heat === "seconds") facts.push(secondsText(seconds));
  const plain = (line: string): number => look.width(line, FACTS);
  const bold = (line: string): number => look.width(line, FACTS, true);
  const lines = [
    { text: named(name, look, room), rise: 13, how: { size: NAME, colour: text, bold: true } },
    ...wrapped(facts.join(" · "), room, plain).map((line, index) => ({
      text: line,
      rise: index ? 14 : 15,
      how: { size: FACTS, colour: muted },
    })),
    ...wrapped(view.failure, Math.min(room, 440), bold).map((line) => ({
      text: line,
      rise: 14,
      how: { size: FACTS, colour: error, bold: true },
    })),
  ].filter((line) => line.text);
  let y = 0;
  const marks = lines.map((line) => label(line.text, 0, (y += line.rise), line.how, look));
  const widths = lines.map(({ text, how }) => look.width(text, how.size, "bold" in how));
  const height = marks.length ? y + 16 : 0;
  return { mark: element("g", { class: "title" }, marks), width: Math.max(0, ...widths), height };
}

function named(text: string, look: Look, room: number): string {
  let name = cut(text, MAX_NAME);
  while ([...name].length > 8 && look.width(name, NAME, true) > room) {
    name = cut(name, [...name].length - 1);
  }
  return name;
}

function wrapped(text: string, room: number, width: (line: string) => number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && width(`${last} ${word}`) <= room) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
