/** Printing: the diagram alone and whole, on one page, in light colours. */

import { type Picture, standalone } from "../draw";
import { h } from "./dom";

/** `alone`: the page holds nothing else, and is the diagram on paper however it is printed. */
export function printing(pictureOf: () => Picture | null, alone: boolean) {
  let sheet: HTMLElement | null = null;
  const clear = (): void => {
    sheet?.remove();
    sheet = null;
  };
  // The browser waits for the promises of an event, and for nothing that takes longer.
  const put = async (): Promise<void> => {
    const picture = pictureOf();
    if (sheet || !picture) return;
    const light = picture.look.theme.name === "dark" ? await picture.inTheme("light") : picture;
    const made = sheetOf(light);
    clear();
    sheet = made;
    document.body.append(made);
  };
  const before = (): void => void put();
  if (alone) window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", clear);
  return {
    /** Prints the diagram; whatever else the page holds is left out. */
    print: (): void => void put().then(() => window.print()),
    end(): void {
      clear();
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", clear);
    },
  };
}

/** Whether the page around a frame forbids what opens a dialog; a frame cannot ask for more. */
export function canPrint(): boolean {
  return window.parent === window || window.origin !== "null";
}

function sheetOf(picture: Picture): HTMLElement {
  const svg = standalone(picture);
  const { width, height } = svg.viewBox.baseVal;
  return h("div", { class: "modelviz-sheet" }, h("style", {}, paper(width, height)), svg);
}

/** Sizes are points: a small diagram keeps its size, a large one is fitted to the page. */
function paper(width: number, height: number): string {
  return `
@media screen { .modelviz-sheet { display: none; } }
@media print {
  @page { size: ${width > height ? "landscape" : "portrait"}; margin: 10mm; }
  html, body { height: 100% !important; margin: 0 !important; background: #fff !important; overflow: hidden; }
  body > :not(.modelviz-sheet) { display: none !important; }
  .modelviz-sheet { height: calc(100% - 2px); overflow: hidden; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .modelviz-sheet svg { display: block; margin: 0 auto; width: min(100%, ${width}pt); height: min(100%, ${height}pt); }
}
`;
}
