"""A tall layout as several columns, so that a picture has the form of a page.

The layout is cut between cards. A group across a cut goes on in the next column, and an edge
across it leads from the foot of one column to the head of the next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

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


ANY = Sheet()
"""That of what is printed anywhere."""


def in_columns(
    layout: Layout,
    groups: Mapping[str, float],
    headers: Mapping[str, float],
    sheet: Sheet = ANY,
) -> Layout:
    """The layout in as many columns as make it largest on its sheet.

    ``groups`` are all groups, outer first, and what a cut through each of them costs; ``headers``
    are how wide each piece of them is at least. Raises InputError where a sheet asks for more
    columns than there can be.
    """
    return _Cutting(layout, groups, dict.fromkeys(groups, 0.0), headers, COLUMNS, sheet).best()


def in_rows(
    layout: Layout,
    groups: Mapping[str, float],
    headers: Mapping[str, float],
    sheet: Sheet = ANY,
) -> Layout:
    """A layout that reads to the right, in as many rows as make it largest on its sheet.

    ``headers`` are the widths of the headers of all groups, for which each piece of a group has
    room.
    """
    turned = layout.turned()
    rows = _Cutting(turned, groups, headers, {}, ROWS, sheet.turned()).best()
    return layout if rows is turned else rows.turned()


@dataclass(frozen=True)
class _Cutting:
    """A layout that is cut into columns.

    ``groups`` are what a cut through each group costs, ``ends`` how much of each stays whole at
    both ends, and ``headers`` how wide each piece of it is at least.
    """

    layout: Layout
    groups: Mapping[str, float]
    ends: Mapping[str, float]
    headers: Mapping[str, float]
    form: _Form
    sheet: Sheet

    def best(self) -> Layout:
        """The layout in the number of columns that its sheet asks for, or that make it largest."""
        wrap = self._largest() if self.sheet.count is None else self._counted(self.sheet.count)
        return self.layout if wrap is None else wrap.layout(self.headers, self.form.before)

    def _largest(self) -> _Wrap | None:
        """What makes the layout largest; None where that is the layout as it is."""
        best: _Wrap | None = None
        worth = self._worth(self.layout, gain=GAIN)
        for count in range(2, self.form.most + 1):
            # No piece is narrower than its share of the cards.
            width, height = GUTTER * (count - 1), self.layout.height / count
            if self.sheet.scale(width, height) > worth[1]:
                for wrap, lost in self._choices(count):
                    if (reached := self._worth(wrap, lost)) > worth:
                        best, worth = wrap, reached
        return best

    def _counted(self, count: int) -> _Wrap | None:
        """The best of so many columns; None for one."""
        if count == 1:
            return None
        found = list(self._choices(count))
        if not found:
            most = max((n for n in range(2, count) if any(self._choices(n))), default=1)
            raise InputError(
                f"columns={count}, and there are places to cut the picture into {most}: "
                f"use columns={most}, or open more of the model with depth= or expand="
            )
        return max(found, key=lambda one: self._worth(*one))[0]

    def _worth(
        self, layout: Layout | _Wrap, lost: float = 0.0, gain: float = 1.0
    ) -> tuple[bool, float]:
        """What a layout is worth: to be read in print first, then to be large and whole."""
        size = layout.width, layout.height
        return self.sheet.fits(*size), self.sheet.scale(*size) * gain * (1 - lost)

    @cached_property
    def _places(self) -> CutPlaces:
        return CutPlaces(self.layout, self.groups, self.ends, self.form.share)

    def _choices(self, count: int) -> Iterator[tuple[_Wrap, float]]:
        """Good ways to cut the layout into a number of columns, and the share that each loses."""
        tried = dict.fromkeys(self._places.cuts(count, evenness) for evenness in EVENNESS)
        for cuts in tried:
            if cuts is not None:
                through = sum(self.groups[name] for cut in cuts for name in cut.groups)
                rails = sum(max(cut.edges - 1, 0) for cut in cuts)
                lost = min(0.9, CUT_COST * through + self.form.rail * rails)
                yield _Wrap(self.layout, self.groups, cuts, self._places, self.form.head), lost


class _Wrap:
    """Moves everything below a cut into the next column."""

    def __init__(
        self,
        layout: Layout,
        groups: Mapping[str, float],
        cuts: tuple[Cut, ...],
        places: CutPlaces,
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
        self._extents = [places.extent(*ends) for ends in zip(self._tops, self._ends, strict=True)]
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
