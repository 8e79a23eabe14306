"""Several U in a row, as in a W-Net: each by itself, side by side, or one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise

from ..view.model import leaves
from .layout import Box, Curve, Layout, lay_out
from .plan import Plan
from .rounding import rounded
from .u_shape import ARROW, at_origin, passes_behind, u_shaped
from .u_turn import Flows, flows_of, spine_of

_LANE = 14.0
"""How far lines from one U to the next are from what is beside them."""


def in_a_row(drawing: Plan, gutter: float, close: bool, beside: bool) -> Layout | None:
    """The layout of several U, ``beside`` one another or below; None where there are none.

    ``gutter`` and ``close`` are those of each U.
    """
    flows = flows_of(drawing)
    parts = _parts(drawing, flows)
    if len(parts) < 2 or _shared_groups(drawing, parts):
        return None
    found: list[Layout] = []
    for cards in parts:
        alone = _alone(drawing, cards)
        made = u_shaped(alone, lay_out(alone), gutter, close)
        if made is None:
            return None
        found.append(made)
    links = [pair for pair in flows if _part_of(parts, pair[0]) != _part_of(parts, pair[1])]
    ends = [(_part_of(parts, source), _part_of(parts, target)) for source, target in links]
    if sorted(ends) != list(pairwise(range(len(parts)))):
        return None
    placed = _placed(found, gutter, beside)
    boxes = {name: box for one in placed for name, box in one.boxes.items()}
    own = {name: boxes[name] for name in drawing.cards}
    across: list[Curve] = []
    for pair, (part, _) in zip(links, ends, strict=True):
        ways = (_link(boxes, placed, pair, part, beside, aside) for aside in (False, True))
        free = next((curve for curve in ways if not passes_behind(curve, own)), None)
        if free is None:
            return None
        across.append(free)
    curves = (*chain.from_iterable(one.curves for one in placed), *across)
    upward = frozenset(chain.from_iterable(one.upward for one in placed))
    return at_origin(Layout(0.0, 0.0, boxes, curves), upward)


def _parts(drawing: Plan, flows: Flows) -> list[set[str]]:
    """The cards of each U, in order: what skips reach around, and what comes after it."""
    spine = spine_of(drawing, flows)
    place = {card: index for index, card in enumerate(spine)}
    skips = sorted((place[a], place[b]) for a, b in flows if a in place and b in place)
    reach: list[list[int]] = []
    for start, end in skips:
        if end - start > 2:
            if reach and start < reach[-1][1]:
                reach[-1][1] = max(reach[-1][1], end)
            else:
                reach.append([start, end])
    starts = [0, *(start for start, _ in reach[1:]), len(spine)]
    parts = [set(spine[a:b]) for a, b in pairwise(starts)]
    # What is beside the way belongs to what feeds it, or else to what it feeds.
    order = list(drawing.cards)
    for card in (*order, *reversed(order)):
        if all(card not in part for part in parts):
            near = [a for a, b in flows if b == card] + [b for a, b in flows if a == card]
            home = next((part for one in near for part in parts if one in part), None)
            if home is not None:
                home.add(card)
    return parts if sum(map(len, parts)) == len(order) else []


def _part_of(parts: Sequence[set[str]], card: str) -> int:
    return next(index for index, part in enumerate(parts) if card in part)


def _shared_groups(drawing: Plan, parts: Sequence[set[str]]) -> bool:
    """Whether a frame reaches from one part into another."""
    return any(
        len({_part_of(parts, drawing.place[leaf]) for leaf in leaves(group)}) > 1
        for group in drawing.view.groups()
    )


def _alone(drawing: Plan, cards: set[str]) -> Plan:
    """A plan of some of the cards."""
    view = drawing.view
    edges = tuple(
        edge
        for edge in view.edges
        if drawing.place[edge.source] in cards and drawing.place[edge.target] in cards
    )
    some = {name: card for name, card in drawing.cards.items() if name in cards}
    items = tuple(
        item
        for item in view.items
        if any(drawing.place.get(leaf) in cards for leaf in leaves(item))
    )
    return replace(drawing, view=replace(view, edges=edges, items=items), cards=some)


def _placed(layouts: Sequence[Layout], gutter: float, beside: bool) -> list[Layout]:
    """The layouts, each moved to its place."""
    found: list[Layout] = []
    x = y = 0.0
    for one in layouts:
        found.append(one.moved(x, y))
        if beside:
            x += one.width + gutter / 2
        else:
            y += one.height + 3 * _LANE
    return found


def _link(
    boxes: dict[str, Box],
    placed: Sequence[Layout],
    pair: tuple[str, str],
    part: int,
    beside: bool,
    aside: bool,
) -> Curve:
    """A line from the end of a U to the beginning of the next.

    It leaves upwards, or ``aside``, where something stands above.
    """
    source, target = boxes[pair[0]], boxes[pair[1]]
    start, tip = (source.centre[0], source.top), (target.centre[0], target.top)
    end = tip[0], tip[1] - ARROW
    high = min(box.top for box in placed[part].boxes.values()) - _LANE
    if beside:
        high = min(high, min(box.top for box in placed[part + 1].boxes.values()) - _LANE)
        corners = [(start[0], high), (end[0], high)]
    else:
        right = max(box.right for one in placed for box in one.boxes.values()) + _LANE
        low = min(box.top for box in placed[part + 1].boxes.values()) - _LANE
        corners = [(start[0], high), (right, high), (right, low), (end[0], low)]
    if aside:
        start = source.right, source.centre[1]
        corners[0] = (max(box.right for box in placed[part].boxes.values()) + _LANE / 2, high)
        corners.insert(0, (corners[0][0], start[1]))
    return Curve(*pair, (start, *rounded(start, corners, end)), tip)
