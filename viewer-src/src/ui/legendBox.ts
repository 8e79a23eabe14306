/** What the colours and dotted lines of the picture mean, below it. */

import type { Legend } from "../draw";
import { fill, h } from "./dom";

export type LegendBox = ReturnType<typeof legendBox>;

export function legendBox() {
  const element = h("div", { class: "mv-legend", role: "note", "aria-label": "Legend", hidden: true });
  return {
    element,
    show({ entries, heat }: Legend): void {
      element.hidden = !entries.length && !heat;
      fill(
        element,
        heat &&
          h(
            "div",
            { class: "mv-scale" },
            heat.begin,
            h("span", { style: `background: linear-gradient(to right, ${heat.colours.join(", ")})` }),
            heat.end,
          ),
        ...entries.map(({ form, text, colour }) =>
          h("div", {}, h("span", { class: `mv-${form}`, style: `--mv-colour: ${colour}` }), text),
        ),
      );
    },
  };
}
