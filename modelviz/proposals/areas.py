"""Pictures that are not square, where no square one can give what is needed.

A layer behind a flattened map of features, or one with a position for each place of it, needs
rows times columns. The forward that failed tells the map that the sides led to, so each side can
be solved for alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import isqrt, log

from ..graph import Failure, ModelGraph, Op, Shape
from .guess import ArgumentPart, Guess
from .meeting import reached
from .misfit_kinds import Misfit, Sizes
from .repairs import LONG_SIDED, MAX_SIDE

MOST_SIDED = 4
"""What is so many times wider than high, or more, is no picture."""
MAX_PAIRS = 3
EXTRA = 2
"""Tokens that models put beside those of the places: one for the class, one to distil."""

_Rows = tuple[int, int]


class Areas:
    """Which rows and columns of a map the sides of a picture led to, in one search."""

    def __init__(self) -> None:
        # Of a picture and the op that made the map: the size that each side, high or wide, gave.
        self._known: dict[tuple[str, int | None], tuple[dict[int, int], dict[int, int]]] = (
            defaultdict(lambda: ({}, {}))
        )

    def solved(
        self, guess: Guess, graph: ModelGraph, found: Sequence[Misfit], touched: Sequence[str]
    ) -> Iterator[Guess]:
        """Guesses whose sides give the rows and columns that are needed, the squarest first."""
        parts = dict(guess.tensors())
        name = next((one for one in touched if _is_picture(parts, one)), None)
        failing = graph.failure
        if name is None or failing is None:
            return
        part = parts[name]
        batch, channels, *sides = part.now.shape
        solutions: dict[_Rows, None] = {}
        for tensor in _maps(graph):
            shape = graph.tensors[tensor].shape
            known = self._known[name, graph.tensors[tensor].producer]
            for sizes, side, size in zip(known, sides, shape[2:], strict=True):
                sizes[side] = size
            for wanted in _wanted(shape, failing, found):
                solution = [_side(sizes, size) for sizes, size in zip(known, wanted, strict=True)]
                if all(0 < side <= MAX_SIDE for side in solution):
                    solutions[solution[0], solution[1]] = None
        for high, wide in sorted(solutions, key=_stretched)[:MAX_PAIRS]:
            why = f"sides of {high} and {wide} give the sizes that are needed"
            yield guess.having({name: part.shaped((batch, channels, high, wide), why)})


def _is_picture(parts: dict[str, ArgumentPart], name: str) -> bool:
    part = parts.get(name)
    if part is None or len(part.now.shape) != 4 or "float" not in part.now.dtype:
        return False
    return max(part.now.shape[2:]) < LONG_SIDED * min(part.now.shape[2:])


def _stretched(sides: _Rows) -> float:
    return abs(log(sides[1] / sides[0]))


def _maps(graph: ModelGraph) -> list[int]:
    """The nearest maps of features behind what the failing op or layer got."""
    queue = reached(graph)
    maps: list[int] = []
    seen = set(queue)
    for tensor in queue:
        shape, op = graph.tensors[tensor].shape, graph.producer(tensor)
        if op is None:
            continue
        if len(shape) == 4 and 0 not in shape and not _turns(graph, op, shape):
            maps.append(tensor)
            continue
        new = [source for source in op.inputs if source not in seen]
        seen.update(new)
        queue += new
    return maps


def _turns(graph: ModelGraph, op: Op, shape: Shape) -> bool:
    """Whether an op only puts the axes in another order, such as the channels last."""
    read = [graph.tensors[source].shape for source in op.inputs]
    return len(read) == 1 and read[0] != shape and sorted(read[0]) == sorted(shape)


def _wanted(shape: Shape, failing: Failure, found: Sequence[Misfit]) -> Iterator[_Rows]:
    """The rows and columns of the map that would do, where those of no square picture would."""
    for other in failing.shapes if shape in failing.shapes else ():
        if len(other) == 4 and other[2] != other[3] and 1 not in other[2:] and other != shape:
            yield other[2], other[3]
    for sizes in found:
        if isinstance(sizes, Sizes):
            yield from _of_area(shape, sizes)
            if sizes.got == shape[2] > 1:
                yield sizes.wanted, shape[3]
            if sizes.got == shape[3] > 1:
                yield shape[2], sizes.wanted


def _of_area(shape: Shape, sizes: Sizes) -> Iterator[_Rows]:
    """Where the size is that of all places of the map, with or without its channels."""
    _, channels, rows, columns = shape
    for each, extra in ((channels, 0), *((1, extra) for extra in range(EXTRA + 1))):
        area, rest = divmod(sizes.wanted - extra, each)
        if sizes.got == each * rows * columns + extra and not rest and area > 0:
            yield from _pairs(area)


def _pairs(area: int) -> Iterator[_Rows]:
    """Rows and columns of a map of so many places; none if a square has as many."""
    if isqrt(area) ** 2 == area:
        return
    for rows in range(isqrt(area), 0, -1):
        columns, rest = divmod(area, rows)
        if not rest and columns < MOST_SIDED * rows:
            yield rows, columns


def _side(sizes: dict[int, int], wanted: int) -> int:
    """The side that gives a size, by what others gave; 0 where it does not depend on the side."""
    near = sorted(sizes.items(), key=lambda one: (abs(one[1] - wanted), one[0]))
    side, size = near[0]
    if size == wanted:
        return side
    other = next((one for one in near[1:] if one[1] != size), None)
    if other is None:
        return round(side * wanted / size) if len(near) == 1 else 0
    return round(side + (wanted - size) * (other[0] - side) / (other[1] - size))
