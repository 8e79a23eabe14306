"""The ways of the lines of a picture, for draw.io: few points that a person can move."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .curves import flattened
from .layout import Box
from .scene import MarkGroup, Path, Point, Polygon, Rect, Scene

_NEAR = 1.5
"""How far a line with few points may be from the curve, in points."""


@dataclass(frozen=True, slots=True)
class Way:
    """A line from its start to its end, and the middle of what is written on it."""

    points: tuple[Point, ...]
    label: Point | None = None

    def geometry(self, origin: Point) -> str:
        """The line as ``mxGeometry``, without its ends, which are said by ``anchors``.

        Its points are counted from the ``origin``, the corner of the cell that it is in.
        """
        places = ((x - origin[0], y - origin[1]) for x, y in self.points[1:-1])
        inner = "".join(f'<mxPoint x="{x:.2f}" y="{y:.2f}"/>' for x, y in places)
        array = f'<Array as="points">{inner}</Array>' if inner else ""
        if self.label is None:
            return f'<mxGeometry relative="1" as="geometry">{array}</mxGeometry>'
        share, (x, y) = self._nearest(self.label)
        dx, dy = self.label[0] - x, self.label[1] - y
        offset = f'<mxPoint x="{dx:.2f}" y="{dy:.2f}" as="offset"/>'
        along = f'x="{2 * share - 1:.4f}"'
        return f'<mxGeometry {along} relative="1" as="geometry">{offset}{array}</mxGeometry>'

    def anchors(self, source: Box, target: Box) -> str:
        """Where the line leaves a box and enters another, as a style: shares of their sides."""
        ends = (("exit", self.points[0], source), ("entry", self.points[-1], target))
        return "".join(
            f"{word}X={_share(x, box.left, box.right)};{word}Y={_share(y, box.top, box.bottom)};"
            f"{word}Perimeter=0;"
            for word, (x, y), box in ends
        )

    def _nearest(self, place: Point) -> tuple[float, Point]:
        """The point of the line that is nearest to a place, and at what share of its length."""
        best, share, at, done = math.inf, 0.0, self.points[0], 0.0
        whole = sum(math.dist(a, b) for a, b in pairwise(self.points)) or 1.0
        for a, b in pairwise(self.points):
            long = math.dist(a, b)
            dot = (place[0] - a[0]) * (b[0] - a[0]) + (place[1] - a[1]) * (b[1] - a[1])
            part = min(max(dot / long**2, 0.0), 1.0) if long else 0.0
            found = a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
            if math.dist(found, place) < best:
                best, share, at = math.dist(found, place), (done + part * long) / whole, found
            done += long
        return share, at


def ways(scene: Scene) -> Mapping[str, Way]:
    """The lines between cards in a picture, by the ids of their parts: ``source-target``."""
    labels = {part.id: _middle(part) for part in scene.parts if part.kind == "label"}
    return {
        part.id: Way(_points(part), labels.get(f"{part.id}-label"))
        for part in scene.parts
        if part.kind == "edge"
    }


def around(scene: Scene, ends: tuple[str, str], boxes: tuple[Box, Box]) -> Way | None:
    """The line beside the picture that joins two nodes which are one thing, where there is one."""
    for part in scene.parts:
        if part.kind == "link" and set(ends) <= set(part.id.split("=")):
            trunk = next(mark for mark in part.marks if isinstance(mark, Path))
            (x, y), (_, low) = trunk.points[0], trunk.points[-1]
            a, b = (box.centre for box in boxes)
            corners = ((x, a[1]), (x, b[1])) if y != low else ((a[0], y), (b[0], y))
            side = [box.right if x > box.right else box.left for box in boxes]
            starts = zip(side, (a, b), strict=True)
            first, last = ((s, c[1]) for s, c in starts) if y != low else (a, b)
            return Way((first, *corners, last))
    return None


def _points(part: MarkGroup) -> tuple[Point, ...]:
    line = next(mark for mark in part.marks if isinstance(mark, Path))
    tips = [mark.points[1] for mark in part.marks if isinstance(mark, Polygon)]
    return tuple(_few([line.points[0], *flattened(line.points), *tips]))


def _few(points: Sequence[Point]) -> list[Point]:
    """The points that a line needs to be where the others are (Douglas and Peucker)."""
    first, last = points[0], points[-1]
    far = [_distance(point, first, last) for point in points]
    worst = max(range(len(points)), key=far.__getitem__)
    if far[worst] <= _NEAR:
        return [first, last]
    return [*_few(points[: worst + 1])[:-1], *_few(points[worst:])]


def _distance(point: Point, first: Point, last: Point) -> float:
    """How far a point is from a straight line between two others."""
    long = math.dist(first, last)
    if not long:
        return math.dist(point, first)
    dx, dy = last[0] - first[0], last[1] - first[1]
    return abs(dx * (first[1] - point[1]) - dy * (first[0] - point[0])) / long


def _middle(part: MarkGroup) -> Point:
    behind = next(mark for mark in part.marks if isinstance(mark, Rect))
    return behind.x + behind.width / 2, behind.y + behind.height / 2


def _share(at: float, start: float, end: float) -> str:
    return f"{min(max((at - start) / ((end - start) or 1.0), 0.0), 1.0):.4g}"
