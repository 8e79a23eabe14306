/** Saves what is shown as a file. */

import { exportPng, exportSvg, type Picture } from "../draw";
import { download, fileName } from "./files";

/** Dots of a PNG to a point. */
const DENSITY = 2;

export type Format = "svg" | "png";

/** Hands the picture to the reader; gives what went wrong, or null. */
export async function save(format: Format, picture: Picture, name: string): Promise<string | null> {
  try {
    const blob =
      format === "svg"
        ? new Blob([exportSvg(picture)], { type: "image/svg+xml" })
        : await exportPng(picture, DENSITY);
    download(blob, fileName(name, format));
    return null;
  } catch (error) {
    return `The ${format.toUpperCase()} could not be made: ${String(error)}`;
  }
}
