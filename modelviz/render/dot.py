"""A view as DOT.

Every box has a fixed size, so the layout does not depend on fonts. ``labels=False`` leaves out
the texts, for a layout whose texts are drawn by somebody else.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import graphviz

from ..view.model import Group, Node, View
from .cards import Card, Row, cards
from .edge_labels import Label, edge_labels
from .headers import Header, header
from .lines import TINY
from .paint import largest, node_colours
from .style import Style

_INCH = 72.0
GROUP_MARGIN = 13.0
MANY_EDGES = 300
_HASTE = {"nslimit": "0.3", "nslimit1": "2", "mclimit": "0.3"}
"""How long Graphviz may improve a layout of many edges: a fifteenth of the time, little worse."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A view with the size of everything known: what is to be laid out.

    ``place`` is the card that each node is in. ``names`` are the names of cards and groups in DOT.
    ``most`` is the largest figure of any node, where the heat map ends.
    """

    view: View
    style: Style
    cards: Mapping[str, Card]
    place: Mapping[str, str]
    headers: Mapping[str, Header]
    labels: Mapping[tuple[str, str], Label]
    names: Mapping[str, str]
    most: int


def plan(view: View, style: Style) -> Plan:
    """The sizes of everything in a view."""
    boxes = {card.id: card for card in cards(view, style)}
    place = {node: card.id for card in boxes.values() for node in card.nodes}
    headers = {group.id: header(group, view, style) for group in view.groups()}
    names = {name: f"n{index}" for index, name in enumerate((*boxes, *headers))}
    labels = edge_labels(view, style)
    return Plan(view, style, boxes, place, headers, labels, names, largest(view, style))


def dot_source(drawing: Plan, labels: bool = True) -> str:
    """The DOT text of a plan, with or without its texts."""
    return _Writer(drawing, labels).source()


class _Writer:
    def __init__(self, drawing: Plan, labels: bool) -> None:
        self._plan = drawing
        self._labels = labels
        self._theme = drawing.style.theme
        self._font = "Times" if self._theme.family == "serif" else "Helvetica"

    def source(self) -> str:
        style, theme = self._plan.style, self._theme
        graph = graphviz.Digraph(
            _quoted(self._plan.view.name) if self._labels else "g",
            graph_attr={
                "rankdir": style.direction,
                "bgcolor": theme.background,
                "fontname": self._font,
                "nodesep": "0.22",
                "ranksep": f"{self._rank_gap() / _INCH:.3f}",
                "margin": "0",
                "pad": "0.2" if self._labels else "0",
                "labeljust": "l",
                "outputorder": "edgesfirst",
                **(_HASTE if len(self._plan.view.edges) > MANY_EDGES else {}),
            },
            node_attr={
                "shape": "box",
                "style": "filled,rounded",
                "fixedsize": "true",
                "fontname": self._font,
                "fontsize": "10",
                "label": "",
                "margin": "0",
            },
            edge_attr={
                "color": theme.edge,
                "fontname": self._font,
                "fontcolor": theme.muted,
                "fontsize": f"{TINY:g}",
                "arrowsize": "0.6",
                "penwidth": "0.9",
            },
        )
        self._items(graph, self._plan.view.items, 0)
        self._edges(graph)
        return str(graph.source)

    def _rank_gap(self) -> float:
        """The space between ranks: enough for the labels that stand in it."""
        labels = self._plan.labels.values()
        if self._plan.style.direction == "LR":
            return max([24.0, *(label.width + 14 for label in labels)])
        return max([17.0, *(label.height + 10 for label in labels)])

    def _items(self, graph: graphviz.Digraph, items: tuple[Node | Group, ...], level: int) -> None:
        for item in items:
            if isinstance(item, Group):
                head = self._plan.headers[item.id]
                with graph.subgraph(name=f"cluster_{self._plan.names[item.id]}") as inner:
                    inner.attr(
                        label=self._header(head),
                        labelloc="t",
                        margin=f"{GROUP_MARGIN:g}",
                        style="filled,rounded",
                        color=self._theme.group_line,
                        fillcolor=self._theme.group_fill[level % 2],
                    )
                    self._items(inner, item.children, level + 1)
            elif item.id in self._plan.cards:
                self._card(graph, self._plan.cards[item.id])

    def _card(self, graph: graphviz.Digraph, card: Card) -> None:
        attributes = {
            "width": f"{card.width / _INCH:.4f}",
            "height": f"{card.height / _INCH:.4f}",
        }
        if card.shape == "circle":
            attributes["shape"] = "circle"
        if self._labels:
            colours = node_colours(card.rows[0].node, self._plan.style, self._plan.most)
            attributes |= {
                "label": graphviz.nohtml("\\n".join(_row_text(row) for row in card.rows)),
                "fillcolor": colours.fill,
                "color": colours.line,
                "fontcolor": colours.text,
            }
            if card.shape == "dashed":
                attributes["style"] = "dashed,rounded"
        graph.node(self._plan.names[card.id], **attributes)

    def _edges(self, graph: graphviz.Digraph) -> None:
        place = {node: self._plan.names[card] for node, card in self._plan.place.items()}
        seen: set[tuple[str, str]] = set()
        main = self._main_edges(place)
        for edge in self._plan.view.edges:
            source, target = place[edge.source], place[edge.target]
            if edge.next_copy or source == target or (source, target) in seen:
                continue
            seen.add((source, target))
            attributes = {"weight": "6"} if main[target] == source else {}
            label = self._plan.labels.get((edge.source, edge.target))
            if label is not None and self._labels:
                # A label that the layout does not see: there is room for it between the ranks.
                attributes["xlabel"] = graphviz.nohtml(_quoted("\n".join(label.lines)))
            graph.edge(source, target, **attributes)
        for link in self._plan.view.links if self._labels else ():
            source, target = place[link.source], place[link.target]
            if source != target:
                graph.edge(source, target, style="dotted", dir="none", constraint="false")
        for source, target in _afterwards(self._plan.view.items):
            graph.edge(place[source], place[target], style="invis")
        if not self._plan.view.traced:
            self._order(graph, self._plan.view.items)

    def _main_edges(self, place: Mapping[str, str]) -> dict[str, str]:
        """For each card: the one that feeds it last, from which the way should be straight."""
        order = {name: index for index, name in enumerate(self._plan.names.values())}
        main: dict[str, str] = {}
        for edge in self._plan.view.edges:
            source, target = place[edge.source], place[edge.target]
            if not edge.next_copy and source != target:
                best = main.get(target)
                if best is None or order[source] > order[best]:
                    main[target] = source
        return main

    def _order(self, graph: graphviz.Digraph, items: tuple[Node | Group, ...]) -> None:
        """Keep what has no edges in the order in which it is registered, one below the other."""
        names = {node: self._plan.names[card] for node, card in self._plan.place.items()}
        leaves = [names[_first_leaf(item)] for item in items]
        ends = [names[_last_leaf(item)] for item in items]
        for source, target in zip(ends, leaves[1:], strict=False):
            graph.edge(source, target, style="invis")
        for item in items:
            if isinstance(item, Group):
                self._order(graph, item.children)

    def _header(self, head: Header) -> str:
        texts = [run.text.strip() for run in head.line] + [head.badge, head.note]
        text = "  ".join(text for text in texts if text)
        return self._table(text, head.width + 14, head.height)

    def _table(self, text: str, width: float, height: float) -> str:
        """An HTML-like label of a fixed size."""
        cell = ""
        if self._labels:
            cell = "<BR/>".join(_escaped(line) for line in text.split("\n"))
            cell = f'<FONT COLOR="{self._theme.text}" POINT-SIZE="10">{cell}</FONT>'
        return (
            f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" FIXEDSIZE="TRUE" '
            f'WIDTH="{round(width)}" HEIGHT="{round(height)}"><TR><TD>{cell}</TD></TR></TABLE>>'
        )


def _row_text(row: Row) -> str:
    lines = ["".join(run.text for run in line) for line in row.lines]
    if row.badge:
        lines[0] += f"  {row.badge}"
    return "\\n".join(_quoted(line) for line in lines)


def _quoted(text: str) -> str:
    """Text as DOT gives it back: backslashes doubled, entities kept from being read."""
    escaped = text.replace("\\", "\\\\").replace("&", "&amp;")
    return _printable(escaped).replace("\n", "\\n")


def _escaped(text: str) -> str:
    return html.escape(_printable(text), quote=False)


def _printable(text: str) -> str:
    """Text with the control characters that no format can hold shown as their pictures."""
    return "".join(
        chr(0x2400 + ord(character)) if ord(character) < 32 and character != "\n" else character
        for character in text
    )


def _afterwards(items: tuple[Node | Group, ...]) -> Iterator[tuple[str, str]]:
    """Pairs of a node and what is never used beside it, which belongs below it."""
    shown: Node | Group | None = None
    for item in items:
        if isinstance(item, Group):
            yield from _afterwards(item.children)
        if isinstance(item, Node) and item.kind == "unused":
            if shown is not None:
                yield _last_leaf(shown), item.id
        elif not (isinstance(item, Node) and item.kind == "output"):
            shown = item


def _first_leaf(item: Node | Group) -> str:
    return item.id if isinstance(item, Node) else _first_leaf(item.children[0])


def _last_leaf(item: Node | Group) -> str:
    return item.id if isinstance(item, Node) else _last_leaf(item.children[-1])
