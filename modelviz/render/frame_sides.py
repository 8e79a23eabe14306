"""How wide a group is in each column that it goes through: as what is in it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .layout import Box, Layout
from .layout_source import GROUP_MARGIN
from .page_breaks import holds

BESIDE = 4.0
"""How far the side of a group is from a line in it."""


@dataclass
class FrameSides:
    """The left and the right of the pieces of groups, where the layout has them, before they move.

    ``column`` tells in which one a height is. ``headers`` are the widths that each piece of a group
    has at least; ``before`` is the most room to the left of what is in a group.
    """

    layout: Layout
    groups: Mapping[str, float]
    column: Callable[[float], int]
    headers: Mapping[str, float]
    before: float
    _known: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)

    def of(self, name: str, column: int) -> tuple[float, float]:
        """The left and the right of a group in a column."""
        box = self.layout.boxes[name]
        if self.column(box.top) == self.column(box.bottom):
            return box.left, box.right
        if (name, column) not in self._known:
            self._known[name, column] = self._fitted(name, box, column)
        return self._known[name, column]

    def _fitted(self, name: str, box: Box, column: int) -> tuple[float, float]:
        inside = {n: b for n, b in self.layout.boxes.items() if n != name and holds(box, b)}
        here = [
            self.of(n, column) if n in self.groups else (b.left, b.right)
            for n, b in inside.items()
            if self.column(b.top) <= column <= self.column(b.bottom)
        ]
        if not here:
            return box.left, box.right
        before = min(self.before, min(b.left for b in inside.values()) - box.left)
        after = min(GROUP_MARGIN, box.right - max(b.right for b in inside.values()))
        xs = [
            x
            for curve in self.layout.curves
            if curve.source in inside and curve.target in inside
            for x, y in curve.points
            if self.column(y) == column
        ]
        left = min([min(a for a, _ in here) - before, *(x - BESIDE for x in xs)])
        right = max([max(b for _, b in here) + after, *(x + BESIDE for x in xs)])
        right = max(right, left + self.headers.get(name, 0.0))
        # No piece is wider than the group was.
        shift = max(right - box.right, 0.0)
        return max(left - shift, box.left), min(right, box.right)
