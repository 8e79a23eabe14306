"""Lines over logarithmic axes, in panels side by side, as a scene."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .marks import straight, text_mark
from .scene import Mark, MarkGroup, Path, Point, Polygon, Rect, Scene
from .theme import Theme, mix

_WIDTH, _HEIGHT = 330.0, 178.0
"""Of the area that the axes enclose."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 18.0, 46.0, 62.0
_MARGIN = 14.0
_SMALL, _USUAL = 8.5, 11.0
_LOWEST = 0.1
"""Further lines are cut below this share of the smallest value of the first."""
_COLOURS = ("#4477aa", "#aa3377", "#228833", "#cc8833")
"""From Paul Tol's "bright" scheme: told apart with any colour vision."""


@dataclass(frozen=True, slots=True)
class Line:
    """A named line through points; values that are not above zero are left out."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one pair of axes, the first of them the one that it is about.

    ``setting`` and ``remark`` are written below the title and below the axes, ``mark`` is a place
    on the horizontal axis that stands out, and ``value_text`` writes the numbers of the vertical
    one.
    """

    title: str
    setting: str
    axis: str
    lines: Sequence[Line]
    value_text: Callable[[float], str]
    remark: str = ""
    mark: float | None = None


def chart_scene(title: str, rows: Sequence[Sequence[Panel]], theme: Theme) -> Scene:
    """The panels, row by row, under a title."""
    width = _LEFT + _WIDTH + _RIGHT
    height = _TOP + _HEIGHT + _BOTTOM
    head = 34.0
    across = max(len(row) for row in rows)
    parts = [
        MarkGroup(
            "title", "title", (text_mark(title, _MARGIN, 22, 14, theme.text, theme, bold=True),)
        )
    ]
    for y, row in enumerate(rows):
        for x, panel in enumerate(row):
            corner = (_MARGIN + x * width, head + y * height)
            marks = tuple(_Drawn(panel, theme, corner).marks())
            parts.append(MarkGroup(f"{y}.{x}", "chart", marks, panel.title))
    return Scene(
        width=2 * _MARGIN + across * width,
        height=head + len(rows) * height,
        background=theme.background,
        family=theme.family,
        css_family=theme.css_family,
        title=title,
        parts=tuple(parts),
    )


class _Drawn:
    """One panel with its upper left corner at ``corner``."""

    def __init__(self, panel: Panel, theme: Theme, corner: Point) -> None:
        self._panel, self._theme = panel, theme
        self._left, self._top = corner[0] + _LEFT, corner[1] + _TOP
        main = [(x, y) for x, y in panel.lines[0].points if x > 0 and y > 0]
        values = [y for _, y in main]
        floor = _LOWEST * min(values, default=0)
        others = (y for line in panel.lines[1:] for _, y in line.points)
        self._x = _Axis([x for x, _ in main])
        self._y = _Axis([*values, *(max(y, floor) for y in others if values)])

    def marks(self) -> Iterator[Mark]:
        """Title, axes, lines, and what they mean."""
        panel, theme = self._panel, self._theme
        left, top = self._left, self._top
        yield text_mark(panel.title, left, top - 25, _USUAL, theme.text, theme, bold=True)
        if panel.setting:
            yield text_mark(panel.setting, left, top - 11, _SMALL, theme.muted, theme)
        if self._x.empty:
            yield text_mark("nothing to show", left, top + 20, _SMALL, theme.muted, theme)
            return
        yield from self._axes()
        yield from self._marked()
        for place, line in reversed([*enumerate(panel.lines)]):
            yield from self._line(line, place)
        yield from self._legend()
        if panel.remark:
            yield text_mark(panel.remark, left, top + _HEIGHT + 50, _SMALL, theme.muted, theme)

    def _axes(self) -> Iterator[Mark]:
        theme, left, top = self._theme, self._left, self._top
        grid = mix(theme.group_line, theme.background, 0.35)
        for value in self._y.ticks():
            y = self._at_y(value)
            yield Path(straight((left, y), (left + _WIDTH, y)), grid, 0.6)
            text = self._panel.value_text(value)
            yield text_mark(text, left - 6, y + 3, _SMALL, theme.muted, theme, anchor="end")
        for value in self._x.ticks():
            x = self._at_x(value)
            yield Path(straight((x, top), (x, top + _HEIGHT)), grid, 0.6)
            text = f"{value:,.0f}"
            yield text_mark(
                text, x, top + _HEIGHT + 12, _SMALL, theme.muted, theme, anchor="middle"
            )
        end = left + _WIDTH
        yield text_mark(
            self._panel.axis, end, top + _HEIGHT + 24, _SMALL, theme.text, theme, anchor="end"
        )
        yield Rect(left, top, _WIDTH, _HEIGHT, 0, None, theme.edge, 0.7)

    def _marked(self) -> Iterator[Mark]:
        mark = self._panel.mark
        if mark is not None and self._x.low <= mark <= self._x.high:
            x = self._at_x(mark)
            ends = (x, self._top), (x, self._top + _HEIGHT)
            yield Path(straight(*ends), self._theme.lit, 1.1, dotted=True)

    def _line(self, line: Line, place: int) -> Iterator[Mark]:
        low, high = self._y.low * 0.999, self._y.high * 1.001
        shown = [
            (self._at_x(x), self._at_y(y)) for x, y in line.points if x > 0 and low <= y <= high
        ]
        colour = self._colour(place)
        if len(shown) == 1:
            (x, y), r = shown[0], 2.2
            yield Rect(x - r, y - r, 2 * r, 2 * r, r, colour)
        elif shown:
            dotted = bool(place) and not self._theme.coloured
            yield Path(straight(*shown), colour, 1.3 if place else 2.0, dotted)

    def _legend(self) -> Iterator[Mark]:
        theme = self._theme
        if len(self._panel.lines) < 2:
            return
        x, y = self._left, self._top + _HEIGHT + 36
        for place, line in enumerate(self._panel.lines):
            corners = ((x, y - 4.5), (x + 12, y - 4.5), (x + 12, y - 2.5), (x, y - 2.5))
            yield Polygon(corners, self._colour(place))
            name = text_mark(line.name, x + 16, y, _SMALL, theme.text, theme)
            yield name
            x += 16 + name.width + 14

    def _colour(self, place: int) -> str:
        theme = self._theme
        if not place:
            return theme.text
        if not theme.coloured:
            return theme.muted
        return mix(_COLOURS[(place - 1) % len(_COLOURS)], theme.text, 0.12)

    def _at_x(self, value: float) -> float:
        return self._left + self._x.share(value) * _WIDTH

    def _at_y(self, value: float) -> float:
        return self._top + (1 - self._y.share(value)) * _HEIGHT


class _Axis:
    """A logarithmic axis that shows all of the values."""

    def __init__(self, values: Sequence[float]) -> None:
        self.empty = not values
        self.low, self.high = (min(values), max(values)) if values else (1.0, 1.0)
        if self.high < 1.5 * self.low:  # a constant is a line across the middle
            self.low, self.high = self.low / 2, self.high * 2

    def share(self, value: float) -> float:
        """Where a value stands between the ends: 0 to 1."""
        return math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Round values on the axis: powers of ten, every few of them where there are many."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        factors = (1,) if last - first > 3 else (1, 2, 5)
        every = max(1, (last - first) // 5)
        found = [
            factor * 10.0**power
            for power in range(first, last + 1)
            if len(factors) > 1 or power % every == 0
            for factor in factors
        ]
        return [value for value in found if self.low * 0.999 <= value <= self.high * 1.001]
