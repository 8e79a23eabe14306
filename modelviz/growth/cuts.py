"""Ranges made smaller: to sizes that go together, and around those where formulas do not hold."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from .polynomial import Point
from .ranges import End, Range


def between(chance: random.Random, one: Range) -> int:
    """A size in a range, small ones as likely as large ones."""
    low, high = math.log(one.low), math.log(one.high)
    wanted = int(math.exp(chance.uniform(low, high)))
    return one.low + (wanted - one.low) // one.step * one.step


def inside(point: Point, ranges: Sequence[Range]) -> bool:
    """Whether all sizes of a point are in their ranges."""
    return all(size in one for size, one in zip(point, ranges, strict=True))


def shrunk(one: Range, start: int, share: float) -> Range:
    """The range up to ``share`` of it above ``start``, in logarithms."""
    if share == 1.0:
        return one
    low, high = math.log(start), math.log(one.high)
    wanted = int(math.exp(low + (high - low) * share))
    top = max(start, one.low + (wanted - one.low) // one.step * one.step)
    return Range(one.name, one.low, top, one.step, one.below, None, one.memory)


def cut(
    ranges: Sequence[Range], start: Point, point: Point, end: Callable[[int], End]
) -> list[Range] | None:
    """The ranges without ``point``, of one of them made smaller as little as can be.

    ``end`` says for a dimension what happens there. None where the point is the start.
    """
    best: tuple[float, int, Range] | None = None
    for dim, (one, here, size) in enumerate(zip(ranges, start, point, strict=True)):
        if size > here:
            smaller, left = replace(one, high=size - one.step), size - one.step
            lost = math.log(one.high / left) if left >= here else math.inf
        elif size < here:
            smaller, left = replace(one, low=size + one.step), size + one.step
            lost = math.log(left / one.low) if left <= here else math.inf
        else:
            continue
        if lost < math.inf and (best is None or lost < best[0]):
            best = (lost, dim, smaller)
    if best is None:
        return None
    _, dim, smaller = best
    if smaller.high != ranges[dim].high:
        smaller = replace(smaller, above=end(dim))
    else:
        smaller = replace(smaller, below=end(dim))
    return [smaller if place == dim else one for place, one in enumerate(ranges)]
