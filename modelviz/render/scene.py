"""Drawing primitives that every picture format understands. Lengths are points, y downwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle with round corners of radius ``radius``."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str | None
    stroke: str | None = None
    line: float = 0.8
    dashed: bool = False
    corners: tuple[bool, bool] = (True, True)
    """Whether the two upper, and the two lower, corners are round."""


@dataclass(frozen=True, slots=True)
class Path:
    """A curve of cubic Bezier segments: one point, then three for each segment."""

    points: tuple[Point, ...]
    stroke: str
    line: float = 0.9
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled area with straight sides."""

    points: tuple[Point, ...]
    fill: str


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text: ``x`` is its left end, its middle, or its right end; ``y`` its base line.

    ``width`` is how wide it is in the fonts of the layout.
    """

    x: float
    y: float
    text: str
    size: float
    colour: str
    width: float
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"


Mark = Rect | Path | Polygon | Text


@dataclass(frozen=True, slots=True)
class MarkGroup:
    """Marks that belong together: a node, a group or an edge, with a text that explains it."""

    id: str
    kind: str
    marks: tuple[Mark, ...]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: parts from back to front, on a page."""

    width: float
    height: float
    background: str
    family: str
    css_family: str
    title: str
    parts: tuple[MarkGroup, ...]
