import type { View } from "../model/types";
import { type Card, cardsOf } from "./cards";
import { type Label, edgeLabels } from "./edgeLabels";
import { type Header, headersOf } from "./headers";
import type { Scale } from "./heat";
import type { Look } from "./look";
import { heatScale } from "./paint";

/** A view with the size of everything known: what is to be laid out. */
export interface Plan {
  readonly view: View;
  readonly look: Look;
  readonly cards: ReadonlyMap<string, Card>;
  /** The id of the card that each node is in. */
  readonly place: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, Header>;
  readonly labels: readonly Label[];
  /** The names of cards and groups in DOT. */
  readonly names: ReadonlyMap<string, string>;
  /** The scale of the heat map. */
  readonly scale: Scale;
}

/** The sizes of everything in a view. */
export function planOf(view: View, look: Look): Plan {
  const cards = new Map(cardsOf(view, look).map((card) => [card.id, card]));
  const headers = new Map(headersOf(view, look).map((header) => [header.group.id, header]));
  const place = new Map<string, string>();
  for (const card of cards.values()) {
    for (const row of card.rows) place.set(row.node.id, card.id);
  }
  const ids = [...cards.keys(), ...headers.keys()];
  const names = new Map(ids.map((id, index) => [id, `n${index}`]));
  const labels = edgeLabels(view, look);
  return { view, look, cards, place, headers, labels, names, scale: heatScale(view, look) };
}
