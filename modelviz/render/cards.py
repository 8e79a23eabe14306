"""The size of every card before it has a place, and what is written on it.

A card stands for one node, or for a few layers in a row that hand one tensor on: their rows are
stacked. All lengths are in points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..view.labels import MAX_NAME, cut
from ..view.model import Node, View, called
from .lines import (
    Line,
    Run,
    after_signs,
    badge_text,
    badge_width,
    figure_texts,
    line_height,
    own_signs,
    told_detail,
)
from .sizes import SMALL, TINY, TITLE
from .stacks import stacks
from .style import Style

Shape = Literal["card", "pill", "circle", "weight", "dashed"]

PAD_X, PAD_Y = 9.0, 5.0
STRIPE = 4.0
STACK = 4.0
"""How far the cards behind a folded one stick out."""
MIN_WIDTH = 62.0
CIRCLE = 20.0
MAX_TIE = 24
"""Most characters of a name with which weights are shared."""
SHORT = 16
"""Most characters of a line in a card that is as narrow as can be, where it can be broken."""

_PIECES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[\s_.,–])(?=\S)")
SYMBOLS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "matmul": "@", "bmm": "@"}


@dataclass(frozen=True, slots=True)
class CardRow:
    """What one node says in its card, and the height it takes there."""

    node: Node
    lines: tuple[Line, ...]
    height: float
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A box to be placed: its size holds the cards that stick out behind a folded one."""

    id: str
    shape: Shape
    rows: tuple[CardRow, ...]
    width: float
    height: float
    layers: int = 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        return self.width, self.height

    @property
    def nodes(self) -> tuple[str, ...]:
        """The ids of the nodes in it."""
        return tuple(row.node.id for row in self.rows)

    @property
    def idle(self) -> bool:
        """Whether it stands for what no output depends on, and is drawn with a dashed line."""
        first = self.rows[0].node
        return first.kind == "unused" or first.status == "unread"


def cards(view: View, style: Style) -> tuple[Card, ...]:
    """A card for every node of the view; each node is in exactly one."""
    nodes = {node.id: node for node in view.nodes()}
    ties = _ties(view, nodes)
    return tuple(
        _card([nodes[name] for name in chain], ties, style) for chain in stacks(view, style)
    )


def _ties(view: View, nodes: Mapping[str, Node]) -> dict[str, str]:
    """What to write on the nodes that share weights with others: the name of the first of those.

    Two layers with one weight are equal; a block may share no more than a part.
    """
    ties: dict[str, str] = {}
    for link in view.links:
        if link.reason == "shared weights":
            source, target = nodes[link.source], nodes[link.target]
            word = "shares with" if source.expandable or target.expandable else "="
            for mine, other in ((target, source), (source, target)):
                name = other.label or other.name or other.title
                ties.setdefault(mine.id, f"{word} {cut(name, MAX_TIE)}")
    return ties


def _card(nodes: Sequence[Node], ties: Mapping[str, str], style: Style) -> Card:
    first = nodes[0]
    if len(nodes) == 1 and _is_symbol(first, style):
        line = (Run(SYMBOLS[first.title], 13.0),)
        return Card(first.id, "circle", (CardRow(first, (line,), CIRCLE),), CIRCLE, CIRCLE)
    shape: Shape = "card"
    if first.kind in ("input", "output"):
        shape = "pill"
    elif first.kind == "weight":
        shape = "weight"
    elif first.kind == "unused":
        shape = "dashed"
    rows = tuple(_row(node, ties.get(node.id, ""), style) for node in nodes)
    left = PAD_X + (STRIPE if shape == "card" else 2.0)
    widest = max(_row_width(row, style) for row in rows)
    layers = 0 if first.copies == 1 else min(first.copies - 1, 2)
    width = max(MIN_WIDTH, left + widest + PAD_X) + layers * STACK
    height = sum(row.height for row in rows) + layers * STACK
    return Card(first.id, shape, rows, width, height, layers)


def _is_symbol(node: Node, style: Style) -> bool:
    return (
        node.path is None
        and not node.label
        and node.title in SYMBOLS
        and node.copies == 1
        and not node.expandable
        and not node.status
        and not node.signs
        and not figure_texts(node, style)
    )


def _row(node: Node, tie: str, style: Style) -> CardRow:
    lines: list[Line] = []
    told = called(node)
    titles = [cut(title, MAX_NAME) for title in told.title.split("\n")]
    names = [cut(name, MAX_NAME) for name in told.name.split("\n")] if told.name else []
    index = f"  call {node.call_index + 1}" if node.call_index else ""
    end = node.kind in ("input", "output")
    narrow = style.narrow > (1 if end else 0)
    if len(titles) == len(names) == 1 and not narrow:
        tail = (Run(f"  {names[0]}{index}", SMALL, role="muted"),)
        lines.append((Run(titles[0], TITLE, bold=True), *tail))
    else:
        lines += [(Run(title, TITLE, bold=node.kind != "weight"),) for title in titles]
        lines += [(Run(name, SMALL, role="muted"),) for name in names]
        if index:
            lines[-1] = (*lines[-1], Run(index, SMALL, role="muted"))
    lines[0] = (*own_signs(node.signs), *lines[0], *after_signs(node))
    if tie and narrow:
        lines.append((Run(tie, SMALL, role="muted"),))
    elif tie:
        lines[-1] = (*lines[-1], Run(f"  {tie}", SMALL, role="muted"))
    wanted = "config" in style.show or node.kind in ("input", "output", "weight", "unused")
    detail = told_detail(node)
    if detail and (wanted or node.kind == "several"):
        lines.append((Run(cut(detail, MAX_NAME), SMALL, role="muted"),))
    if style.narrow > 1:
        lines = [part for line in lines for part in _broken(line)]
    figures = figure_texts(node, style)
    if figures:
        lines.append((Run(" · ".join(figures), TINY, role="muted"),))
    height = 2 * PAD_Y + sum(line_height(line) for line in lines)
    return CardRow(node, tuple(lines), height, badge_text(node.copies, node.chained))


def _broken(line: Line) -> Iterator[Line]:
    """A line of one run in lines that are short, broken between words and at capitals."""
    if len(line) != 1:
        yield line
        return
    text = ""
    for piece in _PIECES.split(line[0].text):
        if text.strip() and len(text) + len(piece.rstrip()) > SHORT:
            yield (replace(line[0], text=text.strip()),)
            text = ""
        text += piece
    yield (replace(line[0], text=text.strip()),)


def _row_width(row: CardRow, style: Style) -> float:
    family = style.theme.family
    widths = [sum(run.width(family) for run in line) for line in row.lines]
    if row.badge:
        widths[0] += 8 + badge_width(row.badge, family)
    if row.node.expandable:
        widths[0] += style.sign
    return max(widths)
