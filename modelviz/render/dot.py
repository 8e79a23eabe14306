"""A view as DOT, with all its texts, for Graphviz to draw.

Every box has a fixed size, so the layout does not depend on fonts.
"""

from __future__ import annotations

import html

import graphviz

from ..view.model import Group, Node
from .cards import Card, CardRow
from .group_marks import group_colour
from .headers import Header
from .layout_source import (
    GROUP_MARGIN,
    card_attributes,
    dot_lines,
    fixed_ranks,
    header_table,
    spacing,
)
from .lines import heat_text
from .paint import node_colours
from .plan import Plan
from .sizes import TINY
from .text import with_controls


def dot_source(drawing: Plan) -> str:
    """The DOT text of a plan, with its texts."""
    return _Writer(drawing).source()


class _Writer:
    def __init__(self, drawing: Plan) -> None:
        self._plan = drawing
        self._theme = drawing.style.theme
        self._font = "Times" if self._theme.family == "serif" else "Helvetica"

    def source(self) -> str:
        theme = self._theme
        graph = graphviz.Digraph(
            _quoted(self._plan.view.name),
            graph_attr={
                "bgcolor": theme.background,
                "fontname": self._font,
                "margin": "0",
                "pad": "0.2",
                "labeljust": "l",
                "outputorder": "edgesfirst",
                **spacing(self._plan),
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
        for rank, names in fixed_ranks(self._plan):
            with graph.subgraph() as row:
                row.attr(rank=rank)
                for name in names:
                    row.node(name)
        self._edges(graph)
        return str(graph.source)

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
                        fillcolor=group_colour(item, level, self._theme),
                    )
                    self._items(inner, item.children, level + 1)
            elif item.id in self._plan.cards:
                self._card(graph, self._plan.cards[item.id])

    def _card(self, graph: graphviz.Digraph, card: Card) -> None:
        attributes = card_attributes(card)
        colours = node_colours(card.rows[0].node, self._plan.style, self._plan.scale)
        attributes |= {
            "label": graphviz.nohtml("\\n".join(_row_text(row) for row in card.rows)),
            "fillcolor": colours.fill,
            "color": colours.line,
            "fontcolor": colours.text,
        }
        heat = [text for row in card.rows if (text := heat_text(row.node, self._plan.style))]
        if heat:
            attributes["tooltip"] = _quoted("\n".join(heat))
        if card.idle:
            attributes["style"] = "dashed,rounded"
        graph.node(self._plan.names[card.id], **attributes)

    def _edges(self, graph: graphviz.Digraph) -> None:
        place = {node: self._plan.names[card] for node, card in self._plan.place.items()}
        for line in dot_lines(self._plan):
            attributes = line.attributes
            label = None if line.edge is None else self._plan.labels.get(line.edge)
            if label is not None:
                # A label that the layout does not see: there is room for it between the ranks.
                attributes["xlabel"] = graphviz.nohtml(_quoted("\n".join(label.lines)))
            graph.edge(line.source, line.target, **attributes)
        for link in self._plan.view.links:
            source, target = place[link.source], place[link.target]
            if source != target:
                graph.edge(source, target, style="dotted", dir="none", constraint="false")

    def _header(self, head: Header) -> str:
        texts = [run.text.strip() for run in head.line] + [head.badge, head.note]
        text = _escaped("  ".join(text for text in texts if text))
        return header_table(head, f'<FONT COLOR="{self._theme.text}" POINT-SIZE="10">{text}</FONT>')


def _row_text(row: CardRow) -> str:
    lines = ["".join(run.text for run in line) for line in row.lines]
    if row.badge:
        lines[0] += f"  {row.badge}"
    return "\\n".join(_quoted(line) for line in lines)


def _quoted(text: str) -> str:
    """Text as DOT gives it back: backslashes doubled, entities kept from being read."""
    escaped = text.replace("\\", "\\\\").replace("&", "&amp;")
    return with_controls(escaped, "\n").replace("\n", "\\n")


def _escaped(text: str) -> str:
    return html.escape(with_controls(text, "\n"), quote=False)
