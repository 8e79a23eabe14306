"""Where a tall layout can be cut into columns: between cards, where few edges pass."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from .layout import Box, Layout

MAX_CROSSING = 8
"""Most edges that may lead from one column to the next: each but the first costs."""
CLEAR = 4.0


@dataclass(frozen=True, slots=True)
class Cut:
    """A height at which the layout is cut, the groups that it goes through, and the edges.

    The groups are given outer first.
    """

    y: float
    groups: tuple[str, ...]
    edges: int


class CutPlaces:
    """Where a layout can be cut, and how wide it is there."""

    def __init__(
        self, layout: Layout, groups: Mapping[str, float], ends: Mapping[str, float], share: float
    ) -> None:
        """``groups`` say what a cut through each costs, and ``ends`` how much of it stays whole.

        A cut stands at a ``share`` of the way from what is above it to what is below.
        """
        self._layout = layout
        curves = layout.curves
        starts = sorted(c.points[0][1] for c in curves if c.points[0][1] < c.points[-1][1])
        stops = sorted(c.points[-1][1] for c in curves if c.points[0][1] < c.points[-1][1])
        spans = [(name, layout.boxes[name].top, layout.boxes[name].bottom) for name in groups]
        self._choices: list[tuple[float, Cut]] = []
        for y in _gaps(_blocked(layout, ends), layout.height, share):
            edges = bisect_left(starts, y) - bisect_left(stops, y)
            if edges <= MAX_CROSSING:
                through = tuple(name for name, top, bottom in spans if top < y < bottom)
                cost = sum(groups[name] for name in through) + 0.7 * edges
                self._choices.append((cost, Cut(y, through, edges)))
        points = sorted((y, x) for curve in curves for x, y in curve.points)
        self._ys = [y for y, _ in points]
        self._xs = [x for _, x in points]

    def cuts(self, count: int, evenness: float) -> tuple[Cut, ...] | None:
        """Where to cut into a number of columns; None when there is no good place for a cut.

        The higher ``evenness``, the more columns of one length count beside groups that stay
        whole.
        """
        height = self._layout.height
        cuts: list[Cut] = []
        for number in range(1, count):
            ideal = height * number / count
            choices = [
                (cost + evenness * abs(cut.y - ideal) / height * count, cut)
                for cost, cut in self._choices
                if not cuts or cut.y > cuts[-1].y + height / count / 2
            ]
            if not choices:
                return None
            cuts.append(min(choices, key=lambda choice: choice[0])[1])
        return tuple(cuts)

    def extent(self, top: float, end: float) -> tuple[float, float]:
        """How far to the left and right a stretch of the layout reaches."""
        inside = [b for b in self._layout.boxes.values() if b.top < end and b.bottom > top]
        xs = self._xs[bisect_left(self._ys, top) : bisect_right(self._ys, end)]
        xs += [x for box in inside for x in (box.left, box.right)]
        return min(xs), max(xs)


def _blocked(layout: Layout, ends: Mapping[str, float]) -> list[tuple[float, float]]:
    """The stretches of the height through which no cut may lead."""
    cards = [box for name, box in layout.boxes.items() if name not in ends]
    blocked = [(card.top - CLEAR, card.bottom + CLEAR) for card in cards]
    # Nor through an arrowhead, which would be left behind without its line.
    blocked += [
        (curve.points[-1][1] - 1, curve.tip[1])
        for curve in layout.curves
        if curve.tip is not None and curve.points[-1][1] < curve.tip[1]
    ]
    by_top = sorted(cards, key=lambda card: card.top)
    by_bottom = sorted(cards, key=lambda card: card.bottom)
    tops, bottoms = [card.top for card in by_top], [card.bottom for card in by_bottom]
    for name, end in ends.items():
        # Not between the outline of a group and the first or last card in it.
        box = layout.boxes[name]
        below = islice(by_top, bisect_right(tops, box.top), None)
        above = reversed(by_bottom[: bisect_left(bottoms, box.bottom)])
        first = next((c.top for c in below if holds(box, c)), box.bottom)
        last = next((c.bottom for c in above if holds(box, c)), box.top)
        blocked.append((box.top - 1, max(first, box.top + end)))
        blocked.append((min(last, box.bottom - end), box.bottom + 1))
    return blocked


def holds(box: Box, card: Box) -> bool:
    """Whether a card is inside a box."""
    return (
        box.left < card.left
        and card.right < box.right
        and box.top < card.top
        and card.bottom < box.bottom
    )


def _gaps(blocked: list[tuple[float, float]], height: float, share: float) -> list[float]:
    """A place in each of the stretches that nothing blocks, at a share of its length."""
    result, end = [], 0.0
    for start, stop in sorted(blocked):
        if start > end and end > 0:
            result.append(end + (start - end) * share)
        end = max(end, stop)
    return [y for y in result if 0 < y < height]
