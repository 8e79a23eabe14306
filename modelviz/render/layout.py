"""Where everything is: cards, groups, edges and labels, from a layout by Graphviz.

Lengths are points; y grows downwards and (0, 0) is the top left corner.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..collecting import collection_paused
from .engine import run_graphviz
from .layout_source import layout_source
from .plan import Plan
from .scene import Point


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its left, top, right and bottom."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, width: float, height: float) -> Box:
        """The rectangle with its middle at a point."""
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def overlaps(self, other: Box) -> bool:
        """Whether the two have a point in common, beside their sides."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def centre(self) -> Point:
        """The middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Curve:
    """An edge: cubic Bezier control points, and where its arrow ends."""

    source: str
    target: str
    points: tuple[Point, ...]
    tip: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Places for everything in a plan: boxes by id, and edges between cards.

    ``frames`` are the outlines of the groups that go on in another column, ``upward`` the cards
    where the data runs upwards, so that their layers stand bottom up. ``pieces`` is the number of
    columns or rows, and ``rails`` that of the lines from one to the next, where it is highest.
    """

    width: float
    height: float
    boxes: Mapping[str, Box]
    curves: tuple[Curve, ...]
    frames: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    upward: frozenset[str] = frozenset()
    pieces: int = 1
    rails: int = 0

    def moved(self, dx: float, dy: float) -> Layout:
        """The layout, ``dx`` to the right and ``dy`` further down."""
        return self._mapped(lambda point: (point[0] + dx, point[1] + dy))

    def turned(self) -> Layout:
        """The layout with x and y exchanged."""
        turned = self._mapped(lambda point: (point[1], point[0]))
        return replace(turned, width=self.height, height=self.width)

    def _mapped(self, place: Callable[[Point], Point]) -> Layout:
        """The layout with every point in another place."""

        def box(old: Box) -> Box:
            return Box(*place((old.left, old.top)), *place((old.right, old.bottom)))

        return replace(
            self,
            boxes={name: box(one) for name, one in self.boxes.items()},
            curves=tuple(
                replace(
                    curve,
                    points=tuple(map(place, curve.points)),
                    tip=None if curve.tip is None else place(curve.tip),
                )
                for curve in self.curves
            ),
            frames={name: tuple(map(box, boxes)) for name, boxes in self.frames.items()},
        )


def lay_out(
    drawing: Plan,
    only: Collection[str] | None = None,
    *,
    upside_down: bool = False,
    close: bool = False,
) -> Layout:
    """The layout of a plan, as Graphviz makes it, or of ``only`` some of its cards.

    One that is to be turned ``upside_down`` has room for headers at the foot of groups, and a
    ``close`` one little room between cards. Raises LayoutError when it cannot.
    """
    if not drawing.cards:
        return Layout(0.0, 0.0, {}, ())
    source = layout_source(drawing, only, upside_down, close)
    output = run_graphviz(source, "json0", drawing.style.engine)
    with collection_paused():
        return _read(drawing, json.loads(output))


def _read(drawing: Plan, data: dict[str, Any]) -> Layout:
    left, low, right, high = (float(part) for part in data["bb"].split(","))
    ids = {name: item for item, name in drawing.names.items()}

    def point(text: str) -> Point:
        x, y = text.split(",")[:2]
        return float(x) - left, high - float(y)

    boxes: dict[str, Box] = {}
    names: dict[int, str] = {}
    for item in data.get("objects", ()):
        name = item["name"]
        if name.startswith("cluster_"):
            if "bb" in item:
                x0, y0, x1, y1 = (float(part) for part in item["bb"].split(","))
                box = Box(x0 - left, high - y1, x1 - left, high - y0)
                boxes[ids[name.removeprefix("cluster_")]] = box
        elif name in ids:
            names[item["_gvid"]] = ids[name]
            card = drawing.cards[ids[name]]
            x, y = point(item["pos"])
            boxes[ids[name]] = Box.around(x, y, *card.size)
    curves = tuple(
        _curve(item, names, point)
        for item in data.get("edges", ())
        if item.get("style") != "invis" and "pos" in item
    )
    return Layout(right - left, high - low, boxes, curves)


def _curve(item: dict[str, Any], names: Mapping[int, str], point: Any) -> Curve:
    tip: Point | None = None
    points: list[Point] = []
    for part in item["pos"].split():
        if part.startswith("e,"):
            tip = point(part[2:])
        elif not part.startswith("s,"):
            points.append(point(part))
    return Curve(names[item["tail"]], names[item["head"]], tuple(points), tip)
