"""A tall layout as several columns, so that a picture has the form of a page.

The layout is cut between cards. A group across a cut goes on in the next column, and an edge
across it leads from the foot of one column to the head of the next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .curves import split_at
from .layout import Box, Curve, Layout
from .scene import Point

PAGE = (480.0, 720.0)
"""What a page of a paper has room for, in points."""
MAX_COLUMNS = 4
MAX_CROSSING = 2
"""Most edges that may lead from one column to the next: the main flow, and one beside it."""
GAIN = 1.15
"""How much larger a picture must get on its page to be cut."""
LANE = 6.0
GUTTER = 30.0
HEAD = 26.0
"""Room for the header of a group that goes on."""
FOOT = 9.0
_CLEAR = 4.0
_EVENNESS = (4.0, 8.0, 16.0)
_CUT_COST = 0.015
"""The share of its size that a picture may lose to keep a group whole."""
_RAIL_COST = 0.1
"""The share that it may lose to spare an edge beside the main flow the way around a column."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A height at which the layout is cut, the groups that it goes through, and the edges.

    The groups are given outer first.
    """

    y: float
    groups: tuple[str, ...]
    edges: int


def in_columns(layout: Layout, groups: Mapping[str, float]) -> Layout:
    """The layout in as many columns as make it largest on a page.

    ``groups`` are all groups, outer first, and what a cut through each of them costs.
    """
    best, worth = layout, _scale(layout.width, layout.height) * GAIN
    for count in range(2, MAX_COLUMNS + 1):
        if _scale(layout.width * count + GUTTER * (count - 1), layout.height / count) <= worth:
            continue
        for evenness in _EVENNESS:
            cuts = _cuts(layout, groups, count, evenness)
            if cuts is not None:
                wrapped = _Wrap(layout, groups, cuts).layout()
                through = sum(groups[name] for cut in cuts for name in cut.groups)
                rails = sum(max(cut.edges - 1, 0) for cut in cuts)
                lost = _CUT_COST * through + _RAIL_COST * rails
                reached = _scale(wrapped.width, wrapped.height) * (1 - lost)
                if reached > worth:
                    best, worth = wrapped, reached
    return best


def _scale(width: float, height: float) -> float:
    return min(PAGE[0] / max(width, 1.0), PAGE[1] / max(height, 1.0), 1.0)


def _cuts(
    layout: Layout, groups: Mapping[str, float], count: int, evenness: float
) -> tuple[_Cut, ...] | None:
    """Where to cut into a number of columns; None when there is no good place for a cut.

    The higher ``evenness``, the more columns of one length count beside groups that stay whole.
    """
    cards = [box for name, box in layout.boxes.items() if name not in groups]
    blocked = [(card.top - _CLEAR, card.bottom + _CLEAR) for card in cards]
    # Nor through an arrowhead, which would be left behind without its line.
    blocked += [
        (curve.points[-1][1] - 1, curve.tip[1])
        for curve in layout.curves
        if curve.tip is not None and curve.points[-1][1] < curve.tip[1]
    ]
    for name in groups:
        # Not between the outline of a group and the first or last card in it.
        box = layout.boxes[name]
        inside = [card for card in cards if box.left < card.left and card.right < box.right]
        inside = [card for card in inside if box.top < card.top and card.bottom < box.bottom]
        blocked.append((box.top - 1, min((c.top for c in inside), default=box.bottom)))
        blocked.append((max((c.bottom for c in inside), default=box.top), box.bottom + 1))
    starts = sorted(c.points[0][1] for c in layout.curves if c.points[0][1] < c.points[-1][1])
    ends = sorted(c.points[-1][1] for c in layout.curves if c.points[0][1] < c.points[-1][1])
    free = _gaps(blocked, layout.height)
    cuts: list[_Cut] = []
    for number in range(1, count):
        ideal = layout.height * number / count
        choices = []
        for y in free:
            if cuts and y <= cuts[-1].y + layout.height / count / 2:
                continue
            edges = bisect_left(starts, y) - bisect_left(ends, y)
            if edges <= MAX_CROSSING:
                through = tuple(
                    name
                    for name in groups
                    if layout.boxes[name].top < y < layout.boxes[name].bottom
                )
                cost = sum(groups[name] for name in through) + 0.7 * edges
                cost += evenness * abs(y - ideal) / layout.height * count
                choices.append((cost, _Cut(y, through, edges)))
        if not choices:
            return None
        cuts.append(min(choices, key=lambda choice: choice[0])[1])
    return tuple(cuts)


def _gaps(blocked: list[tuple[float, float]], height: float) -> list[float]:
    """The middles of the stretches that nothing blocks."""
    result, end = [], 0.0
    for start, stop in sorted(blocked):
        if start > end and end > 0:
            result.append((start + end) / 2)
        end = max(end, stop)
    return [y for y in result if 0 < y < height]


class _Wrap:
    """Moves everything below a cut into the next column."""

    def __init__(self, layout: Layout, groups: Iterable[str], cuts: tuple[_Cut, ...]) -> None:
        self._layout = layout
        self._groups = set(groups)
        self._cuts = cuts
        self._tops = [0.0, *(cut.y for cut in cuts)]
        self._ends = [*(cut.y for cut in cuts), layout.height]
        crossing = [self._crossing(cut.y) for cut in cuts]
        self._lanes = max(map(len, crossing))
        room = LANE * self._lanes + 12
        self._heads = [room, *(room + HEAD * len(cut.groups) for cut in cuts)]
        self._shifts = self._place()
        depths = [*(len(cut.groups) for cut in cuts), 0]
        self._feet = [
            end - top + head + FOOT * depth
            for end, top, head, depth in zip(
                self._ends, self._tops, self._heads, depths, strict=True
            )
        ]

    def layout(self) -> Layout:
        """The layout in columns."""
        boxes: dict[str, Box] = {}
        frames: dict[str, tuple[Box, ...]] = {}
        for name, box in self._layout.boxes.items():
            if name in self._groups:
                frames[name] = tuple(self._frames(name, box))
                boxes[name] = frames[name][0]
            else:
                boxes[name] = self._moved(box, self._column((box.top + box.bottom) / 2))
        curves = tuple(self._curve(curve) for curve in self._layout.curves)
        width = max(box.right for boxes_ in frames.values() for box in boxes_) if frames else 0.0
        width = max([width, *(box.right for box in boxes.values())])
        width = max([width, *(x for curve in curves for x, _ in curve.points)])
        return replace(
            self._layout,
            width=width,
            height=max([self._feet[-1], *(f + LANE * self._lanes + 6 for f in self._feet[:-1])]),
            boxes=boxes,
            curves=curves,
            frames=frames,
        )

    def _crossing(self, y: float) -> list[Curve]:
        return [
            curve for curve in self._layout.curves if curve.points[0][1] < y < curve.points[-1][1]
        ]

    def _column(self, y: float) -> int:
        return sum(y > cut.y for cut in self._cuts)

    def _place(self) -> list[tuple[float, float]]:
        """How far each column moves: to the right of the one before, and up."""
        shifts = []
        at = 0.0
        for column, (top, end, head) in enumerate(
            zip(self._tops, self._ends, self._heads, strict=True)
        ):
            left, right = self._extent(top, end)
            if column:
                at += GUTTER + LANE * self._lanes
            shifts.append((at - left, head - top))
            at += right - left
        return shifts

    def _extent(self, top: float, end: float) -> tuple[float, float]:
        """How far to the left and right a stretch of the layout reaches."""
        inside = [b for b in self._layout.boxes.values() if b.top < end and b.bottom > top]
        xs = [x for box in inside for x in (box.left, box.right)]
        xs += [x for c in self._layout.curves for x, y in c.points if top <= y <= end]
        return min(xs), max(xs)

    def _moved(self, box: Box, column: int) -> Box:
        dx, dy = self._shifts[column]
        return Box(box.left + dx, box.top + dy, box.right + dx, box.bottom + dy)

    def _frames(self, name: str, box: Box) -> list[Box]:
        """The outlines of a group, one in each column that it is in."""
        first, last = self._column(box.top), self._column(box.bottom)
        result = []
        for column in range(first, last + 1):
            dx, dy = self._shifts[column]
            top, bottom = box.top + dy, box.bottom + dy
            if column > first:
                entered = self._cuts[column - 1].groups
                top = self._heads[0] + HEAD * entered.index(name)
            if column < last:
                left = self._cuts[column].groups
                bottom = self._ends[column] + dy + FOOT * (len(left) - left.index(name))
            result.append(Box(box.left + dx, top, box.right + dx, bottom))
        return result

    def _curve(self, curve: Curve) -> Curve:
        """A curve with each of its parts in its column, joined around the foot and the head."""
        start, end = curve.points[0], curve.points[-1]
        if self._column(start[1]) == self._column(end[1]) or start[1] > end[1]:
            column = self._column(min(start[1], end[1]))
            return replace(
                curve,
                points=self._shift(curve.points, column),
                tip=None if curve.tip is None else self._shift((curve.tip,), column)[0],
            )
        points: tuple[Point, ...] = ()
        rest = curve.points
        for column, cut in enumerate(self._cuts):
            if start[1] < cut.y < end[1]:
                head, rest = split_at(rest, cut.y)
                points += self._shift(head, column)[1 if points else 0 :]
                lane = self._lane(curve, cut)
                points += self._around(points[-1], self._shift(rest, column + 1)[0], column, lane)
        last = self._column(end[1])
        points += self._shift(rest, last)[1:]
        tip = None if curve.tip is None else self._shift((curve.tip,), last)[0]
        return replace(curve, points=points, tip=tip)

    def _shift(self, points: Sequence[Point], column: int) -> tuple[Point, ...]:
        dx, dy = self._shifts[column]
        return tuple((x + dx, y + dy) for x, y in points)

    def _lane(self, curve: Curve, cut: _Cut) -> int:
        """Which lane a curve takes across a cut: the one furthest right has the shortest way."""
        places: Mapping[int, float] = {
            id(other): split_at(other.points, cut.y)[1][0][0] for other in self._crossing(cut.y)
        }
        order = sorted(places, key=lambda key: -places[key])
        return order.index(id(curve))

    def _around(self, start: Point, end: Point, column: int, lane: int) -> tuple[Point, ...]:
        """From the foot of a column to the head of the next, with round corners."""
        foot = self._feet[column] + 6 + LANE * lane
        head = LANE * lane + 4
        left = (
            self._shifts[column + 1][0]
            + self._extent(self._tops[column + 1], self._ends[column + 1])[0]
        )
        gutter = left - GUTTER / 2 - LANE * (self._lanes - 1 - lane)
        corners = ((start[0], foot), (gutter, foot), (gutter, head), (end[0], head))
        return _rounded(start, corners, end)


def _rounded(start: Point, corners: Sequence[Point], end: Point) -> tuple[Point, ...]:
    """Cubic segments along straight lines with round corners, the start left out."""
    points: list[Point] = []
    at = start
    for corner, after in zip(corners, (*corners[1:], end), strict=True):
        enter, leave = _towards(corner, at, 6.0), _towards(corner, after, 6.0)
        points += [at, enter, enter, corner, corner, leave]
        at = leave
    return (*points, at, end, end)


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = max(abs(end[0] - start[0]), abs(end[1] - start[1])) or 1.0
    share = min(distance / length, 0.5)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
