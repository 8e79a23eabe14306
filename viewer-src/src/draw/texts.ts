/** A shape as `1×64×56×56`; `scalar` when it has no dimensions. */
export function shapeText(shape: readonly number[]): string {
  return shape.length ? shape.join("×") : "scalar";
}

const SCALES: readonly (readonly [number, string])[] = [
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** A count in three digits with its SI prefix: `25.6 M`, `4.09 GFLOPs`. */
export function countText(value: number, unit = ""): string {
  for (const [scale, prefix] of SCALES) {
    if (value >= scale * 0.9995) return `${threeDigits(value / scale)} ${prefix}${unit}`;
  }
  return `${plain(value)} ${unit}`.trimEnd();
}

/** A number of parameters: `25.6 M params`. */
export function paramsText(value: number): string {
  return `${countText(value).replace("G", "B")} params`;
}

/** A number of FLOPs: `8.18 GFLOPs`. */
export function flopsText(value: number): string {
  return countText(value, "FLOPs");
}

/** A number of bytes: `97.5 MiB`. */
export function bytesText(value: number): string {
  const prefixes = ["", "Ki", "Mi", "Gi", "Ti"];
  let step = 0;
  while (value >= 1023.5 && step < prefixes.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${step ? threeDigits(value) : plain(value)} ${prefixes[step]}B`;
}

/** A time in three digits: `1.20 s`, `42.5 ms`, `7.30 µs`. */
export function secondsText(value: number): string {
  for (const [scale, unit] of [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
  ] as const) {
    if (value >= scale * 0.9995) return `${threeDigits(value / scale)} ${unit}`;
  }
  return `${(value * 1e9).toFixed(0)} ns`;
}

/** The text on one line, cut with an ellipsis when it is longer than `size` characters. */
export function cut(text: string, size: number): string {
  const line = oneLine(text);
  const letters = [...line];
  if (letters.length <= size) return line;
  return (
    letters
      .slice(0, size - 1)
      .join("")
      .replace(/[ ,]+$/, "") + "…"
  );
}

/** The text with every stretch of space as one. */
export function oneLine(text: string): string {
  return text.split(/\s+/).filter(Boolean).join(" ");
}

/** What XML cannot hold as its picture, or as a mark: control characters, lone surrogates. */
export function printable(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (found) => pictureOf(found))
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replace(/[\ufffe\uffff]/g, "\ufffd");
}

function pictureOf(control: string): string {
  return String.fromCharCode(0x2400 + control.charCodeAt(0));
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
