"""Dotted lines that join what is one thing: along the side of the picture, out of the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..view.model import Link
from .layout import Box
from .scene import Part, Path, Point

LANE = 9.0
MAX_LANES = 5
"""Most lines beside a picture; with more, the names of the nodes alone tell."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """The lines, and the room that they take beside the picture."""

    parts: tuple[Part, ...]
    room: float


def link_lanes(
    links: Sequence[Link],
    boxes: dict[str, Box],
    edge: float,
    colour: str,
    downwards: bool,
) -> Lanes:
    """One line for each set of nodes that are joined, in a lane beyond ``edge``.

    ``boxes`` are the rows of the nodes. Lanes run beside a picture that reads downwards, and below
    one that reads to the right.
    """
    joined = [
        group for group in _joined(links) if len({(boxes[n].left, boxes[n].top) for n in group}) > 1
    ]
    if not joined or len(joined) > MAX_LANES:
        return Lanes((), 0.0)
    joined.sort(key=lambda group: _span(group, boxes, downwards))
    parts = []
    for lane, group in enumerate(joined):
        at = edge + 6 + lane * LANE
        parts.append(_line(group, boxes, at, colour, downwards))
    return Lanes(tuple(parts), 6 + LANE * len(joined))


def _joined(links: Iterable[Link]) -> list[list[str]]:
    """The nodes of the links, those that hang together in one list."""
    home: dict[str, list[str]] = {}
    for link in links:
        left = home.setdefault(link.source, [link.source])
        right = home.setdefault(link.target, [link.target])
        if left is not right:
            left += right
            home.update(dict.fromkeys(right, left))
    return list({id(group): group for group in home.values()}.values())


def _span(group: Sequence[str], boxes: dict[str, Box], downwards: bool) -> float:
    places = [boxes[name].centre[1 if downwards else 0] for name in group]
    return max(places) - min(places)


def _line(
    group: Sequence[str], boxes: dict[str, Box], at: float, colour: str, downwards: bool
) -> Part:
    if downwards:
        ends = sorted(((boxes[name].right, boxes[name].centre[1]) for name in group), key=_second)
        trunk = ((at, ends[0][1]), (at, ends[-1][1]))
        twigs = [((x, y), (at, y)) for x, y in ends]
    else:
        ends = sorted((boxes[name].centre[0], boxes[name].bottom) for name in group)
        trunk = ((ends[0][0], at), (ends[-1][0], at))
        twigs = [((x, y), (x, at)) for x, y in ends]
    marks = tuple(Path((a, a, b, b), colour, 1.0, dotted=True) for a, b in (trunk, *twigs))
    return Part("=".join(group), "link", marks)


def _second(point: Point) -> float:
    return point[1]
