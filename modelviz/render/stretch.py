"""Heights moved so that some come to lie where they are wanted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping


class Stretch:
    """Moves heights so that some come to lie where they are wanted; between cards alone."""

    def __init__(self, blocked: Iterable[tuple[float, float]], wanted: Mapping[float, float]):
        """``wanted`` are the new heights, which lie further down the further down they are."""
        free = _free(blocked)
        at, moved = 0.0, min((new - old for old, new in wanted.items()), default=0.0)
        self._knots, self._offsets = [float("-inf")], [moved]
        for old, new in sorted(wanted.items()):
            more = new - old - moved
            gaps = [(max(a, at), min(b, old)) for a, b in free if min(b, old) > max(a, at)]
            room = sum(b - a for a, b in gaps)
            for a, b in gaps:
                self._knots += [a, b]
                self._offsets += [moved, moved + more * (b - a) / room]
                moved = self._offsets[-1]
            if not gaps:
                self._knots.append(old)
                self._offsets.append(new - old)
                moved = new - old
            at = old

    def __call__(self, y: float) -> float:
        """Where a height comes to lie."""
        index = bisect_right(self._knots, y) - 1
        if index + 1 == len(self._knots) or index == 0:
            return y + self._offsets[index]
        low, high = self._knots[index], self._knots[index + 1]
        share = (y - low) / (high - low) if high > low else 1.0
        return y + self._offsets[index] + share * (self._offsets[index + 1] - self._offsets[index])


def _free(blocked: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The stretches that nothing blocks."""
    result, end = [], float("-inf")
    for start, stop in sorted(blocked):
        if start > end and end > float("-inf"):
            result.append((end, start))
        end = max(end, stop)
    return result
