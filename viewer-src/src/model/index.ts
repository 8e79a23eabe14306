export { explorer } from "./explorer";
export { neighbours } from "./neighbours";
export type * from "./types";
