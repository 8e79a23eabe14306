"""A net of U inside of U: one row for each size, in which data runs to the right.

Whatever is half as large is half a step further to the right, so that ways down and up are short,
and skips are level: those past other cards run above their row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import dist

from ..graph.records import NamedShape
from .cards import Card
from .layout import Box, Curve, Layout
from .plan import Plan
from .rounding import rounded
from .scene import Point
from .u_shape import ARROW, at_origin
from .u_turn import Flows, flows_of

_ROWS = 3
"""Fewest sizes of which one has as many cards: else it is a U, or nothing of the kind."""
GAPS = (26.0, 14.0)
"""How far the cards of a row are apart: with less and less room for what the lines carry."""
_LANE = 9.0
"""How far lines above a row are from one another."""
_BETWEEN = 40.0
"""How far rows are apart, beside the lines above them."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """The row and the step of each card, and what stands ``above`` one, the nearest first.

    ``below`` a card is what leads from the row under it to that card alone, and ``heads`` are above
    several cards that they read, with their outputs above them.
    """

    places: Mapping[str, tuple[int, int]]
    above: Mapping[str, Sequence[str]]
    below: Mapping[str, str]
    heads: Mapping[str, Sequence[str]]
    flows: Flows

    @property
    def rows(self) -> list[list[str]]:
        """The cards of each row, from the left."""
        found: dict[int, list[str]] = defaultdict(list)
        for card in sorted(self.places, key=self.places.__getitem__):
            found[self.places[card][0]].append(card)
        return [found[row] for row in sorted(found)]

    def is_level(self, source: str, target: str) -> bool:
        """Whether both are cards of one row."""
        ends = [self.places.get(card) for card in (source, target)]
        return None not in ends and ends[0][0] == ends[1][0]  # type: ignore[index]


def nested(drawing: Plan, gap: float = GAPS[0]) -> Layout | None:
    """A layout of a nested net that reads to the right; None where a model is none.

    ``gap`` is how far the cards of a row are apart.
    """
    if any(True for _ in drawing.view.groups()):
        return None
    grid = _grid(drawing)
    return None if grid is None else _laid_out(drawing, grid, gap)


def _grid(drawing: Plan) -> _Grid | None:
    flows = flows_of(drawing)
    order = {card: index for index, card in enumerate(drawing.cards)}
    if {end for pair in flows for end in pair} != order.keys():
        return None
    ways = _Ways(flows)
    heads = _heads(drawing, ways)
    above = _above(drawing, ways, {card for some in heads.values() for card in some})
    beside = {card for some in (*above.values(), *heads.values()) for card in some} | heads.keys()
    below = _below(ways, beside)
    core = _joined(flows, beside, {card: base for base, card in below.items()})
    levels = _levels(core)
    over = [*above, *(card for head in heads for card in ways.feeders[head])]
    if levels is None or len(heads) > 1 or any(levels.get(card) != 0 for card in over):
        return None
    steps: dict[str, int] = {}
    for card in sorted(levels, key=order.__getitem__):
        before = [(source, levels[card] - levels[source]) for source, end in core if end == card]
        if any(abs(down) > 1 or source not in steps for source, down in before):
            return None
        steps[card] = max((steps[source] + (down < 1) for source, down in before), default=0)
    places = {card: (levels[card], steps[card]) for card in levels}
    grid = _Grid(places, above, below, heads, flows)
    sizes = [len(row) for row in grid.rows]
    falls = all(a > b for a, b in pairwise(sizes))
    alone = len({*grid.places.values()}) == len(grid.places)
    return grid if falls and alone and min(len(sizes), sizes[0]) >= _ROWS else None


class _Ways:
    """What reads each card, and what feeds it."""

    def __init__(self, flows: Flows) -> None:
        self.flows = flows
        self.readers: dict[str, list[str]] = defaultdict(list)
        self.feeders: dict[str, list[str]] = defaultdict(list)
        for source, target in flows:
            self.readers[source].append(target)
            self.feeders[target].append(source)

    def gives(self, card: str) -> int | None:
        """The size of what a card gives, if it is one."""
        sizes = {_size(self.flows[card, reader]) for reader in self.readers[card]}
        return sizes.pop() if len(sizes) == 1 else None


def _heads(drawing: Plan, ways: _Ways) -> dict[str, list[str]]:
    """Cards that read several of the largest size and give outputs alone, with these outputs."""
    outputs = {name for name, card in drawing.cards.items() if card.rows[0].node.kind == "output"}
    found = {}
    for card in drawing.cards:
        readers, feeders = ways.readers[card], ways.feeders[card]
        if readers and outputs.issuperset(readers) and len(feeders) > 1:
            largest = max((ways.gives(name) or 0 for name in drawing.cards), default=0)
            if all(_size(ways.flows[feeder, card]) == largest for feeder in feeders):
                found[card] = readers
    return found


def _above(drawing: Plan, ways: _Ways, other: Collection[str]) -> dict[str, list[str]]:
    """What stands above a card: an input that it alone reads, or what leads from it to an output.

    Where there are several, all but one are left in the net, as are ``other`` outputs.
    """
    readers, feeders = ways.readers, ways.feeders
    found: dict[str, list[str]] = {}
    for name, card in drawing.cards.items():
        kind = card.rows[0].node.kind
        if kind == "input" and len(readers[name]) == 1:
            found.setdefault(readers[name][0], [name])
        if kind == "output" and len(feeders[name]) == 1 and name not in other:
            chain, base = [name], feeders[name][0]
            while len(readers[base]) == 1 == len(feeders[base]):
                chain.append(base)
                base = feeders[base][0]
            found.setdefault(base, chain[::-1])
    return found


def _below(ways: _Ways, beside: Collection[str]) -> dict[str, str]:
    """What makes a card of a lower row as large as another that alone reads it, by that one."""
    found: dict[str, str] = {}
    for card, readers in ways.readers.items():
        feeders = ways.feeders[card]
        if card not in beside and len(readers) == 1 == len(feeders):
            before, after = _size(ways.flows[feeders[0], card]), ways.gives(card)
            if before is not None and after is not None and before < after:
                found.setdefault(readers[0], card)
    return found


def _joined(flows: Flows, beside: Collection[str], via: Mapping[str, str]) -> Flows:
    """The flows of a net without what is beside it, or on the way to another card."""
    return {
        (source, via.get(target, target)): shape
        for (source, target), shape in flows.items()
        if source not in beside and target not in beside and source not in via
    }


def _levels(flows: Flows) -> dict[str, int] | None:
    """The row of each card, by the size of what it gives; None where that is not one size.

    A card that nothing reads is in the first row.
    """
    sizes: dict[str, int] = {}
    for (source, _), shape in flows.items():
        size = _size(shape)
        if size is None or sizes.setdefault(source, size) != size:
            return None
    rows = {size: row for row, size in enumerate(sorted({*sizes.values()}, reverse=True))}
    return {card: rows[sizes[card]] if card in sizes else 0 for pair in flows for card in pair}


def _size(shape: NamedShape) -> int | None:
    last = shape[-1] if len(shape) > 2 else None
    return last if isinstance(last, int) else None


def _laid_out(drawing: Plan, grid: _Grid, gap: float) -> Layout | None:
    lanes = _lanes(grid)
    boxes = _in_rows(drawing.cards, grid, lanes, gap)
    first = grid.rows[0]
    top = min(boxes[card].top for card in first) - _taken(first, lanes) - _BETWEEN / 2
    _put_above(drawing.cards, grid, boxes, top, gap)
    if any(boxes[a].overlaps(boxes[b]) for a, b in combinations(boxes, 2)):
        return None
    lines = _Lines(grid, boxes, lanes)
    curves = tuple(lines.curve(source, target) for source, target in grid.flows)
    over = (*grid.above.values(), grid.heads.keys(), *grid.heads.values())
    upward = frozenset(card for some in over for card in some)
    return at_origin(Layout(0.0, 0.0, boxes, curves), upward)


def _in_rows(
    cards: Mapping[str, Card], grid: _Grid, lanes: Mapping[tuple[str, str], int], gap: float
) -> dict[str, Box]:
    """The places of the cards of all rows, and of what is below them."""
    width = max(cards[card].width for card in grid.places)
    lower = max((cards[card].width for card in grid.below.values()), default=0.0)
    pitch = max(width + gap, lower + _LANE)
    boxes: dict[str, Box] = {}
    foot = 0.0
    for level, row in enumerate(grid.rows):
        high = max(cards[card].height for card in row)
        middle = foot + _BETWEEN + _taken(row, lanes) + high / 2
        foot = middle + high / 2
        for card in row:
            x = pitch * (grid.places[card][1] + level / 2)
            boxes[card] = Box.around(x, middle, *cards[card].size)
        for card in [card for card in row if card in grid.below]:
            one = grid.below[card]
            y = middle + high / 2 + _BETWEEN / 2 + cards[one].height / 2
            boxes[one] = Box.around(boxes[card].centre[0], y, *cards[one].size)
            foot = max(foot, boxes[one].bottom)
    return boxes


def _put_above(
    cards: Mapping[str, Card], grid: _Grid, boxes: dict[str, Box], top: float, gap: float
) -> None:
    """Adds the places of what stands above the first row, from ``top`` upwards."""
    for base, above in grid.above.items():
        bottom = top
        for card in above:
            width, height = cards[card].size
            x = boxes[base].centre[0]
            boxes[card] = Box.around(x, bottom - height / 2, width, height)
            bottom -= height + _BETWEEN / 2
    for head, outputs in grid.heads.items():
        read = [source for source, target in grid.flows if target == head]
        x = sum(boxes[card].centre[0] for card in read) / len(read)
        y = top - _LANE * len(read) - cards[head].height / 2
        boxes[head] = Box.around(x, y, *cards[head].size)
        wide = max(cards[card].width for card in outputs) + gap / 2
        for at, card in enumerate(outputs):
            shift = (at - (len(outputs) - 1) / 2) * wide
            y = boxes[head].top - _BETWEEN - cards[card].height / 2
            boxes[card] = Box.around(x + shift, y, *cards[card].size)


def _taken(row: Sequence[str], lanes: Mapping[tuple[str, str], int]) -> float:
    """How much room the skips above a row take."""
    return _LANE * max((lane for (card, _), lane in lanes.items() if card in row), default=0)


def _lanes(grid: _Grid) -> dict[tuple[str, str], int]:
    """The lanes, from 1, of the skips that run above others; what is inside of one is below it."""
    place = {card: at for row in grid.rows for at, card in enumerate(row)}
    level = [pair for pair in grid.flows if grid.is_level(*pair)]
    skips = [(a, b) for a, b in level if place[b] - place[a] > 1]
    found: dict[tuple[str, str], int] = {}
    for a, b in sorted(skips, key=lambda pair: place[pair[1]] - place[pair[0]]):
        others = [
            (c, d)
            for c, d in found
            if grid.is_level(a, c) and place[c] < place[b] and place[a] < place[d]
        ]
        inside = [found[c, d] for c, d in others if place[a] <= place[c] and place[d] <= place[b]]
        lane = max(inside, default=0) + 1
        while lane in [found[pair] for pair in others]:
            lane += 1
        found[a, b] = lane
    return found


class _Lines:
    """The lines of a grid, whose cards have places."""

    def __init__(
        self, grid: _Grid, boxes: Mapping[str, Box], lanes: Mapping[tuple[str, str], int]
    ) -> None:
        self._grid, self._boxes, self._lanes = grid, boxes, lanes
        self._straight = {card for some in grid.above.values() for card in some}
        self._straight |= {card for some in grid.heads.values() for card in some}
        self._read = {head: [a for a, b in grid.flows if b == head] for head in grid.heads}
        self._tops: dict[str, float] = {}
        for row in grid.rows:
            self._tops.update(dict.fromkeys(row, min(boxes[card].top for card in row)))

    def curve(self, source: str, target: str) -> Curve:
        """The line from one card to another."""
        a, b = self._boxes[source], self._boxes[target]
        if target in self._read:
            return self._to_head(source, target)
        if {source, target} & self._straight or self._grid.below.get(target) == source:
            down = a.top < b.top
            start = (a.centre[0], a.bottom if down else a.top)
            return _straight(source, target, start, (b.centre[0], b.top if down else b.bottom))
        if (source, target) in self._lanes:
            return self._skip(source, target)
        if self._grid.is_level(source, target):
            return _straight(source, target, (a.right, a.centre[1]), (b.left, b.centre[1]))
        if a.top < b.top:
            start = a.left + 0.70 * a.width, a.bottom
            return _straight(source, target, start, (b.left + 0.06 * b.width, b.top))
        start = a.left + 0.94 * a.width, a.top
        return _straight(source, target, start, (b.left + 0.30 * b.width, b.bottom))

    def _skip(self, source: str, target: str) -> Curve:
        """A line above the cards of its row: the longer, the higher, and none crosses another."""
        a, b = self._boxes[source], self._boxes[target]
        leaving = sorted(lane for (card, _), lane in self._lanes.items() if card == source)
        coming = sorted(lane for (_, card), lane in self._lanes.items() if card == target)
        lane = self._lanes[source, target]
        out = 0.90 - 0.32 * (leaving.index(lane) + 0.5) / len(leaving)
        into = 0.12 + 0.32 * (coming.index(lane) + 0.5) / len(coming)
        start, tip = (a.left + out * a.width, a.top), (b.left + into * b.width, b.top)
        end = tip[0], tip[1] - ARROW
        high = self._tops[source] - ARROW - _LANE * lane
        points = rounded(start, ((start[0], high), (end[0], high)), end)
        return Curve(source, target, (start, *points), tip)

    def _to_head(self, source: str, target: str) -> Curve:
        """A line from a card of the first row to what reads several, above the skips."""
        a, b = self._boxes[source], self._boxes[target]
        others = self._read[target]
        share = (others.index(source) + 0.5) / len(others)
        start, tip = (a.centre[0], a.top), (b.left + share * b.width, b.bottom)
        # Those further out turn further down, so that none crosses another.
        turn = min(others.index(source), len(others) - 1 - others.index(source))
        high = b.bottom + ARROW + _LANE * (len(others) / 2 - turn)
        points = rounded(start, ((start[0], high), (tip[0], high)), (tip[0], tip[1] + ARROW))
        return Curve(source, target, (start, *points), tip)


def _straight(source: str, target: str, start: Point, tip: Point) -> Curve:
    length = dist(start, tip)
    end = tuple(t - (t - s) * ARROW / length for s, t in zip(start, tip, strict=True))
    return Curve(source, target, (start, start, (end[0], end[1]), (end[0], end[1])), tip)
