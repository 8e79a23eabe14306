"""The axes of an argument as somebody wrote them down, and a shape that has them."""

from __future__ import annotations

import re
from typing import NamedTuple

from .layers import FRAMES, SEQUENCE

_SIDE = 64
_COLOURS = 3
_BATCHES = re.compile(r"b|bs|bsz|bz|n_?batch(es)?|batch([ _]?size)?|samples", re.I)
_STEPS = re.compile(
    r"(?!.*batch)(t|s|l|seq\w*|time\w*|len\w*|\w+[ _]len(gth)?|frames?|steps?)", re.I
)
_CHANNELS = re.compile(r"c|ch|chans?|c_?in|channels?|in_channels", re.I)
_SIDES = re.compile(r"h|w|d|height|width|depth|ht|wd|hh|ww|img_h|img_w", re.I)


class Axis(NamedTuple):
    """An axis as somebody wrote it: its name and its size, each None where it is not told."""

    name: str | None
    size: int | None = None

    def named(self, kind: re.Pattern[str]) -> bool:
        """Whether the name is one of a kind."""
        return self.name is not None and kind.fullmatch(self.name) is not None


Axes = tuple[Axis, ...]


def usual(axes: Axes, last: int | None) -> tuple[int, ...]:
    """A shape with such axes; ``last`` is the width of what is no picture, where that is known."""
    return tuple(_usual(axes, place, last) for place in range(len(axes)))


def _usual(axes: Axes, place: int, last: int | None) -> int:
    axis, rank = axes[place], len(axes)
    if axis.size is not None:
        return axis.size
    if axis.named(_BATCHES) or (place == 0 and not axis.named(_STEPS)):
        return 1
    if rank < 4:
        return last if place == rank - 1 and last is not None else SEQUENCE
    if axis.named(_CHANNELS):
        return _COLOURS
    if rank != 5 or axis.named(_SIDES):
        return FRAMES if axis.named(_STEPS) else _SIDE
    # Of five axes, two are the sides of pictures: the others are several of those, and colours.
    several = place == 1 or any(other.named(_CHANNELS) for other in axes)
    return FRAMES if several else _COLOURS


def steps_first(axes: Axes, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one sample with its steps first, where the axes are said to be in that order."""
    later = [place for place, axis in enumerate(axes) if place and axis.named(_BATCHES)]
    if not later or shape[0] != 1 or axes[0].named(_BATCHES):
        return shape
    (place, *_) = later
    size = SEQUENCE if axes[0].size is None else axes[0].size
    return (size, *shape[1:place], 1, *shape[place + 1 :])
