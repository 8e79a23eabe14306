/** Reads the marks of SVG elements back, for the tests that compare them with Python's. */

export type Mark = readonly unknown[];

/** Every mark in an element, in order, without what only a pointer meets. */
export function marksOf(element: Element): Mark[] {
  if (/\b(ring|hit|target|sign)\b/.test(element.getAttribute("class") ?? "")) return [];
  switch (element.localName) {
    case "g":
      return [...element.children].flatMap(marksOf);
    case "rect":
      return [rect(element)];
    case "text":
      return [text(element)];
    case "polygon":
      return [["polygon", pairs(element.getAttribute("points")!), element.getAttribute("fill")]];
    case "line": {
      const [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map((name) => number(element, name));
      return [path(element, [[x1!, y1!], [x2!, y2!]])];
    }
    default: {
      const d = element.getAttribute("d")!;
      const half = HALF.exec(d);
      return half ? [halfRound(element, half.slice(1).map(Number))] : curves(d).map((points) => path(element, points));
    }
  }
}

/** A rectangle of which some corners are round, as `partlyRound` writes it. */
const HALF = /^M(\S+) (\S+)q0 (\S+) (?:\S+) (?:\S+)H(\S+)q(?:\S+) 0 (?:\S+) (?:\S+)V(\S+)q0 (\S+) /;

function halfRound(element: Element, [left, start, up, right, bottom, down]: number[]): Mark {
  const [u, l] = [-up!, down!];
  const [top, end] = [start! - u, bottom! + l];
  const sizes = [left!, top, right! + u - left!, end - top].map(rounded);
  return ["rect", ...sizes, Math.max(u, l), u > 0, l > 0, ...paint(element)];
}

function rect(element: Element): Mark {
  const sizes = ["x", "y", "width", "height"].map((name) => number(element, name));
  return ["rect", ...sizes, number(element, "rx"), true, true, ...paint(element)];
}

function paint(element: Element): unknown[] {
  const fill = element.getAttribute("fill");
  const stroke = element.getAttribute("stroke");
  const line = stroke ? [stroke, number(element, "stroke-width"), element.hasAttribute("stroke-dasharray")] : [];
  return [fill === "none" ? null : fill, ...line];
}

function text(element: Element): Mark {
  const how = [number(element, "font-size"), element.getAttribute("fill"), element.getAttribute("font-weight") === "bold"];
  const anchor = element.getAttribute("text-anchor") ?? "start";
  return ["text", number(element, "x"), number(element, "y"), element.textContent, ...how, anchor];
}

function path(element: Element, points: number[][]): Mark {
  const line = element.hasAttribute("stroke-width") ? number(element, "stroke-width") : 1;
  return ["path", points, element.getAttribute("stroke"), line, element.hasAttribute("stroke-dasharray")];
}

function curves(d: string): number[][][] {
  return d.split("M").filter(Boolean).map((piece) => pairs(piece.replace(/[CL]/g, " ")));
}

function pairs(listed: string): number[][] {
  return listed.trim().split(/\s+/).map((pair) => pair.split(",").map(Number));
}

function number(element: Element, name: string): number {
  return Number(element.getAttribute(name) ?? 0);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
