import { expect, test } from "vitest";
import { lightness } from "./theme";

test("a page's colour is dark or light", () => {
  expect(lightness("#fff")).toBe(1);
  expect(lightness("#0e1117")).toBeLessThan(0.2);
  expect(lightness("rgb(255, 255, 255)")).toBe(1);
  expect(lightness("inherit")).toBeUndefined();
});
