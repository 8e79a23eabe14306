import type { Visible, VisibleNode } from "../model/types";
import { element, label, rect } from "./elements";
import { TINY } from "./lines";
import { type Figure, type Look, figureText } from "./look";
import type { Plan } from "./plan";
import { LEGEND, heatColour } from "./theme";
import type { Block } from "./title";
import { nodesOf } from "../model/walk";

/** What a colour or a dotted line stands for. */
export interface LegendEntry {
  readonly form: "box" | "dots";
  readonly text: string;
  readonly colour: string;
}

/** The scale of a heat map, from nothing to the largest figure. */
export interface HeatScale {
  readonly figure: Figure;
  readonly colours: readonly string[];
  readonly end: string;
}

/** What the colours and dotted lines of a picture mean, or the scale of its heat map. */
export interface Legend {
  readonly entries: readonly LegendEntry[];
  readonly heat: HeatScale | null;
}

const STEPS = 24;

/** The legend of a plan; `dotted` is what its dotted lines stand for. */
export function legendOf(plan: Plan, dotted: ReadonlySet<string>): Legend {
  const { theme, heat } = plan.look;
  const dots = [...dotted]
    .sort()
    .map((text): LegendEntry => ({ form: "dots", text, colour: theme.edge }));
  if (heat !== null) return { entries: dots, heat: heatScale(plan, heat) };
  const kinds = new Set(nodesOf(plan.view.items).map((node) => node.item.kind));
  const boxes = LEGEND.filter((kind) => kinds.has(kind) && theme.coloured).map(
    (kind): LegendEntry => ({ form: "box", text: kind, colour: theme.hues[kind] }),
  );
  return { entries: [...boxes, ...dots], heat: null };
}

function heatScale(plan: Plan, figure: Figure): HeatScale {
  const most = largestNode(plan.view.items, figure, 1);
  const copies = most && most.copies > 1 ? ` in all ${most.copies} copies` : "";
  const colours = Array.from({ length: STEPS }, (_, index) => heatColour(index / (STEPS - 1)));
  const end = figureText(figure, plan.most) + copies;
  return { figure, colours, end: figure === "seconds" ? `time ${end}` : end };
}

/** The node with the largest figure, and how many copies it stands for, all around it included. */
function largestNode(
  items: readonly Visible[],
  figure: Figure,
  around: number,
): { readonly node: VisibleNode; readonly copies: number } | null {
  let best: { readonly node: VisibleNode; readonly copies: number } | null = null;
  for (const item of items) {
    const copies = around * item.copies;
    const found =
      item.type === "node" ? { node: item, copies } : largestNode(item.children, figure, copies);
    const value = found?.node.figures[figure] ?? 0;
    if (found && value > (best?.node.figures[figure] ?? -1)) best = found;
  }
  return best;
}

/** A legend drawn in lines of at most a width, from (0, 0). */
export function legendMark(legend: Legend, width: number, look: Look): Block {
  const marks: SVGElement[] = [];
  const how = { size: TINY, colour: look.theme.muted };
  let [x, y, widest] = [0, 0, 0];
  if (legend.heat) {
    const step = Math.max(5, (look.width(legend.heat.end, TINY) + 16) / STEPS);
    legend.heat.colours.forEach((fill, index) => {
      marks.push(rect(index * step, 0, step + 0.2, 9, 0, { fill }));
    });
    const end = STEPS * step;
    marks.push(label("0", 0, 20, how, look));
    marks.push(label(legend.heat.end, end, 20, { ...how, anchor: "end" }, look));
    widest = end;
    y = 26;
  }
  for (const { form, text, colour } of legend.entries) {
    const step = 14 + look.width(text, TINY) + 14;
    if (x && x + step - 14 > width) [x, y] = [0, y + 14];
    if (form === "box") {
      marks.push(rect(x, y + 1, 9, 9, 2.5, { fill: colour }));
    } else {
      const line = { x1: x - 1, y1: y + 5.5, x2: x + 10, y2: y + 5.5, stroke: colour };
      const dots = { "stroke-dasharray": "1 3", "stroke-linecap": "round" };
      marks.push(element("line", { ...line, ...dots }));
    }
    marks.push(label(text, x + 13, y + 8.5, how, look));
    x += step;
    widest = Math.max(widest, x - 14);
  }
  const height = marks.length ? y + (legend.entries.length ? 12 : -4) : 0;
  return { mark: element("g", { class: "legend" }, marks), width: widest, height };
}
