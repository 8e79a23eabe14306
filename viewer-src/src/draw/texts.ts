import type { Visible } from "../model/types";

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

/** What a screen reader says of something visible: class, name, copies. */
export function spoken({ title, name, copies }: Visible): string {
  const said = [title, name, copies > 1 ? `${copies} copies` : ""].map(oneLine);
  return printable(said.filter(Boolean).join(", "));
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
