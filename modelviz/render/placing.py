"""Places for the labels of edges: beside their line, clear of cards, other labels and lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from .curves import crossing, spaced
from .edge_labels import Label
from .layout import Box, Curve

_CELL = 40.0
_SPACING = 4.0
_DEPTHS = (3.0, 9.0, 16.0, 26.0, 40.0)
"""How far below the beginning of its line a label may hang, in points, the best first."""
_OVERHANG = 12.0
"""How far a label may reach beyond the outermost card, in points: less than the margin."""
_ELSEWHERE = 2.0
"""What it costs to say on another edge what the first one could say."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A label, the ends of the edge on which it stands, and where."""

    label: Label
    ends: tuple[str, str]
    box: Box


def place_labels(
    labels: Mapping[tuple[str, str], Label],
    curves: Iterable[Curve],
    cards: Iterable[Box],
    downwards: bool,
    width: float = float("inf"),
) -> list[Placed]:
    """The labels with their places; one without any room at all is left out.

    ``cards`` are the boxes in which no label may stand, and ``width`` is that of the picture.
    """
    drawn = {(curve.source, curve.target): curve for curve in curves}
    taken = _Boxes(cards)
    lines = _Lines(drawn)
    places: list[Placed] = []
    told: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [(source, (first, *label.others), label) for (source, first), label in labels.items()]
    for tidy in (True, False):
        left = []
        for source, targets, label in waiting:
            best: Placed | None = None
            least = float("inf")
            for turn, target in enumerate(targets):
                ends = source, target
                if ends not in drawn:
                    continue
                for rank, box in enumerate(_candidates(drawn[ends], label, downwards)):
                    on_page = box.left > -_OVERHANG and box.right < width + _OVERHANG
                    if on_page and not taken.touch(box):
                        own, others = lines.inside(box, ends)
                        cost = 3.0 * others + own + 0.5 * rank + _ELSEWHERE * min(turn, 1)
                        if (others == 0 or not tidy) and cost < least:
                            best, least = Placed(label, ends, box), cost
            if best is None:
                left.append((source, targets, label))
            elif tidy or not _is_told(label, source, targets, told):
                taken.add(best.box)
                places.append(best)
                told.update((end, label.lines) for end in best.ends)
        waiting = left
    return places


def _is_told(
    label: Label,
    source: str,
    targets: Sequence[str],
    told: Set[tuple[str, tuple[str, ...]]],
) -> bool:
    """Whether a label at either end of each edge says the same."""
    if (source, label.lines) in told:
        return True
    return all((target, label.lines) in told for target in targets)


class _Boxes:
    """Boxes by the cells of a grid that they touch, for a quick look at what is near."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            self.add(box)

    def add(self, box: Box) -> None:
        for cell in _cells(box):
            self._cells.setdefault(cell, []).append(box)

    def touch(self, box: Box) -> bool:
        """Whether any of them overlaps a box."""
        return any(
            _overlap(box, other) for cell in _cells(box) for other in self._cells.get(cell, ())
        )


class _Lines:
    """Points along the edges, by the cells of a grid that they are in."""

    def __init__(self, curves: Mapping[tuple[str, str], Curve]) -> None:
        self._cells: dict[tuple[int, int], list[tuple[float, float, tuple[str, str]]]] = {}
        for ends, curve in curves.items():
            for x, y in spaced(curve.points, _SPACING):
                cell = (int(x // _CELL), int(y // _CELL))
                self._cells.setdefault(cell, []).append((x, y, ends))

    def inside(self, box: Box, ends: tuple[str, str]) -> tuple[int, int]:
        """How many points of an edge, and of all others, are in a box."""
        own = others = 0
        for cell in _cells(box):
            for x, y, line in self._cells.get(cell, ()):
                if box.left < x < box.right and box.top < y < box.bottom:
                    own, others = (own + 1, others) if line == ends else (own, others + 1)
        return own, others


def _candidates(curve: Curve, label: Label, downwards: bool) -> Iterator[Box]:
    """Boxes beside a curve, on the side that it bends away from first."""
    start = curve.points[0]
    end = curve.tip or curve.points[-1]
    if not downwards:
        for lift in (1.0, -label.height - 1.0):
            top = start[1] - label.height + lift
            yield Box(start[0] + 3, top, start[0] + 3 + label.width, top + label.height)
        return
    sides = (-1, 1) if end[0] > start[0] + 3 else (1, -1)
    for depth in _DEPTHS:
        top = start[1] + depth
        if depth > _DEPTHS[0] and top + label.height > end[1] - 4:
            return
        x = crossing(curve.points, top + label.height / 2)
        for side in sides:
            left = x + 2 if side > 0 else x - 2 - label.width
            yield Box(left, top, left + label.width, top + label.height)


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    for column in range(int(box.left // _CELL), int(box.right // _CELL) + 1):
        for row in range(int(box.top // _CELL), int(box.bottom // _CELL) + 1):
            yield column, row


def _overlap(a: Box, b: Box) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
