"""Points along the curves that edges are drawn as."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .scene import Point


def flattened(points: Sequence[Point], steps: int = 8) -> Iterator[Point]:
    """Points along cubic Bezier segments, ``steps`` for each, the very first left out."""
    for index in range(0, len(points) - 3, 3):
        a, b, c, d = points[index : index + 4]
        for step in range(1, steps + 1):
            t = step / steps
            u = 1 - t
            p, q, r, s = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            yield (
                p * a[0] + q * b[0] + r * c[0] + s * d[0],
                p * a[1] + q * b[1] + r * c[1] + s * d[1],
            )


def spaced(points: Sequence[Point], distance: float) -> Iterator[Point]:
    """Points along a curve, about ``distance`` apart."""
    for index in range(0, len(points) - 3, 3):
        segment = points[index : index + 4]
        length = sum(math.dist(a, b) for a, b in pairwise(segment))
        yield from flattened(segment, max(1, round(length / distance)))


def crossing(points: Sequence[Point], y: float) -> float:
    """Where a curve that runs downwards first reaches ``y``."""
    before = points[0]
    for after in flattened(points):
        if after[1] >= y:
            rise = after[1] - before[1]
            share = (y - before[1]) / rise if rise > 0 else 0.0
            return before[0] + (after[0] - before[0]) * min(max(share, 0.0), 1.0)
        before = after
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
