"""The lines of text in cards and headers: runs in one style, badges, figures, and their sizes.

All lengths are in points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..units import bytes_text, flops_text, measure_text, params_text, seconds_text
from ..view.model import Group, Node
from .sizes import SMALL
from .style import Style
from .text import text_width

Role = Literal["title", "muted"]

LEADING = 1.22


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    size: float
    bold: bool = False
    role: Role = "title"

    def width(self, family: str) -> float:
        """Its width in points."""
        return text_width(self.text, self.size, self.bold, family)


Line = tuple[Run, ...]


def line_height(line: Line) -> float:
    """The height of a line of text."""
    return LEADING * max(run.size for run in line)


def badge_text(copies: int, chained: bool | None) -> str:
    """What says how often something is there: ``× 12``, or ``× 8 side by side``."""
    if copies == 1:
        return ""
    return f"× {copies} side by side" if chained is False else f"× {copies}"


def badge_width(badge: str, family: str) -> float:
    """The width of a badge around its text."""
    return text_width(badge, SMALL, True, family) + 10


def figure_texts(item: Node | Group, style: Style) -> list[str]:
    """The figures of one copy that the style asks for, those that are not zero, with units."""
    figures = item.each
    wanted = style.show | ({style.color_by} if style.color_by else set())
    texts = []
    if "params" in wanted and figures.params:
        texts.append(params_text(figures.params))
    if "flops" in wanted and figures.flops:
        texts.append(flops_text(figures.flops))
    if "memory" in wanted and figures.memory:
        texts.append(bytes_text(figures.memory))
    if "time" in wanted and figures.seconds:
        texts.append(seconds_text(figures.seconds))
    overlay = style.overlay
    if overlay is not None and item.path is not None and item.path in overlay.values:
        number = measure_text(overlay.values[item.path], overlay.unit)
        texts.append(f"{style.color_by} {number}")
    return texts
