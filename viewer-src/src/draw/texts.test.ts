import { expect, test } from "vitest";
import {
  bytesText,
  countText,
  cut,
  flopsText,
  paramsText,
  printable,
  secondsText,
  shapeText,
} from "./texts";

test("figures read as in the exported pictures", () => {
  expect(countText(999)).toBe("999");
  expect(countText(999_600)).toBe("1.00 M");
  expect(countText(25_557_032)).toBe("25.6 M");
  expect(paramsText(7_241_732_096)).toBe("7.24 B params");
  expect(flopsText(8_178_370_048)).toBe("8.18 GFLOPs");
  expect(bytesText(1023)).toBe("1023 B");
  expect(bytesText(102_228_128)).toBe("97.5 MiB");
  expect(bytesText(38.25 * 2 ** 20)).toBe("38.2 MiB");
  expect(bytesText(38.75 * 2 ** 20)).toBe("38.8 MiB");
  expect(secondsText(0.0425)).toBe("42.5 ms");
  expect(secondsText(7.3e-6)).toBe("7.30 µs");
  expect(secondsText(2e-9)).toBe("2 ns");
  expect(shapeText([1, 64, 56])).toBe("1×64×56");
  expect(shapeText([])).toBe("scalar");
});

test("text is cut between characters, not inside one", () => {
  expect(cut("a b\n c", 9)).toBe("a b c");
  expect(cut("one, two", 6)).toBe("one…");
  expect(cut("🙂🙂🙂🙂", 3)).toBe("🙂🙂…");
});

test("what XML cannot hold is replaced", () => {
  expect(printable("a\u0000b\u001fc\n\td")).toBe("a␀b␟c\n\td");
  expect(printable("x\ud800y\udc00z🙂\ufffe")).toBe("x\ufffdy\ufffdz🙂\ufffd");
});
