"""The size of everything in a view, known before anything has a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..collecting import collection_paused
from ..view.model import View
from .cards import Card, cards
from .edge_labels import EdgeLabel, edge_labels
from .headers import Header, header
from .heat import Scale
from .paint import heat_scale
from .style import Style


@dataclass(frozen=True, slots=True)
class Plan:
    """A view with the size of everything known: what is to be laid out.

    ``place`` is the card that each node is in. ``names`` are the names of cards and groups in DOT.
    ``scale`` is that of the heat map.
    """

    view: View
    style: Style
    cards: Mapping[str, Card]
    place: Mapping[str, str]
    headers: Mapping[str, Header]
    labels: Mapping[tuple[str, str], EdgeLabel]
    names: Mapping[str, str]
    scale: Scale

    @property
    def cut_costs(self) -> dict[str, float]:
        """What a cut through each group costs, outer before inner."""
        return {group.id: 2.0 if group.copies == 1 else 6.0 for group in self.view.groups()}

    @property
    def header_rooms(self) -> dict[str, float]:
        """How wide each piece of a group is at least, to have room for its header."""
        return {name: head.width + 24.0 for name, head in self.headers.items()}


@collection_paused()
def plan(view: View, style: Style) -> Plan:
    """The sizes of everything in a view."""
    boxes = {card.id: card for card in cards(view, style)}
    place = {node: card.id for card in boxes.values() for node in card.nodes}
    headers = {group.id: header(group, view, style) for group in view.groups()}
    names = {name: f"n{index}" for index, name in enumerate((*boxes, *headers))}
    labels = edge_labels(view, style)
    return Plan(view, style, boxes, place, headers, labels, names, heat_scale(view, style))
