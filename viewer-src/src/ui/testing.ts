/** Documents for the tests: those that Python wrote for the model's tests. */

import { readFileSync } from "node:fs";
import type { Doc } from "../model/types";

export function documentOf(name: string): Doc {
  return (JSON.parse(readFileSync(`vectors/${name}.json`, "utf8")) as { document: Doc }).document;
}
