"""Numbers that are too long for the tables of a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

EXACT = 2**53
"""Whole numbers up to here are exact in a browser; sums of them fit into 64 bits."""


def narrowed(frame: pandas.DataFrame) -> pandas.DataFrame:
    """The table with columns as decimals where a whole number is longer than a browser's."""
    wide = [name for name in frame if any(map(_is_wide, frame[name]))]
    return frame.astype(dict.fromkeys(wide, float)) if wide else frame


def _is_wide(value: Any) -> bool:
    return isinstance(value, int) and abs(value) > EXACT
