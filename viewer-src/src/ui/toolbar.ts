/** The row above the picture: the model, search, depth, colours, direction, theme and files. */

import { exactText, flopsText, paramsText, secondsText } from "../units";
import { NAMES, figureLabel, isFigure } from "../draw/look";
import type { Doc } from "../model/types";
import { calledOf } from "../model/view";
import { button, fill, h } from "./dom";
import { icon, type IconName } from "./icons";
import { canPrint } from "./printing";
import type { Session } from "./session";
import type { ThemeChoice } from "./theme";

export interface ToolbarActions {
  save(format: "svg" | "png"): void;
  print(): void;
  help(): void;
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
export function toolbar(session: Session, actions: ToolbarActions, search: HTMLElement, titled: boolean) {
  const name = h("strong", { class: "mv-name" });
  const totals = h("span", { class: "mv-muted" });
  const depth = select("Depth", () => session.openTo(depth.value === "start" ? null : Number(depth.value)));
  const heat = select("Colour by", () => session.restyle({ heat: heat.value || null }));
  const direction = button("", null, () => session.restyle({ direction: session.shown.direction === "TB" ? "LR" : "TB" }));
  const columns = button(WRAP, icon("columns"), () => session.restyle({ columns: !session.shown.columns }));
  const theme = button("", null, () => session.restyle({ theme: THEMES[session.shown.theme][2] }), { class: "mv-button mv-aside" });
  const element = h(
    "div",
    { class: "mv-toolbar", role: "toolbar", "aria-label": "Diagram" },
    titled && h("div", { class: "mv-title" }, name, totals),
    search,
    h(
      "div",
      { class: "mv-tools" },
      depth,
      button("Close all blocks", icon("collapse"), () => session.closeAll()),
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
    /** Another document: its name and totals, its number of levels, and the figures that it has. */
    describe(doc: Doc, levels: number): void {
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
    /** What is shown now; `level` is a depth, "start" for what was open at first, "" for anything else. */
    update(level: string): void {
      const { shown } = session;
      depth.value = level;
      heat.value = shown.heat ?? "";
      const down = shown.direction === "TB";
      relabel(direction, down ? "Top to bottom; turn it" : "Left to right; turn it", down ? "down" : "right");
      columns.setAttribute("aria-pressed", String(shown.columns ?? false));
      const [said, drawn] = THEMES[shown.theme];
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
