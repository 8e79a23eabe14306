"""Where a model turns that shrinks and grows again: seen in its flow and its sizes alone.

Long skips, one around the other, lead from a way down to a way up, and what the inner ones carry is
smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..graph.records import NamedShape
from .plan import Plan

_FEWEST = 2
"""Fewest skips around one another that make a U."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The cards from the input to the output, the skips, outer first, and where the way up begins.

    ``skips`` are places in ``spine``, and ``turn`` is the place of the first card of the way up.
    """

    spine: tuple[str, ...]
    skips: tuple[tuple[int, int], ...]
    turn: int


def turn_of(drawing: Plan) -> Turn | None:
    """The turn of a model that is drawn as a U; None where it is none."""
    flows = _flows(drawing)
    spine = _spine(drawing, flows)
    place = {card: index for index, card in enumerate(spine)}
    long = sorted(
        (place[source], -place[target])
        for source, target in flows
        if source in place and target in place and place[target] - place[source] > 2
    )
    skips = [(start, -end) for start, end in _nested(long)]
    sizes = [flows[spine[start], spine[end]] for start, end in skips]
    while skips and not _shrink(sizes):
        # What reaches further than the U does is no level of it.
        if len(skips) > _FEWEST and _shrink(sizes[1:]):
            del skips[0], sizes[0]
        elif len(skips) > _FEWEST and _shrink(sizes[:-1]):
            del skips[-1], sizes[-1]
        else:
            return None
    if len(skips) < _FEWEST:
        return None
    if skips[0][1] - skips[0][0] < len(spine) / 2:
        return None
    turn = _turning(drawing, spine, flows, skips[-1])
    # What feeds every block is beside the way, though it may come to the first block last.
    fed = [sum(a == card and b in place for a, b in flows) for card in spine[: skips[0][0]]]
    cut = max((index + 1 for index, count in enumerate(fed) if count > 2), default=0)
    levels = tuple((start - cut, end - cut) for start, end in skips)
    return Turn(spine[cut:], levels, turn - cut)


def _flows(drawing: Plan) -> dict[tuple[str, str], NamedShape]:
    """The first shape that flows from card to card."""
    flows: dict[tuple[str, str], NamedShape] = {}
    for edge in drawing.view.edges:
        ends = drawing.place[edge.source], drawing.place[edge.target]
        if not edge.next_copy and ends[0] != ends[1] and edge.tensors:
            flows.setdefault(ends, edge.tensors[0].shape)
    return flows


def _spine(drawing: Plan, flows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The cards from one end to the other, by what feeds each of them last."""
    order = {card: index for index, card in enumerate(drawing.cards)}
    main: dict[str, str] = {}
    for source, target in flows:
        if target not in main or order[source] > order[main[target]]:
            main[target] = source
    best: list[str] = []
    for end in (*main, *(())):
        way, seen = [end], {end}
        while way[-1] in main and main[way[-1]] not in seen:
            way.append(main[way[-1]])
            seen.add(way[-1])
        if len(way) > len(best):
            best = way
    return tuple(reversed(best))


def _nested(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs of which each is inside the one before; ends are negative, pairs in order."""
    chains: list[list[tuple[int, int]]] = []
    for pair in pairs:
        inside = [c for c in chains if c[-1][0] < pair[0] and c[-1][1] < pair[1]]
        chains.append([*max(inside, key=len, default=[]), pair])
    return max(chains, key=len, default=[])


def _shrink(shapes: Sequence[NamedShape]) -> bool:
    """Whether one size of the shapes gets smaller from the first to the last, by half at least."""
    if len({len(shape) for shape in shapes}) != 1:
        return False
    for sizes in list(zip(*shapes, strict=True))[1:]:
        if not all(isinstance(size, int) for size in sizes):
            continue
        falls = all(a >= b for a, b in pairwise(sizes))
        if falls and sizes[0] >= 2 * sizes[-1]:
            return True
    return False


def _turning(
    drawing: Plan,
    spine: Sequence[str],
    flows: Mapping[tuple[str, str], NamedShape],
    inner: tuple[int, int],
) -> int:
    """Where the way up begins: at the first card that gives more than it gets."""
    start, end = inner
    for index in range(start + 1, end):
        before = flows[spine[index - 1], spine[index]]
        after = flows[spine[index], spine[index + 1]]
        if len(before) == len(after) > 2 and after[-1] != before[-1] and _larger(after, before):
            return index
    return end


def _larger(after: NamedShape, before: NamedShape) -> bool:
    pairs = list(zip(after, before, strict=True))[2:]
    return all(isinstance(a, int) and isinstance(b, int) and a >= b for a, b in pairs)
