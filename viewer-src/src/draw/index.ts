import type { View } from "../model/types";
import { type LayOut, Layouter } from "../layout/layouter";
import { Breath } from "./breath";
import { MARGIN, type Picture, compose } from "./compose";
import { dotSource } from "./dot";
import { firstLayout } from "./firstPlaces";
import { type ViewerStyle, lookOf } from "./look";
import type { Measure } from "./measure";
import { layoutOf } from "./places";
import { planOf } from "./plan";
import { filling, sheetOf } from "./room";

export { LayoutError } from "../layout/layouter";
export type { Box } from "../layout/places";
export { FAR, type Picture } from "./compose";
export type { DrawnEdge } from "./edges";
export { edgeLines } from "./edgeLabels";
export { exportPng, exportSvg, standalone } from "./export";
export type { Legend } from "./legend";
export type { Direction, Figure, Heat, ViewerStyle } from "./look";
export { PICTURE_CSS } from "./style.css";
export { THEMES } from "./theme";
export { transition } from "./transition";

/** What a drawing works with; tests bring their own. */
export interface Tools {
  readonly layOut?: LayOut;
  readonly measure?: Measure;
}

let shared: Layouter | undefined;

/** Starts what lays pictures out, so that the first one need not wait for it. */
export function warmUp(): void {
  shared ??= new Layouter();
  shared.warm();
}

/**
 * The picture of a view. Rejects with a LayoutError when it cannot be laid out, and with the
 * signal's reason when a newer picture is wanted.
 */
export async function draw(
  view: View,
  style: ViewerStyle,
  signal?: AbortSignal,
  { layOut, measure }: Tools = {},
): Promise<Picture> {
  const breath = new Breath();
  const plan = planOf(view, lookOf(style, view, measure));
  await breath.rest();
  const given = style.places && firstLayout(plan, style.places);
  if (given) return compose(plan, given);
  const source = dotSource(plan);
  await breath.rest();
  shared ??= new Layouter();
  const places = await (layOut ?? shared.layOut)(source, signal);
  const uncut = layoutOf(plan, places);
  const layout = style.room ? filling(plan, uncut, sheetOf(style.room, 2 * MARGIN)) : uncut;
  return compose(plan, layout, new Breath(), uncut);
}
