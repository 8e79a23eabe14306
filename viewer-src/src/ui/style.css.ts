/** How the viewer looks around its picture. */

import { PICTURE_CSS, THEMES } from "../draw";

/** The colours of what is marked, as in the pictures of a theme. */
function tones(theme: "light" | "dark"): string {
  return Object.entries(THEMES[theme].tones)
    .map(([tone, colour]) => `--mv-${tone}: ${colour};`)
    .join(" ");
}

const COLOURS = `
.mv-root {
  --mv-back: #ffffff; --mv-panel: #ffffff; --mv-raised: #f5f6f8; --mv-text: #1c2430;
  --mv-soft: #5b6675; --mv-line: #dfe3e9; --mv-accent: #1d5fd1; --mv-found: #d97706;
  --mv-bad: #b3261e; --mv-bad-back: #fdf0ee; --mv-map-group: #e4e8ee; --mv-map-node: #9aa7b8;
  ${tones("light")}
  --mv-shadow: 0 1px 2px rgb(16 24 40 / .06), 0 4px 14px rgb(16 24 40 / .1);
  color-scheme: light;
}
.mv-root[data-theme=dark] {
  --mv-back: #12161d; --mv-panel: #171c24; --mv-raised: #202734; --mv-text: #e8ebf0;
  --mv-soft: #a3adbb; --mv-line: #303947; --mv-accent: #7aa7ff; --mv-found: #f5b041;
  --mv-bad: #ff8a80; --mv-bad-back: #33191a; --mv-map-group: #2a3341; --mv-map-node: #67758a;
  ${tones("dark")}
  --mv-shadow: 0 1px 2px rgb(0 0 0 / .4), 0 4px 16px rgb(0 0 0 / .45);
  color-scheme: dark;
}
`;

const FRAME = `
.mv-root, .mv-root * { box-sizing: border-box; }
.mv-root > * { --mv-touch: 28px; }
.mv-root {
  container-type: inline-size; display: flex; flex-direction: column; height: 100%; min-height: 320px;
  background: var(--mv-back); color: var(--mv-text); position: relative; overflow: hidden;
  font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-font-smoothing: antialiased;
}
.mv-root[data-framed] { border: 1px solid var(--mv-line); border-radius: 8px; }
.mv-root [hidden] { display: none; }
.mv-root h2, .mv-root h3, .mv-root p, .mv-root dl, .mv-root dd, .mv-root ul { margin: 0; padding: 0; }
.mv-root ul { list-style: none; }
.mv-body { display: flex; flex: 1; min-height: 0; }
.mv-main { position: relative; flex: 1; min-width: 0; min-height: 0; }
.mv-canvas {
  position: absolute; inset: 0; overflow: hidden; cursor: grab; touch-action: none; outline: none;
  overscroll-behavior: contain; user-select: none; -webkit-user-select: none;
}
.mv-canvas:focus-visible { box-shadow: inset 0 0 0 2px var(--mv-accent); }
.mv-dragging, .mv-dragging * { cursor: grabbing !important; }
.mv-stage { position: absolute; left: 0; top: 0; transform-origin: 0 0; }
.mv-over { cursor: default; }
.mv-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.mv-muted { color: var(--mv-soft); }
`;

const CONTROLS = `
.mv-button {
  font: inherit; color: inherit; background: none; border: 1px solid transparent; border-radius: 6px;
  min-width: var(--mv-touch); height: var(--mv-touch); padding: 0 7px; display: inline-flex; align-items: center;
  justify-content: center; gap: 6px; cursor: pointer; white-space: nowrap;
}
.mv-button:hover { background: var(--mv-raised); }
.mv-button[aria-pressed="true"] { background: var(--mv-raised); box-shadow: inset 0 0 0 1px var(--mv-line); }
.mv-root :is(button, select, summary):focus-visible { outline: 2px solid var(--mv-accent); outline-offset: 1px; }
.mv-icon {
  width: 16px; height: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.6;
  stroke-linecap: round; stroke-linejoin: round;
}
.mv-root select {
  font: inherit; color: inherit; background: var(--mv-panel); border: 1px solid var(--mv-line);
  border-radius: 6px; height: var(--mv-touch); padding: 0 4px; cursor: pointer;
}
.mv-choice { display: flex; align-items: center; gap: 5px; color: var(--mv-soft); min-width: 0; margin-left: 6px; }
.mv-choice .mv-icon { display: none; }
.mv-choice select { color: var(--mv-text); }
.mv-toolbar {
  display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 7px 10px;
  border-bottom: 1px solid var(--mv-line); background: var(--mv-panel); position: relative; z-index: 3;
}
.mv-title { display: flex; gap: 10px; align-items: baseline; min-width: 0; flex: 0 1 auto; }
.mv-title > * { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.mv-name { font-size: 14px; font-weight: 650; max-width: 22em; }
.mv-tools { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 4px; margin-left: auto; }
.mv-search {
  position: relative; display: flex; align-items: center; gap: 4px; flex: 1 1 200px; max-width: 360px; height: calc(var(--mv-touch) + 2px);
  padding: 0 2px 0 8px; border: 1px solid var(--mv-line); border-radius: 7px; color: var(--mv-soft);
}
.mv-search:focus-within { border-color: var(--mv-accent); box-shadow: 0 0 0 1px var(--mv-accent); }
.mv-root .mv-query {
  flex: 1; min-width: 0; font: inherit; color: var(--mv-text); background: none; border: 0; outline: 0;
  padding: 0 2px; height: 100%; appearance: none;
}
.mv-query::placeholder { color: var(--mv-soft); opacity: 1; }
.mv-query::-webkit-search-cancel-button { display: none; }
.mv-count { white-space: nowrap; font-variant-numeric: tabular-nums; }
.mv-search .mv-button { min-width: calc(var(--mv-touch) - 4px); height: calc(var(--mv-touch) - 4px); padding: 0 3px; }
.mv-hits {
  position: absolute; left: -1px; top: calc(100% + 4px); z-index: 7; min-width: calc(100% + 2px);
  width: max-content; max-width: min(460px, calc(100cqw - 16px)); max-height: min(340px, 60vh); overflow: auto;
  background: var(--mv-panel); border: 1px solid var(--mv-line); border-radius: 8px; box-shadow: var(--mv-shadow);
  color: var(--mv-text); padding: 4px !important; overscroll-behavior: contain;
}
.mv-hits li { display: flex; align-items: baseline; gap: 8px; padding: 5px 8px; border-radius: 6px; min-height: 32px; }
.mv-hits li[role=option] { cursor: pointer; }
.mv-hits li[role=option]:hover, .mv-hits li[aria-selected=true] { background: var(--mv-raised); }
.mv-hits li[aria-selected=true] { box-shadow: inset 3px 0 var(--mv-accent); }
.mv-kind { flex: 0 0 5.4em; color: var(--mv-soft); font-size: 12px; }
.mv-said-of { min-width: 0; overflow-wrap: anywhere; }
.mv-said-of strong { font-weight: 600; margin-right: 8px; }
`;

const OVER = `
.mv-zoom, .mv-minimap, .mv-loading, .mv-tooltip, .mv-help {
  position: absolute; background: var(--mv-panel); border: 1px solid var(--mv-line); border-radius: 8px;
  box-shadow: var(--mv-shadow);
}
.mv-zoom { left: 10px; bottom: 10px; display: flex; flex-direction: column; padding: 2px; }
.mv-minimap { left: 54px; bottom: 10px; padding: 5px; line-height: 0; cursor: crosshair; }
.mv-minimap canvas { display: block; }
.mv-frame { position: absolute; inset: 5px; width: calc(100% - 10px); height: calc(100% - 10px); pointer-events: none; overflow: visible; }
.mv-frame rect { fill: var(--mv-accent); fill-opacity: .12; stroke: var(--mv-accent); stroke-width: 1.4px; }
.mv-legend {
  display: flex; flex-wrap: wrap; gap: 1px 14px; align-items: center; padding: 4px 12px; font-size: 12px;
  color: var(--mv-soft); background: var(--mv-panel); border-top: 1px solid var(--mv-line);
  position: relative; z-index: 1;
}
.mv-legend > div { display: flex; align-items: center; gap: 6px; line-height: 1.6; }
.mv-box { width: 10px; height: 10px; border-radius: 3px; background: var(--mv-colour); }
.mv-dots { width: 12px; border-top: 2px dotted var(--mv-colour); }
.mv-scale span { width: 90px; height: 9px; border-radius: 2px; }
.mv-loading { left: 50%; top: 14px; transform: translateX(-50%); display: flex; align-items: center; gap: 9px; padding: 5px 6px 5px 12px; }
.mv-spinner {
  width: 14px; height: 14px; border: 2px solid var(--mv-line); border-top-color: var(--mv-accent);
  border-radius: 50%; animation: mv-turn .8s linear infinite;
}
@keyframes mv-turn { to { transform: rotate(1turn); } }
.mv-tooltip { left: 0; top: 0; padding: 5px 9px; pointer-events: none; font-size: 12px; z-index: 5; max-width: 340px; }
.mv-tooltip .mv-muted { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.mv-help { left: 50%; top: 50%; transform: translate(-50%, -50%); padding: 10px 16px 14px; width: min(520px, calc(100% - 24px)); max-height: calc(100% - 24px); overflow: auto; z-index: 6; }
.mv-help header { display: flex; justify-content: space-between; align-items: center; margin-bottom: 6px; }
.mv-help h2 { font-size: 14px; }
.mv-help dl { display: grid; grid-template-columns: minmax(0, auto) minmax(55%, 1fr); gap: 5px 16px; }
.mv-help dt { font-weight: 600; }
.mv-notices { position: relative; z-index: 2; }
.mv-banner {
  display: flex; align-items: flex-start; gap: 10px; padding: 7px 10px; background: var(--mv-raised);
  border-bottom: 1px solid var(--mv-line);
}
.mv-banner p { flex: 1; min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; max-height: 8em; overflow: auto; padding: 4px 0; }
.mv-banner > .mv-icon { margin: 6px 0 0 2px; color: var(--mv-bad); }
.mv-banner .mv-button:not([aria-label]) { border-color: var(--mv-line); background: var(--mv-panel); }
.mv-bad { background: var(--mv-bad-back); }
`;

const REVIEW = `
.mv-review {
  display: flex; align-items: center; gap: 4px; padding: 3px 10px; background: var(--mv-panel);
  border-bottom: 1px solid var(--mv-line); position: relative; z-index: 2;
}
.mv-listed { padding: 0 8px; }
.mv-said { flex: 1; min-width: 0; padding-left: 8px !important; overflow-wrap: anywhere; max-height: 4.4em; overflow: auto; }
.mv-said strong { font-weight: 600; }
.mv-sign { display: inline-block; min-width: 1.3em; font-weight: 700; }
.mv-added { color: var(--mv-added); } .mv-removed { color: var(--mv-removed); }
.mv-changed { color: var(--mv-changed); } .mv-error { color: var(--mv-error); }
.mv-warning { color: var(--mv-warning); } .mv-info { color: var(--mv-info); }
.mv-list {
  flex: 0 0 min(300px, 40%); overflow: auto; background: var(--mv-panel); user-select: text;
  border-right: 1px solid var(--mv-line); overscroll-behavior: contain;
}
.mv-list ol { list-style: none; margin: 0; padding: 4px; }
.mv-list li { display: flex; align-items: flex-start; border-radius: 6px; }
.mv-list li[data-here] { background: var(--mv-raised); box-shadow: inset 3px 0 var(--mv-accent); }
.mv-list li .mv-copy { min-width: calc(var(--mv-touch) - 4px); height: calc(var(--mv-touch) - 4px); padding: 0 4px; margin: 3px 2px 0 0; color: var(--mv-soft); }
.mv-entry {
  flex: 1; min-width: 0; font: inherit; color: inherit; background: none; border: 0; border-radius: 6px;
  padding: 5px 6px 6px 8px; text-align: left; cursor: pointer; overflow-wrap: anywhere;
}
.mv-entry-title { display: block; padding-left: 1.3em; text-indent: -1.3em; }
.mv-entry-title > * { text-indent: 0; }
.mv-entry:hover { background: var(--mv-raised); }
.mv-entry strong, .mv-told strong { font-weight: 600; }
.mv-line { display: block; color: var(--mv-soft); padding-left: 1.3em; white-space: pre-wrap; overflow-wrap: anywhere; }
.mv-told { margin: 8px 0 !important; padding: 6px 8px !important; background: var(--mv-raised); border-radius: 6px; overflow-wrap: anywhere; }
.mv-told li + li { margin-top: 6px; }
`;

const INSPECTOR = `
.mv-inspector {
  position: absolute; right: 0; top: 0; bottom: 0; width: min(340px, 45%); overflow: auto; z-index: 2;
  padding: 10px 14px 18px; background: var(--mv-panel); border-left: 1px solid var(--mv-line);
  overscroll-behavior: contain; user-select: text;
}
.mv-inspector-head { display: flex; justify-content: space-between; gap: 8px; align-items: flex-start; }
.mv-inspector h2 { font-size: 15px; font-weight: 650; overflow-wrap: anywhere; white-space: pre-wrap; }
.mv-inspector h3 { font-size: 12px; font-weight: 600; color: var(--mv-soft); margin: 14px 0 3px; }
.mv-badge { display: inline-block; margin-left: 8px; padding: 0 7px; border-radius: 9px; font-size: 12px; background: var(--mv-raised); white-space: nowrap; }
.mv-failed { color: var(--mv-bad); }
.mv-doings { display: flex; flex-wrap: wrap; gap: 6px; margin: 8px 0 4px; }
.mv-doings .mv-button { border-color: var(--mv-line); }
.mv-facts { display: grid; grid-template-columns: minmax(74px, auto) 1fr; gap: 2px 10px; margin-top: 8px !important; }
.mv-facts dt { color: var(--mv-soft); padding-top: 2px; }
.mv-facts dd { display: flex; gap: 4px; align-items: flex-start; justify-content: space-between; min-width: 0; }
.mv-value, .mv-shape { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 12px; overflow-wrap: anywhere; }
.mv-value { white-space: pre-wrap; padding-top: 3px; }
.mv-inspector .mv-copy { min-width: calc(var(--mv-touch) - 6px); height: calc(var(--mv-touch) - 6px); padding: 0 3px; color: var(--mv-soft); }
.mv-inspector table { width: 100%; border-collapse: collapse; }
.mv-inspector :is(th, td) { text-align: left; font-weight: normal; padding: 3px 8px 3px 0; vertical-align: top; border-top: 1px solid var(--mv-line); }
.mv-inspector tbody tr:first-child > * { border-top: 0; }
.mv-inspector thead th { color: var(--mv-soft); border: 0; }
.mv-inspector :is(th, td):last-child { padding-right: 0; }
.mv-inspector td { font-variant-numeric: tabular-nums; }
.mv-sum { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.mv-stored th { overflow-wrap: anywhere; }
.mv-stored tr[data-here] > * { background: var(--mv-raised); }
.mv-stored tr[data-here] > th { box-shadow: inset 3px 0 var(--mv-accent); padding-left: 8px; }
.mv-note { display: block; color: var(--mv-soft); font-size: 12px; }
.mv-bar { display: block; height: 3px; border-radius: 2px; background: linear-gradient(to right, var(--mv-accent) var(--mv-part), var(--mv-line) var(--mv-part)); margin-top: 2px; min-width: 48px; }
.mv-neighbours li { padding: 2px 0; display: flex; flex-wrap: wrap; gap: 0 8px; justify-content: space-between; }
.mv-link { font: inherit; color: var(--mv-accent); background: none; border: 0; padding: 0; cursor: pointer; text-align: left; overflow-wrap: anywhere; border-radius: 3px; }
.mv-link:hover { text-decoration: underline; }
`;

const NARROW = `
@container (max-width: 720px) {
  .mv-body { flex-direction: column; }
  .mv-list { flex: 0 1 auto; max-height: 38%; border-right: 0; border-bottom: 1px solid var(--mv-line); }
  .mv-inspector { left: 0; top: auto; width: 100%; height: 46%; border-left: 0; border-top: 1px solid var(--mv-line); box-shadow: var(--mv-shadow); border-radius: 12px 12px 0 0; }
  .mv-search { order: 3; flex-basis: 100%; max-width: none; }
  .mv-tools { margin-left: 0; order: 4; }
  .mv-minimap { display: none; }
  .mv-legend { flex-wrap: nowrap; overflow-x: auto; white-space: nowrap; }
  .mv-facts { grid-template-columns: minmax(64px, auto) 1fr; }
}
@container (max-width: 520px) {
  .mv-toolbar { gap: 6px 2px; }
  .mv-tools { display: contents; }
  .mv-tools > * { order: 4; }
  .mv-title { flex: 1 0 calc(100% - 76px); flex-wrap: wrap; gap: 0 10px; }
  .mv-title > * { white-space: normal; overflow-wrap: anywhere; min-width: 0; }
  .mv-tools > .mv-aside { order: 1; }
  .mv-search { flex: 1 0 calc(100% - 132px); min-width: 0; }
  .mv-search:has(.mv-query:not(:placeholder-shown)) { flex-basis: 100%; }
  .mv-tools > .mv-kept { order: 3; }
  .mv-toolbar:not(:has(.mv-title)) .mv-search { order: 0; flex: 1 0 calc(100% - 72px); }
  .mv-toolbar:not(:has(.mv-title)) .mv-kept { order: 5; }
  .mv-tools > select, .mv-choice { flex: 1 0 auto; max-width: 100%; }
  .mv-choice { margin-left: 0; gap: 3px; }
  .mv-choice select { flex: 1; min-width: 0; }
  .mv-tools select { padding: 0 1px 0 4px; }
  .mv-banner { flex-wrap: wrap; gap: 4px 10px; }
  .mv-banner p { flex-basis: 60%; }
  .mv-choice .mv-icon { display: block; }
  .mv-choice span { display: none; }
  .mv-tools .mv-button { padding: 0 3px; }
}
/* Low as well, as a page at twice its size: what is below would have no room. */
@media (max-height: 480px) {
  @container (min-width: 480px) and (max-width: 720px) {
    .mv-body { flex-direction: row; }
    .mv-list { max-height: none; border-right: 1px solid var(--mv-line); border-bottom: 0; }
    .mv-inspector { left: auto; top: 0; width: 50%; height: auto; border-left: 1px solid var(--mv-line); border-top: 0; border-radius: 0; }
    .mv-search { order: 0; flex: 1 1 160px; }
  }
}
@media (prefers-reduced-motion: reduce) { .mv-spinner { animation-duration: 3s; } }
`;

/** Fingers need room: nothing that they touch is smaller than 32 pixels. */
const TOUCHED = `
  .mv-root > * { --mv-touch: 32px; }
  .mv-toolbar { padding: 5px 10px; }
  .mv-toolbar .mv-search { height: 34px; }
  .mv-search .mv-button, .mv-list li .mv-copy, .mv-inspector .mv-copy { min-width: 32px; height: 32px; }
  .mv-link { min-height: 32px; min-width: 32px; }
  .mv-facts dt, .mv-value { padding-top: 8px; }
  .mv-neighbours li { align-items: center; }
`;
const TOUCH = `
@container (max-width: 720px) { ${TOUCHED} }
@media (pointer: coarse) { ${TOUCHED} }
`;

export const css = COLOURS + FRAME + CONTROLS + OVER + REVIEW + INSPECTOR + NARROW + TOUCH + PICTURE_CSS;
