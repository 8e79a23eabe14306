import { expect, test } from "vitest";
import { cut, printable } from "./texts";

test("text is cut between characters, not inside one", () => {
  expect(cut("a b\n c", 9)).toBe("a b c");
  expect(cut("one, two", 6)).toBe("one…");
  expect(cut("🙂🙂🙂🙂", 3)).toBe("🙂🙂…");
});

test("what XML cannot hold is replaced", () => {
  expect(printable("a\u0000b\u001fc\n\td")).toBe("a␀b␟c\n\td");
  expect(printable("x\ud800y\udc00z🙂\ufffe")).toBe("x\ufffdy\ufffdz🙂\ufffd");
});
