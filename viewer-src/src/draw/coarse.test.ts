import { expect, test } from "vitest";
import { draw } from "./index";
import { LIGHT, edge, layOut, measure, node, view } from "./testing";

const items = Array.from({ length: 1200 }, (_, index) => node(`n${index}`, "linear"));
const edges = items.slice(1).map((item, index) => edge(`n${index}`, item.id, [index + 1]));
const picture = await draw(view(items, edges), LIGHT, undefined, { layOut, measure });
const whole = { left: 0, top: 0, right: picture.width, bottom: picture.height };
const part = { left: 0, top: 0, right: 400, bottom: 400 };
const count = (root: Element, name: string): number => root.querySelectorAll(name).length;

test("many nodes seen from far are a few paths, and cards again from near", () => {
  expect(picture.show(whole, 0.05)).toBe("plain");
  expect(count(picture.svg, ".node, .edge, .label")).toBe(0);
  const paths = [...picture.svg.querySelectorAll(".coarse path[fill]")];
  const drawn = paths.map((path) => path.getAttribute("d")!.match(/M/g)!.length);
  expect(drawn.reduce((a, b) => a + b, 0)).toBe(1200);
  expect(paths.length).toBeLessThan(10);
  expect(paths[0]!.parentElement!.getAttribute("stroke-width")).toBe("12");
  expect(picture.show(part, 1)).toBe("full");
  expect(count(picture.svg, ".node")).toBeGreaterThan(5);
  expect(picture.svg.querySelector(".coarse")!.childElementCount).toBe(0);
});

test("few nodes keep their cards from far", () => {
  expect(picture.show(part, 0.05)).toBe("full");
  expect(count(picture.svg, ".node")).toBeGreaterThan(5);
});

test("what is selected and found is marked from far, whenever it was", () => {
  picture.spot("n7", new Set(["n8", "n9"]));
  picture.show(whole, 0.05);
  const marks = (name: string): number =>
    picture.svg.querySelector(`.coarse .${name}`)?.getAttribute("d")!.match(/M/g)!.length ?? 0;
  expect([marks("selected"), marks("found")]).toEqual([1, 2]);
  picture.spot(null, new Set(["n8"]));
  expect([marks("selected"), marks("found")]).toEqual([0, 1]);
});

test("an export is never coarse", () => {
  picture.show(whole, 0.05);
  const copy = picture.whole();
  expect(count(copy, ".node")).toBe(1200);
  expect(count(copy, ".coarse")).toBe(0);
});
