"""Points along the curves that edges are drawn as."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from .scene import Point, Rect

_KAPPA = 0.5523
"""How far the control points of a quarter circle lie from its ends, in radii."""


def flattened(points: Sequence[Point], steps: int = 8) -> Iterator[Point]:
    """Points along cubic Bezier segments, ``steps`` for each, the very first left out."""
    for segment in segments(points):
        a, b, c, d = segment
        for p, q, r, s in _weights(steps):
            yield (
                p * a[0] + q * b[0] + r * c[0] + s * d[0],
                p * a[1] + q * b[1] + r * c[1] + s * d[1],
            )


def segments(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """The cubic segments of a curve, four points each."""
    for index in range(0, len(points) - 3, 3):
        yield points[index : index + 4]


def spaced(segment: Sequence[Point], distance: float) -> list[tuple[float, float]]:
    """Points along a segment, about ``distance`` apart: the y of each, and then the x."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = segment
    length = math.hypot(bx - ax, by - ay) + math.hypot(cx - bx, cy - by)
    weights = _weights(max(1, round((length + math.hypot(dx - cx, dy - cy)) / distance)))
    return [
        (p * ay + q * by + r * cy + s * dy, p * ax + q * bx + r * cx + s * dx)
        for p, q, r, s in weights
    ]


@lru_cache(512)
def _weights(steps: int) -> tuple[tuple[float, float, float, float], ...]:
    """What each control point counts at evenly spaced parameters, the very first left out."""
    return tuple(
        (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
        for t, u in ((step / steps, 1 - step / steps) for step in range(1, steps + 1))
    )


def crossing(points: Sequence[Point], y: float) -> float:
    """Where a curve that runs downwards first reaches ``y``."""
    for index in range(0, len(points) - 3, 3):
        a, b, c, d = points[index : index + 4]
        # A segment lies within its control points, so most need no closer look.
        if d[1] < y and a[1] < y and b[1] < y and c[1] < y:
            continue
        before, height = a[0], a[1]
        for p, q, r, s in _weights(8):
            after = p * a[1] + q * b[1] + r * c[1] + s * d[1]
            x = p * a[0] + q * b[0] + r * c[0] + s * d[0]
            if after >= y:
                rise = after - height
                share = (y - height) / rise if rise > 0 else 0.0
                return before + (x - before) * min(max(share, 0.0), 1.0)
            before, height = x, after
    return points[-1][0]


def split_at(points: Sequence[Point], y: float) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """A curve that runs downwards, cut where it reaches ``y``."""
    for index in range(0, len(points) - 3, 3):
        segment = points[index : index + 4]
        if segment[-1][1] >= y:
            low, high = 0.0, 1.0
            for _ in range(24):
                middle = (low + high) / 2
                if _divided(segment, middle)[0][-1][1] < y:
                    low = middle
                else:
                    high = middle
            before, after = _divided(segment, high)
            return (*points[:index], *before), (*after, *points[index + 4 :])
    return tuple(points), (points[-1],) * 4


def _divided(segment: Sequence[Point], t: float) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """A cubic segment divided at a parameter (de Casteljau)."""
    rows = [list(segment)]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append(
            [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(row)]
        )
    return tuple(row[0] for row in rows), tuple(row[-1] for row in reversed(rows))


def outline(rect: Rect) -> tuple[Point, ...]:
    """The outline of a rectangle as cubic Bezier segments, clockwise from the upper left."""
    left, top, right, bottom = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    limit = min(rect.width, rect.height) / 2
    upper, lower = (min(rect.radius, limit) if on else 0.0 for on in rect.corners)
    corners = (
        ((right, top), (-upper, 0.0), (0.0, upper)),
        ((right, bottom), (0.0, -lower), (-lower, 0.0)),
        ((left, bottom), (lower, 0.0), (0.0, -lower)),
        ((left, top), (0.0, upper), (upper, 0.0)),
    )
    start = (left + upper, top)
    points: list[Point] = [start]
    for (x, y), (ax, ay), (bx, by) in corners:
        enter, leave = (x + ax, y + ay), (x + bx, y + by)
        points += [points[-1], enter, enter]
        points += [
            (enter[0] - ax * _KAPPA, enter[1] - ay * _KAPPA),
            (leave[0] - bx * _KAPPA, leave[1] - by * _KAPPA),
            leave,
        ]
    return tuple(points)
