"""Where the parts of a view are in its picture, for whoever lays something over it."""

from __future__ import annotations

from collections.abc import Mapping

from .cards import Card
from .layout import Box
from .plan import Plan
from .scene import MarkGroup, Rect, Scene


def regions(drawing: Plan, scene: Scene) -> Mapping[str, tuple[Box, ...]]:
    """The boxes of each node and group in the finished picture, in points, outer before inner.

    Of layers that share a card, each has its own row. A group that goes on in another column has
    several boxes.
    """
    groups = {group.id: group for group in drawing.view.groups()}
    found: dict[str, tuple[Box, ...]] = {}
    for part in scene.parts:
        if part.id in groups:
            # Behind the frame of a folded group lie those of its copies.
            frames = min(groups[part.id].copies - 1, 2) + 1
            found[part.id] = _boxes(part)[frames - 1 :: frames]
        elif part.id in drawing.cards:
            found |= _rows(drawing.cards[part.id], part)
    return found


def _rows(card: Card, part: MarkGroup) -> dict[str, tuple[Box, ...]]:
    """The rows of a card: from its top downwards, as wide as its outline, which is drawn last."""
    outline = _boxes(part)[-1]
    found: dict[str, tuple[Box, ...]] = {}
    top = outline.top
    # A figure that was fitted to its paper has another size than its layout.
    factor = outline.height / sum(row.height for row in card.rows)
    for row in card.rows:
        end = top + row.height * factor
        found[row.node.id] = (Box(outline.left, top, outline.right, end),)
        top = end
    return found


def _boxes(part: MarkGroup) -> tuple[Box, ...]:
    return tuple(
        Box(mark.x, mark.y, mark.x + mark.width, mark.y + mark.height)
        for mark in part.marks
        if isinstance(mark, Rect)
    )
