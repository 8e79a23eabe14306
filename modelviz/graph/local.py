"""Shapes of what is distributed: a size on all devices and that on one, side by side."""

from __future__ import annotations

from .records import NamedShape, Shape


def both(whole: int, local: int) -> int | str:
    """A size on all devices and that on one: ``(256→128)``."""
    return whole if whole == local else f"({whole}→{local})"


def local_dims(whole: Shape, local: Shape) -> NamedShape | None:
    """``(4, 16, "(256→128)")`` for shapes on all devices and on one; None where these agree."""
    if whole == local or len(whole) != len(local):
        return None
    return tuple(both(*sizes) for sizes in zip(whole, local, strict=True))
