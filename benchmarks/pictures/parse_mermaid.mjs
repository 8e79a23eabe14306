// Reads a JSON list of paths from stdin; writes what Mermaid's parser says of each: null or an error.
import fs from "node:fs";
import { JSDOM } from "jsdom";

const dom = new JSDOM("<!DOCTYPE html><body></body>");
globalThis.window = dom.window;
globalThis.document = dom.window.document;
const mermaid = (await import("mermaid")).default;

const verdicts = {};
for (const path of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    const read = await mermaid.parse(fs.readFileSync(path, "utf8"));
    verdicts[path] = read.diagramType.startsWith("flowchart") ? null : `read as ${read.diagramType}`;
  } catch (error) {
    verdicts[path] = String(error);
  }
}
console.log(JSON.stringify(verdicts));
