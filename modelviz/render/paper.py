"""How large a picture may be where it is printed, and how small its text. Lengths are points."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import InputError
from ..unknown import chosen
from .sizes import TINY

SIZES: Mapping[str, tuple[float, float]] = {"A4": (595.28, 841.89), "Letter": (612.0, 792.0)}
"""Sheets, upright."""
MARGIN = 72.0
"""The margin of a sheet on each side: an inch, as text processors set it."""
READABLE = 6.0
"""The smallest text that is read in print."""
_UNITS = {"in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "pt": 1.0, "px": 0.75}
_LENGTH = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Z]+)\s*")
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Paper:
    """The rooms that a picture may fill, any of them, and the smallest text that it may have.

    ``width`` is how wide the picture is, where that was asked for. ``asked`` says that a room was:
    the picture is then made as large as it is printed, and otherwise ``natural`` times as large as
    it was laid out.
    """

    rooms: tuple[tuple[float, float], ...]
    least: float = READABLE
    width: float | None = None
    asked: bool = False
    natural: float = 1.0

    def scale(self, width: float, height: float) -> float:
        """How large something of that size can be printed; 1 is the size of the layout."""
        most = max(1.0, self.least / TINY)
        found = max(min(wide / width, high / height) for wide, high in self.rooms)
        return min(found, most)

    def factor(self, width: float, height: float) -> float:
        """How much larger than its layout a picture of that size is made."""
        return self.scale(width, height) if self.asked else self.natural

    def fits(self, width: float, height: float, share: float = 1.0) -> bool:
        """Whether all text of something of that size can be read in print.

        With a ``share`` below 1: whether it has that share of the size that can be read.
        """
        return self.scale(width, height) * TINY >= self.least * share - _SLACK

    @property
    def widest(self) -> float:
        """How wide a layout may be for its text to be read."""
        return max(wide for wide, _ in self.rooms) * TINY / self.least


def _sheet(*names: str) -> tuple[tuple[float, float], ...]:
    """The rooms within the margins of a sheet, upright and across, that all of them have."""
    wide = min(SIZES[name][0] for name in names) - 2 * MARGIN
    high = min(SIZES[name][1] for name in names) - 2 * MARGIN
    return (wide, high), (high, wide)


ANY_SHEET = Paper(_sheet("A4", "Letter"))
"""What is printed on either sheet."""


def paper_of(width: str | None, page: str | None, font_size: float | None) -> Paper:
    """Where a picture is to be printed. Raises InputError for what is no length, sheet or size."""
    least = READABLE if font_size is None else _font_size(font_size)
    if page is not None:
        page = chosen("page", page, SIZES)
    rooms = _sheet(*SIZES) if page is None else _sheet(page)
    if width is not None:
        wide = points("width", width)
        return Paper(((wide, rooms[0][1]),), least, wide, asked=True)
    if page is not None:
        return Paper(rooms, least, asked=True)
    return ANY_SHEET if font_size is None else Paper(rooms, least, natural=least / TINY)


def points(option: str, text: object) -> float:
    """A length such as ``"3.3in"`` in points. Raises InputError where it is none."""
    expected = f"expected a number and a unit, {', '.join(_UNITS)}, such as '3.3in'"
    found = _LENGTH.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[2].lower() not in _UNITS:
        raise InputError(f"{option}={text!r} is no length; {expected}")
    length = float(found[1]) * _UNITS[found[2].lower()]
    if not 36 <= length <= 7200:
        raise InputError(f"{option}={text!r}; expected a length from 0.5in to 100in")
    return length


def length_text(length: float) -> str:
    """Points in inches, rounded up: ``4.7in``."""
    return f"{-(-length * 10 // 72) / 10:g}in"


def _font_size(size: object) -> float:
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not 2 <= size <= 72:
        raise InputError(
            f"font_size={size!r}; expected the size of the smallest text in points, from 2 to 72"
        )
    return float(size)
