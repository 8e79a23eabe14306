"""Where the header of a group stands: beside the lines that come in from above, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .curves import crossing
from .headers import Header
from .layout import Box, Curve, Layout
from .lines import TINY, badge_width
from .scene import Point
from .text import text_width

INSET = 3.0
HEIGHT = 15.0
_GAP = 8.0
_CLEAR = 4.0


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


def header_place(name: str, head: Header, layout: Layout, family: str) -> HeaderPlace:
    """The place of the header of a group: free of lines where there is room."""
    box = inset(layout.boxes[name])
    widths = [run.width(family) for run in head.line]
    joined = len(widths)
    if head.badge:
        widths.append(badge_width(head.badge, family))
    if head.note:
        widths.append(text_width(head.note, TINY, False, family))
    crossed = _crossed(layout, box, box.top + 10.0)
    lefts = _lefts(widths, joined, box, crossed)
    top = box.top + 3
    note: Point | None = None
    boxes: list[Box] = []
    if lefts is not None and head.note:
        note = lefts[-1], box.top + 14.0
    elif head.note:
        # No room in the header's line: the note stands at the foot, where what it tells of leaves.
        *widths, wide = widths
        foot = _lefts([wide], 1, box, _crossed(layout, box, box.bottom - 7.0))
        whole = len(layout.frames.get(name, ())) < 2
        if foot is not None and whole:
            note = foot[0], box.bottom - 4.0
            boxes.append(Box(note[0] - 3, note[1] - 8, note[0] + wide + 3, note[1] + 2))
        lefts = _lefts(widths, joined, box, crossed)
    if lefts is None:
        lefts = _lefts(widths, joined, Box(box.left, 0, float("inf"), 0), ()) or []
    boxes += [
        Box(left - _CLEAR, top, left + width + _CLEAR, top + HEIGHT)
        for left, width in zip(lefts, widths, strict=True)
    ]
    badge = lefts[joined] if head.badge else None
    return HeaderPlace(tuple(lefts[:joined]), badge, note, tuple(boxes))


def _crossed(layout: Layout, box: Box, y: float) -> list[float]:
    """Where lines pass through a height in a box."""
    return sorted(
        crossing(curve.points, y)
        for curve in layout.curves
        if curve.points[0][1] < y < curve.points[-1][1] and _near(curve, box)
    )


def _lefts(
    widths: Sequence[float], joined: int, box: Box, crossed: Sequence[float]
) -> list[float] | None:
    """The left ends of pieces in a row that no line passes through; None where they do not fit.

    The first ``joined`` pieces follow each other without a gap where nothing is between them.
    """
    at, end = box.left + 9.0, box.right - 9.0
    result: list[float] = []
    for index, width in enumerate(widths):
        starts = (at, *(x + 7.0 for x in crossed if x + 7.0 > at))
        free = (
            start
            for start in starts
            if not any(start - _CLEAR < x < start + width + _CLEAR for x in crossed)
        )
        start = next(free, None)
        if start is None or start + width > end:
            return None
        result.append(start)
        at = start + width + (0.0 if index + 1 < joined else _GAP)
    return result


def _near(curve: Curve, box: Box) -> bool:
    """Whether a curve may come into the width of a box."""
    xs = [x for x, _ in curve.points]
    return min(xs) < box.right and max(xs) > box.left
