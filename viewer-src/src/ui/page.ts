/** The viewer as a page of its own: an HTML file, or a frame in a notebook. */

import { warmUp } from "../draw";
import type { Doc } from "../model/types";
import { mount } from "./mount";
import type { ViewerOptions } from "./options";

/** Mounts the viewer with what the page holds as JSON; does nothing in a page that is not ours. */
export function openPage(): void {
  const root = document.getElementById("modelviz");
  if (!root) return;
  warmUp();
  const doc = read("modelviz-document");
  const options = (read("modelviz-options") ?? {}) as ViewerOptions;
  const handle = mount(root, doc as Doc, { ...options, alone: true });
  // A notebook tells its frames whether it is dark or light.
  window.addEventListener("message", ({ data, source }: MessageEvent<unknown>) => {
    if (source === window.parent && source !== window && options.theme === "auto" && isTheme(data)) {
      handle.setOptions({ theme: data.modelvizTheme });
    }
  });
}

function read(id: string): unknown {
  const text = document.getElementById(id)?.textContent;
  return JSON.parse(text ?? "null");
}

function isTheme(data: unknown): data is { modelvizTheme: "light" | "dark" } {
  if (typeof data !== "object" || data === null || !("modelvizTheme" in data)) return false;
  return data.modelvizTheme === "light" || data.modelvizTheme === "dark";
}
