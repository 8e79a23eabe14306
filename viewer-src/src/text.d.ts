/** A module bundled into one classic script, as a string: see scripts/build.mjs. */
declare module "*?text" {
  const text: string;
  export default text;
}

/** A style sheet, as a string. */
declare module "*.css" {
  const text: string;
  export default text;
}
