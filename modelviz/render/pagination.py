"""A tall layout as several columns, so that a picture has the form of a page.

The layout is cut between cards. A group across a cut goes on in the next column, and an edge
across it leads from the foot of one column to the head of the next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import InputError
from .curves import split_at
from .frame_sides import FrameSides
from .layout import Box, Curve, Layout
from .layout_source import GROUP_MARGIN
from .page_breaks import Cut, CutPlaces
from .paper import ANY_SHEET, Paper
from .rounding import rounded
from .scene import Point

GAIN = 1.15
"""How much larger a picture must get on its page to be cut."""
LANE = 6.0
GUTTER = 30.0
FOOT = 9.0
EVENNESS = (4.0, 8.0, 16.0)
CUT_COST = 0.015
"""The share of its size that a picture may lose to keep a group whole."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a layout may be cut: into how many columns, and where in a gap.

    ``head`` is the room for the header of a group that goes on, and ``before`` the most room in a
    group beside what is in it. ``rail`` is the share of its size
    that a picture may lose to spare an edge beside the main flow the way around a column.
    """

    most: int
    share: float
    head: float
    rail: float
    before: float


COLUMNS = _Form(5, 0.5, 26.0, 0.1, GROUP_MARGIN)
# Labels stand at the beginning of their lines, so the end of a gap is free for a cut; and there is
# room for headers above a row.
ROWS = _Form(8, 0.9, FOOT, 0.15, 60.0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The paper for a layout, what the picture has around it, and a number of pieces to cut it to.

    ``beside`` and ``above`` are the width and height of margins, title and legend. Without a
    ``count``, there are as many pieces as make the picture largest.
    """

    paper: Paper = ANY_SHEET
    beside: float = 0.0
    above: float = 0.0
    count: int | None = None

    def scale(self, width: float, height: float) -> float:
        """How large a layout of that size can be printed."""
        return self.paper.scale(width + self.beside, height + self.above)

    def fits(self, width: float, height: float) -> bool:
        """Whether a layout of that size can be read in print."""
        return self.paper.fits(width + self.beside, height + self.above)

    def turned(self) -> Sheet:
        """The same for a layout with x and y exchanged."""
        rooms = tuple((high, wide) for wide, high in self.paper.rooms)
        paper = replace(self.paper, rooms=rooms)
        return Sheet(paper, self.above, self.beside, self.count)


def in_columns(
    layout: Layout,
    groups: Mapping[str, float],
    sheet: Sheet | None = None,
    headers: Mapping[str, float] | None = None,
) -> Layout:
    """The layout in as many columns as make it largest on its sheet.

    ``groups`` are all groups, outer first, and what a cut through each of them costs; ``headers``
    are how wide each piece of them is at least. Raises InputError where a sheet asks for more
    columns than there can be.
    """
    ends = dict.fromkeys(groups, 0.0)
    return _wrapped(layout, groups, ends, COLUMNS, sheet or Sheet(), headers or {})


def in_rows(
    layout: Layout,
    groups: Mapping[str, float],
    headers: Mapping[str, float],
    sheet: Sheet | None = None,
) -> Layout:
    """A layout that reads to the right, in as many rows as make it largest on its sheet.

    ``headers`` are the widths of the headers of all groups, for which each piece of a group has
    room.
    """
    turned = layout.turned()
    rows = _wrapped(turned, groups, headers, ROWS, (sheet or Sheet()).turned(), {})
    return layout if rows is turned else rows.turned()


def _wrapped(
    layout: Layout,
    groups: Mapping[str, float],
    ends: Mapping[str, float],
    form: _Form,
    sheet: Sheet,
    headers: Mapping[str, float],
) -> Layout:
    """The layout in columns; ``ends`` is how much of each group stays whole at both ends."""
    if sheet.count is not None:
        return _counted(layout, groups, ends, form, sheet, headers)
    best: _Wrap | None = None
    worth = _worth(sheet, layout, 0.0, GAIN)
    places: CutPlaces | None = None
    for count in range(2, form.most + 1):
        # No piece is narrower than its share of the cards.
        if sheet.scale(GUTTER * (count - 1), layout.height / count) <= worth[1]:
            continue
        places = places or CutPlaces(layout, groups, ends, form.share)
        for wrapped, lost in _choices(layout, groups, places, form, count):
            reached = _worth(sheet, wrapped, lost)
            if reached > worth:
                best, worth = wrapped, reached
    return layout if best is None else best.layout(headers, form.before)


def _worth(
    sheet: Sheet, layout: Layout | _Wrap, lost: float, gain: float = 1.0
) -> tuple[bool, float]:
    """What a layout is worth: to be read in print first, then to be large and whole."""
    width, height = layout.width, layout.height
    return sheet.fits(width, height), sheet.scale(width, height) * gain * (1 - lost)


def _counted(
    layout: Layout,
    groups: Mapping[str, float],
    ends: Mapping[str, float],
    form: _Form,
    sheet: Sheet,
    headers: Mapping[str, float],
) -> Layout:
    """The layout in the number of columns that its sheet asks for."""
    count = sheet.count or 1
    if count == 1:
        return layout
    places = CutPlaces(layout, groups, ends, form.share)
    found = [
        (_worth(sheet, wrapped, lost), place, wrapped)
        for place, (wrapped, lost) in enumerate(_choices(layout, groups, places, form, count))
    ]
    if not found:
        most = max(
            (n for n in range(2, count) if any(_choices(layout, groups, places, form, n))),
            default=1,
        )
        raise InputError(
            f"columns={count}, and there are places to cut the picture into {most}: "
            f"use columns={most}, or open more of the model with depth= or expand="
        )
    best = max(found, key=lambda one: (one[0], -one[1]))[2]
    return best.layout(headers, form.before)


def _choices(
    layout: Layout, groups: Mapping[str, float], places: CutPlaces, form: _Form, count: int
) -> Iterator[tuple[_Wrap, float]]:
    """Good ways to cut a layout into a number of columns, and the share that each loses."""
    tried: set[tuple[Cut, ...]] = set()
    for evenness in EVENNESS:
        cuts = places.cuts(count, evenness)
        if cuts is None or cuts in tried:
            continue
        tried.add(cuts)
        through = sum(groups[name] for cut in cuts for name in cut.groups)
        rails = sum(max(cut.edges - 1, 0) for cut in cuts)
        lost = min(0.9, CUT_COST * through + form.rail * rails)
        yield _Wrap(layout, groups, cuts, places.extent, form.head), lost


class _Wrap:
    """Moves everything below a cut into the next column."""

    def __init__(
        self,
        layout: Layout,
        groups: Mapping[str, float],
        cuts: tuple[Cut, ...],
        extent: Callable[[float, float], tuple[float, float]],
        head: float,
    ) -> None:
        self._head = head
        self._layout = layout
        self._groups = groups
        self._cuts = cuts
        self._ys = [cut.y for cut in cuts]
        self._tops = [0.0, *self._ys]
        self._ends = [*self._ys, layout.height]
        self._lanes = max(cut.edges for cut in cuts)
        room = LANE * self._lanes + 12
        self._heads = [room, *(room + head * len(cut.groups) for cut in cuts)]
        self._extents = [extent(*ends) for ends in zip(self._tops, self._ends, strict=True)]
        self._shifts = self._place()
        depths = [*(len(cut.groups) for cut in cuts), 0]
        self._feet = [
            end - top + start + FOOT * depth
            for end, top, start, depth in zip(
                self._ends, self._tops, self._heads, depths, strict=True
            )
        ]
        self.width = self._shifts[-1][0] + self._extents[-1][1]
        self.height = max(
            [self._feet[-1], *(foot + LANE * self._lanes + 6 for foot in self._feet[:-1])]
        )

    def layout(self, headers: Mapping[str, float], before: float) -> Layout:
        """The layout in columns."""
        sides = FrameSides(self._layout, self._groups, self._column, headers, before)
        boxes: dict[str, Box] = {}
        frames: dict[str, tuple[Box, ...]] = {}
        for name, box in self._layout.boxes.items():
            if name in self._groups:
                frames[name] = tuple(self._frames(name, box, sides))
                boxes[name] = frames[name][0]
            else:
                boxes[name] = self._moved(box, self._column((box.top + box.bottom) / 2))
        order = [self._lane_order(cut.y) for cut in self._cuts]
        curves = tuple(self._curve(curve, order) for curve in self._layout.curves)
        return replace(
            self._layout,
            width=self.width,
            height=self.height,
            boxes=boxes,
            curves=curves,
            frames=frames,
            pieces=len(self._tops),
            rails=self._lanes,
        )

    def _column(self, y: float) -> int:
        return bisect_left(self._ys, y)

    def _place(self) -> list[tuple[float, float]]:
        """How far each column moves: to the right of the one before, and up."""
        shifts = []
        at = 0.0
        for column, (top, head, (left, right)) in enumerate(
            zip(self._tops, self._heads, self._extents, strict=True)
        ):
            if column:
                at += GUTTER + LANE * self._lanes
            shifts.append((at - left, head - top))
            at += right - left
        return shifts

    def _moved(self, box: Box, column: int) -> Box:
        dx, dy = self._shifts[column]
        return Box(box.left + dx, box.top + dy, box.right + dx, box.bottom + dy)

    def _frames(self, name: str, box: Box, sides: FrameSides) -> list[Box]:
        """The outlines of a group, one in each column that it is in."""
        first, last = self._column(box.top), self._column(box.bottom)
        result = []
        for column in range(first, last + 1):
            dx, dy = self._shifts[column]
            top, bottom = box.top + dy, box.bottom + dy
            if column > first:
                entered = self._cuts[column - 1].groups
                top = self._heads[0] + self._head * entered.index(name)
            if column < last:
                left = self._cuts[column].groups
                bottom = self._ends[column] + dy + FOOT * (len(left) - left.index(name))
            start, end = sides.of(name, column)
            result.append(Box(start + dx, top, end + dx, bottom))
        return result

    def _curve(self, curve: Curve, order: Sequence[Sequence[Curve]]) -> Curve:
        """A curve with each of its parts in its column, joined around the foot and the head.

        ``order`` are the curves that cross each cut, by their lanes.
        """
        start, end = curve.points[0], curve.points[-1]
        if self._column(start[1]) == self._column(end[1]) or start[1] > end[1]:
            column = self._column(min(start[1], end[1]))
            return self._moved_curve(curve, self._shift(curve.points, column), column)
        points: tuple[Point, ...] = ()
        rest = curve.points
        for column, cut in enumerate(self._cuts):
            if start[1] < cut.y < end[1]:
                head, rest = split_at(rest, cut.y)
                points += self._shift(head, column)[1 if points else 0 :]
                lane = order[column].index(curve)
                points += self._around(points[-1], self._shift(rest, column + 1)[0], column, lane)
        last = self._column(end[1])
        return self._moved_curve(curve, points + self._shift(rest, last)[1:], last)

    def _moved_curve(self, curve: Curve, points: tuple[Point, ...], column: int) -> Curve:
        tip = None if curve.tip is None else self._shift((curve.tip,), column)[0]
        return Curve(curve.source, curve.target, points, tip)

    def _shift(self, points: Sequence[Point], column: int) -> tuple[Point, ...]:
        dx, dy = self._shifts[column]
        return tuple((x + dx, y + dy) for x, y in points)

    def _lane_order(self, y: float) -> list[Curve]:
        """The curves that cross a cut, by lane: the one furthest right has the shortest way."""
        curves = [c for c in self._layout.curves if c.points[0][1] < y < c.points[-1][1]]
        return sorted(curves, key=lambda curve: -split_at(curve.points, y)[1][0][0])

    def _around(self, start: Point, end: Point, column: int, lane: int) -> tuple[Point, ...]:
        """From the foot of a column to the head of the next, with round corners."""
        foot = self._feet[column] + 6 + LANE * lane
        head = LANE * lane + 4
        left = self._shifts[column + 1][0] + self._extents[column + 1][0]
        gutter = left - GUTTER / 2 - LANE * (self._lanes - 1 - lane)
        corners = ((start[0], foot), (gutter, foot), (gutter, head), (end[0], head))
        return rounded(start, corners, end)
