"""Where the header of a group stands: beside the lines that come in from above, piece by piece."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain

from .curves import crossing
from .headers import Header
from .layout import Box, Curve, Layout
from .lines import badge_width
from .scene import Point
from .sizes import TINY
from .text import text_width

INSET = 3.0
HEIGHT = 15.0
GAP = 8.0
CLEAR = 4.0
_BAND = 60.0
FEW = 8
"""Most lines through a header for it to look for the one that it may hide."""


@dataclass(frozen=True, slots=True)
class HeaderPlace:
    """The left ends of a header's runs and of its badge, and where its note begins, if anywhere.

    ``boxes`` are the places of these pieces, in which no other text may stand.
    """

    runs: tuple[float, ...]
    badge: float | None
    note: Point | None
    boxes: tuple[Box, ...]


def inset(box: Box) -> Box:
    """The outline of a group: a little inside its place, so that neighbours stand apart."""
    return Box(box.left + INSET, box.top + INSET, box.right - INSET, box.bottom - INSET)


def header_places(
    headers: Mapping[str, Header], layout: Layout, family: str
) -> dict[str, HeaderPlace]:
    """The places of the headers of all groups of a layout: free of lines where there is room."""
    lines = _Lines(layout)
    return {
        name: _header_place(name, head, layout, lines, family)
        for name, head in headers.items()
        if name in layout.boxes
    }


class _Lines:
    """The curves that run down or up, by the bands of the picture that they pass through."""

    def __init__(self, layout: Layout) -> None:
        self._bands: dict[int, list[tuple[float, float, Curve]]] = {}
        self._ends = sorted(layout.boxes.values(), key=lambda box: box.bottom)
        for curve in layout.curves:
            if curve.points[0][1] > curve.points[-1][1]:
                curve = replace(curve, points=curve.points[::-1])
            top, bottom = curve.points[0][1], curve.points[-1][1]
            if top < bottom:
                xs = [x for x, _ in curve.points]
                entry = (min(xs), max(xs), curve)
                for band in range(int(top // _BAND), int(bottom // _BAND) + 1):
                    self._bands.setdefault(band, []).append(entry)

    def through(self, box: Box, y: float) -> list[float]:
        """Where lines pass through a height in a box."""
        return sorted(
            crossing(curve.points, y)
            for left, right, curve in self._bands.get(int(y // _BAND), ())
            if left < box.right
            and right > box.left
            and curve.points[0][1] < y < curve.points[-1][1]
        )

    def at_foot(self, box: Box, place: Box) -> list[tuple[float, float]]:
        """What lines and what cards and groups in ``box`` take of a ``place`` at its foot."""
        first = bisect_left(self._ends, place.top, key=lambda inner: inner.bottom)
        last = bisect_right(self._ends, box.bottom, key=lambda inner: inner.bottom)
        taken = [
            (inner.left, inner.right)
            for inner in self._ends[first:last]
            if inner.top > box.top and inner.left < place.right and inner.right > place.left
        ]
        bands = {int(y // _BAND) for y in (place.top, place.bottom)}
        for left, right, curve in chain(*(self._bands.get(band, ()) for band in bands)):
            high, low = curve.points[0][1], curve.points[-1][1]
            meets = high < place.bottom and low > place.top
            if meets and left < place.right and right > place.left:
                ends = (max(high, place.top), min(low, place.bottom))
                xs = [crossing(curve.points, y) for y in ends]
                taken.append((min(xs), max(xs)))
        return taken


def _header_place(
    name: str, head: Header, layout: Layout, lines: _Lines, family: str
) -> HeaderPlace:
    box = inset(layout.boxes[name])
    widths = [run.width(family) for run in head.line]
    joined = len(widths)
    if head.badge:
        widths.append(badge_width(head.badge, family))
    if head.note:
        widths.append(text_width(head.note, TINY, False, family))
    crossed = lines.through(box, box.top + 10.0)
    lefts = _lefts(widths, joined, box, crossed)
    top = box.top + 3
    note: Point | None = None
    boxes: list[Box] = []
    if lefts is not None and head.note:
        note = lefts[-1], box.top + 14.0
    elif head.note:
        # No room in the header's line: the note stands at the foot, where what it tells of leaves.
        *widths, wide = widths
        foot = Box(box.left, box.bottom - 12, box.right, box.bottom - 2)
        left = _first_gap(wide, foot.left + 9.0, foot.right - 9.0, lines.at_foot(box, foot))
        whole = len(layout.frames.get(name, ())) < 2
        if left is not None and whole:
            note = left, box.bottom - 4.0
            boxes.append(Box(left - 3, foot.top, left + wide + 3, foot.bottom))
        lefts = _lefts(widths, joined, box, crossed)
    if lefts is None and len(crossed) <= FEW:
        # In front of one line rather than in front of all.
        spared = (_lefts(widths, joined, box, [x for x in crossed if x != y]) for y in crossed)
        lefts = next((found for found in spared if found is not None), None)
    if lefts is None:
        lefts = _lefts(widths, joined, Box(box.left, 0, float("inf"), 0), ()) or []
    boxes += [
        Box(left - CLEAR, top, left + width + CLEAR, top + HEIGHT)
        for left, width in zip(lefts, widths, strict=True)
    ]
    badge = lefts[joined] if head.badge else None
    return HeaderPlace(tuple(lefts[:joined]), badge, note, tuple(boxes))


def _first_gap(
    width: float, at: float, end: float, taken: Sequence[tuple[float, float]]
) -> float | None:
    """The left end of a piece from ``at`` to ``end``, as far left as there is room between."""
    for start in sorted((at, *(right + 7.0 for _, right in taken if right + 7.0 > at))):
        after = start + width
        if after > end:
            return None
        if all(right + CLEAR <= start or left - CLEAR >= after for left, right in taken):
            return start
    return None


def _lefts(
    widths: Sequence[float], joined: int, box: Box, crossed: Sequence[float]
) -> list[float] | None:
    """The left ends of pieces in a row that no line passes through; None where they do not fit.

    The first ``joined`` pieces follow each other without a gap where there is room for that.
    """
    together = [sum(widths[:joined]), *widths[joined:]] if joined > 1 else widths
    found = _free(together, 1, box, crossed)
    if found is None:
        return _free(widths, joined, box, crossed)
    if joined < 2:
        return found
    return [*accumulate(widths[: joined - 1], initial=found[0]), *found[1:]]


def _free(
    widths: Sequence[float], joined: int, box: Box, crossed: Sequence[float]
) -> list[float] | None:
    """The left ends of pieces as far left as no line passes through them."""
    at, end = box.left + 9.0, box.right - 9.0
    result: list[float] = []
    for index, width in enumerate(widths):
        start = _first_gap(width, at, end, [(x, x) for x in crossed])
        if start is None:
            return None
        result.append(start)
        at = start + width + (0.0 if index + 1 < joined else GAP)
    return result
