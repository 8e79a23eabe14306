import { defineConfig } from "vitest/config";
import { scriptText } from "./scripts/bundle.mjs";

const textImports = {
  name: "text-imports",
  enforce: "pre" as const,
  async load(id: string) {
    const path = id.replace(/\?text$/, "");
    return path === id ? null : `export default ${JSON.stringify(await scriptText(path))}`;
  },
};

export default defineConfig({
  plugins: [textImports],
  test: { include: ["src/**/*.test.ts"], environment: "happy-dom", testTimeout: 60_000 },
});
