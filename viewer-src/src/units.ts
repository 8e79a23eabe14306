/**
 * How a number reads, as `modelviz/units.py` says: three digits and an SI prefix, bytes in powers of
 * 1000. `vectors/units` holds both to it.
 */

import type { Shape, TensorLabel } from "./model/types";

const PREFIXES: readonly (readonly [number, string])[] = [
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

const SECONDS: readonly (readonly [number, string])[] = [
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
];

/** A count in three digits with its SI prefix: `25.6 M`, `4.09 GFLOPs`. */
export function countText(value: number, unit = ""): string {
  for (const [scale, prefix] of PREFIXES) {
    if (value >= scale * 0.9995) return `${threeDigits(value / scale)} ${prefix}${unit}`;
  }
  return `${plain(value)} ${unit}`.trimEnd();
}

/** `25,557,032`. */
export function exactText(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A number of parameters with its unit: `25.6 M params`. */
export function paramsText(value: number): string {
  return `${countText(value).replace("G", "B")} params`;
}

/** A number of FLOPs: `8.18 GFLOPs`. */
export function flopsText(value: number): string {
  return countText(value, "FLOPs");
}

/** A number of bytes, in powers of 1000: `102 MB`. */
export function bytesText(value: number): string {
  return countText(value, "B");
}

/** A time in three digits: `1.20 s`, `42.5 ms`, `7.30 µs`. */
export function secondsText(value: number): string {
  for (const [scale, unit] of SECONDS) {
    if (value >= scale * 0.9995) return `${threeDigits(value / scale)} ${unit}`;
  }
  return `${rounded(value * 1e9, 0)} ns`;
}

/** A number in any unit, below zero as well: `0.0312`, `−42.5 ms`, `12.30%`. */
export function measureText(value: number, unit = ""): string {
  if (value < 0) return `−${measureText(-value, unit)}`;
  if (unit === "s") return secondsText(value);
  if (unit === "B" || unit === "bytes") return bytesText(value);
  if (unit === "FLOPs") return flopsText(value);
  if (unit === "%") return `${rounded(100 * value, 2)}%`;
  if (value >= 1000) return countText(value, unit);
  return `${significant(value)} ${unit}`.trimEnd();
}

/** Three digits that tell, without zeros behind them. */
function significant(value: number): string {
  const [digits = "", exponent = "0"] = value.toExponential(2).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 3) return String(Number(value.toPrecision(3)));
  return `${Number(digits)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** `12.3%` of a whole; what would read as nothing is below 0.1%. */
export function shareText(part: number, whole: number): string {
  if (!whole || !part) return "";
  const percent = (100 * part) / whole;
  if (percent < 0.1) return "< 0.1%";
  return `${rounded(percent >= 99.95 ? 100 : percent, 1).replace(/\.0$/, "")}%`;
}

/** A shape as `1×64×56×56`; `scalar` when it has no dimensions. */
export function shapeText(shape: Shape): string {
  return shape.length ? shape.map(sizeText).join("×") : "scalar";
}

/** A size between `×`: a sum, such as `seq+1`, in brackets. */
function sizeText(size: number | string): string {
  if (typeof size === "number") return String(size);
  let depth = 0;
  for (const character of size) {
    depth += Number(character === "(") - Number(character === ")");
    if (!depth && "+-".includes(character)) return `(${size})`;
  }
  return size;
}

/** `1×64×56×56 float32`. */
export function tensorText(label: TensorLabel): string {
  return [shapeText(label.shape), label.dtype].filter(Boolean).join(" ");
}

function threeDigits(value: number): string {
  return rounded(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** A number with so many decimals; what lies in the middle goes to the even side, as in Python. */
function rounded(value: number, decimals: number): string {
  const exact = value.toFixed(60);
  const end = exact.indexOf(".") + 1 + decimals;
  const isTie = /^50*$/.test(exact.slice(end));
  const kept = exact.slice(0, end).replace(/\.$/, "");
  return isTie && "02468".includes(kept.at(-1)!) ? kept : value.toFixed(decimals);
}

function plain(value: number): string {
  return String(Number(value.toPrecision(6)));
}
