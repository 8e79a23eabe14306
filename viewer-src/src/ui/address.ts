/** What is shown as a short text for an address, and back: only what differs from the start. */

import { type Direction, type Heat, NAMES } from "../draw/look";
import type { Explorer, State } from "../model/types";
import type { Depths } from "./depths";
import type { ThemeChoice } from "./theme";

/** All that makes a picture what it is. */
export interface Shown {
  readonly state: State;
  readonly selected: string | null;
  readonly heat: Heat | null;
  readonly theme: ThemeChoice;
  readonly direction: Direction;
  /** Whether a long picture is cut into columns that fill the window. */
  readonly columns?: boolean;
}

const THEMES = ["auto", "light", "dark", "paper"] as const;
const DIRECTIONS = ["TB", "LR"] as const;

/** The text, empty for the start itself: `depth=2&open=a,b&sel=c&heat=flops`. */
export function encode(depths: Depths, shown: Shown, start: Shown): string {
  const parts = openings(depths, shown.state, start.state);
  if (shown.selected !== start.selected) parts.push(`sel=${escaped(shown.selected ?? "")}`);
  if (shown.heat !== start.heat) parts.push(`heat=${escaped(shown.heat ?? "none")}`);
  if (shown.theme !== start.theme) parts.push(`theme=${shown.theme}`);
  if (shown.direction !== start.direction) parts.push(`dir=${shown.direction}`);
  if (shown.columns) parts.push("columns=1");
  return parts.join("&");
}

/** What the text asks for; what it asks in vain, as in a text for another model, is left out. */
export function decode(explorer: Explorer, depths: Depths, text: string, start: Shown): Shown {
  const fields = new Map(
    text
      .replace(/^#/, "")
      .split("&")
      .map((part) => part.split("=", 2) as [string, string | undefined])
      .map(([name, value]) => [name, value ?? ""]),
  );
  const list = (name: string): string[] =>
    (fields.get(name) ?? "")
      .split(",")
      .filter(Boolean)
      .map(unescaped)
      .filter((id) => explorer.item(id) !== undefined);
  const depth = fields.get("depth");
  const base = depth !== undefined && isLevel(Number(depth), depths) ? depths.at(Number(depth)) : start.state;
  const open = new Set([...base.open, ...list("open")]);
  for (const id of list("close")) open.delete(id);
  const unfolded = new Set([...base.unfolded, ...list("unfold")]);
  for (const id of list("fold")) unfolded.delete(id);
  const selected = fields.get("sel");
  const heat = fields.get("heat");
  const own = (explorer.doc.overlays ?? []).map(({ name }) => name);
  return {
    state: { open, unfolded },
    selected: selected === undefined ? start.selected : (list("sel")[0] ?? null),
    heat: heat === "none" ? null : known(heat && unescaped(heat), [...NAMES, ...own], start.heat),
    theme: known(fields.get("theme"), THEMES, start.theme),
    direction: known(fields.get("dir"), DIRECTIONS, start.direction),
    ...(fields.get("columns") === "1" ? { columns: true } : {}),
  };
}

/** What is open, as changes to the start or to some depth, whichever is shortest. */
function openings(depths: Depths, state: State, start: State): string[] {
  const bases: [string[], State][] = [[[], start]];
  for (let depth = 1; depth <= depths.count; depth++) bases.push([[`depth=${depth}`], depths.at(depth)]);
  const texts = bases.map(([name, base]) => [
    ...name,
    ...changes("open", state.open, base.open),
    ...changes("close", base.open, state.open),
    ...changes("unfold", state.unfolded, base.unfolded),
    ...changes("fold", base.unfolded, state.unfolded),
  ]);
  const length = (parts: string[]): number => parts.join("&").length;
  return texts.reduce((best, parts) => (length(parts) < length(best) ? parts : best));
}

function isLevel(depth: number, depths: Depths): boolean {
  return Number.isInteger(depth) && depth >= 1 && depth <= depths.count;
}

function changes(name: string, all: ReadonlySet<string>, without: ReadonlySet<string>): string[] {
  const ids = [...all].filter((id) => !without.has(id));
  return ids.length ? [`${name}=${ids.map(escaped).join(",")}`] : [];
}

function known<T, U>(value: string | undefined, all: readonly T[], otherwise: U): T | U {
  return all.find((one) => one === value) ?? otherwise;
}

/** Characters that an address holds as they are stay; the rest, and our separators, are encoded. */
function escaped(id: string): string {
  const whole = id.replace(/\p{Surrogate}/gu, "\ufffd");
  return encodeURIComponent(whole).replace(/%(2F|3A|40)/g, (code) => decodeURIComponent(code));
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A hand-made address with a bare percent sign.
  }
}
