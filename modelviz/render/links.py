"""Dotted lines that join what is one thing: along the side of the picture, out of the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from ..view.document import Link
from .layout import Box
from .marks import straight
from .scene import MarkGroup, Path, Point

LANE = 9.0
MAX_LANES = 5
"""Most lines beside a picture; with more, the names of the nodes alone tell."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """The lines, the room that they take beside the picture, and what they stand for.

    ``before`` is the room to the left of a picture, or above it, ``after`` that on the other side.
    """

    parts: tuple[MarkGroup, ...] = ()
    before: float = 0.0
    after: float = 0.0
    reasons: frozenset[str] = frozenset()


def link_lanes(
    links: Sequence[Link],
    boxes: dict[str, Box],
    edge: float,
    colour: str,
    downwards: bool,
) -> Lanes:
    """One line for each set of nodes that are joined, in a lane before 0 or beyond ``edge``.

    ``boxes`` are the rows of the nodes. Lanes run beside a picture that reads downwards, and above
    or below one that reads to the right. A line that would pass behind another node on either side
    is left out: it would seem to join that node, and the names on the cards tell.
    """
    joined = [
        group for group in _joined(links) if len({(boxes[n].left, boxes[n].top) for n in group}) > 1
    ]
    if len(joined) > MAX_LANES:
        return Lanes()
    joined.sort(key=lambda group: _span(group, boxes, downwards))
    parts = []
    lanes = {1: 0, -1: 0}
    for group in joined:
        side = next((s for s in (1, -1) if _is_free(group, boxes, s, downwards)), None)
        if side is not None:
            far = 6 + lanes[side] * LANE
            at = edge + far if side > 0 else -far
            parts.append(_line(group, boxes, at, side, colour, downwards))
            lanes[side] += 1
    drawn = {name for part in parts for name in part.id.split("=")}
    return Lanes(
        tuple(parts),
        _room(lanes[-1]),
        _room(lanes[1]),
        frozenset(link.reason for link in links if link.source in drawn),
    )


def _room(lanes: int) -> float:
    return 6 + LANE * lanes if lanes else 0.0


def _is_free(group: Sequence[str], boxes: Mapping[str, Box], side: int, downwards: bool) -> bool:
    """Whether nothing else stands between the nodes of a group and a side of the picture."""
    for name in group:
        x, y = boxes[name].centre
        for other, box in boxes.items():
            if other == name:
                continue
            if downwards:
                meets = box.top - 1 < y < box.bottom + 1 and (box.centre[0] - x) * side > 0
            else:
                meets = box.left - 1 < x < box.right + 1 and (box.centre[1] - y) * side > 0
            if meets:
                return False
    return True


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
    group: Sequence[str],
    boxes: dict[str, Box],
    at: float,
    side: int,
    colour: str,
    downwards: bool,
) -> MarkGroup:
    if downwards:
        places = [(_end(boxes[name], side)[0], boxes[name].centre[1]) for name in group]
        ends = sorted(places, key=itemgetter(1))
        trunk = ((at, ends[0][1]), (at, ends[-1][1]))
        twigs = [((x, y), (at, y)) for x, y in ends]
    else:
        ends = sorted((boxes[name].centre[0], _end(boxes[name], side)[1]) for name in group)
        trunk = ((ends[0][0], at), (ends[-1][0], at))
        twigs = [((x, y), (x, at)) for x, y in ends]
    marks = tuple(Path(straight(a, b), colour, 1.0, dotted=True) for a, b in (trunk, *twigs))
    return MarkGroup("=".join(group), "link", marks)


def _end(box: Box, side: int) -> Point:
    """The corner of a box that is nearest to a side."""
    return (box.right, box.bottom) if side > 0 else (box.left, box.top)
