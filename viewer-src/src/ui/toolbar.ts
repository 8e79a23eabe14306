/** The row above the picture: the model, search, depth, colours, direction, theme and files. */

import { exactText, flopsText, paramsText, secondsText } from "../units";
import { type Direction, type Heat, NAMES, figureLabel, isFigure } from "../draw/look";
import type { Doc } from "../model/types";
import { calledOf } from "../model/view";
import { button, fill, h } from "./dom";
import { icon, type IconName } from "./icons";
import { canPrint } from "./printing";
import type { ThemeChoice } from "./theme";

export interface ToolbarActions {
  closeAll(): void;
  /** Modules open down to a depth; null for what was open at first. */
  openTo(depth: number | null): void;
  heat(figure: Heat | null): void;
  direction(direction: Direction): void;
  columns(columns: boolean): void;
  theme(theme: ThemeChoice): void;
  save(format: "svg" | "png"): void;
  print(): void;
  help(): void;
}

export interface ToolbarState {
  /** A depth, "start" for what was open at first, "" for anything else. */
  readonly depth: string;
  readonly heat: Heat | null;
  readonly direction: Direction;
  readonly columns: boolean;
  readonly theme: ThemeChoice;
}

export interface Toolbar {
  readonly element: HTMLElement;
  /** Another document: its name and totals, its number of levels, and the figures that it has. */
  describe(doc: Doc, levels: number): void;
  update(state: ToolbarState): void;
}

/** Of buttons that make a file or a page: where it is narrow, they stand beside the search. */
const KEPT = { class: "mv-button mv-kept" };
const WRAP = "Wrap into columns that fill the window (W)";
const THEMES: Readonly<Record<ThemeChoice, readonly [string, IconName, ThemeChoice]>> = {
  auto: ["as the page", "auto", "light"],
  light: ["light", "sun", "dark"],
  dark: ["dark", "moon", "paper"],
  paper: ["paper", "paper", "auto"],
};

/** `titled`: whether the model's name and totals are in it. */
export function toolbar(actions: ToolbarActions, search: HTMLElement, titled: boolean): Toolbar {
  let state: ToolbarState = { depth: "start", heat: null, direction: "TB", columns: false, theme: "auto" };
  const name = h("strong", { class: "mv-name" });
  const totals = h("span", { class: "mv-muted" });
  const depth = select("Depth", () => actions.openTo(depth.value === "start" ? null : Number(depth.value)));
  const heat = select("Colour by", () => actions.heat(heat.value || null));
  const direction = button("", null, () => actions.direction(state.direction === "TB" ? "LR" : "TB"));
  const columns = button(WRAP, icon("columns"), () => actions.columns(!state.columns));
  const theme = button("", null, () => actions.theme(THEMES[state.theme][2]), { class: "mv-button mv-aside" });
  const element = h(
    "div",
    { class: "mv-toolbar", role: "toolbar", "aria-label": "Diagram" },
    titled && h("div", { class: "mv-title" }, name, totals),
    search,
    h(
      "div",
      { class: "mv-tools" },
      depth,
      button("Close all blocks", icon("collapse"), actions.closeAll),
      h("label", { class: "mv-choice", title: "Colour by" }, icon("drop"), h("span", {}, "Colour by"), heat),
      direction,
      columns,
      button("Save what is shown as SVG", "SVG", () => actions.save("svg"), KEPT),
      button("Save what is shown as PNG", "PNG", () => actions.save("png"), KEPT),
      canPrint() && button("Print what is shown, on one page", icon("print"), actions.print, KEPT),
      theme,
      button("Keys and mouse (?)", icon("help"), actions.help, { class: "mv-button mv-aside" }),
    ),
  );
  return {
    element,
    describe(doc, levels) {
      name.textContent = name.title = calledOf(doc);
      const { params, flops, seconds } = doc.figures;
      const said = [params && paramsText(params), flops && flopsText(flops), seconds && secondsText(seconds)];
      totals.textContent = said.filter(Boolean).join(" · ");
      totals.title = [params && `${exactText(params)} parameters`, flops && `${exactText(flops)} FLOPs`].filter(Boolean).join(", ");
      const levelNames = Array.from({ length: levels }, (_, index) => String(index + 1));
      fill(
        depth,
        h("option", { value: "", hidden: true }, "Own depth"),
        h("option", { value: "start" }, "First view"),
        ...levelNames.map((level) => h("option", { value: level }, `Depth ${level}`)),
      );
      const known = NAMES.filter((figure) => doc.figures[figure]);
      const own = (doc.overlays ?? []).filter(({ name }) => !isFigure(name));
      fill(
        heat,
        h("option", { value: "" }, "kind"),
        ...known.map((figure) => h("option", { value: figure }, figureLabel(figure))),
        ...own.map(({ name }) => h("option", { value: name }, name)),
      );
    },
    update(next) {
      state = next;
      depth.value = next.depth;
      heat.value = next.heat ?? "";
      const down = next.direction === "TB";
      relabel(direction, down ? "Top to bottom; turn it" : "Left to right; turn it", down ? "down" : "right");
      columns.setAttribute("aria-pressed", String(next.columns));
      const [said, drawn] = THEMES[next.theme];
      relabel(theme, `Theme: ${said}; change it`, drawn);
    },
  };
}

function select(label: string, onChange: () => void): HTMLSelectElement {
  return h("select", { "aria-label": label, title: label, on: { change: onChange } });
}

function relabel(element: HTMLButtonElement, label: string, name: IconName): void {
  element.title = label;
  element.setAttribute("aria-label", label);
  fill(element, icon(name));
}
