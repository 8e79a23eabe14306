import { expect, test } from "vitest";
import { cardsOf } from "./cards";
import { edge, look, node, view } from "./testing";

function rows(of: ReturnType<typeof view>, style = {}): string[][] {
  return cardsOf(of, look(of, style)).map((card) => card.rows.map((row) => row.node.id));
}

const chain = [edge("conv", "norm"), edge("norm", "act"), edge("act", "head")];

test("layers that hand one tensor on share a card, up to the next that changes its shape", () => {
  const layers = [
    node("conv", "convolution"),
    node("norm", "normalisation"),
    node("act", "activation"),
    node("head", "linear"),
  ];
  expect(rows(view(layers, chain))).toEqual([["conv", "norm", "act"], ["head"]]);
});

test("a layer that others read too, one that opens and one of several copies stand alone", () => {
  const layers = [
    node("conv", "convolution"),
    node("norm", "normalisation", { expandable: true }),
    node("act", "activation", { copies: 3 }),
    node("head", "linear"),
  ];
  expect(rows(view(layers, chain))).toEqual([["conv"], ["norm"], ["act"], ["head"]]);
  const branch = [edge("conv", "norm"), edge("conv", "act")];
  const plain = [
    node("conv", "convolution"),
    node("norm", "normalisation"),
    node("act", "activation"),
  ];
  expect(rows(view(plain, branch))).toEqual([["conv"], ["norm"], ["act"]]);
});

test("nothing is stacked where the picture reads to the right", () => {
  const layers = [node("conv", "convolution"), node("norm", "normalisation")];
  const of = view(layers, [edge("conv", "norm")]);
  expect(rows(of, { direction: "LR" })).toEqual([["conv"], ["norm"]]);
});

test("an op with a symbol is a circle, unless it has figures to tell", () => {
  const add = node("add", "arithmetic", { figures: { params: 0, flops: 8, memory: 0 } });
  const { path: _, ...op } = add;
  const quiet = view([op]);
  expect(cardsOf(quiet, look(quiet))[0]).toMatchObject({ shape: "circle", width: 20, height: 20 });
  const told = view([op], [], { show: new Set(["flops"]) });
  expect(cardsOf(told, look(told))[0]!.shape).toBe("card");
});

test("a folded card offers its copies, and the first of shown copies offers to fold them", () => {
  const copies = [0, 1, 2].map((copy) => node(`b${copy}`, "block", { foldOf: "b" }));
  const of = view([node("a", "block", { copies: 12, of: { chained: false } }), ...copies]);
  const badges = cardsOf(of, look(of)).map((card) => card.rows[0]!.badge);
  expect(badges).toEqual([
    { text: "× 12 side by side", action: "unfold", id: "a" },
    { text: "fold 3", action: "fold", id: "b" },
    undefined,
    undefined,
  ]);
});

test("a card is wide enough for its badge, its sign and the cards behind it", () => {
  const width = (more: object): number => {
    const of = view([node("a layer with a long name", "block", more)]);
    return cardsOf(of, look(of))[0]!.width;
  };
  const plain = width({});
  expect(width({ expandable: true })).toBeCloseTo(plain + 11);
  expect(width({ copies: 2 })).toBeCloseTo(plain + 8 + 3 * 8.5 * 0.55 + 10 + 4);
});

test("layers with one weight say so", () => {
  const of = view([node("embed", "embedding"), node("head", "linear")], [], {
    links: [{ source: "embed", target: "head", reason: "shared weights" }],
  });
  const said = cardsOf(of, look(of)).map((card) =>
    card.rows[0]!.lines.flat().map((run) => run.text),
  );
  expect(said).toEqual([
    ["embed", "  = head"],
    ["head", "  = embed"],
  ]);
});
