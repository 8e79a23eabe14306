/** The layout that a document brings for what is open at first. */

import type { Box, PlacedEdge, Point } from "../layout/places";
import type { FirstPlaces } from "../model/document";
import type { Label } from "./edgeLabels";
import type { Layout } from "./places";
import type { Placed } from "./placing";
import type { Plan } from "./plan";

/** The layout of a plan as a document gives it; undefined where the plan shows something else. */
export function firstLayout(plan: Plan, given: FirstPlaces): Layout | undefined {
  const boxes = new Map(Object.entries(given.boxes).map(([id, box]) => [id, boxOf(box)]));
  const wanted = [...plan.cards.keys(), ...plan.headers.keys()];
  if (boxes.size !== wanted.length || !wanted.every((id) => boxes.has(id))) return undefined;
  const curves = given.curves.map(([source, target, numbers, tip]): PlacedEdge => ({
    source,
    target,
    points: pairs(numbers),
    tip,
  }));
  const labels = given.labels.flatMap((one) => placed(plan, one));
  return { width: given.width, height: given.height, boxes, curves, upward: new Set(given.upward), labels };
}

/** A plan with the layers of its cards in the order in which they are drawn, from the top. */
export function upright(plan: Plan, { upward }: Layout): Plan {
  if (!upward?.size) return plan;
  const cards = [...plan.cards].map(([id, card]) => {
    const turned = upward.has(id) ? { ...card, rows: [...card.rows].reverse() } : card;
    return [id, turned] as const;
  });
  return { ...plan, cards: new Map(cards) };
}

function placed(plan: Plan, [source, target, left, top]: FirstPlaces["labels"][number]): Placed[] {
  const card = (id: string): string => plan.place.get(id)!;
  const label = plan.labels.find((one) => card(one.source) === source && one.targets.some((id) => card(id) === target));
  if (!label) return [];
  const between: Label = { ...label, source, targets: label.targets.map(card) };
  return [{ label: between, source, target, box: { left, top, right: left + label.width, bottom: top + label.height } }];
}

function boxOf([left, top, right, bottom]: readonly [number, number, number, number]): Box {
  return { left, top, right, bottom };
}

function pairs(numbers: readonly number[]): Point[] {
  return Array.from({ length: numbers.length / 2 }, (_, place) => [numbers[2 * place]!, numbers[2 * place + 1]!]);
}
