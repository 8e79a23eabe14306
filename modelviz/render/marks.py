"""Marks that the parts of a picture have in common: text, badges, straight lines; moved ones."""

from __future__ import annotations

from dataclasses import dataclass

from .lines import badge_width
from .scene import Mark, Point, Rect, Text
from .sizes import SMALL
from .style import Style
from .text import text_width
from .theme import Theme


@dataclass(frozen=True, slots=True)
class Block:
    """Marks that stand together, before they have a place on the page."""

    width: float
    height: float
    marks: tuple[Mark, ...]


def text_mark(
    text: str,
    x: float,
    y: float,
    size: float,
    colour: str,
    style: Style | Theme,
    bold: bool = False,
    anchor: str = "start",
) -> Text:
    """A line of text whose base line begins, is centred, or ends at a point."""
    theme = style if isinstance(style, Theme) else style.theme
    width = text_width(text, size, bold, theme.family)
    return Text(x, y, text, size, colour, width, bold, anchor)  # type: ignore[arg-type]


def badge_marks(text: str, x: float, base: float, style: Style) -> list[Mark]:
    """A badge that begins at ``x``, its text on the base line ``base``."""
    theme = style.theme
    width = badge_width(text, theme.family)
    return [
        Rect(x, base - 9.2, width, 12.4, 6.2, theme.text),
        text_mark(
            text, x + width / 2, base, SMALL, theme.background, style, bold=True, anchor="middle"
        ),
    ]


def straight(first: Point, *others: Point) -> tuple[Point, ...]:
    """The points of a path of straight lines."""
    path = [first]
    for point in others:
        path += [path[-1], point, point]
    return tuple(path)
