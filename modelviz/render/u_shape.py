"""A model that shrinks and grows again as a U: the way down, and beside it the way up.

It is seen in the flow and the sizes alone: long skips, one around the other, lead from the way down
to the way up, and what the inner ones carry is smaller. The layout is folded at its lowest point;
the way up is turned over, so that each skip is level with where it leads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..graph.records import NamedShape
from .cards import STACK, Card
from .curves import flattened
from .layout import Box, Curve, Layout, lay_out
from .layout_source import dot_lines
from .plan import Plan
from .rounding import rounded
from .scene import Point

_DOWN, _UP, _ABOVE = "down", "up", "above"
GUTTERS = (64.0, 36.0)
"""How far the way up stands from the way down: with room for what the skips carry, or less."""
_FOOT = 14.0
_LANE = 9.0
_ARROW = 6.0
_FEWEST = 2
"""Fewest skips around one another that make a U."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """The cards from the input to the output, the skips, outer first, and where the way up begins.

    ``skips`` are places in ``spine``, and ``turn`` is the place of the first card of the way up.
    """

    spine: tuple[str, ...]
    skips: tuple[tuple[int, int], ...]
    turn: int


def u_shaped(drawing: Plan, layout: Layout, gutter: float = GUTTERS[0]) -> Layout | None:
    """A layout that reads downwards as a U; None where the model is none, or it would not be clear.

    ``gutter`` is how far the ways stand apart. The cards of the way up are in ``upward`` of the
    layout: their layers stand bottom up.
    """
    found = _turn(drawing)
    if found is None or not all(card in layout.boxes for card in found.spine):
        return None
    return _Folded(drawing, layout, found, gutter).layout()


def _turn(drawing: Plan) -> _Turn | None:
    flows = _flows(drawing)
    spine = _spine(drawing, flows)
    place = {card: index for index, card in enumerate(spine)}
    long = sorted(
        (place[source], -place[target])
        for source, target in flows
        if source in place and target in place and place[target] - place[source] > 2
    )
    skips = [(start, -end) for start, end in _nested(long)]
    sizes = [flows[spine[start], spine[end]] for start, end in skips]
    while skips and not _shrink(sizes):
        # What reaches further than the U does is no level of it.
        if len(skips) > _FEWEST and _shrink(sizes[1:]):
            del skips[0], sizes[0]
        elif len(skips) > _FEWEST and _shrink(sizes[:-1]):
            del skips[-1], sizes[-1]
        else:
            return None
    if len(skips) < _FEWEST:
        return None
    if skips[0][1] - skips[0][0] < len(spine) / 2:
        return None
    turn = _turning(drawing, spine, flows, skips[-1])
    # What feeds every block is beside the way, though it may come to the first block last.
    fed = [sum(a == card and b in place for a, b in flows) for card in spine[: skips[0][0]]]
    cut = max((index + 1 for index, count in enumerate(fed) if count > 2), default=0)
    levels = tuple((start - cut, end - cut) for start, end in skips)
    return _Turn(spine[cut:], levels, turn - cut)


def _flows(drawing: Plan) -> dict[tuple[str, str], NamedShape]:
    """The first shape that flows from card to card."""
    flows: dict[tuple[str, str], NamedShape] = {}
    for edge in drawing.view.edges:
        ends = drawing.place[edge.source], drawing.place[edge.target]
        if not edge.next_copy and ends[0] != ends[1] and edge.tensors:
            flows.setdefault(ends, edge.tensors[0].shape)
    return flows


def _spine(drawing: Plan, flows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The cards from one end to the other, by what feeds each of them last."""
    order = {card: index for index, card in enumerate(drawing.cards)}
    main: dict[str, str] = {}
    for source, target in flows:
        if target not in main or order[source] > order[main[target]]:
            main[target] = source
    best: list[str] = []
    for end in (*main, *(())):
        way, seen = [end], {end}
        while way[-1] in main and main[way[-1]] not in seen:
            way.append(main[way[-1]])
            seen.add(way[-1])
        if len(way) > len(best):
            best = way
    return tuple(reversed(best))


def _nested(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs of which each is inside the one before; ends are negative, pairs in order."""
    chains: list[list[tuple[int, int]]] = []
    for pair in pairs:
        inside = [c for c in chains if c[-1][0] < pair[0] and c[-1][1] < pair[1]]
        chains.append([*max(inside, key=len, default=[]), pair])
    return max(chains, key=len, default=[])


def _shrink(shapes: Sequence[NamedShape]) -> bool:
    """Whether one size of the shapes gets smaller from the first to the last, by half at least."""
    if len({len(shape) for shape in shapes}) != 1:
        return False
    for sizes in list(zip(*shapes, strict=True))[1:]:
        if not all(isinstance(size, int) for size in sizes):
            continue
        falls = all(a >= b for a, b in pairwise(sizes))
        if falls and sizes[0] >= 2 * sizes[-1]:
            return True
    return False


def _turning(
    drawing: Plan,
    spine: Sequence[str],
    flows: Mapping[tuple[str, str], NamedShape],
    inner: tuple[int, int],
) -> int:
    """Where the way up begins: at the first card that gives more than it gets."""
    start, end = inner
    for index in range(start + 1, end):
        before = flows[spine[index - 1], spine[index]]
        after = flows[spine[index], spine[index + 1]]
        if len(before) == len(after) > 2 and after[-1] != before[-1] and _larger(after, before):
            return index
    return end


def _larger(after: NamedShape, before: NamedShape) -> bool:
    pairs = list(zip(after, before, strict=True))[2:]
    return all(isinstance(a, int) and isinstance(b, int) and a >= b for a, b in pairs)


class _Stretch:
    """Moves heights so that some come to lie where they are wanted; between cards alone."""

    def __init__(self, blocked: Iterable[tuple[float, float]], wanted: Mapping[float, float]):
        """``wanted`` are the new heights, which lie further down the further down they are."""
        free = _free(blocked)
        at, moved = 0.0, min((new - old for old, new in wanted.items()), default=0.0)
        self._knots, self._offsets = [float("-inf")], [moved]
        for old, new in sorted(wanted.items()):
            more = new - old - moved
            gaps = [(max(a, at), min(b, old)) for a, b in free if min(b, old) > max(a, at)]
            room = sum(b - a for a, b in gaps)
            for a, b in gaps:
                self._knots += [a, b]
                self._offsets += [moved, moved + more * (b - a) / room]
                moved = self._offsets[-1]
            if not gaps:
                self._knots.append(old)
                self._offsets.append(new - old)
                moved = new - old
            at = old

    def __call__(self, y: float) -> float:
        index = bisect_right(self._knots, y) - 1
        if index + 1 == len(self._knots) or index == 0:
            return y + self._offsets[index]
        low, high = self._knots[index], self._knots[index + 1]
        share = (y - low) / (high - low) if high > low else 1.0
        return y + self._offsets[index] + share * (self._offsets[index + 1] - self._offsets[index])


def _heights(layout: Layout, drawing: Plan) -> list[tuple[float, float]]:
    """From where to where each card of a layout reaches."""
    return [(box.top, box.bottom) for name, box in layout.boxes.items() if name in drawing.cards]


def _free(blocked: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The stretches that nothing blocks."""
    result, end = [], float("-inf")
    for start, stop in sorted(blocked):
        if start > end and end > float("-inf"):
            result.append((end, start))
        end = max(end, stop)
    return result


class _Folded:
    """The two ways of a U side by side, and above them what feeds both, each laid out by itself."""

    def __init__(self, drawing: Plan, whole: Layout, found: _Turn, gutter: float) -> None:
        self._drawing, self._found, self._apart = drawing, found, gutter
        last, first = (whole.boxes[found.spine[found.turn + step]] for step in (-1, 0))
        cut = (last.bottom + first.top) / 2
        cards = {name: card for card, name in drawing.names.items()}
        lines = [line for line in dot_lines(drawing) if line.edge]
        self._pairs = [(cards[line.source], cards[line.target]) for line in lines]
        self._above = _feeding(self._pairs, found.spine, drawing.cards)
        below = [name for name in drawing.cards if name not in self._above]
        self._up = frozenset(name for name in below if whole.boxes[name].top >= cut)
        self._down = frozenset(below) - self._up
        self._straddles = any(whole.boxes[n].top < cut < whole.boxes[n].bottom for n in below)

    def layout(self) -> Layout | None:
        """The layout, None where a card or a line would be in the way."""
        back = any(a in self._up and b in self._down for a, b in self._pairs)
        if (
            self._straddles
            or back
            or any(b in self._above for a, b in self._pairs if a not in self._above)
        ):
            return None
        drawing = self._drawing
        self._ways = {
            _DOWN: lay_out(drawing, self._down),
            _UP: lay_out(drawing, self._up, upside_down=True),
            _ABOVE: lay_out(drawing, self._above) if self._above else Layout(0.0, 0.0, {}, ()),
        }
        self._cards = {n: b for way in self._ways.values() for n, b in way.boxes.items()}
        self._stretches()
        boxes = {
            name: self._moved(way, box)
            for way, layout in self._ways.items()
            for name, box in layout.boxes.items()
            if name in drawing.cards
        }
        across = [
            self._across(source, target, boxes)
            for source, target in self._pairs
            if self._way(source) != self._way(target)
        ]
        groups = self._groups(boxes)
        if groups is None or any(self._hits(curve, boxes) for curve in across):
            return None
        curves = [self._curve(curve, way) for way in self._ways for curve in self._ways[way].curves]
        return _at_origin(Layout(0.0, 0.0, boxes | groups, (*curves, *across)), self._up)

    def _way(self, name: str) -> str:
        return _UP if name in self._up else _ABOVE if name in self._above else _DOWN

    def _stretches(self) -> None:
        """How far what is on each way is moved, so that skips are level."""
        down, up, above = (self._ways[way] for way in (_DOWN, _UP, _ABOVE))
        spine = self._found.spine
        # What feeds many, such as the embedding of a time, has a lane between the two ways.
        feeds = [a for a, b in self._pairs if a in self._above and b not in self._above]
        self._lanes = {name: lane for lane, name in enumerate(dict.fromkeys(feeds))}
        self._top = above.height + 12.0 + _LANE * len(self._lanes) if self._lanes else 0.0
        level, before = self._top, (0.0, 0.0)
        left: dict[float, float] = {}
        right: dict[float, float] = {}
        for start, end in self._found.skips:
            one = self._level(spine[start], last=True)
            other = up.height - self._level(spine[end], last=False)
            level = max(level + one - before[0], level + other - before[1])
            left[one], right[other] = level, level
            before = (one, other)
        self._lower = _Stretch(_heights(down, self._drawing), left)
        turned = [(up.height - b, up.height - a) for a, b in _heights(up, self._drawing)]
        self._turned = _Stretch(turned, right)
        self._gutter = down.width
        self._shift = down.width + self._apart + _LANE * len(self._lanes)
        middle = (self._gutter + self._shift) / 2
        self._aside = max(0.0, middle - above.width / 2)

    def _level(self, name: str, *, last: bool) -> float:
        """The height at which a line leaves a card sideways, or enters it: that of its layer."""
        box, card = self._cards[name], self._drawing.cards[name]
        if last:
            return _bottom(card, box) - card.rows[-1].height / 2
        return box.top + card.rows[0].height / 2

    def _moved(self, way: str, box: Box) -> Box:
        """The place of a card."""
        middle = (box.top + box.bottom) / 2
        x, y = self._point((box.left, middle), way)
        half = box.height / 2
        return Box(x, y - half, x + box.width, y + half)

    def _point(self, point: Point, way: str) -> Point:
        x, y = point
        if way == _ABOVE:
            return x + self._aside, y
        if way == _DOWN:
            return x, self._lower(y)
        return x + self._shift, self._turned(self._ways[_UP].height - y)

    def _curve(self, curve: Curve, way: str) -> Curve:
        """A line of one way."""
        points = tuple(self._point(point, way) for point in curve.points)
        if curve.tip is None:
            return Curve(curve.source, curve.target, points, None)
        # An arrowhead keeps its length.
        tip, end = self._point(curve.tip, way), curve.points[-1]
        dy = (curve.tip[1] - end[1]) * (1 if way == _UP else -1)
        last = (points[-1][0], tip[1] + dy)
        near = (points[-2][0], points[-2][1] + last[1] - points[-1][1])
        return Curve(curve.source, curve.target, (*points[:-2], near, last), tip)

    def _across(self, name: str, other: str, boxes: Mapping[str, Box]) -> Curve:
        """A line from one way to the other."""
        source, target = boxes[name], boxes[other]
        card, entered = self._drawing.cards[name], self._drawing.cards[other]
        spine, turn = self._found.spine, self._found.turn
        if (name, other) == (spine[turn - 1], spine[turn]):
            foot = max(box.bottom for box in boxes.values()) + _FOOT
            start = source.centre[0], _bottom(card, source)
            end = target.centre[0], target.bottom + _ARROW
            corners = ((start[0], foot), (end[0], foot))
            points = (start, *rounded(start, corners, end))
            return Curve(name, other, points, (end[0], target.bottom))
        if name in self._lanes:
            return self._along(name, other, boxes, self._lanes[name])
        y = _bottom(card, source) - card.rows[-1].height / 2
        level = target.bottom - entered.rows[0].height / 2
        start, tip = (source.right - STACK * card.layers, y), (target.left, level)
        end = tip[0] - _ARROW, tip[1]
        middle = (start[0] + end[0]) / 2
        points = (start, (middle, start[1]), (middle, end[1]), end)
        return Curve(name, other, points, tip)

    def _along(self, name: str, other: str, boxes: Mapping[str, Box], lane: int) -> Curve:
        """A line from what stands above: down between the two ways, and then to one of them."""
        source, target = boxes[name], boxes[other]
        x = self._gutter + self._apart / 2 + _LANE * (lane - (len(self._lanes) - 1) / 2)
        jog = self._ways[_ABOVE].height + 6.0 + _LANE * lane
        level = 0.25 if lane % 2 else 0.75
        y = target.top + (target.height - STACK * self._drawing.cards[other].layers) * level
        right = other in self._up
        tip = target.left if right else target.right - STACK * self._drawing.cards[other].layers
        start, end = (source.centre[0], source.bottom), (tip - _ARROW * (1 if right else -1), y)
        corners = ((start[0], jog), (x, jog), (x, y))
        return Curve(name, other, (start, *rounded(start, corners, end)), (tip, y))

    def _hits(self, curve: Curve, boxes: Mapping[str, Box]) -> bool:
        """Whether a line from one way to the other passes behind a card."""
        points = [curve.points[0], *flattened(curve.points, 24)]
        return any(
            box.left - 2 < x < box.right + 2 and box.top - 1 < y < box.bottom + 1
            for name, box in boxes.items()
            if name not in (curve.source, curve.target)
            for x, y in points
        )

    def _groups(self, boxes: Mapping[str, Box]) -> dict[str, Box] | None:
        """The frames of the groups; None where a frame holds a stranger."""
        found: dict[str, Box] = {}
        for group in self._drawing.view.groups():
            parts = [
                (self._point((box.left, box.top), way), self._point((box.right, box.bottom), way))
                for way, layout in self._ways.items()
                for name, box in layout.boxes.items()
                if name == group.id
            ]
            if not parts:
                continue
            xs = [x for ends in parts for x, _ in ends]
            ys = [y for ends in parts for _, y in ends]
            frame = found[group.id] = Box(min(xs), min(ys), max(xs), max(ys))
            inside = {self._drawing.place.get(leaf) for leaf in _leaves(group)}
            if any(_overlap(frame, box) for name, box in boxes.items() if name not in inside):
                return None
        return found


def _feeding(
    pairs: Sequence[tuple[str, str]], spine: Sequence[str], cards: Iterable[str]
) -> frozenset[str]:
    """What is neither on the spine nor fed by it, and feeds several cards of it."""
    fed = set(spine)
    for source, target in pairs:
        if source in fed:
            fed.add(target)
    rest = {name for name in cards if name not in fed}
    # In the order of execution, so that whatever leads to a feed is found from behind.
    feeds = {name for name in rest if sum(a == name and b in fed for a, b in pairs) > 1}
    for source, target in reversed(pairs):
        if target in feeds and source in rest:
            feeds.add(source)
    return frozenset(feeds)


def _leaves(group: object) -> Iterable[str]:
    waiting = [group]
    while waiting:
        one = waiting.pop()
        children = getattr(one, "children", None)
        if children is None:
            yield one.id  # type: ignore[attr-defined]
        else:
            waiting.extend(children)


def _overlap(a: Box, b: Box) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom


def _bottom(card: Card, box: Box) -> float:
    """The lower side of the first of the cards that a folded one stands for."""
    return box.bottom - STACK * card.layers


def _at_origin(layout: Layout, up: frozenset[str]) -> Layout:
    """The layout moved to begin at (0, 0), with its size."""
    xs = [x for box in layout.boxes.values() for x in (box.left, box.right)]
    ys = [y for box in layout.boxes.values() for y in (box.top, box.bottom)]
    for curve in layout.curves:
        xs += [x for x, _ in curve.points]
        ys += [y for _, y in curve.points]
    moved = layout.moved(-min(xs), -min(ys))
    return replace(moved, width=max(xs) - min(xs), height=max(ys) - min(ys), upward=up)
