"""Which module of one graph is which of another.

Children of a pair of modules are matched by name and class, then by structure key, then by what
stands around them. In a numbered container (``nn.Sequential``, ``nn.ModuleList``) names are
positions, so its children are matched as a sequence: runs of equal blocks first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..graph import ModelGraph, Module
from .keys import StructureKeys, structure_keys
from .sequences import opcodes


@dataclass(frozen=True, slots=True)
class Pair:
    """A module before and the same module after, by path.

    ``whole`` says that both have the same structure, so that nothing inside needs a look.
    ``renamed`` and ``moved`` say that it stands under another name, or in another place.
    """

    before: str
    after: str
    whole: bool = False
    renamed: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Equal blocks in a row, of which there is another number after: by the path of the first."""

    before: str
    after: str
    copies: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A module that holds another one: ``outer`` stands where that stood, and has it ``inner``."""

    outer: str
    inner: str


@dataclass
class Alignment:
    """Two graphs side by side: ``pairs`` in the order of the second, and what has no partner.

    ``removed`` and ``added`` are the topmost paths of what only one of them has. ``runs`` are rows
    of equal blocks that became longer or shorter; what they lost or gained is in ``shortened`` and
    ``extended``. ``wrapped`` says, by path before, what wraps a module after; ``unwrapped``, by
    path after, what wrapped it before.
    """

    before: Side
    after: Side
    pairs: list[Pair] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    wrapped: dict[str, Wrapping] = field(default_factory=dict)
    unwrapped: dict[str, Wrapping] = field(default_factory=dict)

    @cached_property
    def stands(self) -> dict[str, str]:
        """By the path of a module before: what stands in its place after, or wraps it there."""
        found = {pair.before: pair.after for pair in self.pairs}
        found |= {path: wrapping.outer for path, wrapping in self.wrapped.items()}
        return found | {wrapping.outer: path for path, wrapping in self.unwrapped.items()}


@dataclass(frozen=True)
class Side:
    """One of the two graphs, with what is asked of it again and again."""

    graph: ModelGraph

    @cached_property
    def keys(self) -> StructureKeys:
        """The structure keys of the graph."""
        return structure_keys(self.graph)

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """The paths of the children of each module, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for module in self.graph.modules:
            if module.parent is not None:
                found[module.parent].append(module.path)
        return found

    @cached_property
    def places(self) -> dict[str, int]:
        """The position of each module in the graph."""
        return {module.path: place for place, module in enumerate(self.graph.modules)}

    def below(self, path: str) -> Iterator[Module]:
        """The module at a path and all inside it: they stand in a row in the graph."""
        inside = f"{path}." if path else ""
        for module in self.graph.modules[self.places[path] :]:
            if module.path != path and not module.path.startswith(inside):
                return
            yield module

    def key(self, path: str) -> str:
        """The structure key of the module at a path."""
        return self.keys.modules[path]

    def module(self, path: str) -> Module:
        """The module at a path."""
        return self.graph.module(path)


def align(before: ModelGraph, after: ModelGraph) -> Alignment:
    """The modules of two graphs side by side."""
    result = Alignment(Side(before), Side(after))
    _match(result, *_roots(result))
    _find_moved(result)
    places = result.after.places
    result.pairs.sort(key=lambda pair: places[pair.after])
    return result


def _roots(result: Alignment) -> tuple[str, str]:
    """Where the two models meet: at their roots, or one at what the other wraps."""
    one, other = result.before, result.after
    if _class(one, "") != _class(other, ""):
        if inner := _inside(other, "", one, ""):
            result.wrapped[""] = Wrapping("", inner)
            return "", inner
        if inner := _inside(one, "", other, ""):
            result.unwrapped[""] = Wrapping("", inner)
            return inner, ""
    return "", ""


def _match(result: Alignment, before: str, after: str) -> None:
    """Pair two modules, and what is inside them."""
    waiting = [Pair(before, after)]
    while waiting:
        pair = waiting.pop()
        one, other = result.before, result.after
        whole = one.key(pair.before) == other.key(pair.after)
        if not whole and pair.before not in result.wrapped and _is_wrapped(result, pair):
            continue
        result.pairs.append(Pair(pair.before, pair.after, whole, pair.renamed, pair.moved))
        if whole:
            inside = zip(one.below(pair.before), other.below(pair.after), strict=True)
            result.pairs += [Pair(a.path, b.path, True) for a, b in inside][1:]
            continue
        waiting += _children(result, pair.before, pair.after)


def _is_wrapped(result: Alignment, pair: Pair) -> bool:
    """Whether one of the two holds the other, as a LoRA layer holds the linear it adapts."""
    one, other = result.before, result.after
    if _class(one, pair.before) == _class(other, pair.after):
        return False
    if pair.after in result.unwrapped:
        return False
    if inner := _inside(other, pair.after, one, pair.before):
        result.wrapped[pair.before] = Wrapping(pair.after, inner)
        _match(result, pair.before, inner)
        return True
    if inner := _inside(one, pair.before, other, pair.after):
        result.unwrapped[pair.after] = Wrapping(pair.before, inner)
        _match(result, inner, pair.after)
        return True
    return False


_WRAPPING_DEPTH = 3


def _inside(outer: Side, path: str, inner: Side, wanted: str) -> str | None:
    """Where ``outer`` has, some levels below ``path``, the module that ``inner`` has at a path."""
    if not inner.module(wanted).parameters and not inner.children[wanted]:
        return None
    level = outer.children[path]
    for _ in range(_WRAPPING_DEPTH):
        found = [p for p in level if _same_layer(outer.module(p), inner.module(wanted))]
        equal = [p for p in found if outer.key(p) == inner.key(wanted)]
        if equal or len(found) == 1:
            return (equal or found)[0]
        level = [child for p in level for child in outer.children[p]]
    return None


def _same_layer(one: Module, other: Module) -> bool:
    """Whether two modules are one layer, which may be frozen in one of the two places."""
    shapes = [(p.name, p.shape) for p in one.parameters] == [
        (p.name, p.shape) for p in other.parameters
    ]
    return one.class_name == other.class_name and one.config == other.config and shapes


def _class(side: Side, path: str) -> str:
    return side.module(path).class_name


def _children(result: Alignment, before: str, after: str) -> list[Pair]:
    """The pairs among the children of two modules; what is left over is noted."""
    one, other = result.before, result.after
    mine, theirs = one.children[before], other.children[after]
    if _numbered(mine) and _numbered(theirs):
        return _sequences(result, mine, theirs)
    names = {_name(path): path for path in theirs}
    pairs: list[Pair] = []
    left: list[str] = []
    for path in mine:
        partner = names.pop(_name(path), None)
        if partner is None:
            left.append(path)
        else:
            pairs.append(Pair(path, partner))
    rest = list(names.values())
    for path in list(left):
        partner = _partner(result, path, left, rest, mine, theirs)
        if partner is not None:
            left.remove(path)
            rest.remove(partner)
            pairs.append(Pair(path, partner, renamed=True))
    result.removed += left
    result.added += rest
    return pairs


def _partner(
    result: Alignment,
    path: str,
    left: Sequence[str],
    rest: Sequence[str],
    mine: Sequence[str],
    theirs: Sequence[str],
) -> str | None:
    """What a child was renamed to: one of equal structure, or the same kind in the same place."""
    one, other = result.before, result.after
    equal = [p for p in rest if other.key(p) == one.key(path)]
    place = mine.index(path)
    if equal:
        return min(equal, key=lambda p: abs(theirs.index(p) - place))
    alike = [p for p in rest if _alike(one, path, other, p)]
    same = [p for p in left if _alike(one, path, one, p)]
    if len(alike) == 1 and len(same) == 1 and theirs.index(alike[0]) == place:
        return alike[0]
    return None


def _alike(one: Side, path: str, other: Side, partner: str) -> bool:
    names = [_name(child) for child in one.children[path]]
    return _class(one, path) == _class(other, partner) and names == [
        _name(child) for child in other.children[partner]
    ]


def _numbered(paths: Sequence[str]) -> bool:
    return bool(paths) and all(_name(path).isdigit() for path in paths)


def _name(path: str) -> str:
    return path.rpartition(".")[2]


# -- sequences ----------------------------------------------------------------------------------


def _sequences(result: Alignment, mine: Sequence[str], theirs: Sequence[str]) -> list[Pair]:
    """The pairs among the children of two numbered containers."""
    keys = [*map(result.before.key, mine)], [*map(result.after.key, theirs)]
    kinds = (
        [_class(result.before, path) for path in mine],
        [_class(result.after, path) for path in theirs],
    )
    if kinds[0] == kinds[1]:
        return [Pair(a, b) for a, b in zip(mine, theirs, strict=True)]
    rows = _Rows(mine, keys[0]), _Rows(theirs, keys[1])
    pairs: list[Pair] = []
    for equal, a0, a1, b0, b1 in opcodes(*keys):
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
                result.removed += ours
                result.added += others
            else:
                _surplus(result, rows, spans)
    return pairs


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


Spans = tuple[tuple[int, int], tuple[int, int]]


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


def _find_moved(result: Alignment) -> None:
    """Pair what is gone from one place with what is new in another, where both are equal."""
    one, other = result.before, result.after
    places: dict[str, list[str]] = defaultdict(list)
    for path in result.added:
        places[other.key(path)].append(path)
    for path in list(result.removed):
        found = places.get(one.key(path))
        if not found:
            continue
        partner = next((p for p in found if _name(p) == _name(path)), found[0])
        same_parent = one.module(path).parent == other.module(partner).parent
        if not same_parent and not _is_distinct(one, path) and _name(path) != _name(partner):
            continue  # any ReLU equals any other
        found.remove(partner)
        result.removed.remove(path)
        result.added.remove(partner)
        result.pairs.append(Pair(path, partner, whole=True, moved=True))
        inside = zip(one.below(path), other.below(partner), strict=True)
        result.pairs += [Pair(a.path, b.path, True) for a, b in inside][1:]


def _is_distinct(side: Side, path: str) -> bool:
    return any(module.parameters for module in side.below(path))
