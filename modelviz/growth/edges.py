"""Sizes at which a whole share of a dimension becomes one more, where formulas are most in doubt.

A model that takes ``int(0.7 * n)`` computes in floating point: 0.7 * 90 is 62.99999999999999, so
that it takes one less than ``floor(7 * n / 10)`` there. Whether a product falls short depends on
how close it is to the next power of two: the last step before one is the first to do so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .model import Growth
from .polynomial import Atom, Point, moved_together

NEAR = 8
"""Steps of a share, on each side of the start, that are tried one by one."""


def shares_in(growth: Growth) -> list[Atom]:
    """The whole shares in the formulas of shapes and FLOPs, in order."""
    parts = [p for shapes in growth.outputs.values() for shape in shapes for p in shape]
    parts += growth.flops.values()
    return sorted({atom for part in parts for atom in part.atoms if atom.divisor > 1})


def edge_points(atoms: Iterable[Atom], start: Point, steps: Sequence[int]) -> list[Point]:
    """Points beyond the start at which shares have just become one more, or are about to.

    Of what is rounded, in two steps: halves go to even numbers. Each moves all dimensions at once.
    """
    wanted: list[dict[int, None]] = [{} for _ in start]
    for atom in atoms:
        turns = 2 if atom.offset == atom.divisor // 2 else 1
        for rest in (0, atom.divisor - 1):
            sizes = _sizes(atom, rest, start[atom.dim], steps[atom.dim])
            wanted[atom.dim].update(dict.fromkeys(sizes[:turns]))
    return moved_together(start, wanted)


def _sizes(atom: Atom, rest: int, start: int, step: int) -> list[int]:
    """The first sizes beyond ``start`` at which the share has that rest."""
    every = (start + turn * step for turn in range(1, 2 * atom.divisor + 1))
    return [n for n in every if (atom.times * n + atom.offset) % atom.divisor == rest]


def other_sizes(
    atom: Atom, start: int, sizes: Sequence[int], holds: Callable[[int], bool]
) -> tuple[int | None, int | None]:
    """The sizes nearest to ``start`` at which the share is another: below it and above it.

    ``holds`` tells of a size, one of ``sizes``, whether the formulas hold there.
    """
    rests = {0: (0,), atom.divisor - 1: (atom.divisor - 1,)}
    below, above = set[int](), set[int]()
    for rest in rests.get(atom.offset, (0, atom.divisor - 1)):
        grid = [n for n in sizes if (atom.times * n + atom.offset) % atom.divisor == rest]
        down = _first([n for n in reversed(grid) if n < start], atom, holds)
        up = _first([n for n in grid if n > start], atom, holds)
        below |= set() if down is None else {down}
        above |= set() if up is None else {up}
    return max(below, default=None), min(above, default=None)


def _first(sizes: Sequence[int], atom: Atom, holds: Callable[[int], bool]) -> int | None:
    """The first of the sizes that does not hold, None where none is found.

    Between two powers of two those that do not are either the largest or the smallest ones.
    """
    near = next((size for size in sizes[:NEAR] if not holds(size)), None)
    if near is not None:
        return near
    spans: dict[int, list[int]] = {}
    for size in sizes[NEAR:]:
        spans.setdefault(atom.of(size).bit_length(), []).append(size)
    for span in spans.values():
        if not holds(span[0]):
            return span[0]
        if not holds(span[-1]):
            good, bad = 0, len(span) - 1
            while bad - good > 1:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if holds(span[middle]) else (good, middle)
            return span[bad]
    return None
