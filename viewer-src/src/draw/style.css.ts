/**
 * How pictures answer the reader, with colours that the page may choose: `--mv-accent` marks what
 * is selected, `--mv-found` what a search found.
 *
 * On the picture: `mv-focus` dims what is not lit, `mv-far` leaves out texts that are too small to
 * read. On nodes, groups and edges: `mv-selected`, `mv-lit`, `mv-hit`.
 */
export const PICTURE_CSS = `
.mv-picture { --accent: var(--mv-accent, #2563eb); --found: var(--mv-found, #d97706); display: block; overflow: visible; }
.mv-picture.dark { --accent: var(--mv-accent, #7aa7ff); --found: var(--mv-found, #f5b041); }
.mv-picture text { pointer-events: none; user-select: none; -webkit-user-select: none; }
.mv-picture .node, .mv-picture .header { cursor: pointer; }
.mv-picture .label, .mv-picture .link, .mv-picture .outline { pointer-events: none; }
.mv-picture .ring { fill: none; stroke: none; stroke-width: 2.2px; pointer-events: none; }
.mv-picture .edge .hit { pointer-events: stroke; }
.mv-picture .edge .line, .mv-picture .edge .arrow { pointer-events: none; }

.mv-picture .coarse { pointer-events: none; }
.mv-picture .coarse .found { fill: var(--found); stroke: var(--found); }
.mv-picture .coarse .selected { fill: var(--accent); stroke: var(--accent); }

.mv-picture .node:hover > .ring { stroke: var(--accent); stroke-opacity: .45; }
.mv-picture .edge:hover .line { stroke: var(--accent); stroke-width: 2px; }
.mv-picture .edge:hover .arrow { fill: var(--accent); }
.mv-picture .mv-hit > .ring { stroke: var(--found); }
.mv-picture .mv-selected > .ring { stroke: var(--accent); stroke-opacity: 1; }
.mv-picture .edge.mv-lit .line { stroke: var(--accent); stroke-width: 1.6px; }
.mv-picture .edge.mv-lit .arrow { fill: var(--accent); }
.mv-picture.mv-focus .card:not(:has(.mv-lit, .mv-hit)),
.mv-picture.mv-focus .card:has(.mv-lit, .mv-hit) > .node:not(.mv-lit, .mv-hit),
.mv-picture.mv-focus .header:not(.mv-lit) { opacity: .4; }
.mv-picture.mv-focus .edge:not(.mv-lit),
.mv-picture.mv-focus .label:not(.mv-lit),
.mv-picture.mv-focus .link { opacity: .25; }

.mv-picture .action { cursor: pointer; }
.mv-picture .sign .target { transition: fill .1s; }
.mv-picture .sign:hover .target { fill: color-mix(in srgb, var(--accent) 25%, transparent); }
.mv-picture .sign:hover path { stroke: var(--accent); }
.mv-picture .badge:hover rect { stroke: var(--accent); stroke-width: 2px; }
.mv-picture.mv-far text, .mv-picture.mv-far .sign, .mv-picture.mv-far .labels,
.mv-picture.mv-far .headers { display: none; }
`;
