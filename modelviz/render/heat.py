"""The scale of a heat map: which numbers its colours stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .theme import diverging, heat


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``low`` to ``high``: from 0 where nothing is negative, as far below it as above where
    some is, and from the lowest number to the highest where all are.
    """

    low: float = 0.0
    high: float = 0.0

    def share(self, number: float) -> float:
        """How far a number is on the scale, 0 to 1; 0 where the scale has no length."""
        if self.high <= self.low:
            return 0.0
        return min(max((number - self.low) / (self.high - self.low), 0.0), 1.0)

    def colour(self, number: float | None) -> str | None:
        """The colour of a number, and of none that of 0; None where the scale has no 0."""
        if number is None and self.high < 0:
            return None
        return self.at(self.share(number or 0.0))

    def at(self, share: float) -> str:
        """The colour at a place of the scale, 0 to 1."""
        return diverging(share) if self.low < 0 < self.high else heat(share)


def scale_of(numbers: Iterable[float]) -> Scale:
    """The scale on which all of some numbers are."""
    given = list(numbers)
    low, high = min(given, default=0.0), max(given, default=0.0)
    if low >= 0:
        return Scale(0.0, high)
    if high < 0:
        return Scale(low, high)
    far = max(-low, high)
    return Scale(-far, far) if high > 0 else Scale(low, 0.0)
