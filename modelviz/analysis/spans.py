"""Repeats in a sequence: units of consecutive positions that come several times over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..dotted import common_path
from ..graph.quick import quick

SHORT, LONG = 16, 512
"""Longest repeating unit looked for everywhere, and where a numbered position comes again."""
_LENGTHS = 8
"""Most lengths of long units that are tried."""

_NUMBERED = re.compile(r"^(.*?)(\d{1,18})$", re.DOTALL)
_INNER_NUMBER = re.compile(r"\d\.")


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Span:
    """Positions ``start`` to ``stop`` of a sequence: ``unit`` positions, ``count`` times.

    ``inside`` are the spans of one unit of several positions, counted from its first.
    """

    start: int
    unit: int = 1
    count: int = 1
    inside: tuple[Span, ...] = ()

    @property
    def stop(self) -> int:
        """The position after the last one."""
        return self.start + self.unit * self.count


def sibling(path: str, key: Hashable, leaf: bool) -> Sibling:
    """A module as a position of a sequence; ``leaf`` says that it has no children.

    Only modules that stand in a row by their names can repeat: ``"0"``, ``"1"``, ... of a list, or
    ``block1``, ``block2``, .... A ``q_proj`` and a ``k_proj`` have names of their own, and stay
    apart however equal they are.
    """
    match = _NUMBERED.match(path)
    if match is None:
        return Sibling((key, path))
    series, number = match.groups()
    return Sibling((key, series), int(number), leaf and not series.endswith(".") and series != "")


def outer_places(paths: Sequence[str]) -> list[int]:
    """Which parts of names, but for their last, have numbers that differ: outermost first.

    In ``layers.0.attn``, ``layers.0.ff``, ``layers.1.attn``, ... it is part 1.
    """
    prefix = len(common_path(paths))
    if not any(_INNER_NUMBER.search(path, prefix) for path in paths):
        return []
    found: dict[tuple[str, int], set[str]] = {}
    for path in paths:
        parts = path.split(".")
        for place, part in enumerate(parts[:-1]):
            match = _NUMBERED.match(part)
            if match is not None:
                series = ".".join((*parts[:place], match[1]))
                found.setdefault((series, place), set()).add(match[2])
    return sorted({place for (_, place), numbers in found.items() if len(numbers) > 1})


def outer_sibling(path: str, place: int, key: Hashable, leaf: bool) -> Sibling:
    """A module as a position of a sequence by the number in one part of its name.

    A name that has no number there goes by the number at its end.
    """
    parts = path.split(".")
    match = _NUMBERED.match(parts[place]) if place < len(parts) - 1 else None
    if match is None:
        return sibling(path, key, leaf)
    series = ".".join((*parts[:place], f"{match[1]}#", *parts[place + 1 :]))
    return Sibling((key, series), int(match[2]), leaf and match[1] != "")


def find_spans(siblings: Sequence[Sibling]) -> list[Span]:
    """The sequence cut into spans, each a repeated unit or a single position, in order.

    At each position the unit that covers most wins, the shortest among equals.
    """
    repeats = _repeats(siblings)
    spans: list[Span] = []
    position = 0
    while position < len(siblings):
        best, best_stop = Span(position), position + 1
        for unit, matches in repeats:
            again = matches[position] // unit
            stop = position + unit * (1 + again)
            if again and stop > best_stop:
                span = Span(position, unit, 1 + again)
                if _in_series(span, siblings):
                    best, best_stop = span, stop
        spans.append(best)
        position = best_stop
    return spans


def _repeats(siblings: Sequence[Sibling]) -> list[tuple[int, list[int]]]:
    """By length of a unit: how many positions from each on equal the one a unit later."""
    size = len(siblings)
    known: dict[Hashable, int] = {}
    numbers = [known.setdefault(item.key, len(known)) for item in siblings]
    if len(known) == size or all([item.number is None for item in siblings]):
        return []
    result = []
    for unit in (*range(1, min(SHORT, size // 2) + 1), *_long_units(siblings)):
        matches = [0] * size
        for position in range(size - unit - 1, -1, -1):
            if numbers[position] == numbers[position + unit]:
                matches[position] = matches[position + 1] + 1
        result.append((unit, matches))
    return result


def _long_units(siblings: Sequence[Sibling]) -> list[int]:
    """The lengths above ``SHORT`` after which numbered positions come again."""
    found: Counter[int] = Counter()
    last: dict[Hashable, int] = {}
    for position, item in enumerate(siblings):
        if item.number is not None:
            distance = position - last.get(item.key, position)
            if SHORT < distance <= LONG:
                found[distance] += 1
            last[item.key] = position
    return sorted(unit for unit, _ in found.most_common(_LENGTHS))


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
