import { expect, test } from "vitest";
import { lightness } from "./theme";
import { exact, share, tensor } from "./units";

test("figures are exact with their thousands", () => expect(exact(25557032)).toBe("25,557,032"));

test("a share never reads as nothing, nor as more than all", () => {
  expect(share(1, 3)).toBe("33.3%");
  expect(share(1, 1_000_000)).toBe("< 0.1%");
  expect(share(999_999, 1_000_000)).toBe("100%");
  expect(share(0, 10)).toBe("");
  expect(share(5, 0)).toBe("");
});

test("tensors read as shape and dtype", () => {
  expect(tensor({ shape: [1, 3], dtype: "int64" })).toBe("1×3 int64");
  expect(tensor({ shape: [] })).toBe("scalar");
});

test("a page's colour is dark or light", () => {
  expect(lightness("#fff")).toBe(1);
  expect(lightness("#0e1117")).toBeLessThan(0.2);
  expect(lightness("rgb(255, 255, 255)")).toBe(1);
  expect(lightness("inherit")).toBeUndefined();
});
