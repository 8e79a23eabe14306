"""The marks of edges: a line with its arrow, and the shapes beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from .group_marks import backgrounds
from .header_places import HeaderPlace
from .layout import Curve, Layout
from .lines import LEADING
from .marks import text_mark
from .paint import LIT, is_lit
from .placing import Placed, place_labels
from .plan import Plan
from .scene import Mark, MarkGroup, Path, Point, Polygon, Rect
from .sizes import TINY

_LINE = 0.9
ASCENT = 0.80
"""How much of a line lies above the base line of its text."""


def edge_part(drawing: Plan, curve: Curve) -> MarkGroup:
    """The line of an edge, and the arrow at its end."""
    theme = drawing.style.theme
    ends = (drawing.cards[curve.source], drawing.cards[curve.target])
    lit = all(is_lit(row.node for row in card.rows) for card in ends)
    colour, width = (theme.lit, LIT) if lit else (theme.edge, _LINE)
    gone = any(row.node.tone == "removed" for card in ends for row in card.rows)
    marks: list[Mark] = [Path(curve.points, colour, width, dotted=gone)]
    if curve.tip is not None:
        marks.append(Polygon(_arrow(curve.points[-1], curve.tip, 6.5 if lit else 5.0), colour))
    return MarkGroup(f"{curve.source}-{curve.target}", "edge", tuple(marks))


def label_parts(
    drawing: Plan, layout: Layout, headers: Mapping[str, HeaderPlace], sides: tuple[float, float]
) -> Iterator[MarkGroup]:
    """The shapes on the edges, each beside its line, between the two sides of the picture."""
    style, behind = drawing.style, backgrounds(drawing)
    for placed in placed_labels(drawing, layout, headers, sides):
        (source, target), label, box = placed.ends, placed.label, placed.box
        marks: list[Mark] = [Rect(box.left, box.top, label.width, label.height, 3, behind[source])]
        for index, line in enumerate(label.lines):
            base = box.top + 1 + LEADING * TINY * index + TINY * ASCENT
            marks.append(text_mark(line, box.left + 3, base, TINY, style.theme.muted, style))
        yield MarkGroup(f"{source}-{target}-label", "label", tuple(marks))


def placed_labels(
    drawing: Plan, layout: Layout, headers: Mapping[str, HeaderPlace], sides: tuple[float, float]
) -> list[Placed]:
    """The labels of the edges, with the cards at their ends and their places."""
    cards = drawing.place
    labels = {
        (cards[a], cards[b]): replace(label, others=tuple(cards[c] for c in label.others))
        for (a, b), label in drawing.labels.items()
    }
    boxes = [layout.boxes[card] for card in drawing.cards]
    boxes += [box for place in headers.values() for box in place.boxes]
    downwards = drawing.style.direction == "TB"
    sparing = bool(layout.upward)
    return place_labels(labels, layout.curves, boxes, downwards, sides, sparing)


def _arrow(base: Point, tip: Point, width: float) -> tuple[Point, ...]:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    length = math.hypot(dx, dy) or 1.0
    across = (-dy / length * width / 2, dx / length * width / 2)
    return (
        (base[0] + across[0], base[1] + across[1]),
        tip,
        (base[0] - across[0], base[1] - across[1]),
    )
