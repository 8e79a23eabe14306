"""Folding: runs of consecutive siblings that have the same structure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..graph import ModelGraph
from .keys import structure_keys

MAX_UNIT = 16
"""Longest repeating unit looked for, in siblings."""

_NUMBERED = re.compile(r"^(.*?)(\d+)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive children of one module: a unit of ``unit`` children, ``count`` times.

    ``paths`` are all of them in order, ``unit * count`` paths. ``count`` is 1 when nothing repeats.
    """

    paths: tuple[str, ...]
    unit: int
    count: int


@dataclass(frozen=True, slots=True)
class Sibling:
    """One position of a sequence in which repeats are looked for.

    Copies have the same ``key`` and rising ``number``s; a position without a number, such as an op
    between modules, repeats only together with a numbered one. ``plain`` positions hold no parts
    and have a name of their own (``norm1``, ``norm2``): two of them are no pattern yet.
    """

    key: Hashable
    number: int | None = None
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Positions ``start`` to ``stop`` of a sequence: ``unit`` positions, ``count`` times."""

    start: int
    unit: int
    count: int

    @property
    def stop(self) -> int:
        """The position after the last one."""
        return self.start + self.unit * self.count


def fold_modules(graph: ModelGraph) -> Mapping[str, tuple[Run, ...]]:
    """For each module path with children: its children, cut into runs, in order.

    Equal structure is equal class, configuration, parameters, sharing, ops and data flow, all the
    way down. Only children that stand in a row by their names can repeat: ``"0"``, ``"1"``, ... of
    a list, or ``block1``, ``block2``, .... A ``q_proj`` and a ``k_proj`` have names of their own,
    and stay apart however equal they are.
    """
    keys = structure_keys(graph).modules
    children: dict[str, list[str]] = defaultdict(list)
    for module in graph.modules:
        if module.parent is not None:
            children[module.parent].append(module.path)
    result = {}
    for parent, paths in children.items():
        spans = find_spans([sibling(path, keys[path], path not in children) for path in paths])
        result[parent] = tuple(
            Run(tuple(paths[span.start : span.stop]), span.unit, span.count) for span in spans
        )
    return result


def sibling(path: str, key: Hashable, leaf: bool) -> Sibling:
    """A module as a position of a sequence; ``leaf`` says that it has no children."""
    match = _NUMBERED.match(path)
    if match is None:
        return Sibling((key, path))
    series, number = match.groups()
    return Sibling((key, series), int(number), leaf and not series.endswith(".") and series != "")


def find_spans(siblings: Sequence[Sibling]) -> list[Span]:
    """The sequence cut into spans, each a repeated unit or a single position, in order.

    At each position the unit that covers most wins, the shortest among equals.
    """
    repeats = _repeats([item.key for item in siblings])
    spans: list[Span] = []
    position = 0
    while position < len(siblings):
        best = Span(position, 1, 1)
        for unit, matches in enumerate(repeats, start=1):
            span = Span(position, unit, 1 + matches[position] // unit)
            if span.count > 1 and span.stop > best.stop and _in_series(span, siblings):
                best = span
        spans.append(best)
        position = best.stop
    return spans


def _repeats(keys: Sequence[Hashable]) -> list[list[int]]:
    """For each unit length from 1: how many positions from each on equal the one a unit later."""
    size = len(keys)
    result = []
    for unit in range(1, min(MAX_UNIT, size // 2) + 1):
        matches = [0] * size
        for position in range(size - unit - 1, -1, -1):
            if keys[position] == keys[position + unit]:
                matches[position] = matches[position + 1] + 1
        result.append(matches)
    return result


def _in_series(span: Span, siblings: Sequence[Sibling]) -> bool:
    """Whether the copies are numbered one after the other, and are more than a coincidence."""
    unit = siblings[span.start : span.start + span.unit]
    if all(item.number is None for item in unit):
        return False
    if span.count < 3 and all(item.plain for item in unit if item.number is not None):
        return False
    return all(
        _rises([copy.number for copy in siblings[span.start + offset : span.stop : span.unit]])
        for offset, item in enumerate(unit)
        if item.number is not None
    )


def _rises(numbers: Sequence[int | None]) -> bool:
    return all(a is not None and b is not None and a < b for a, b in pairwise(numbers))
