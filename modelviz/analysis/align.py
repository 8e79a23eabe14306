"""Which module of one graph is which of another.

Children of a pair of modules are matched by name and class, then by structure key, then by what
stands around them (``partners``). In a numbered container (``nn.Sequential``, ``nn.ModuleList``)
names are positions, so its children are matched as a sequence (``rows``). At last, what is gone
from one place and new in another has moved (``moves``).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import ModelGraph, Module
from .alignment import Alignment, Pair, Replaced, Side, Wrapping, name_of
from .moves import find_moved
from .partners import find_partners
from .rows import match_rows


def align(before: ModelGraph, after: ModelGraph) -> Alignment:
    """The modules of two graphs side by side."""
    result = Alignment(Side(before), Side(after))
    _match(result, *_roots(result))
    find_moved(result)
    places = result.after.places
    result.pairs.sort(key=lambda pair: places[pair.after])
    return result


def _roots(result: Alignment) -> tuple[str, str]:
    """Where the two models meet: at their roots, or one at what the other wraps."""
    one, other = result.before, result.after
    if one.kind("") != other.kind("") or _holds_the_other(result, Pair("", "")):
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


# -- wrapping -----------------------------------------------------------------------------------


def _is_wrapped(result: Alignment, pair: Pair) -> bool:
    """Whether one of the two holds the other, as a LoRA layer holds the linear it adapts."""
    one, other = result.before, result.after
    classes = one.module(pair.before), other.module(pair.after)
    if not _may_wrap(*classes) and not _holds_the_other(result, pair):
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


def _may_wrap(one: Module, other: Module) -> bool:
    """Whether two modules are of different classes, be they of one name (``lora.Linear``)."""
    if one.class_name != other.class_name:
        return True
    return one.qualified_class != other.qualified_class and not _same_layer(one, other)


def _holds_the_other(result: Alignment, pair: Pair) -> bool:
    """Whether one of two modules of one class has all of the other as a child.

    So does ``nn.Sequential(first, encoder)`` in the place of an ``encoder`` that is one itself.
    """
    one, other = result.before, result.after
    return any(
        other.key(child) == one.key(pair.before) for child in other.children(pair.after)
    ) or any(one.key(child) == other.key(pair.after) for child in one.children(pair.before))


_WRAPPING_DEPTH = 3


def _inside(outer: Side, path: str, inner: Side, wanted: str) -> str | None:
    """Where ``outer`` has, some levels below ``path``, the module that ``inner`` has at a path."""
    if not inner.module(wanted).parameters and not inner.children(wanted):
        return None
    level = outer.children(path)
    for _ in range(_WRAPPING_DEPTH):
        found = [p for p in level if _same_layer(outer.module(p), inner.module(wanted))]
        equal = [p for p in found if outer.key(p) == inner.key(wanted)]
        if equal or len(found) == 1:
            return (equal or found)[0]
        level = [child for p in level for child in outer.children(p)]
    return None


def _same_layer(one: Module, other: Module) -> bool:
    """Whether two modules are one layer, which may be frozen in one of the two places."""
    shapes = [(p.name, p.shape) for p in one.parameters] == [
        (p.name, p.shape) for p in other.parameters
    ]
    return one.class_name == other.class_name and one.config == other.config and shapes


# -- children -----------------------------------------------------------------------------------


def _children(result: Alignment, before: str, after: str) -> list[Pair]:
    """The pairs among the children of two modules; what is left over is noted."""
    mine, theirs = result.before.children(before), result.after.children(after)
    if _numbered(mine) and _numbered(theirs):
        return match_rows(result, mine, theirs)
    names = {name_of(path): path for path in theirs}
    same = {path: names[name_of(path)] for path in mine if name_of(path) in names}
    renamed = find_partners(result, mine, theirs, same)
    pairs = [Pair(path, partner) for path, partner in same.items()]
    pairs += [Pair(path, partner, renamed=True) for path, partner in renamed.items()]
    matched = {pair.before for pair in pairs}, {pair.after for pair in pairs}
    left = [path for path in mine if path not in matched[0]]
    rest = [path for path in theirs if path not in matched[1]]
    if not pairs and _is_another(result, before, after):
        result.replaced[after] = Replaced(tuple(left), tuple(rest))
        return []
    result.removed += left
    result.added += rest
    return pairs


def _is_another(result: Alignment, before: str, after: str) -> bool:
    """Whether two modules, which share nothing that they hold, are two that stand in one place.

    Such are modules of two classes, and a layer that got its weights from parts of its own, as
    where it is parametrized.
    """
    one, other = result.before.module(before), result.after.module(after)
    if not before or not after:
        return False  # of two models it is told what each consists of
    if one.class_name != other.class_name:
        return True
    one_is_leaf = not (result.before.children(before) and result.after.children(after))
    names = [[p.name for p in module.parameters] for module in (one, other)]
    return one_is_leaf and names[0] != names[1]


def _numbered(paths: Sequence[str]) -> bool:
    return bool(paths) and all(name_of(path).isdigit() for path in paths)
