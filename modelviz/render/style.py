"""What a reader asks of a picture, beyond what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..analysis.figures import Figures
from ..errors import InputError
from .theme import THEMES, Theme, theme_named

Direction = Literal["TB", "LR"]
Figure = Literal["params", "flops", "memory", "time"]
Engine = Literal["bundled", "system"]
_FIGURES = ("params", "flops", "memory", "time")


@dataclass(frozen=True, slots=True)
class Style:
    """Direction, theme, what colours stand for, and who lays the picture out."""

    direction: Direction = "TB"
    theme: Theme = THEMES["light"]
    color_by: Figure | None = None
    show: frozenset[str] = frozenset()
    engine: Engine = "bundled"

    def heat_value(self, figures: Figures) -> float:
        """The figure that colours stand for; 0 where they stand for kinds."""
        name = "seconds" if self.color_by == "time" else self.color_by
        return 0 if name is None else getattr(figures, name)


def style_of(
    direction: str, theme: str | Theme, color_by: str | None, show: frozenset[str], engine: str
) -> Style:
    """The style, checked. Raises InputError where a value is not known."""
    if direction not in ("TB", "LR"):
        raise InputError(f"direction={direction!r}; expected 'TB' (top down) or 'LR' (left right)")
    if engine not in ("bundled", "system"):
        raise InputError(
            f"engine={engine!r}; expected 'bundled', or 'system' for the dot of this machine"
        )
    if color_by == "kind":
        color_by = None
    if color_by is not None and color_by not in _FIGURES:
        known = ", ".join(_FIGURES)
        raise InputError(f"color_by={color_by!r}; expected 'kind' or one of {known}")
    return Style(direction, theme_named(theme), color_by, show, engine)  # type: ignore[arg-type]
