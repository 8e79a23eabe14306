"""What a reader asks of a picture, beyond what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..analysis.figures import Figures
from ..errors import InputError
from ..graph import ModelGraph
from ..unknown import chosen, meant, nearest
from ..view.document import Overlay
from ..view.model import Group, Node
from ..view.overlays import overlay
from .paper import ANY_SHEET, Paper
from .theme import THEMES, Theme, theme_named

Direction = Literal["TB", "LR"]
Engine = Literal["bundled", "system"]
_FIGURES = ("params", "flops", "memory", "time")
_FONTS = {
    "sans": "sans",
    "Helvetica": "sans",
    "Arial": "sans",
    "Liberation Sans": "sans",
    "serif": "serif",
    "Times": "serif",
    "Times New Roman": "serif",
    "Liberation Serif": "serif",
}
"""The family of the layout that has the widths of each font."""


@dataclass(frozen=True, slots=True)
class Style:
    """Direction, theme, what colours stand for, and who lays the picture out.

    ``overlay`` is the figure that ``color_by`` names, where it is one put on the graph. ``paper``
    is where the picture is printed, and ``columns`` into how many it is cut, rows where it reads to
    the right; None leaves it to the paper. A picture that is ``narrow``, 1, has all outputs in one
    card, and inputs that lead to one place, and names in lines of their own; 2 breaks long lines.
    A ``close`` one has less room between cards where it can then be read on its paper. ``sign`` is
    the room for a sign that opens or closes something, where there is one.
    """

    direction: Direction = "TB"
    theme: Theme = THEMES["light"]
    color_by: str | None = None
    show: frozenset[str] = frozenset()
    engine: Engine = "bundled"
    overlay: Overlay | None = None
    paper: Paper = ANY_SHEET
    columns: int | None = None
    narrow: int = 0
    close: bool = False
    sign: float = 0.0

    def heat_value(self, item: Node | Group) -> float | None:
        """The figure that colours stand for, 0 if they stand for kinds; None where it has none."""
        if self.overlay is not None:
            return self.overlay.of(item.id, item.path)
        return 0 if self.color_by is None else figure(item.figures, self.color_by)


def figure(figures: Figures, name: str) -> float:
    """A figure by the name that it has for a reader."""
    number: float = getattr(figures, "seconds" if name == "time" else name)
    return number


def style_of(
    direction: str,
    theme: str | Theme,
    color_by: str | None,
    show: frozenset[str],
    engine: str,
    graph: ModelGraph | None = None,
) -> Style:
    """The style, checked. Raises InputError where a value is not known.

    ``color_by`` may also name a figure that was put on ``graph``.
    """
    direction = chosen("direction", direction, ("TB", "LR"), " (top down, left to right)")
    engine = chosen("engine", engine, ("bundled", "system"), " (that is the machine's own dot)")
    measures = {} if graph is None else {one.name: one for one in graph.measures}
    if color_by is not None:
        color_by = chosen("color_by", color_by, ("kind", *_FIGURES, *measures))
    if color_by == "kind":
        color_by = None
    if graph is not None and color_by in measures and color_by not in _FIGURES:
        own = overlay(graph, measures[color_by])
        return Style(direction, theme_named(theme), color_by, show, engine, own)  # type: ignore[arg-type]
    return Style(direction, theme_named(theme), color_by, show, engine)  # type: ignore[arg-type]


def columns_of(columns: object) -> int | None:
    """The number of columns. Raises InputError where it is none."""
    if columns is None:
        return None
    if isinstance(columns, bool) or not isinstance(columns, int) or not 1 <= columns <= 20:
        raise InputError(f"columns={columns!r}; expected a whole number from 1 to 20, or None")
    return columns


def family_of(font: object) -> str:
    """The family of a font. Raises InputError where its widths are not known."""
    known = meant(font, _FONTS)
    if known is not None:
        return _FONTS[known]
    hint = nearest(font, _FONTS) or f": expected one of {', '.join(_FONTS)}"
    raise InputError(f"font={font!r} has widths that are not known here{hint}")
