"""Lines with round corners."""

from __future__ import annotations

from collections.abc import Sequence

from .scene import Point

RADIUS = 6.0


def rounded(start: Point, corners: Sequence[Point], end: Point) -> tuple[Point, ...]:
    """Cubic segments along straight lines with round corners, the start left out."""
    points: list[Point] = []
    at = start
    for corner, after in zip(corners, (*corners[1:], end), strict=True):
        enter, leave = _towards(corner, at), _towards(corner, after)
        points += [at, enter, enter, corner, corner, leave]
        at = leave
    return (*points, at, end, end)


def _towards(start: Point, end: Point) -> Point:
    length = max(abs(end[0] - start[0]), abs(end[1] - start[1])) or 1.0
    share = min(RADIUS / length, 0.5)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
