/** Line icons on a grid of 20 by 20. */

import { s } from "./dom";

const PATHS = {
  search: "M8.5 3a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M12.6 12.6L17 17",
  next: "M5 8l5 5l5-5",
  previous: "M5 12l5-5l5 5",
  close: "M5 5l10 10M15 5L5 15",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  collapse: "M6 3l4 4l4-4M6 17l4-4l4 4M3 10h14",
  down: "M10 3v14M5 12l5 5l5-5",
  right: "M3 10h14M12 5l5 5l-5 5",
  columns: "M3 4h5v12h-5zM12 4h5v12h-5z",
  download: "M10 3v9M6 8.5l4 4l4-4M3 16.5h14",
  print: "M6 7V2.5h8V7M6 14H3V7h14v7h-3M6 11.5h8v6H6z",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7M10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6L16 16M16 4l-1.4 1.4M5.4 14.6L4 16",
  moon: "M16.5 12A7 7 0 0 1 8 3.5A7 7 0 1 0 16.5 12",
  auto: "M10 3a7 7 0 1 1 0 14a7 7 0 0 1 0-14M10 3v14M10 6h3.6M10 9h6M10 12h6M10 15h3",
  paper: "M5 2.5h7l3.5 3.5v11.5h-10.5zM12 2.5v3.5h3.5M7.5 10h5M7.5 13h5",
  drop: "M10 2.5c3 3.8 4.8 6.2 4.8 8.9a4.8 4.8 0 0 1-9.6 0c0-2.7 1.8-5.1 4.8-8.9",
  list: "M3 5h.1M3 10h.1M3 15h.1M7 5h10M7 10h10M7 15h10",
  copy: "M7 7h9.5v9.5h-9.5zM13 7V3.5h-9.5v9.5h3.5",
  done: "M4 10.5l4 4l8-9",
  help: "M7.2 7.4a2.8 2.8 0 1 1 3.9 2.6c-.8.4-1.1 1-1.1 2M10 14.6v.1",
  target: "M10 5a5 5 0 1 1 0 10a5 5 0 0 1 0-10M10 2v4M10 14v4M2 10h4M14 10h4",
  warning: "M10 3.2L18 16.8H2zM10 8v4.2M10 14.5v.1",
} as const;

export type IconName = keyof typeof PATHS;

/** The icon, of the size and colour of the text around it. */
export function icon(name: IconName): SVGElement {
  return s(
    "svg",
    { class: "mv-icon", viewBox: "0 0 20 20", "aria-hidden": "true" },
    s("path", { d: PATHS[name] }),
  );
}
