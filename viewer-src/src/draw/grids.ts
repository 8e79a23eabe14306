import { gather } from "../gathering";
import type { Box, Point } from "../layout/places";

const CELL = 40;
const ROWS = 1 << 20;

/** Boxes by the cells of a grid that they touch, for a quick look at what is near. */
export class Boxes {
  private readonly cells = new Map<number, Box[]>();

  constructor(boxes: Iterable<Box>) {
    for (const box of boxes) this.add(box);
  }

  add(box: Box): void {
    for (const cell of cellsOf(box)) gather(this.cells, cell, box);
  }

  /** Whether any of them overlaps a box. */
  touch(box: Box): boolean {
    return cellsOf(box).some((cell) => this.cells.get(cell)?.some((other) => overlap(box, other)));
  }
}

/** Points along lines, by the cells of a grid that they are in. */
export class LinePoints {
  private readonly cells = new Map<number, number[]>();

  add([x, y]: Point, line: number): void {
    gather(this.cells, cellAt(Math.floor(x / CELL), Math.floor(y / CELL)), x, y, line);
  }

  /** How many points of a line, and of all others, are in a box. */
  inside(box: Box, line: number): { own: number; others: number } {
    let [own, others] = [0, 0];
    for (const cell of cellsOf(box)) {
      const points = this.cells.get(cell) ?? [];
      for (let at = 0; at < points.length; at += 3) {
        const [x, y] = [points[at]!, points[at + 1]!];
        if (box.left < x && x < box.right && box.top < y && y < box.bottom) {
          if (points[at + 2] === line) own += 1;
          else others += 1;
        }
      }
    }
    return { own, others };
  }
}

function cellAt(column: number, row: number): number {
  return column * ROWS + row;
}

function cellsOf(box: Box): number[] {
  const result: number[] = [];
  const [top, bottom] = [Math.floor(box.top / CELL), Math.floor(box.bottom / CELL)];
  for (
    let column = Math.floor(box.left / CELL);
    column <= Math.floor(box.right / CELL);
    column += 1
  ) {
    for (let row = top; row <= bottom; row += 1) result.push(cellAt(column, row));
  }
  return result;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
