import { type Format, Graphviz } from "@hpcc-js/wasm-graphviz";

/** JSON of places alone, without drawing instructions; the types of the package leave it out. */
const PLACES: string = "json0";

let loading: Promise<Graphviz> | undefined;

/** Graphviz, loaded once. */
export function loadGraphviz(): Promise<Graphviz> {
  loading ??= Graphviz.load();
  return loading;
}

/** Graphviz's layout of DOT text, as its JSON. For a worker: it blocks for as long as it takes. */
export async function graphvizJson(dot: string): Promise<string> {
  const graphviz = await loadGraphviz();
  try {
    return graphviz.layout(dot, PLACES as Format, "dot");
  } catch (error) {
    // A failed layout may leave the memory of the library in disorder: the next one starts anew.
    Graphviz.unload();
    loading = undefined;
    throw error;
  }
}
