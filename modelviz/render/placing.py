"""Places for the labels of edges: beside their line, clear of cards, other labels and lines."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from .curves import crossing, segments, spaced
from .edge_labels import EdgeLabel
from .layout import Box, Curve
from .scene import Point

_CELL = 40.0
_COLUMN, _ROW = 160.0, 40.0
SPACING = 4.0
DEPTHS = (3.0, 9.0, 16.0, 26.0, *(40.0 + 12.0 * step for step in range(16)))
"""How far below the beginning of its line a label may hang, in points, the best first."""
REACHES = (3.0, 12.0, 24.0, *(40.0 + 20.0 * step for step in range(16)))
"""The same for a line that runs to the right."""
GAPS = (2.0, 0.0, 9.0)
"""How far a label may stand from its line, in points, the best first; at 0 it stands upon it."""
OVERHANG = 10.0
"""How far a label may reach beyond the outermost card, in points: less than the margin."""
ELSEWHERE = 2.0
"""What it costs to say on another edge what the first one could say."""
Ends = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A label, the ends of the edge on which it stands, and where."""

    label: EdgeLabel
    ends: Ends
    box: Box


def place_labels(
    labels: Mapping[Ends, EdgeLabel],
    curves: Iterable[Curve],
    cards: Iterable[Box],
    downwards: bool,
    sides: tuple[float, float] = (float("-inf"), float("inf")),
    sparing: bool = False,
) -> list[Placed]:
    """The labels with their places; one without any room at all is left out.

    ``cards`` are the boxes in which no label may stand, and ``sides`` are the left and the right
    of what is drawn. A ``sparing`` picture leaves out what would stand in front of a line.
    """
    left, right = sides
    drawn = {(curve.source, curve.target): curve for curve in curves}
    taken = _Boxes(cards)
    lines = _Lines(drawn)
    places: list[Placed] = []
    told: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [(source, (first, *label.others), label) for (source, first), label in labels.items()]
    for tidy in (True,) if sparing else (True, False):
        over = []
        for source, targets, label in waiting:
            if not tidy and _is_told(label, source, targets, told):
                continue
            best: Placed | None = None
            least = float("inf")
            for turn, target in enumerate(targets):
                ends = source, target
                if ends not in drawn:
                    continue
                for rank, box in enumerate(_candidates(drawn[ends], label, downwards, sparing)):
                    cost = 0.5 * rank + ELSEWHERE * min(turn, 1)
                    if cost >= least:
                        break
                    on_page = left - OVERHANG < box.left and box.right < right + OVERHANG
                    if not on_page or taken.touch(box):
                        continue
                    others = lines.others(box, ends, 0 if tidy else (least - cost) / 3)
                    if tidy and others:
                        continue
                    cost += 3.0 * others + lines.own(box, ends)
                    if cost < least:
                        best, least = Placed(label, ends, box), cost
            if best is None:
                over.append((source, targets, label))
            else:
                taken.add(best.box)
                places.append(best)
                told.update((end, label.lines) for end in best.ends)
        waiting = over
    return places


def _is_told(
    label: EdgeLabel,
    source: str,
    targets: Sequence[str],
    told: Set[tuple[str, tuple[str, ...]]],
) -> bool:
    """Whether a label at either end of each edge says the same."""
    if (source, label.lines) in told:
        return True
    return all((target, label.lines) in told for target in targets)


class _Boxes:
    """Boxes by the cells of a grid that they touch, for a quick look at what is near."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            self.add(box)

    def add(self, box: Box) -> None:
        for cell in _cells(box):
            self._cells.setdefault(cell, []).append(box)

    def touch(self, box: Box) -> bool:
        """Whether any of them overlaps a box."""
        near = (other for cell in _cells(box) for other in self._cells.get(cell, ()))
        return any(map(box.overlaps, near))


class _Piece:
    """One segment of an edge: where it is, and points along it, evenly spaced."""

    __slots__ = ("_points", "_segment", "bottom", "column", "ends", "left", "right", "row", "top")

    def __init__(self, segment: Sequence[Point], ends: Ends) -> None:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = segment
        self.left, self.right = min(x0, x1, x2, x3), max(x0, x1, x2, x3)
        self.top, self.bottom = min(y0, y1, y2, y3), max(y0, y1, y2, y3)
        self.column, self.row = int(self.left // _COLUMN), int(self.top // _ROW)
        self.ends = ends
        self._segment = segment
        self._points: tuple[list[float], list[float]] | None = None

    def meets(self, box: Box) -> bool:
        """Whether it may come into a box."""
        return (
            self.left < box.right
            and self.right > box.left
            and self.top < box.bottom
            and self.bottom > box.top
        )

    def inside(self, box: Box) -> int:
        """How many of its points are in a box."""
        if self._points is None:
            points = sorted(spaced(self._segment, SPACING))
            self._points = [y for y, _ in points], [x for _, x in points]
        ys, xs = self._points
        left, right = box.left, box.right
        near = xs[bisect_right(ys, box.top) : bisect_left(ys, box.bottom)]
        return len([x for x in near if left < x < right])


class _Lines:
    """The edges, piece by piece, by the cells of the picture that they pass through."""

    def __init__(self, curves: Mapping[Ends, Curve]) -> None:
        self._pieces = {
            ends: [_Piece(segment, ends) for segment in segments(curve.points)]
            for ends, curve in curves.items()
        }
        self._cells: dict[tuple[int, int], list[_Piece]] = {}
        for pieces in self._pieces.values():
            for piece in pieces:
                for column in range(piece.column, int(piece.right // _COLUMN) + 1):
                    for row in range(piece.row, int(piece.bottom // _ROW) + 1):
                        self._cells.setdefault((column, row), []).append(piece)

    def own(self, box: Box, ends: Ends) -> int:
        """How many points of an edge are in a box."""
        return sum(piece.inside(box) for piece in self._pieces[ends] if piece.meets(box))

    def others(self, box: Box, ends: Ends, limit: float) -> int:
        """How many points of other edges are in a box; the count ends above a limit."""
        count = 0
        left, top = int(box.left // _COLUMN), int(box.top // _ROW)
        for column in range(left, int(box.right // _COLUMN) + 1):
            for row in range(top, int(box.bottom // _ROW) + 1):
                for piece in self._cells.get((column, row), ()):
                    # What reaches into several of these cells is met in the first of them.
                    first = max(piece.column, left) == column and max(piece.row, top) == row
                    if first and piece.meets(box) and piece.ends != ends:
                        count += piece.inside(box)
                        if count > limit:
                            return count
        return count


def _candidates(
    curve: Curve, label: EdgeLabel, downwards: bool, both_ways: bool = False
) -> Iterator[Box]:
    """Boxes beside a curve, on the side that it bends away from first, and at last upon it.

    ``both_ways`` says that lines run up as well, as in a U.
    """
    points, end = curve.points, curve.tip or curve.points[-1]
    wide, high = abs(end[0] - points[0][0]), end[1] - points[0][1]
    if both_ways and high < -3.0 and wide < -high:
        # The same upside down for a line that runs upwards.
        turned = Curve(curve.source, curve.target, _flipped(points), _flipped((end,))[0])
        for box in _candidates(turned, label, True):
            yield Box(box.left, -box.bottom, box.right, -box.top)
        return
    # A line from one way of a U to the other runs to the right.
    downwards = downwards and not (both_ways and wide > 3 * abs(high))
    long, across, depths = label.height, label.width, DEPTHS
    if not downwards:
        # The same with x and y exchanged.
        points, end = tuple((y, x) for x, y in points), (end[1], end[0])
        long, across, depths = label.width, label.height, REACHES
    start = points[0]
    sides = (-1, 1) if end[0] > start[0] + 3 or not downwards else (1, -1)
    for gap in GAPS:
        for depth in depths:
            top = start[1] + depth
            if depth > depths[0] and top + long > end[1] - 4:
                break
            x = crossing(points, top + long / 2)
            for side in sides if gap else (0,):
                left = x - across / 2 + side * (across / 2 + gap)
                if downwards:
                    yield Box(left, top, left + across, top + long)
                else:
                    yield Box(top, left, top + long, left + across)


def _flipped(points: Sequence[Point]) -> tuple[Point, ...]:
    return tuple((x, -y) for x, y in points)


def _cells(box: Box) -> list[tuple[int, int]]:
    rows = range(int(box.top // _CELL), int(box.bottom // _CELL) + 1)
    columns = range(int(box.left // _CELL), int(box.right // _CELL) + 1)
    return [(column, row) for column in columns for row in rows]
