"""Which child of a numbered container is which of another: names are positions there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .alignment import Alignment, Pair, Run, Side
from .sequences import Opcode, opcodes

Spans = tuple[tuple[int, int], tuple[int, int]]
_Both = tuple[Sequence[str], Sequence[str]]


def match_rows(result: Alignment, mine: Sequence[str], theirs: Sequence[str]) -> list[Pair]:
    """The pairs among the children of two numbered containers; what is left over is noted."""
    keys = [*map(result.before.key, mine)], [*map(result.after.key, theirs)]
    kinds = [*map(result.before.kind, mine)], [*map(result.after.kind, theirs)]
    if sorted(keys[0]) == sorted(keys[1]):
        return _reordered(result, keys, mine, theirs)
    if kinds[0] == kinds[1]:
        return [Pair(a, b) for a, b in zip(mine, theirs, strict=True)]
    rows = (
        _Rows(mine, _idle_as_others(result.before, mine)),
        _Rows(theirs, _idle_as_others(result.after, theirs)),
    )
    stretches = opcodes(*keys)
    if _goes_on(keys, kinds, stretches):
        shorter = min(len(mine), len(theirs))
        _surplus(result, rows, ((shorter, len(mine)), (shorter, len(theirs))))
        return [Pair(a, b) for a, b in zip(mine, theirs, strict=False)]
    pairs: list[Pair] = []
    for equal, a0, a1, b0, b1 in stretches:
        if equal:
            pairs += [Pair(a, b) for a, b in zip(mine[a0:a1], theirs[b0:b1], strict=True)]
            continue
        # By class where the keys differ: a layer that changed is still that layer.
        for alike, c0, c1, d0, d1 in opcodes(kinds[0][a0:a1], kinds[1][b0:b1]):
            spans = (a0 + c0, a0 + c1), (b0 + d0, b0 + d1)
            ours, others = mine[slice(*spans[0])], theirs[slice(*spans[1])]
            if alike or _by_place(keys[0][slice(*spans[0])], keys[1][slice(*spans[1])]):
                pairs += [Pair(a, b) for a, b in zip(ours, others, strict=True)]
            elif ours and others:
                pairs += _by_content(result, rows, spans)
            else:
                _surplus(result, rows, spans)
    return pairs


def _idle_as_others(side: Side, paths: Sequence[str]) -> list[str]:
    """The keys of layers; one that is never called has that of another that is built like it."""
    called = [bool(side.graph.calls_of(path)) for path in paths]
    found = [side.key(path) for path in paths]
    if all(called) or not any(called):
        return found
    others = {side.built(path): side.key(path) for path in paths if side.graph.calls_of(path)}
    return [
        key if ran else others.get(side.built(path), key)
        for path, key, ran in zip(paths, found, called, strict=True)
    ]


def _by_content(result: Alignment, rows: tuple[_Rows, _Rows], spans: Spans) -> list[Pair]:
    """The pairs among layers of other classes: those that hold the same, be it another number."""
    sides = result.before, result.after
    labels = []
    for side, row, span in zip(sides, rows, spans, strict=True):
        held = ((path, sorted(side.content(path))) for path in row.paths[slice(*span)])
        labels.append([str(content) if content else f"{id(side)} {p}" for p, content in held])
    pairs: list[Pair] = []
    for alike, a0, a1, b0, b1 in opcodes(*labels):
        inner = (spans[0][0] + a0, spans[0][0] + a1), (spans[1][0] + b0, spans[1][0] + b1)
        ours, others = (row.paths[slice(*span)] for row, span in zip(rows, inner, strict=True))
        if alike:
            pairs += [Pair(a, b) for a, b in zip(ours, others, strict=True)]
        elif ours and others:
            result.removed += ours
            result.added += others
        else:
            _surplus(result, rows, inner)
    return pairs


def _reordered(
    result: Alignment,
    keys: _Both,
    mine: Sequence[str],
    theirs: Sequence[str],
) -> list[Pair]:
    """The pairs of two rows of the same layers; those in another order have moved.

    Of two that changed places it is the larger one, whichever row comes first.
    """
    sizes = {result.before.key(p): result.before.parameters_in(p) for p in mine}
    ranked = [[f"{1 / (1 + sizes[key]):.20f} {key}" for key in row] for row in keys]
    pairs: list[Pair] = []
    places: dict[str, list[str]] = defaultdict(list)
    taken: list[tuple[str, str]] = []
    for equal, a0, a1, b0, b1 in _in_place(*ranked):
        if equal:
            pairs += [Pair(a, b) for a, b in zip(mine[a0:a1], theirs[b0:b1], strict=True)]
            continue
        taken += zip(keys[0][a0:a1], mine[a0:a1], strict=True)
        for key, path in zip(keys[1][b0:b1], theirs[b0:b1], strict=True):
            places[key].append(path)
    for key, path in taken:
        result.pair_whole(path, places[key].pop(0), moved=True)
    return pairs


def _in_place(one: Sequence[str], other: Sequence[str]) -> list[Opcode]:
    """Stretches of two rows of equal length; where none keeps more, what is at its position."""
    stretches = opcodes(one, other)
    same = [a == b for a, b in zip(one, other, strict=True)]
    if sum(same) < sum(a1 - a0 for equal, a0, a1, _, _ in stretches if equal):
        return stretches
    return [(equal, place, place + 1, place, place + 1) for place, equal in enumerate(same)]


def _goes_on(keys: _Both, kinds: _Both, stretches: Sequence[Opcode]) -> bool:
    """Whether one row is best read as the other one with more of them at its end.

    Where as many layers are equal at the same position as in any other reading, they kept theirs.
    """
    if any(one != other for one, other in zip(*kinds, strict=False)):
        return False
    here = sum(one == other for one, other in zip(*keys, strict=False))
    return here == sum(a1 - a0 for equal, a0, a1, _, _ in stretches if equal)


def _by_place(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether as many layers stand in place of others, and are not the same in another order."""
    return len(mine) == len(theirs) and sorted(mine) != sorted(theirs)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The children of a container, by path, and their keys."""

    paths: Sequence[str]
    keys: Sequence[str]

    def around(self, place: int) -> tuple[int, int]:
        """Where the row of equal blocks begins and ends in which one stands."""
        start = stop = place
        while start and self.keys[start - 1] == self.keys[place]:
            start -= 1
        while stop < len(self.keys) and self.keys[stop] == self.keys[place]:
            stop += 1
        return start, stop


def _surplus(result: Alignment, rows: tuple[_Rows, _Rows], spans: Spans) -> None:
    """Note children that only one side has: more of the blocks beside them, or something new."""
    side = 0 if spans[0][0] < spans[0][1] else 1
    start, stop = spans[side]
    here, there = rows[side], rows[1 - side]
    extras, gone = (
        (result.shortened, result.removed) if side == 0 else (result.extended, result.added)
    )
    place = start
    while place < stop:
        first, last = here.around(place)
        first, last = max(first, start), min(last, stop)
        beside = _beside(here, first, last, there, spans[1 - side][0])
        if beside is None:
            gone += here.paths[first:last]
        else:
            mine, theirs = (first, beside) if side == 0 else (beside, first)
            whole = rows[0].around(mine), rows[1].around(theirs)
            copies = whole[0][1] - whole[0][0], whole[1][1] - whole[1][0]
            paths = rows[0].paths[whole[0][0]], rows[1].paths[whole[1][0]]
            result.runs.append(Run(*paths, copies))
            extras += here.paths[first:last]
        place = last


def _beside(here: _Rows, first: int, last: int, there: _Rows, gap: int) -> int | None:
    """Where the other side has the block of which ``here`` has more; None where it has none."""
    if first and here.keys[first - 1] == here.keys[first] and gap:
        return gap - 1
    if last < len(here.keys) and here.keys[last] == here.keys[first] and gap < len(there.keys):
        return gap
    return None
