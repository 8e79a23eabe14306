"""The lines of text in cards and headers: runs in one style, badges, figures, and their sizes.

All lengths are in points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..units import bytes_text, flops_text, measure_text, params_text, seconds_text
from ..view.document import Tone
from ..view.model import Group, Node, Sign
from .sizes import SMALL, TITLE
from .style import Style, figure
from .text import text_width
from .theme import Theme

Role = Literal["title", "muted"]

LEADING = 1.22
WRITE: Mapping[str, Callable[[Any], str]] = {
    "params": params_text,
    "flops": flops_text,
    "memory": bytes_text,
    "time": seconds_text,
}
"""How each figure that a picture can show is written, in their order."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style; ``tone`` is the colour of what is marked so."""

    text: str
    size: float
    bold: bool = False
    role: Role = "title"
    tone: Tone | None = None

    def colour(self, theme: Theme, text: str, muted: str) -> str:
        """The colour that it is written in, among texts of these."""
        if self.tone is not None:
            return theme.tones[self.tone]
        return text if self.role == "title" else muted

    def width(self, family: str) -> float:
        """Its width in points."""
        return text_width(self.text, self.size, self.bold, family)


Line = tuple[Run, ...]


def own_signs(signs: Iterable[Sign]) -> Line:
    """What stands before a title of what is marked: its own signs."""
    own = (sign for sign in signs if not sign.inside)
    return tuple(Run(f"{one.sign} ", TITLE, bold=True, tone=one.tone) for one in own)


def after_signs(item: Node | Group) -> Line:
    """What stands after it: in how many copies, if not in all, and how often what is inside."""
    told = (one for one in item.signs if one.inside or one.count < item.copies)
    return tuple(Run(f"  {_often(one, item)}", SMALL, bold=True, tone=one.tone) for one in told)


def _often(sign: Sign, item: Node | Group) -> str:
    return f"{sign.sign}{sign.count}" + ("" if sign.inside else f" of {item.copies}")


def told_detail(node: Node) -> str:
    """What a card says beneath its title: what is marked of it, or else its configuration."""
    return next((one.word for one in node.signs if one.word and not one.inside), node.detail)


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
    """The figures of one copy that are to be shown, those that are not zero, with units."""
    names = (name for name in WRITE if name in style.show)
    return [text for text in (_written(name, item) for name in names) if text]


def heat_text(item: Node, style: Style) -> str:
    """The figure that colours stand for, where the item does not say it already.

    It takes no room of its own: colours change nothing else.
    """
    name = style.color_by
    overlay = style.overlay
    if name is None or name in style.show:
        return ""
    if overlay is not None:
        number = overlay.of(item.id, item.path)
        return "" if number is None else measure_text(number, overlay.unit)
    return _written(name, item)


def _written(name: str, item: Node | Group) -> str:
    """A figure of one copy with its unit; nothing where it is zero."""
    number = figure(item.each, name)
    return WRITE[name](number) if number else ""
