import { gather } from "../gathering";
import type { Box, Point } from "../layout/places";
import { element } from "./elements";

/** Marks and where they are. */
export interface Part {
  readonly mark: SVGGElement;
  readonly box: Box;
}

/** Fewest parts of a layer for which it is worth to leave out those that are out of sight. */
const WORTH = 400;
const SIDE = 1200;

/** Parts near each other, which come into the page and leave it together. */
interface Tile {
  readonly parts: number;
  readonly element: SVGGElement;
  readonly layer: SVGGElement;
  readonly box: Box;
}

/** The layers of a picture, of which the page holds what is in sight: large pictures stay quick. */
export class Tiles {
  private readonly tiles: Tile[] = [];

  /** A layer of parts that may stand in any order. */
  layer(name: string, parts: readonly Part[]): SVGGElement {
    if (parts.length < WORTH)
      return plainLayer(
        name,
        parts.map((part) => part.mark),
      );
    const always: SVGGElement[] = [];
    const near = new Map<string, Part[]>();
    for (const part of parts) {
      const { left, top, right, bottom } = part.box;
      if (right - left > SIDE || bottom - top > SIDE) {
        always.push(part.mark);
        continue;
      }
      const key = `${Math.floor(left / SIDE)} ${Math.floor(top / SIDE)}`;
      gather(near, key, part);
    }
    const layer = plainLayer(name, always);
    for (const inside of near.values()) {
      const element = plainLayer(
        "tile",
        inside.map((part) => part.mark),
      );
      layer.appendChild(element);
      const box = union(inside.map((part) => part.box));
      this.tiles.push({ parts: inside.length, element, layer, box });
    }
    return layer;
  }

  /**
   * Takes out what is not in a box, or near it; all, and false, where more than `most` parts are.
   *
   * Elements that are only hidden cost as much as those that are shown.
   */
  show(box: Box, most: number): boolean {
    const [width, height] = [box.right - box.left, box.bottom - box.top];
    const near = this.tiles.filter(
      (tile) =>
        tile.box.left < box.right + width / 2 &&
        tile.box.right > box.left - width / 2 &&
        tile.box.top < box.bottom + height / 2 &&
        tile.box.bottom > box.top - height / 2,
    );
    const few = near.reduce((sum, tile) => sum + tile.parts, 0) <= most;
    const shown = new Set(few ? near : []);
    for (const tile of this.tiles) {
      if (!shown.has(tile)) tile.element.remove();
      else if (!tile.element.parentNode) tile.layer.appendChild(tile.element);
    }
    return few;
  }

  /** A copy of what holds the layers, with everything in it. */
  whole(page: SVGGElement): SVGGElement {
    const absent = this.tiles.filter((tile) => !tile.element.parentNode);
    for (const tile of absent) tile.layer.appendChild(tile.element);
    const copy = page.cloneNode(true) as SVGGElement;
    for (const tile of absent) tile.element.remove();
    return copy;
  }
}

/** A layer of marks in their order. */
export function plainLayer(name: string, marks: readonly SVGElement[]): SVGGElement {
  return element("g", { class: name }, marks);
}

/** The box around boxes. */
export function union(boxes: readonly Box[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const box of boxes) {
    left = Math.min(left, box.left);
    top = Math.min(top, box.top);
    right = Math.max(right, box.right);
    bottom = Math.max(bottom, box.bottom);
  }
  return { left, top, right, bottom };
}

/** The box around points. */
export function around(points: readonly Point[]): Box {
  return union(points.map(([x, y]) => ({ left: x, top: y, right: x, bottom: y })));
}
