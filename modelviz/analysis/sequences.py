"""The fewest insertions and deletions that make one sequence another.

Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986). ``difflib`` looks
for long blocks instead, which goes wrong where a pattern repeats, as layers do.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby

MAX_EDITS = 800
"""With more, the sequences have little in common, and the exact way takes quadratic time."""

Opcode = tuple[bool, int, int, int, int]
"""Whether a stretch is equal; where it begins and ends in the first, and in the second."""


def opcodes(one: Sequence[str], other: Sequence[str]) -> list[Opcode]:
    """Stretches that are equal and that differ, in turn, from the beginning to the end.

    The other way round they are the same: of several shortest edits it is one, whichever is first.
    """
    if (len(one), *one) > (len(other), *other):
        return [(equal, a0, a1, b0, b1) for equal, b0, b1, a0, a1 in opcodes(other, one)]
    pairs = list(_matches(one, other))
    found: list[Opcode] = []
    a = b = 0
    for _, group in groupby(enumerate(pairs), key=lambda item: _diagonal(*item)):
        stretch = [pair for _, pair in group]
        a0, b0 = stretch[0]
        if a0 > a or b0 > b:
            found.append((False, a, a0, b, b0))
        a, b = a0 + len(stretch), b0 + len(stretch)
        found.append((True, a0, a, b0, b))
    if len(one) > a or len(other) > b:
        found.append((False, a, len(one), b, len(other)))
    return found


def _diagonal(place: int, pair: tuple[int, int]) -> tuple[int, int]:
    return pair[0] - place, pair[1] - place


def _matches(one: Sequence[Hashable], other: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """The positions of equal elements in both, in order."""
    start = 0
    shorter = min(len(one), len(other))
    while start < shorter and one[start] == other[start]:
        start += 1
    stop = 0
    while stop < shorter - start and one[-1 - stop] == other[-1 - stop]:
        stop += 1
    yield from ((place, place) for place in range(start))
    middle = one[start : len(one) - stop], other[start : len(other) - stop]
    found = _shortest(*middle)
    if found is None:
        blocks = SequenceMatcher(None, *middle, autojunk=False).get_matching_blocks()
        found = [(a + i, b + i) for a, b, size in blocks for i in range(size)]
    yield from ((start + a, start + b) for a, b in found)
    yield from ((len(one) - i, len(other) - i) for i in range(stop, 0, -1))


def _shortest(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[tuple[int, int]] | None:
    """The matches of a shortest edit; None where that takes more than ``MAX_EDITS``."""
    n, m = len(one), len(other)
    if not n or not m:
        return []
    furthest = {1: 0}
    history: list[dict[int, int]] = []
    for edits in range(min(n + m, MAX_EDITS) + 1):
        history.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            y = x - diagonal
            while x < n and y < m and one[x] == other[y]:
                x, y = x + 1, y + 1
            furthest[diagonal] = x
            if x >= n and y >= m:
                return _backwards(history, n, m)
    return None


def _backwards(history: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """The matches on the way that ``history`` tells, from its end back to its beginning."""
    found: list[tuple[int, int]] = []
    for edits in range(len(history) - 1, -1, -1):
        furthest = history[edits]
        diagonal = x - y
        down = diagonal == -edits or (
            diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
        )
        previous = diagonal + 1 if down else diagonal - 1
        before_x = furthest[previous]
        before_y = before_x - previous
        while x > max(before_x, 0) and y > max(before_y, 0):
            x, y = x - 1, y - 1
            found.append((x, y))
        x, y = before_x, before_y
    return found[::-1]
