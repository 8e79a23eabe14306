// What every bundle of the viewer has in common, and modules that are bundled into text.
import { build } from "esbuild";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

export const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  loader: { ".css": "text" },
};

/** A module with all that it needs, as the text of one classic script. */
export async function scriptText(path) {
  const built = await build({ ...common, format: "iife", entryPoints: [path], write: false });
  return built.outputFiles[0].text;
}
