"""Shapes for layers that state them in a pattern: ``b c (h p1) (w p2) -> b (h w) (p1 p2 c)``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import prod

from torch import nn

_AXIS = re.compile(r"\([^)]*\)|\S+")
_CHANNELS = {"c", "ch", "channel", "channels"}
_COLOURS = (3, 1)
_VIDEO, _FRAMES = 5, 8


def pattern_of(layer: nn.Module) -> tuple[str, Mapping[str, int]] | None:
    """The pattern of a layer in the notation of einops, and the lengths that are known."""
    own = vars(layer)
    pattern, lengths = own.get("pattern"), own.get("axes_lengths")
    if not isinstance(pattern, str) or "->" not in pattern or not isinstance(lengths, Mapping):
        return None
    known = all(isinstance(length, int) for length in lengths.values())
    return (pattern, lengths) if known else None


def shapes_of(
    pattern: str, lengths: Mapping[str, int], sides: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    """Shapes that fit the left of a pattern, for each side that its parts divide.

    The first axis is the batch, and ``c`` the channels: the second, where none has that name.
    """
    axes = _AXIS.findall(pattern.partition("->")[0])
    if len(axes) < 3 or "..." in axes:
        return
    parts = [axis.strip("()").split() for axis in axes]
    named = [place for place, part in enumerate(parts) if _CHANNELS.issuperset(part) and part]
    channels = named[0] if named else 1
    for colours in _COLOURS:
        for side in sides:
            usual = [side] * len(parts)
            usual[0], usual[channels] = 1, colours
            if len(parts) == _VIDEO:
                usual[3 - channels if channels in (1, 2) else 1] = _FRAMES
            yield tuple(map(partial(_size, lengths), parts, usual))


def _size(lengths: Mapping[str, int], part: Sequence[str], usual: int) -> int:
    """The size of an axis that is made of parts: the usual one, or what they divide."""
    given = [int(name) if name.isdigit() else lengths.get(name) for name in part]
    known = prod(length for length in given if length is not None)
    return known if None not in given else max(usual // known, 1) * known
