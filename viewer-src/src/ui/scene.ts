/** The picture on the stage: drawn for a view, swapped in, and marked. */

import { draw, FAR, LayoutError, type Picture, transition, type ViewerStyle } from "../draw";
import { neighbours } from "../model";
import type { Neighbours, View, ViewEdge } from "../model/types";
import type { Frame } from "./frame";
import type { LegendBox } from "./legendBox";
import { mark } from "./marks";
import type { Minimap } from "./minimap";
import { type Box, centre } from "../layout/places";
import type { Viewport } from "./viewport";
import { type Index, indexed } from "./walk";

/** Where the next picture goes on the screen. */
export type Placing =
  | { readonly how: "start" }
  /** So that something stays where it was. */
  | { readonly how: "keep"; readonly id: string }
  /** Where it is now, as nothing but the style changes. */
  | { readonly how: "same" }
  | { readonly how: "centre"; readonly id: string };

/** Whether it was drawn; "overtaken" by another, "stopped" by the reader, or what went wrong. */
export type Outcome = "drawn" | "overtaken" | "stopped" | { readonly problem: string };

const MILLISECONDS = 240;

export class Scene {
  picture: Picture | null = null;
  index: Index | null = null;
  private running: AbortController | null = null;
  /** Whether nodes are plain boxes, without elements of their own. */
  private plain = false;
  /** The last selection, and what it lit. */
  private lit: { readonly id: string; readonly index: Index; readonly neighbours: Neighbours } | null = null;

  constructor(
    private readonly frame: Frame,
    private readonly viewport: Viewport,
    private readonly minimap: Minimap,
    private readonly legend: LegendBox,
  ) {
    viewport.onChange(() => {
      const far = viewport.placement.scale < FAR;
      if (this.picture?.svg.classList.contains("mv-far") !== far) {
        this.picture?.svg.classList.toggle("mv-far", far);
      }
      this.show();
    });
  }

  /** Draws a view in the place of the last; where that fails the last one stays. */
  async draw(viewOf: () => View, style: ViewerStyle, placing: Placing): Promise<Outcome> {
    this.running?.abort("overtaken");
    const running = new AbortController();
    this.running = running;
    const done = this.frame.busy(() => running.abort("stopped"));
    try {
      const view = viewOf();
      const picture = await draw(view, style, running.signal);
      running.signal.throwIfAborted();
      this.put(picture, indexed(view), placing);
      return "drawn";
    } catch (error) {
      if (running.signal.aborted) return running.signal.reason as "overtaken" | "stopped";
      if (error instanceof LayoutError) return { problem: error.message };
      // A fault of ours: the reader keeps the picture, and whoever looks for it finds it.
      console.error(error);
      return { problem: `This cannot be drawn: ${String(error)}` };
    } finally {
      done();
      if (this.running === running) this.running = null;
    }
  }

  /** What a picture may fill, in pixels. */
  get room(): readonly [number, number] {
    return [this.viewport.width, this.viewport.height];
  }

  /** Gives up what is being drawn. */
  stop(): void {
    this.running?.abort("overtaken");
  }

  /** Brings something visible onto the screen. */
  reveal(id: string): void {
    const box = this.picture?.boxes.get(id);
    if (box) this.viewport.reveal(box);
  }

  /** Whether any of something visible is on the screen. */
  shows(id: string): boolean {
    const box = this.picture?.boxes.get(id);
    return box !== undefined && this.viewport.shows(box);
  }

  /** Brings something visible to the middle of the screen. */
  centre(id: string): void {
    const box = this.picture?.boxes.get(id);
    if (box) this.viewport.centre(...centre(box), true);
  }

  /** The node at a point of the canvas where no element tells. */
  nodeAt(x: number, y: number): string | undefined {
    if (!this.plain || !this.picture || !this.index) return undefined;
    const { placement } = this.viewport;
    const [left, top] = [(x - placement.x) / placement.scale, (y - placement.y) / placement.scale];
    for (const [id, box] of this.picture.boxes) {
      const inside = box.left <= left && left <= box.right && box.top <= top && top <= box.bottom;
      if (inside && this.index.items.get(id)?.type === "node") return id;
    }
    return undefined;
  }

  /** The edge that an element shows. */
  edge(element: SVGElement): ViewEdge | undefined {
    return this.picture?.edges[Number(element.dataset.edge)]?.edge;
  }

  /** Marks what is selected, what leads there and from there, and what was found. */
  mark(selected: string | null, hits: ReadonlySet<string>): void {
    const { picture, index } = this;
    if (!picture || !index) return;
    const id = selected !== null && index.items.has(selected) ? selected : null;
    if (id === null) this.lit = null;
    else if (this.lit?.id !== id || this.lit.index !== index) {
      this.lit = { id, index, neighbours: neighbours(index.view, id) };
    }
    mark(picture, index, { selected: id, neighbours: this.lit?.neighbours ?? null, hits });
  }

  /** What lies nearest to the middle of the screen. */
  private nearest(): string | null {
    const [x, y] = centre(this.viewport.seen);
    let best: string | null = null;
    let least = Infinity;
    for (const [id, box] of this.picture?.boxes ?? []) {
      if (this.index?.items.get(id)?.type !== "node") continue;
      const [left, top] = centre(box);
      const far = Math.hypot(left - x, top - y);
      if (far < least) [best, least] = [id, far];
    }
    return best;
  }

  private show(): void {
    const { seen, placement } = this.viewport;
    this.plain = this.picture?.show(seen, placement.scale) === "plain";
  }

  private put(picture: Picture, index: Index, placing: Placing): void {
    const last = this.picture;
    const anchor = "id" in placing ? placing.id : placing.how === "same" ? this.nearest() : null;
    const before = anchor === null ? undefined : last?.boxes.get(anchor);
    const { fitted } = this.viewport;
    this.picture = picture;
    this.index = index;
    this.viewport.setSize(picture.width, picture.height);
    this.frame.root.dataset.theme = picture.look.theme.name;
    this.legend.show(picture.legend);
    const after = anchor === null ? undefined : picture.boxes.get(anchor);
    if (!last || placing.how === "start") this.viewport.show();
    else if (before && after) this.viewport.keep(before, after);
    else if (after && placing.how === "centre") {
      this.viewport.centre(...centre(after));
    }
    // Inserted when it has its place: a large picture then shows no more than is in sight.
    this.show();
    this.frame.stage.replaceChildren(picture.svg);
    if (placing.how === "same") this.viewport.refit(fitted);
    void transition(last, picture, before && after ? anchor : null, MILLISECONDS);
    this.minimap.draw(picture.width, picture.height, this.small(picture, index));
  }

  /** Boxes of groups and nodes for the map, outer ones first. */
  private small(picture: Picture, index: Index): [Box, string][] {
    const colours = getComputedStyle(this.frame.root);
    const group = colours.getPropertyValue("--mv-map-group");
    const node = colours.getPropertyValue("--mv-map-node");
    const boxes: [Box, string][] = [];
    for (const [id, item] of index.items) {
      const box = picture.boxes.get(id);
      if (box) boxes.push([box, item.type === "group" ? group : node]);
    }
    return boxes;
  }
}
