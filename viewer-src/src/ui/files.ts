/** Hands a file to the reader. */

import { h } from "./dom";

/** Starts a download of what a blob holds. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A model's name as the name of a file. */
export function fileName(name: string, suffix: string): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[._]+|_+$/g, "");
  return `${plain.slice(0, 80) || "model"}.${suffix}`;
}
