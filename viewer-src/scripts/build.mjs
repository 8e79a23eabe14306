// Builds the viewer and the app's editor, each into one ES module, the same bytes on every run:
// modelviz/viewer/viewer.js and app/editor/editor.js.
import { build } from "esbuild";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { common, root, scriptText } from "./bundle.mjs";

const NOTICE = `/*! modelviz viewer, MIT licence. Contains @hpcc-js/wasm-graphviz (Apache-2.0, \
https://github.com/hpcc-systems/hpcc-js-wasm), which contains Graphviz (EPL-1.0, \
https://graphviz.org) and Expat (MIT). Built from viewer-src/. */`;

const EDITOR_NOTICE = `/*! The code editor of modelviz, MIT licence. Contains CodeMirror and Lezer (MIT, \
https://codemirror.net). Built from viewer-src/. */`;

/** Imports of "…?text" give the named module as the text of a script. */
const textImports = {
  name: "text-imports",
  setup(builder) {
    builder.onResolve({ filter: /\?text$/ }, (args) => ({
      path: resolve(args.resolveDir, args.path.replace(/\?text$/, ".ts")),
      namespace: "text-imports",
    }));
    builder.onLoad({ filter: /.*/, namespace: "text-imports" }, async (args) => ({
      contents: await scriptText(args.path),
      loader: "text",
    }));
  },
};

const outfile = process.argv[2] ?? resolve(root, "../modelviz/viewer/viewer.js");
await mkdir(dirname(outfile), { recursive: true });
await build({
  ...common,
  entryPoints: ["src/index.ts"],
  outfile,
  plugins: [textImports],
  banner: { js: NOTICE },
});

const editor = resolve(root, "../app/editor/editor.js");
await mkdir(dirname(editor), { recursive: true });
await build({
  ...common,
  entryPoints: ["src/editor/index.ts"],
  outfile: editor,
  banner: { js: EDITOR_NOTICE },
});
