"""What an eye would find wrong with a picture, found in its SVG.

Only the SVG's text is read, not how it was made: boxes, texts and lines at the places where a
browser draws them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import dist
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ASCENT, _DESCENT = 0.70, 0.18
"""How far letters reach above and below their base line, in ems."""
_TOUCH = 0.6
"""How far two things may reach into one another before it shows, in points."""
_INSIDE = 4.0
"""How far a line may reach into a box, which it ends at, in points."""
_REACH = 3.0
"""How far from a box an arrow may end that leads to it, in points."""
_HEAD = 14.0
"""How long an arrowhead may be, in points."""
_STEP = 2.0
"""How far apart the points are at which a line is looked at, in points, or nearer."""

INCH = 72.0
SHEETS = ((595.28, 841.89), (612.0, 792.0))
"""A4 and Letter, in points."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in points, y downwards."""

    left: float
    top: float
    right: float
    bottom: float
    what: str = ""

    def meets(self, other: Box, slack: float = _TOUCH) -> bool:
        """Whether the two have an area in common that is wider and higher than ``slack``."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > slack
            and min(self.bottom, other.bottom) - max(self.top, other.top) > slack
        )

    def holds(self, other: Box, slack: float = _TOUCH) -> bool:
        """Whether the other lies in this one, but for ``slack``."""
        return (
            self.left - slack <= other.left
            and self.top - slack <= other.top
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )

    def has(self, point: Point, margin: float) -> bool:
        """Whether the point lies deeper inside than ``margin``."""
        return (
            self.left + margin < point[0] < self.right - margin
            and self.top + margin < point[1] < self.bottom - margin
        )


def page(svg: str) -> tuple[float, float]:
    """Width and height of the picture in points."""
    _, _, width, height = _numbers(ElementTree.fromstring(svg).attrib["viewBox"])
    return width, height


def printed_text(svg: str) -> float:
    """The size of the smallest text, in points, where the picture is printed on a sheet.

    It is made smaller, not larger, to fit A4 and Letter within margins of an inch, upright or
    across, whichever is better.
    """
    width, height = page(svg)
    scale = 1.0
    for wide, high in SHEETS:
        wide, high = wide - 2 * INCH, high - 2 * INCH
        fits = max(min(wide / width, high / height), min(high / width, wide / height))
        scale = min(scale, fits)
    return scale * smallest_text(svg)


def smallest_text(svg: str) -> float:
    """The size of the smallest text, in points."""
    texts = ElementTree.fromstring(svg).iter(f"{_SVG}text")
    return min(float(text.attrib["font-size"]) for text in texts)


def faults(svg: str) -> list[str]:
    """What overlaps, is cut, leaves the page or leads nowhere; empty when there is nothing."""
    groups = _groups(svg)
    width, height = page(svg)
    paper = Box(0, 0, width, height, "the page")
    cards = [_around(card) for card in groups["node"]]
    named = dict(zip((card.attrib["data-id"] for card in groups["node"]), cards, strict=True))
    texts = [text for group in groups.values() for part in group for text in _texts(part)]
    labels = [text for group in groups["label"] for text in _texts(group)]
    frames = [(group, list(_rects(group))) for group in groups["group"]]
    return [
        *(f"cut off by the edge of the page: {t.what}" for t in texts if not paper.holds(t)),
        *(f"cards overlap: {a.what} and {b.what}" for a, b in _pairs(cards)),
        *(f"texts overlap: {a.what} and {b.what}" for a, b in _pairs(texts)),
        *_spilled(groups["node"]),
        *_spilled(groups["header"]),
        *(
            f"label on a card: {label.what} on {card.what}"
            for label in labels
            for card in cards
            if label.meets(card)
        ),
        *(fault for edge in groups["edge"] for fault in _loose(edge, named)),
        *(
            f"frame cuts what is in it: {frame.what} through {other.what}"
            for frame, other in _cut([box for _, boxes in frames for box in boxes], cards)
        ),
        *_crossed_frames(frames),
        *_stray_headers(groups["header"], frames),
    ]


def _loose(edge: ElementTree.Element, cards: dict[str, Box]) -> Iterator[str]:
    """What is wrong at the ends of a line: it begins and ends at the cards that it names."""
    name = edge.attrib["data-id"]
    ends = _ends(name, cards)
    line = list(_line(edge))
    if ends is None or not line:
        yield f"arrow to nowhere: {name}"
        return
    source, target = ends
    tips = [tip for _, tip, _ in _heads(edge)] or line[-1:]
    if not source.has(line[0], -_REACH):
        yield f"line from nowhere: {name} begins {_away(source, line[0]):.0f} points from its card"
    for tip in tips:
        if not target.has(tip, -_REACH):
            yield f"arrow to nowhere: {name} ends {_away(target, tip):.0f} points from its card"
        if dist(line[-1], tip) > _HEAD:
            yield f"arrow without a line: {name}"


def _ends(name: str, cards: dict[str, Box]) -> tuple[Box, Box] | None:
    """The two cards that an edge is named after; an id may hold a dash itself."""
    parts = name.split("-")
    for at in range(1, len(parts)):
        source, target = "-".join(parts[:at]), "-".join(parts[at:])
        if source in cards and target in cards:
            return cards[source], cards[target]
    return None


def _away(box: Box, point: Point) -> float:
    """How far a point is from a box."""
    x, y = point
    return dist(point, (min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)))


def _cut(frames: list[Box], others: list[Box]) -> Iterator[tuple[Box, Box]]:
    """Frames and what is neither in them nor beside them."""
    for frame in frames:
        for other in others:
            if frame.meets(other) and not frame.holds(other):
                yield frame, other


def _crossed_frames(frames: list[tuple[ElementTree.Element, list[Box]]]) -> Iterator[str]:
    """Frames of two groups that are neither inside one another nor beside each other.

    A folded group is drawn as a pile of frames, of which the first lies in front: the last of its
    rectangles.
    """
    fronts = [boxes[-1] for _, boxes in frames if boxes]
    for index, first in enumerate(fronts):
        for second in fronts[index + 1 :]:
            if first.meets(second) and not (first.holds(second) or second.holds(first)):
                yield f"frames overlap: {first.what} and {second.what}"


def _stray_headers(
    headers: Iterable[ElementTree.Element],
    frames: list[tuple[ElementTree.Element, list[Box]]],
) -> Iterator[str]:
    """Headers that reach out of the frame that they name."""
    around = {group.attrib["data-id"]: boxes for group, boxes in frames}
    for header in headers:
        boxes = around.get(header.attrib["data-id"].removesuffix("-header"), [])
        for text in _texts(header):
            if not any(box.holds(text) for box in boxes):
                yield f"header out of its frame: {text.what}"


def crossings(svg: str) -> list[str]:
    """Lines that pass behind a card, or behind the label of another line, and so look broken.

    One line that leads into a narrow frame may pass behind its header.
    """
    groups = _groups(svg)
    cards = [_around(card) for card in groups["node"]]
    labels = [(group.attrib["data-id"], _around(group)) for group in groups["label"]]
    lines = [
        (line.attrib["data-id"], list(_line(line))) for line in (*groups["edge"], *groups["link"])
    ]
    behind_labels = {
        name: [
            line
            for line, points in lines
            if name != f"{line}-label" and sum(box.has(point, 1) for point in points) > 1
        ]
        for name, box in labels
    }
    return [
        *(
            f"line behind a card: {name} behind {card.what}"
            for name, points in lines
            for card in cards
            if any(card.has(point, _INSIDE) for point in points)
        ),
        *(
            f"line behind a label: {', '.join(hidden)} behind {name}"
            for name, hidden in behind_labels.items()
            if hidden
        ),
    ]


def against_the_flow(svg: str) -> tuple[int, int]:
    """How many arrows point back, up in a picture drawn downwards, and how many there are."""
    heads = [head for edge in _groups(svg)["edge"] for head in _heads(edge)]
    up = sum(tip[1] < min(left[1], right[1]) - 0.1 for left, tip, right in heads)
    return up, len(heads)


def _groups(svg: str) -> dict[str, list[ElementTree.Element]]:
    """The parts of the picture by kind: ``node``, ``header``, ``label``, ``edge`` and others."""
    found: dict[str, list[ElementTree.Element]] = defaultdict(list)
    for group in ElementTree.fromstring(svg).iter(f"{_SVG}g"):
        found[group.attrib["class"].split()[0]].append(group)
    return found


def _pairs(boxes: list[Box]) -> Iterator[tuple[Box, Box]]:
    """The pairs that overlap."""
    ordered = sorted(boxes, key=lambda box: box.left)
    for index, first in enumerate(ordered):
        for second in ordered[index + 1 :]:
            if second.left > first.right:
                break
            if first.meets(second):
                yield first, second


def _spilled(groups: Iterable[ElementTree.Element]) -> Iterator[str]:
    for group in groups:
        box = _around(group)
        for text in _texts(group):
            if not box.holds(text):
                yield f"text wider than its box: {text.what}"


def _around(group: ElementTree.Element) -> Box:
    """What holds all rectangles of a node."""
    boxes = list(_rects(group))
    if not boxes:
        raise ValueError(f"no box in {group.attrib}")
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
        boxes[0].what,
    )


def _rects(group: ElementTree.Element) -> Iterator[Box]:
    """The rectangles of a part of the picture."""
    name = _name(group)
    for element in group.iter(f"{_SVG}rect"):
        x, y, wide, high = (float(element.attrib[k]) for k in ("x", "y", "width", "height"))
        yield Box(x, y, x + wide, y + high, name)


def _texts(group: ElementTree.Element) -> Iterator[Box]:
    """Where the letters of each text are, as wide as the SVG makes them."""
    for element in group.findall(f"{_SVG}text"):
        x, y, size, long = (
            float(element.attrib[name]) for name in ("x", "y", "font-size", "textLength")
        )
        shift = {"middle": long / 2, "end": long}.get(element.attrib.get("text-anchor", ""), 0.0)
        words = "".join(element.itertext())
        yield Box(x - shift, y - _ASCENT * size, x - shift + long, y + _DESCENT * size, repr(words))


def _heads(edge: ElementTree.Element) -> Iterator[list[Point]]:
    """The triangles at the ends of an edge, the tip in the middle."""
    for element in edge.iter(f"{_SVG}polygon"):
        yield _points(element.attrib["points"])


def _line(edge: ElementTree.Element) -> Iterator[Point]:
    """Points along the cubic curves of an edge."""
    for element in edge.iter(f"{_SVG}path"):
        points = _points(element.attrib["d"])
        for index in range(0, len(points) - 3, 3):
            yield from _curve(*points[index : index + 4])


def _curve(a: Point, b: Point, c: Point, d: Point) -> Iterator[Point]:
    # A curve is no longer than its control polygon, and at most three times as fast as on average.
    steps = 1 + int(3 * (dist(a, b) + dist(b, c) + dist(c, d)) / _STEP)
    for step in range(steps + 1):
        t = step / steps
        u = 1 - t
        weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
        yield (
            sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
            sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
        )


def _points(text: str) -> list[Point]:
    numbers = _numbers(text)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _name(group: ElementTree.Element) -> str:
    title = group.find(f"{_SVG}title")
    first = "" if title is None or title.text is None else title.text.partition("\n")[0]
    return f"{first!r} ({group.attrib.get('data-id', '')})"
