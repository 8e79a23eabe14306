/** The fixed parts of the page: where the picture, the tools and the panels are. */

import { button, h } from "./dom";
import { icon } from "./icons";
import { css } from "./style.css";

export type Frame = ReturnType<typeof frame>;

export interface ZoomActions {
  zoom(factor: number): void;
  fit(): void;
}

/** Work shorter than this shows nothing. */
const PATIENCE = 300;
const ZOOM = 1.3;

/** A frame in a shadow root of its own, so that the page's styles and ours stay apart. */
export function frame(parent: HTMLElement | ShadowRoot, zoom: ZoomActions) {
  const host = h("div", { class: "modelviz-viewer", style: "display: block; width: 100%; height: 100%" });
  const shadow = host.attachShadow({ mode: "open" });
  const stage = h("div", { class: "mv-stage" });
  const loading = h("div", { class: "mv-loading mv-over", role: "status", hidden: true });
  const canvas = h(
    "div",
    { class: "mv-canvas", tabindex: "0", role: "application" },
    stage,
    h(
      "div",
      { class: "mv-zoom mv-over", role: "group", "aria-label": "Zoom" },
      button("Larger (+)", icon("plus"), () => zoom.zoom(ZOOM)),
      button("Smaller (−)", icon("minus"), () => zoom.zoom(1 / ZOOM)),
      button("Fit the whole picture (F)", icon("fit"), zoom.fit),
    ),
    loading,
  );
  const main = h("div", { class: "mv-main" }, canvas);
  const status = h("div", { class: "mv-unseen", role: "status" });
  const body = h("div", { class: "mv-body" }, main);
  const root = h("div", { class: "mv-root" }, body, status);
  shadow.append(h("style", {}, css), root);
  parent.append(host);
  return {
    host,
    root,
    /** Holds what stands beside the picture, and `main`. */
    body,
    main,
    /** The part that the picture moves in; it takes the keyboard. */
    canvas,
    /** What moves. */
    stage,
    /** Says what was selected to who cannot see it. */
    status,
    /** Shows, after a while, that work goes on; gives what ends that. */
    busy(cancel: () => void): () => void {
      const waiting = window.setTimeout(() => {
        loading.replaceChildren(
          h("span", { class: "mv-spinner" }),
          "Laying out…",
          button("Keep the picture as it is", "Cancel", cancel),
        );
        loading.hidden = false;
      }, PATIENCE);
      return () => {
        clearTimeout(waiting);
        loading.hidden = true;
      };
    },
  };
}
