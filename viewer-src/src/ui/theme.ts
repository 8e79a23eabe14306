/** Which colours to draw in: what the reader chose, or what the page around the viewer has. */

import type { ThemeName } from "../draw/theme";

export type ThemeChoice = "auto" | ThemeName;

/** The theme to draw in at `host`. */
export function resolved(choice: ThemeChoice, host: HTMLElement): ThemeName {
  if (choice !== "auto") return choice;
  // Streamlit hands its colours to components as variables.
  const background = getComputedStyle(host).getPropertyValue("--st-background-color");
  const light = background ? lightness(background) : undefined;
  if (light !== undefined) return light < 0.5 ? "dark" : "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Calls back when the page turns dark or light; gives what ends that. */
export function onPageTheme(listener: () => void): () => void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

/** 0 for black, 1 for white; undefined for what is no `#rrggbb` or `rgb()`. */
export function lightness(colour: string): number | undefined {
  const text = colour.trim();
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6,8})$/i.exec(text)?.[1];
  if (hex !== undefined) {
    const wide = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
    return luma([0, 2, 4].map((start) => parseInt(wide.slice(start, start + 2), 16)));
  }
  const channels = /^rgba?\(([^)]+)\)$/.exec(text)?.[1];
  return channels === undefined ? undefined : luma(channels.split(/[\s,/]+/).map(Number));
}

function luma([red = 0, green = 0, blue = 0]: readonly number[]): number {
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}
