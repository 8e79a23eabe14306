import type { Badge } from "./badges";
import type { Point } from "../layout/places";
import { SMALL, badgeWidth } from "./lines";
import type { Look } from "./look";
import { printable } from "./texts";

const SVG = "http://www.w3.org/2000/svg";

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An SVG element; numbers are rounded to hundredths, attributes without a value left out. */
export function element<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes,
  children: readonly Node[] = [],
): SVGElementTagNameMap[K] {
  const result = document.createElementNS(SVG, name);
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined) {
      result.setAttribute(key, typeof value === "number" ? number(value) : value);
    }
  }
  for (const child of children) result.appendChild(child);
  return result;
}

/** A number as SVG text: hundredths at most. */
export function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** What a rectangle is painted with, beyond its place. */
export interface Paint {
  readonly fill?: string;
  readonly stroke?: string;
  readonly line?: number;
  readonly dashed?: boolean;
  readonly class?: string;
}

/** A rectangle with round corners. */
export function rect(
  left: number,
  top: number,
  width: number,
  height: number,
  radius: number,
  paint: Paint,
): SVGRectElement {
  return element("rect", {
    x: left,
    y: top,
    width: Math.max(width, 0),
    height: Math.max(height, 0),
    rx: radius || undefined,
    ...painted(paint),
  });
}

/** A rectangle of which only the upper or only the lower corners may be round. */
export function partlyRound(
  left: number,
  top: number,
  width: number,
  height: number,
  radius: number,
  [roundTop, roundBottom]: readonly [boolean, boolean],
  paint: Paint,
): SVGElement {
  if (roundTop && roundBottom) return rect(left, top, width, height, radius, paint);
  const [u, l] = [roundTop ? radius : 0, roundBottom ? radius : 0];
  const [right, bottom] = [left + width, top + height];
  const n = number;
  const d =
    `M${n(left)} ${n(top + u)}q0 ${n(-u)} ${n(u)} ${n(-u)}H${n(right - u)}` +
    `q${n(u)} 0 ${n(u)} ${n(u)}V${n(bottom - l)}q0 ${n(l)} ${n(-l)} ${n(l)}H${n(left + l)}` +
    `q${n(-l)} 0 ${n(-l)} ${n(-l)}Z`;
  return element("path", { d, ...painted(paint) });
}

function painted(paint: Paint): Attributes {
  return {
    class: paint.class,
    fill: paint.fill ?? "none",
    stroke: paint.stroke,
    "stroke-width": paint.line,
    "stroke-dasharray": paint.dashed ? "3 2.5" : undefined,
  };
}

/** How a line of text is drawn. */
export interface Lettering {
  readonly size: number;
  readonly colour: string;
  readonly bold?: boolean | undefined;
  readonly anchor?: "middle" | "end";
}

/** A line of text whose base line begins, is centred, or ends at a point. */
export function label(
  text: string,
  x: number,
  base: number,
  how: Lettering,
  look: Look,
): SVGTextElement {
  // A leading space would be dropped.
  const said = text.trimStart();
  const lead = how.anchor ? 0 : (text.length - said.length) * look.width(" ", how.size, how.bold);
  const result = element("text", {
    x: x + lead,
    y: base,
    "font-size": how.size,
    fill: how.colour,
    "font-weight": how.bold ? "bold" : undefined,
    "text-anchor": how.anchor,
  });
  result.textContent = printable(said);
  return result;
}

/** A badge that begins at `x`, its text on the base line `base`; a click on it acts. */
export function badgeMark(badge: Badge, x: number, base: number, look: Look): SVGGElement {
  const { text, background, muted } = look.theme;
  const width = badgeWidth(badge, look);
  const folds = badge.action === "fold";
  const paint = folds ? { fill: "transparent", stroke: muted, line: 0.8 } : { fill: text };
  const how = {
    size: SMALL,
    colour: folds ? muted : background,
    bold: true,
    anchor: "middle",
  } as const;
  return element(
    "g",
    { class: `action badge ${badge.action}`, "data-action": badge.action, "data-id": badge.id },
    [
      rect(x, base - 9.2, width, 12.4, 6.2, paint),
      label(badge.text, x + width / 2, base, how, look),
    ],
  );
}

/** The sign that something opens or closes, its middle at a point; a click on it acts. */
export function signMark(
  action: "open" | "close",
  id: string,
  x: number,
  y: number,
  colour: string,
): SVGGElement {
  const n = number;
  const d =
    action === "open"
      ? `M${n(x - 1.7)} ${n(y - 3.2)}l3.2 3.2l-3.2 3.2`
      : `M${n(x - 3.2)} ${n(y - 1.7)}l3.2 3.2l3.2 -3.2`;
  const line = { fill: "none", stroke: colour, "stroke-width": 1.3, "stroke-linecap": "round" };
  return element("g", { class: `action sign ${action}`, "data-action": action, "data-id": id }, [
    rect(x - 7, y - 7, 14, 14, 4, { fill: "transparent", class: "target" }),
    element("path", { d, ...line, "stroke-linejoin": "round" }),
  ]);
}

/** The path of cubic Bezier segments: one point, then three for each segment. */
export function curvePath(points: readonly Point[]): string {
  const [first, ...rest] = points.map(([x, y]) => `${number(x)},${number(y)}`);
  return rest.length ? `M${first}C${rest.join(" ")}` : `M${first}`;
}
