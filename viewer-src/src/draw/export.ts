import { MARGIN, type Picture } from "./compose";
import { element, number } from "./elements";
import { legendMark } from "./legend";
import { printable } from "./texts";
import { MEASURES } from "./theme";
import { titleMark } from "./title";
import { calledOf } from "../model/view";

const { LEGEND_GAP } = MEASURES.compose;
/** Most dots of an image along one side, and in all: what browsers can hold. */
const MAX_SIDE = 16_000;
const MAX_DOTS = 120_000_000;

/** The picture as an SVG document of its own: title, legend and background, nothing to click. */
export function exportSvg(picture: Picture, title = calledOf(picture.view)): string {
  return printable(new XMLSerializer().serializeToString(standalone(picture, title))) + "\n";
}

/** The picture as a PNG, `scale` dots to a point, less where the browser cannot hold as many. */
export async function exportPng(
  picture: Picture,
  scale: number,
  title = calledOf(picture.view),
): Promise<Blob> {
  const text = exportSvg(picture, title);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const most = Math.min(MAX_SIDE / Math.max(width, height), Math.sqrt(MAX_DOTS / (width * height)));
  const dots = Math.min(scale, most);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * dots));
  canvas.height = Math.max(1, Math.round(height * dots));
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no canvas to draw a PNG on");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("the picture is too large for a PNG; save it as SVG"));
    }, "image/png");
  });
}

/** The picture as an element of its own: title, legend and background, nothing to click. */
export function standalone(picture: Picture, name = calledOf(picture.view)): SVGSVGElement {
  const { look, view } = picture;
  const room = picture.width - 2 * MARGIN;
  const head = titleMark(view, name, look, Math.max(room, 440));
  const legend = legendMark(picture.legend, Math.max(room, 260), look);
  const foot = legend.height ? legend.height + LEGEND_GAP : 0;
  const width = Math.max(picture.width, Math.max(head.width, legend.width) + 2 * MARGIN);
  const height = head.height + picture.height + foot;
  const body = picture.whole();
  cleaned(body);
  const title = element("title", {});
  title.textContent = printable(name);
  const svg = element(
    "svg",
    {
      width: `${number(width)}pt`,
      height: `${number(height)}pt`,
      viewBox: `0 0 ${number(width)} ${number(height)}`,
      role: "img",
      "font-family": look.theme.family,
    },
    [
      title,
      element("rect", { width, height, fill: look.theme.background }),
      moved(head.mark, MARGIN, MARGIN),
      moved(element("g", {}, [body]), (width - picture.width) / 2, head.height),
      moved(legend.mark, MARGIN, head.height + picture.height - MARGIN + LEGEND_GAP),
    ],
  );
  for (const text of svg.querySelectorAll("text")) fitted(text, picture);
  return svg;
}

function moved(mark: SVGGElement, x: number, y: number): SVGGElement {
  mark.setAttribute("transform", `translate(${number(x)} ${number(y)})`);
  return mark;
}

/** Takes away what only a reader in the viewer can use, and marks of what is selected. */
function cleaned(body: SVGGElement): void {
  for (const extra of body.querySelectorAll(".sign, .fold, .ring, .hit")) extra.remove();
  for (const part of body.querySelectorAll("[data-action]")) part.removeAttribute("data-action");
  for (const part of body.querySelectorAll("[class*=mv-]")) {
    part.classList.remove("mv-selected", "mv-lit", "mv-hit");
  }
}

/** Gives a text the width that it had in the layout, whatever font it will be drawn in. */
function fitted(text: SVGTextElement, { look }: Picture): void {
  const size = Number(text.getAttribute("font-size"));
  const width = look.width(
    text.textContent ?? "",
    size,
    text.getAttribute("font-weight") === "bold",
  );
  if (width <= 0) return;
  text.setAttribute("textLength", String(Math.round(width * 100) / 100));
  text.setAttribute("lengthAdjust", "spacingAndGlyphs");
}
