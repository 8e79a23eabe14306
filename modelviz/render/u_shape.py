"""A model that shrinks and grows again as a U: the way down, and beside it the way up.

The layout is folded at its lowest point; the way up is turned over, so that each skip is level with
where it leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from ..view.model import leaves
from .cards import STACK, Card
from .curves import flattened
from .layout import Box, Curve, Layout, lay_out
from .layout_source import GROUP_MARGIN, dot_lines
from .plan import Plan
from .rounding import rounded
from .scene import Point
from .stretch import Stretch
from .u_turn import Turn, turn_of

_DOWN, _UP, _ABOVE, _BETWEEN = "down", "up", "above", "between"
FORMS = ((64.0, False), (36.0, False), (36.0, True), (26.0, True))
"""How far the way up stands from the way down, and whether cards are close: with less and less
room for what the lines carry."""
_FOOT = 14.0
_TOUCH = 1.0
"""How far from a card a line begins at most."""
_LANE = 9.0
_STEP = 22.0
"""How far cards between the two ways are from one another, and from the ways."""
ARROW = 6.0
"""How long an arrowhead is."""


def u_shaped(
    drawing: Plan, layout: Layout, gutter: float = FORMS[0][0], close: bool = False
) -> Layout | None:
    """A layout that reads downwards as a U; None where the model is none, or it would not be clear.

    ``gutter`` is how far the ways stand apart; in ``close`` ones, cards are, too. The cards of the
    way up are in ``upward`` of the layout: their layers stand bottom up.
    """
    found = turn_of(drawing)
    if found is None or not all(card in layout.boxes for card in found.spine):
        return None
    return _Folded(drawing, layout, found, gutter, close).layout()


def _heights(layout: Layout, drawing: Plan) -> list[tuple[float, float]]:
    """From where to where each card of a layout reaches, with the ends of the lines at it."""
    cards = (box for name, box in layout.boxes.items() if name in drawing.cards)
    return [(box.top - _TOUCH, box.bottom + _TOUCH) for box in cards]


class _Folded:
    """The two ways of a U side by side, and above them what feeds both, each laid out by itself."""

    def __init__(
        self, drawing: Plan, whole: Layout, found: Turn, gutter: float, close: bool
    ) -> None:
        self._drawing, self._found, self._apart, self._close = drawing, found, gutter, close
        last, first = (whole.boxes[found.spine[found.turn + step]] for step in (-1, 0))
        cut = (last.bottom + first.top) / 2
        cards = {name: card for card, name in drawing.names.items()}
        lines = [line for line in dot_lines(drawing) if line.edge]
        self._pairs = [(cards[line.source], cards[line.target]) for line in lines]
        self._above = _feeding(self._pairs, found.spine, drawing.cards)
        self._via = {name: skip for skip in found.skips for name in skip.via}
        beside = self._above | self._via.keys()
        below = [name for name in drawing.cards if name not in beside]
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
            _DOWN: lay_out(drawing, self._down, close=self._close),
            _UP: lay_out(drawing, self._up, upside_down=True, close=self._close),
            _ABOVE: lay_out(drawing, self._above, close=self._close)
            if self._above
            else Layout(0.0, 0.0, {}, ()),
        }
        self._cards = {n: b for way in self._ways.values() for n, b in way.boxes.items()}
        self._around = _groups_around(drawing)
        if not self._stretches():
            return None
        boxes = {
            name: self._moved(way, box)
            for way, layout in self._ways.items()
            for name, box in layout.boxes.items()
            if name in drawing.cards
        }
        boxes |= self._between(boxes)
        if any(boxes[a].overlaps(boxes[b]) for a, b in combinations(self._via, 2)):
            return None
        across = [
            self._across(source, target, boxes)
            for source, target in self._pairs
            if self._way(source) != self._way(target) or source in self._via
        ]
        groups = self._groups(boxes)
        if groups is None or any(passes_behind(curve, boxes, 2.0) for curve in across):
            return None
        curves = [self._curve(curve, way) for way in self._ways for curve in self._ways[way].curves]
        return at_origin(Layout(0.0, 0.0, boxes | groups, (*curves, *across)), self._up)

    def _way(self, name: str) -> str:
        if name in self._via:
            return _BETWEEN
        return _UP if name in self._up else _ABOVE if name in self._above else _DOWN

    def _stretches(self) -> bool:
        """How far what is on each way is moved, so that skips are level; whether that can be."""
        down, up, above = (self._ways[way] for way in (_DOWN, _UP, _ABOVE))
        # What feeds many, such as the embedding of a time, has a lane between the two ways.
        feeds = [a for a, b in self._pairs if a in self._above and b not in self._above]
        self._lanes = {name: lane for lane, name in enumerate(dict.fromkeys(feeds))}
        self._top = above.height + 12.0 + _LANE * len(self._lanes) if self._lanes else 0.0
        level, before = self._top, (0.0, 0.0)
        left: dict[float, float] = {}
        right: dict[float, float] = {}
        for one, other in self._levels():
            if one < before[0] or other < before[1]:
                return False
            level = max(level + one - before[0], level + other - before[1])
            left[one], right[other] = level, level
            before = (one, other)
        self._lower = Stretch(_heights(down, self._drawing), left)
        turned = [(up.height - b, up.height - a) for a, b in _heights(up, self._drawing)]
        self._turned = Stretch(turned, right)
        self._gutter = down.width
        widths = [
            sum(self._drawing.cards[n].width + _STEP for n in s.via) for s in self._found.skips
        ]
        self._apart = max(self._apart, max(widths) + _STEP)
        self._shift = down.width + self._apart + _LANE * len(self._lanes)
        middle = (self._gutter + self._shift) / 2
        self._aside = max(0.0, middle - above.width / 2)
        return True

    def _levels(self) -> list[tuple[float, float]]:
        """The heights on both ways, before they are moved, that are brought to one level.

        They are those of skips, and of the frames that are on both ways: what is above a frame on
        one way must not be beside it. A skip into a frame, or out of one, is not level.
        """
        down, up, spine = self._ways[_DOWN], self._ways[_UP], self._found.spine
        both = down.boxes.keys() & up.boxes.keys()
        found = [(down.boxes[name].top, up.height - up.boxes[name].bottom) for name in both]
        for skip in self._found.skips:
            source, target = spine[skip.start], spine[skip.end]
            if not (self._around[source] ^ self._around[target]) & both:
                one = self._level(source, last=True)
                found.append((one, up.height - self._level(target, last=False)))
        return sorted(found)

    def _between(self, boxes: Mapping[str, Box]) -> dict[str, Box]:
        """The cards that a skip runs through, in a row before the way up, level with its end."""
        found: dict[str, Box] = {}
        for skip in self._found.skips:
            target = self._found.spine[skip.end]
            rows = self._drawing.cards[target].rows
            level = boxes[target].bottom - rows[0].height / 2
            right = self._shift - _STEP
            for name in reversed(skip.via):
                card = self._drawing.cards[name]
                top = level - card.height / 2
                found[name] = Box(right - card.width, top, right, top + card.height)
                right -= card.width + _STEP
        return found

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
            start = source.centre[0], source.bottom
            end = target.centre[0], target.bottom + ARROW
            corners = ((start[0], foot), (end[0], foot))
            points = (start, *rounded(start, corners, end))
            return Curve(name, other, points, (end[0], target.bottom))
        if name in self._lanes:
            return self._along(name, other, boxes, self._lanes[name])
        y = _bottom(card, source) - card.rows[-1].height / 2
        level = target.bottom - entered.rows[0].height / 2
        if name in self._via:
            y = level
        if other in self._via:
            level = target.centre[1]
        start, tip = (source.right - STACK * card.layers, y), (target.left, level)
        end = tip[0] - ARROW, tip[1]
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
        start, end = (source.centre[0], source.bottom), (tip - ARROW * (1 if right else -1), y)
        corners = ((start[0], jog), (x, jog), (x, y))
        return Curve(name, other, (start, *rounded(start, corners, end)), (tip, y))

    def _groups(self, boxes: Mapping[str, Box]) -> dict[str, Box] | None:
        """The frames of the groups; None where a frame holds a stranger."""
        found: dict[str, Box] = {}
        ends = [self._found.spine[self._found.turn + step] for step in (-1, 0)]
        for group in self._drawing.view.groups():
            inside = {self._drawing.place.get(leaf) for leaf in leaves(group)}
            parts = [
                (self._point((box.left, box.top), way), self._point((box.right, box.bottom), way))
                for way, layout in self._ways.items()
                for name, box in layout.boxes.items()
                if name == group.id
            ]
            if not parts:
                continue
            xs = [x for corners in parts for x, _ in corners]
            ys = [y for corners in parts for _, y in corners]
            # What is between the ways, and the line from one to the other, are in the frame, too.
            ys += [y for name in self._via if name in inside for y in _reach(boxes[name])]
            foot = _FOOT if all(end in inside for end in ends) else 0.0
            frame = found[group.id] = Box(min(xs), min(ys), max(xs), max(ys) + foot)
            if any(frame.overlaps(box) for name, box in boxes.items() if name not in inside):
                return None
        return None if any(_crosses(a, b) for a, b in combinations(found.values(), 2)) else found


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


def _groups_around(drawing: Plan) -> dict[str, set[str]]:
    """The groups that each card is in."""
    around: dict[str, set[str]] = {card: set() for card in drawing.cards}
    for group in drawing.view.groups():
        for leaf in leaves(group):
            around[drawing.place[leaf]].add(group.id)
    return around


def _reach(box: Box) -> tuple[float, float]:
    """From where to where the frame around a card between the ways reaches at least."""
    return box.top - GROUP_MARGIN, box.bottom + GROUP_MARGIN


def _crosses(a: Box, b: Box) -> bool:
    """Whether two frames overlap and neither is inside the other."""
    return a.overlaps(b) and not (_holds(a, b) or _holds(b, a))


def _holds(a: Box, b: Box) -> bool:
    return a.left <= b.left and a.top <= b.top and b.right <= a.right and b.bottom <= a.bottom


def _bottom(card: Card, box: Box) -> float:
    """The lower side of the first of the cards that a folded one stands for."""
    return box.bottom - STACK * card.layers


def passes_behind(curve: Curve, cards: Mapping[str, Box], beside: float = 1.0) -> bool:
    """Whether a line passes behind a card that it does not end at, or so near ``beside`` it."""
    points = [curve.points[0], *flattened(curve.points, 24)]
    return any(
        box.left - beside < x < box.right + beside and box.top - 1 < y < box.bottom + 1
        for name, box in cards.items()
        if name not in (curve.source, curve.target)
        for x, y in points
    )


def at_origin(layout: Layout, up: frozenset[str]) -> Layout:
    """The layout moved to begin at (0, 0), with its size."""
    xs = [x for box in layout.boxes.values() for x in (box.left, box.right)]
    ys = [y for box in layout.boxes.values() for y in (box.top, box.bottom)]
    for curve in layout.curves:
        xs += [x for x, _ in curve.points]
        ys += [y for _, y in curve.points]
    moved = layout.moved(-min(xs), -min(ys))
    return replace(moved, width=max(xs) - min(xs), height=max(ys) - min(ys), upward=up)
