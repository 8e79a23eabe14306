/** The parts of the inspector, each null where there is nothing to say. */

import { bytesText, countText, exactText, secondsText, shapeText, shareText, tensorText } from "../units";
import type { Figures, Stored, TensorLabel } from "../model/types";
import { copyButton } from "./clipboard";
import { h } from "./dom";
import type { Neighbour, Subject } from "./subject";

type Section = HTMLElement | null;

/** Path, class, configuration and source. */
export function callSection({ item, path }: Subject): Section {
  const { module } = item;
  const call = item.call_index ? `call ${item.call_index + 1} of this module` : undefined;
  return h(
    "dl",
    { class: "mv-facts" },
    ...fact("Path", path === "" ? "(the model itself)" : path, path || undefined),
    ...fact("Call", call),
    ...fact("Class", module?.qualified, module?.qualified),
    ...fact("Configuration", item.config || undefined, item.config),
    ...fact("Source", item.source, item.source),
    ...fact("Mode", module && (module.training ? "training" : "evaluation")),
  );
}

function fact(name: string, value: string | undefined, copy?: string): HTMLElement[] {
  if (value === undefined) return [];
  return [
    h("dt", {}, name),
    h("dd", {}, h("span", { class: "mv-value" }, value), copy !== undefined && copyButton(name.toLowerCase(), copy)),
  ];
}

const ROWS: readonly (readonly [keyof Figures, string, (value: number) => string, string])[] = [
  ["params", "Parameters", countText, ""],
  ["flops", "FLOPs", countText, ""],
  ["memory", "Memory", bytesText, " bytes"],
  ["seconds", "Time", secondsText, ""],
];

/** The changes or findings that are about it. */
export function markSection({ marks }: Subject): Section {
  if (!marks.length) return null;
  return h(
    "ul",
    { class: "mv-told" },
    ...marks.map(({ tone, sign, title, lines }) =>
      h(
        "li",
        {},
        h("span", { class: `mv-sign mv-${tone}` }, sign),
        h("strong", {}, title),
        ...lines.map((line) => h("span", { class: "mv-line" }, line)),
      ),
    ),
  );
}

/** Parameters, FLOPs, memory and time: of one copy, of all, and as a share of the model. */
export function figureSection({ each, all, whole, copies, own }: Subject): Section {
  const rows = ROWS.filter(([name]) => all[name]);
  if (!rows.length && !own.length) return null;
  const several = rows.some(([name]) => each[name] !== all[name]);
  const heads = several ? ["", "One copy", copies > 1 ? `All ${copies}` : "All copies", "Share"] : ["", "", "Share"];
  return section(
    "Figures",
    h(
      "table",
      {},
      several && h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        ...rows.map(([name, label, text, unit]) => {
          const cell = (value: number): HTMLElement =>
            h("td", { title: `${name === "seconds" ? value : exactText(value)}${unit}` }, text(value));
          const part = shareText(all[name] ?? 0, whole[name] ?? 0);
          const share = h("td", { title: part && `${part} of the whole model` }, part, part && bar(all[name] ?? 0, whole[name] ?? 0));
          return row(label, several && cell(each[name] ?? 0), cell(all[name] ?? 0), share);
        }),
        ...own.map(([name, text]) => row(name, h("td", { colspan: several ? 3 : 2 }, text))),
      ),
    ),
  );
}

function bar(part: number, whole: number): HTMLElement {
  const width = Math.min((100 * part) / whole, 100);
  return h("span", { class: "mv-bar", style: `--mv-part: ${width}%`, "aria-hidden": "true" });
}

/** Shapes and dtypes that go in and come out. */
export function tensorSection({ item }: Subject): Section {
  const rows = (name: string, labels: readonly TensorLabel[] | undefined): HTMLElement[] =>
    (labels ?? []).map((label, place) => row(place ? "" : name, h("td", { class: "mv-shape" }, tensorText(label))));
  const all = [...rows("Input", item.inputs), ...rows("Output", item.outputs ?? item.shapes?.map((shape) => ({ shape })))];
  return all.length ? section("Tensors", h("table", {}, h("tbody", {}, ...all))) : null;
}

/** What the module stores, and what a summary of several holds. */
export function moduleSections({ item }: Subject): Section[] {
  const { module, contents } = item;
  return [
    module?.sum ? section("How they add up", h("p", { class: "mv-sum" }, module.sum), h("p", { class: "mv-muted" }, module.words ?? "")) : null,
    module?.parameters.length ? section("Parameters", stored(module.parameters)) : null,
    module?.buffers.length ? section("Buffers", stored(module.buffers)) : null,
    contents?.length ? section("Holds", h("ul", {}, ...contents.map((line) => h("li", {}, line)))) : null,
  ];
}

function stored(tensors: readonly Stored[]): HTMLElement {
  return h(
    "table",
    { class: "mv-stored" },
    h(
      "tbody",
      {},
      ...tensors.map((one) =>
        h(
          "tr",
          { "data-stored": one.name },
          h(
            "th",
            { scope: "row" },
            one.name,
            one.trainable === false && h("span", { class: "mv-note" }, "frozen"),
            one.shared_with !== undefined && h("span", { class: "mv-note" }, `same as ${one.shared_with}`),
          ),
          h("td", { class: "mv-shape" }, shapeText(one.shape)),
          h("td", {}, one.dtype),
          h("td", { title: `${exactText(one.bytes)} bytes` }, bytesText(one.bytes)),
        ),
      ),
    ),
  );
}

/** What is next to it in the flow; a click goes there. */
export function flowSection(title: string, neighbours: readonly Neighbour[], select: (id: string) => void): Section {
  return ways(
    title,
    ...neighbours.map((one) => {
      const carried = [...one.tensors.map(tensorText), one.nextCopy ? "to the next copy" : ""];
      const name = [one.title, one.name].filter(Boolean).join("  ");
      return way(name, carried.filter(Boolean).join(", "), () => select(one.id));
    }),
  );
}

/** Other calls of its module, and what shares its weights. */
export function relatedSection({ related }: Subject, select: (id: string) => void): Section {
  return ways("Shared", ...related.map((one) => way(one.name, one.reason, () => select(one.id))));
}

/** A list of what a click leads to. */
function ways(title: string, ...entries: HTMLElement[]): Section {
  return entries.length ? section(title, h("ul", { class: "mv-neighbours" }, ...entries)) : null;
}

function way(name: string, about: string, onClick: () => void): HTMLElement {
  const link = h("button", { type: "button", class: "mv-link", on: { click: onClick } }, name);
  return h("li", {}, link, h("span", { class: "mv-muted" }, about));
}

function row(name: string, ...cells: (HTMLElement | false)[]): HTMLElement {
  return h("tr", {}, h("th", { scope: "row" }, name), ...cells);
}

function section(title: string, ...content: HTMLElement[]): HTMLElement {
  return h("section", {}, h("h3", {}, title), ...content);
}
