"""The turns of a loop over modules: ops between them that compare with the number of the turn.

A mixture of experts runs ``chosen == 3`` before ``experts.3``. Read alone, each of these ops has
another argument; read as turns of one loop, all of them do the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ..graph import Call, Op

_COMPARING = frozenset({"eq", "ne", "__eq__", "__ne__"})
_NUMBERED = re.compile(r"^(.*?)(\d{1,18})$", re.DOTALL)
_TURNS = 3
"""Fewest turns that are no coincidence: 0 and 1 may be anything, 0, 1 and 2 count."""

_Row = tuple[int, int, int]
"""Which turn, how far the op's number is from the module's, and the op."""


def counting_ops(items: Sequence[Op | Call]) -> Mapping[int, int]:
    """The ops that compare with the number of their turn, with how far off it they are.

    ``items`` are what one forward runs, in order. An op belongs to the module after it, or else to
    the one before it; it counts when it says one more each time the module's number is one higher.
    """
    if not any(isinstance(item, Op) and _number(item) is not None for item in items):
        return {}
    # Read backwards, the ops before a module come after it.
    before = _counting_ops(list(reversed(items)))
    after = {op: distance - 1 for op, distance in _counting_ops(items).items()}
    return after | before


def _counting_ops(items: Sequence[Op | Call]) -> dict[int, int]:
    """The counting ops, each measured from the nearest module earlier in ``items``."""
    return {op: distance for row in _rows(items).values() for op, distance in _counting(row)}


def _rows(items: Sequence[Op | Call]) -> Mapping[tuple[str, int, str], list[_Row]]:
    """The comparing ops after each numbered module, by series of modules and place after it."""
    rows: dict[tuple[str, int, str], list[_Row]] = defaultdict(list)
    turns: dict[str, int] = defaultdict(int)
    series, turn, number, place = "", 0, None, 0
    for item in items:
        if isinstance(item, Call):
            match = _NUMBERED.match(item.module)
            number = None if match is None else int(match.group(2))
            if match is not None:
                series, place = match.group(1), 0
                turns[series] += 1
                turn = turns[series]
        elif number is not None:
            place += 1
            value = _number(item)
            if value is not None:
                rows[series, place, item.name].append((turn, value - number, item.id))
    return rows


def _counting(row: Sequence[_Row]) -> Iterator[tuple[int, int]]:
    """The ops of consecutive turns with one distance, where there are enough of them."""
    start = 0
    for end in range(1, len(row) + 1):
        turn, distance, _ = row[end - 1]
        if end < len(row) and row[end][:2] == (turn + 1, distance):
            continue
        if end - start >= _TURNS:
            yield from ((op, distance) for _, distance, op in row[start:end])
        start = end


def _number(op: Op) -> int | None:
    """The whole number that the op compares a tensor with."""
    if op.name not in _COMPARING or len(op.inputs) != 1:
        return None
    numbers = [value for _, value in op.args if type(value) is int]
    return numbers[0] if len(op.args) == len(numbers) == 1 else None
