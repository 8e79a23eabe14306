"""Where a model turns that shrinks and grows again: seen in its flow and its sizes alone.

Long skips, one around the other, lead from a way down to a way up, and what the inner ones carry is
smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..graph.records import NamedShape
from .plan import Plan

_FEWEST = 2
"""Fewest skips around one another that make a U."""
_VIA = 2
"""Most cards that a skip may run through by itself."""

Flows = Mapping[tuple[str, str], NamedShape]
"""The first shape that flows from card to card."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A skip by the places of its ends in the spine, and the cards beside it that it runs through.

    There are such where what is skipped has a layer of its own before it is joined again.
    """

    start: int
    end: int
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """The cards from the input to the output, the skips, outer first, and where the way up begins.

    ``turn`` is the place in ``spine`` of the first card of the way up.
    """

    spine: tuple[str, ...]
    skips: tuple[Skip, ...]
    turn: int


def turn_of(drawing: Plan) -> Turn | None:
    """The turn of a model that is drawn as a U; None where it is none."""
    flows = flows_of(drawing)
    spines = dict.fromkeys((spine_of(drawing, flows), _longest(drawing, flows)))
    found = [turn for spine in spines if (turn := _turn(drawing, flows, spine)) is not None]
    return max(found, key=lambda turn: len(turn.skips), default=None)


def _turn(drawing: Plan, flows: Flows, spine: tuple[str, ...]) -> Turn | None:
    """The turn of a model whose data takes this way."""
    place = {card: index for index, card in enumerate(spine)}
    jumps = _jumps(flows, place)
    long = sorted((start, -end) for start, end in jumps if end - start > 2)
    ends = [(start, -end) for start, end in _nested(long)]
    sizes = [jumps[pair][1] for pair in ends]
    while ends and not _shrink(sizes):
        # What reaches further than the U does is no level of it.
        if len(ends) > _FEWEST and _shrink(sizes[1:]):
            del ends[0], sizes[0]
        elif len(ends) > _FEWEST and _shrink(sizes[:-1]):
            del ends[-1], sizes[-1]
        else:
            return None
    if len(ends) < _FEWEST:
        return None
    if ends[0][1] - ends[0][0] < len(spine) / 2:
        return None
    turn = _turning(spine, flows, ends[-1])
    # What feeds every block is beside the way, though it may come to the first block last.
    fed = [sum(a == card and b in place for a, b in flows) for card in spine[: ends[0][0]]]
    cut = max((index + 1 for index, count in enumerate(fed) if count > 2), default=0)
    skips = tuple(Skip(start - cut, end - cut, jumps[start, end][0]) for start, end in ends)
    return Turn(spine[cut:], skips, turn - cut)


def _jumps(
    flows: Flows, place: Mapping[str, int]
) -> dict[tuple[int, int], tuple[tuple[str, ...], NamedShape]]:
    """What leads from one place of the spine to another: the cards on the way, and the shape."""
    following: dict[str, list[str]] = {}
    feeding: dict[str, int] = {}
    for source, target in flows:
        following.setdefault(source, []).append(target)
        feeding[target] = feeding.get(target, 0) + 1
    found: dict[tuple[int, int], tuple[tuple[str, ...], NamedShape]] = {}
    for (source, target), shape in flows.items():
        via: list[str] = []
        end = target
        while source in place and end not in place and len(via) < _VIA:
            if feeding[end] != 1 or len(following.get(end, ())) != 1:
                break
            via.append(end)
            end = following[end][0]
        if (
            source in place
            and end in place
            and (not via or (place[source], place[end]) not in found)
        ):
            found[place[source], place[end]] = tuple(via), shape
    return found


def flows_of(drawing: Plan) -> Flows:
    """The first shape that flows from card to card."""
    flows: dict[tuple[str, str], NamedShape] = {}
    for edge in drawing.view.edges:
        ends = drawing.place[edge.source], drawing.place[edge.target]
        if not edge.next_copy and ends[0] != ends[1] and edge.tensors:
            flows.setdefault(ends, edge.tensors[0].shape)
    return flows


def spine_of(drawing: Plan, flows: Flows) -> tuple[str, ...]:
    """The cards from one end to the other, where each is fed last by the one before."""
    order = {card: index for index, card in enumerate(drawing.cards)}
    main: dict[str, str] = {}
    for source, target in flows:
        if target not in main or order[source] > order[main[target]]:
            main[target] = source
    best: list[str] = []
    for end in main:
        way, seen = [end], {end}
        while way[-1] in main and main[way[-1]] not in seen:
            way.append(main[way[-1]])
            seen.add(way[-1])
        if len(way) > len(best):
            best = way
    return tuple(reversed(best))


def _longest(drawing: Plan, flows: Flows) -> tuple[str, ...]:
    """The cards on the longest way from one end to the other, in the order in which they run.

    It is the way through the lowest level where a skip has a layer of its own that runs later.
    """
    order = {card: index for index, card in enumerate(drawing.cards)}
    length = dict.fromkeys(order, 1)
    before: dict[str, str] = {}
    for source, target in sorted(flows, key=lambda ends: order[ends[1]]):
        if order[source] < order[target] and length[source] >= length[target]:
            length[target], before[target] = length[source] + 1, source
    way = [max(order, key=lambda card: length[card])] if order else []
    while way and way[-1] in before:
        way.append(before[way[-1]])
    return tuple(reversed(way))


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


def _turning(spine: Sequence[str], flows: Flows, inner: tuple[int, int]) -> int:
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
