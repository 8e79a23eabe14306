"""Drawing primitives that every picture format understands. Lengths are points, y downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

Point = tuple[float, float]

_SPACE = 0.278
"""The width of a space in ems."""


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

    def trimmed(self) -> Text:
        """The same without spaces at its ends, which a format may drop or stretch."""
        said = self.text.strip(" ")
        if len(said) == len(self.text):
            return self
        space = self.size * _SPACE
        lead = (len(self.text) - len(self.text.lstrip(" "))) * space
        tail = (len(self.text) - len(self.text.rstrip(" "))) * space
        x = self.x + (lead if self.anchor == "start" else 0.0)
        return replace(self, x=x, text=said, width=self.width - lead - tail)


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
    """A picture: parts from back to front, on a page.

    It is in so many ``pieces``, columns or rows, with at most so many ``rails`` from one to the
    next.
    """

    width: float
    height: float
    background: str
    family: str
    css_family: str
    title: str
    parts: tuple[MarkGroup, ...]
    pieces: int = 1
    rails: int = 0


@lru_cache(1 << 14)
def number(value: float) -> str:
    """A length as a picture has it written: hundredths at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def scaled(scene: Scene, factor: float) -> Scene:
    """The picture ``factor`` times as large, its texts and lines as well."""
    if factor == 1:
        return scene
    parts = tuple(
        replace(part, marks=tuple(_changed(mark, factor, 0.0, 0.0) for mark in part.marks))
        for part in scene.parts
    )
    return replace(scene, width=scene.width * factor, height=scene.height * factor, parts=parts)


def widened(scene: Scene, width: float) -> Scene:
    """The picture in the middle of a page of a width, if that is more than its own."""
    more = (width - scene.width) / 2
    if more <= 0:
        return scene
    parts = tuple(replace(part, marks=moved(part.marks, more, 0.0)) for part in scene.parts)
    return replace(scene, width=width, parts=parts)


def moved(marks: Sequence[Mark], dx: float, dy: float) -> tuple[Mark, ...]:
    """The marks, ``dx`` to the right and ``dy`` further down."""
    return tuple(_changed(mark, 1.0, dx, dy) for mark in marks)


def _changed(mark: Mark, k: float, dx: float, dy: float) -> Mark:
    """A mark ``k`` times as large, then moved."""
    if isinstance(mark, (Path, Polygon)):
        mark = replace(mark, points=tuple((x * k + dx, y * k + dy) for x, y in mark.points))
        return replace(mark, line=mark.line * k) if isinstance(mark, Path) else mark
    mark = replace(mark, x=mark.x * k + dx, y=mark.y * k + dy, width=mark.width * k)
    if isinstance(mark, Text):
        return replace(mark, size=mark.size * k)
    return replace(mark, height=mark.height * k, radius=mark.radius * k, line=mark.line * k)
