import type { Kind, VisibleNode } from "../model/types";
import { gather } from "../gathering";
import { element, label, rect } from "./elements";
import { colourAt } from "./heat";
import { TINY } from "./lines";
import { type Figure, type Heat, type Look, figureText } from "./look";
import type { Plan } from "./plan";
import { LEGEND, MEASURES, type Theme } from "./theme";
import type { Block } from "./title";
import { measureText } from "../units";
import { nodesOf, walk } from "../model/walk";

/** What a colour or a dotted line stands for. */
export interface LegendEntry {
  readonly form: "box" | "dots";
  readonly text: string;
  readonly colour: string;
  /** The outline of what is pale. */
  readonly line?: string;
}

/** The scale of a heat map, with what its ends stand for. */
export interface HeatScale {
  readonly figure: Heat;
  readonly colours: readonly string[];
  readonly begin: string;
  readonly end: string;
}

/** What the colours and dotted lines of a picture mean, or the scale of its heat map. */
export interface Legend {
  readonly entries: readonly LegendEntry[];
  readonly heat: HeatScale | null;
}

const { STEPS, STEP } = MEASURES.legend;
const BLOCKS = MEASURES.legend.BLOCKS as readonly Kind[];

/** The legend of a plan; `dotted` is what its dotted lines stand for. */
export function legendOf(plan: Plan, dotted: ReadonlySet<string>): Legend {
  const { theme, heat } = plan.look;
  const dots = [...dotted]
    .sort()
    .map((text): LegendEntry => ({ form: "dots", text, colour: theme.edge }));
  if (heat !== null) return { entries: dots, heat: heatScale(plan, heat) };
  const nodes = nodesOf(plan.view.items).filter((node) => !node.item.colour);
  const kinds = new Set(nodes.map((node) => node.item.kind));
  return { entries: [...colours(theme, kinds), ...authored(plan), ...dots], heat: null };
}

/** What an author gave colours to by class or op, as far as it is seen. */
function authored({ view, look: { theme } }: Plan): LegendEntry[] {
  const shown = new Set([...walk(view.items)].map(({ type, item }) => (type === "group" && item.unit ? "" : item.title)));
  const line = theme.coloured ? {} : { line: theme.edge };
  return (view.author?.classes ?? [])
    .filter(([title]) => shown.has(title))
    .map(([, text, colour]) => ({ form: "box", text, colour, ...line }));
}

/** What the colours mean: kinds of layers, those of one grey together where there are no others. */
function colours(theme: Theme, kinds: ReadonlySet<Kind>): LegendEntry[] {
  const form = "box";
  if (theme.coloured) {
    return LEGEND.filter((kind) => kinds.has(kind)).map((kind) => ({ form, text: kind, colour: theme.hues[kind] }));
  }
  const greys = new Map<string, Kind[]>();
  for (const kind of [...LEGEND, ...BLOCKS]) {
    const grey = theme.paints.plain[kind].fill;
    if (kinds.has(kind) && grey !== theme.background) gather(greys, grey, kind);
  }
  return [...greys].map(([colour, names]) => ({ form, text: names.join(", "), colour, line: theme.edge }));
}

function heatScale(plan: Plan, figure: Heat): HeatScale {
  const { look, scale } = plan;
  const colours = Array.from({ length: STEPS }, (_, index) => colourAt(scale, index / (STEPS - 1)));
  if (look.overlay) {
    const { unit } = look.overlay;
    const begin = scale.low ? measureText(scale.low, unit) : "0";
    return { figure, colours, begin, end: `${figure} ${measureText(scale.high, unit)}` };
  }
  const number = ({ figures }: VisibleNode): number => figures[figure as Figure] ?? 0;
  const [most] = nodesOf(plan.view.items).sort((a, b) => number(b) - number(a));
  const copies = most && most.multiple > 1 ? ` in all ${most.multiple} copies` : "";
  const end = figureText(figure as Figure, scale.high) + copies;
  return { figure, colours, begin: "0", end: figure === "seconds" ? `time ${end}` : end };
}

/** A legend drawn in lines of at most a width, from (0, 0). */
export function legendMark(legend: Legend, width: number, look: Look): Block {
  const marks: SVGElement[] = [];
  const how = { size: TINY, colour: look.theme.muted };
  let [x, y, widest] = [0, 0, 0];
  if (legend.heat) {
    const left = look.width(legend.heat.begin, TINY) + 5;
    legend.heat.colours.forEach((fill, index) => {
      marks.push(rect(left + index * STEP, 1, STEP + 0.2, 9, 0, { fill }));
    });
    const right = left + STEPS * STEP + 5;
    marks.push(label(legend.heat.begin, 0, 8.5, how, look), label(legend.heat.end, right, 8.5, how, look));
    widest = right + look.width(legend.heat.end, TINY);
    y = 16;
  }
  for (const { form, text, colour, line } of legend.entries) {
    const step = 14 + look.width(text, TINY) + 14;
    if (x && x + step - 14 > width) [x, y] = [0, y + 14];
    if (form === "box") {
      marks.push(rect(x, y + 1, 9, 9, 2.5, { fill: colour, ...(line ? { stroke: line, line: 0.5 } : {}) }));
    } else {
      const ends = { x1: x - 1, y1: y + 5.5, x2: x + 10, y2: y + 5.5, stroke: colour };
      const dots = { "stroke-dasharray": "1 3", "stroke-linecap": "round" };
      marks.push(element("line", { ...ends, ...dots }));
    }
    marks.push(label(text, x + 13, y + 8.5, how, look));
    x += step;
    widest = Math.max(widest, x - 14);
  }
  const height = marks.length ? y + (legend.entries.length ? 12 : -4) : 0;
  return { mark: element("g", { class: "legend" }, marks), width: widest, height };
}
