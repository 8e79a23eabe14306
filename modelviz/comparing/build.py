"""From two graphs to a diff."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..analysis.align import align
from ..analysis.alignment import Alignment, Pair, Side, Wrapping, name_of
from ..analysis.figures import NOTHING, Figures, held_by, ran_by, with_held
from ..dotted import relative, with_ancestors
from ..graph import ModelGraph, Module
from ..sources.weights import as_weights, holds_weights_alone
from .causes import Cause, find_causes
from .changes import Change, Detail, Kind
from .details import class_names, contents
from .difference import Diff, Totals
from .own_figures import own_figures


def compare(before: ModelGraph, after: ModelGraph, names: tuple[str, str] | None = None) -> Diff:
    """What changed from one graph to the other; ``names`` are what their reader calls them.

    Where only one of them ran, it is compared what they consist of; where one is a file of weights,
    what both hold.
    """
    given = before, after
    weights = holds_weights_alone(before), holds_weights_alone(after)
    if weights == (True, False):
        after = as_weights(after, before)
    elif weights == (False, True):
        before = as_weights(before, after)
    ran = bool(before.calls), bool(after.calls)
    if ran[0] != ran[1]:
        before, after = before.modules_alone(), after.modules_alone()
    alignment = align(before, after)
    owned = _own_figures(before), _own_figures(after)
    totals = Totals(*(sum(own.values(), NOTHING) for own in owned))
    structural = list(_structural(alignment))
    changes = [change for change, _ in structural]
    charged = {path: place for place, (_, paths) in enumerate(structural) for path in paths}
    causes, following = find_causes(alignment)
    for cause in causes:
        place = _place(alignment, changes, cause)
        if place is None:
            place = len(changes)
            changes.append(_changed(alignment, cause))
        else:
            details = (*changes[place].details, *_named_inside(alignment, cause))
            changes[place] = replace(changes[place], details=details)
        charged[f"> {cause.pair.after}"] = place
        for pair in cause.consequences:
            charged.setdefault(f"> {pair.after}", place)
        for path in _replaced(alignment, cause.pair):
            charged[path] = place
    for cause in causes:
        # What runs in the other's name, once two are one module, is no change of the other.
        for path in _shared_by(alignment, cause.pair):
            charged.setdefault(f"> {path}", charged[f"> {cause.pair.after}"])
    nearest = _nearest(alignment, charged)
    changes = _with_costs(alignment, changes, charged, nearest, owned)
    changes = _with_followers(changes, nearest, following)
    grouped = tuple(_grouped(alignment, _ordered(alignment, changes)))
    figures = own_figures(*given, alignment.pairs)
    both = names or (before.name, after.name)
    one_file = weights[0] != weights[1]
    return Diff(before, after, grouped, totals, both, figures, ran[0] != ran[1], one_file)


Costing = tuple[Change, list[str]]
"""A change, and the paths of the modules whose figures it explains."""


def _structural(alignment: Alignment) -> Iterator[Costing]:
    """What came, went, was renamed, moved, wrapped or repeated."""
    yield from _unmatched("removed", alignment.before, alignment.removed)
    yield from _unmatched("added", alignment.after, alignment.added)
    yield from _longer_or_shorter(alignment)
    yield from _wrapped(alignment)
    for pair in alignment.pairs:
        if pair.renamed or pair.moved:
            kind: Kind = "renamed" if pair.renamed else "moved"
            yield _change_of(alignment, pair.before, pair.after, kind=kind), []


def _change_of(
    alignment: Alignment, before: str, after: str, *details: Detail, kind: Kind = "changed"
) -> Change:
    return Change(kind, before, after, details, alignment.after.module(after).class_name)


def _unmatched(kind: Kind, side: Side, paths: Iterable[str]) -> Iterator[Costing]:
    gone = kind == "removed"
    for path in paths:
        module = side.module(path)
        told = module.shared_with and f"the same module as {module.shared_with}"
        details = (Detail("sharing", *((told, None) if gone else (None, told))),) if told else ()
        before, after = (path, None) if gone else (None, path)
        below = [f"{'<' if gone else '>'} {one.path}" for one in side.below(path)]
        yield Change(kind, before, after, details, module.class_name), below


def _longer_or_shorter(alignment: Alignment) -> Iterator[Costing]:
    one, other = alignment.before, alignment.after
    for run in alignment.runs:
        before, after = run.before.rpartition(".")[0], run.after.rpartition(".")[0]
        extended = [path for path in alignment.extended if path.rpartition(".")[0] == after]
        shortened = [path for path in alignment.shortened if path.rpartition(".")[0] == before]
        paths = [f"> {m.path}" for path in extended for m in other.below(path)]
        paths += [f"< {m.path}" for path in shortened for m in one.below(path)]
        yield _change_of(alignment, run.before, run.after, Detail("copies", *run.copies)), paths


def _wrapped(alignment: Alignment) -> Iterator[Costing]:
    one, other = alignment.before, alignment.after
    for before, wrapping in alignment.wrapped.items():
        names = _classes(one.module(before), other.module(wrapping.outer))
        detail = Detail("class", names[0], _around(names, other, wrapping))
        beside = list(_beside(other, wrapping))
        paths = [f"> {path}" for path in _consists_of(other, wrapping, beside)]
        yield _change_of(alignment, before, wrapping.outer, detail), paths
        yield from _unmatched("added", other, beside)
    for after, wrapping in alignment.unwrapped.items():
        names = _classes(other.module(after), one.module(wrapping.outer))
        detail = Detail("class", _around(names, one, wrapping), names[0])
        beside = list(_beside(one, wrapping))
        paths = [f"< {path}" for path in _consists_of(one, wrapping, beside)]
        yield _change_of(alignment, wrapping.outer, after, detail), paths
        yield from _unmatched("removed", one, beside)


def _classes(one: Module, other: Module) -> tuple[str, str]:
    return class_names(one, other) or (one.class_name, other.class_name)


def _around(names: tuple[str, str], side: Side, wrapping: Wrapping) -> str:
    """What a wrapper is called: where its class does not tell, with what it holds, or as what."""
    wrapped, wrapper = names
    if wrapped == wrapper or not wrapping.outer:
        return f"{wrapper} around it, as {wrapping.inner}"
    return wrapper + contents(side, wrapping.outer)


def _beside(side: Side, wrapping: Wrapping) -> Iterator[str]:
    """What a model holds beside the other one that it wraps; a wrapped layer's are its own."""
    if not wrapping.outer:
        above = tuple(with_ancestors(wrapping.inner))
        for path in above[1:]:
            yield from (child for child in side.children(path) if child not in above)


def _consists_of(side: Side, wrapping: Wrapping, beside: Sequence[str]) -> Iterator[str]:
    """What a wrapper consists of itself, without what it wraps and what stands beside that."""
    apart = {m.path for path in (wrapping.inner, *beside) for m in side.below(path)}
    return (m.path for m in side.below(wrapping.outer) if m.path not in apart)


def _place(alignment: Alignment, changes: Iterable[Change], cause: Cause) -> int | None:
    """The change that says already that the pair was renamed, moved or wrapped."""
    before, after = cause.pair.before, cause.pair.after
    if before in alignment.wrapped:
        after = alignment.wrapped[before].outer
    elif after in alignment.unwrapped:
        before = alignment.unwrapped[after].outer
    for place, change in enumerate(changes):
        copies = any(detail.field == "copies" for detail in change.details)
        if change.before == before and change.after == after and not copies:
            return place
    return None


def _named_inside(alignment: Alignment, cause: Cause) -> Iterator[Detail]:
    """The details of a cause; those of what is wrapped say so."""
    wrapping = alignment.wrapped.get(cause.pair.before)
    wrapped_before = alignment.unwrapped.get(cause.pair.after)
    for detail in cause.details:
        if wrapping is not None and detail.field in ("trainable", "dtype"):
            name = relative(wrapping.inner, wrapping.outer)
            yield replace(detail, after=f"{name}: {detail.after}")
        elif wrapped_before is not None and detail.field in ("trainable", "dtype"):
            name = relative(wrapped_before.inner, wrapped_before.outer)
            yield replace(detail, before=f"{name}: {detail.before}")
        else:
            yield detail


def _replaced(alignment: Alignment, pair: Pair) -> Iterator[str]:
    """What came and went inside a module with the module itself."""
    replaced = alignment.replaced.get(pair.after)
    if replaced is not None:
        for path in replaced.before:
            yield from (f"< {module.path}" for module in alignment.before.below(path))
        for path in replaced.after:
            yield from (f"> {module.path}" for module in alignment.after.below(path))


def _shared_by(alignment: Alignment, pair: Pair) -> Iterator[str]:
    """The modules that a pair became one with, or was one with before, by their paths after."""
    one, other = alignment.before.module(pair.before), alignment.after.module(pair.after)
    if one.shared_with is None and other.shared_with is not None:
        shared: str | None = other.shared_with
    elif one.shared_with is not None and other.shared_with is None:
        shared = alignment.stands.get(one.shared_with)
    else:
        return
    if shared is not None:
        yield from (module.path for module in alignment.after.below(shared))


def _changed(alignment: Alignment, cause: Cause) -> Change:
    pair = cause.pair
    made = _change_of(alignment, pair.before, pair.after, *cause.details)
    if {"training", "trainable", "dtype"}.issuperset(detail.field for detail in cause.details):
        return made
    paths = tuple(consequence.after for consequence in cause.consequences if consequence != pair)
    return replace(made, consequences=paths)


def _own_figures(graph: ModelGraph) -> dict[str, Figures]:
    """What each module holds and runs itself; a tensor counts where it is held first."""
    ran = ran_by(graph, [graph.calls[op.call].module for op in graph.ops])
    seen: set[str] = set()
    found: dict[str, Figures] = {}
    for module in graph.modules:
        tensors = held_by(module)
        added = [held for key, held in tensors.items() if key not in seen]
        seen.update(tensors)
        found[module.path] = with_held(ran.get(module.path, NOTHING), added)
    return found


def _with_costs(
    alignment: Alignment,
    changes: list[Change],
    charged: Mapping[str, int],
    nearest: Mapping[str, int],
    owned: tuple[Mapping[str, Figures], Mapping[str, Figures]],
) -> list[Change]:
    """The changes with what each adds; all together they make the whole difference."""
    costs: dict[int, Figures] = defaultdict(Figures)
    before, after = owned
    paired = {pair.before for pair in alignment.pairs}, {pair.after for pair in alignment.pairs}
    for pair in alignment.pairs:
        difference = after[pair.after] - before[pair.before]
        if difference != NOTHING:
            costs[nearest[pair.after]] += difference
    for path, figures in before.items():
        if path not in paired[0]:
            costs[charged.get(f"< {path}", 0)] += NOTHING - figures
    for path, figures in after.items():
        if path not in paired[1]:
            costs[charged.get(f"> {path}", 0)] += figures
    return [replace(change, cost=costs[place]) for place, change in enumerate(changes)]


def _nearest(alignment: Alignment, charged: Mapping[str, int]) -> dict[str, int]:
    """By the path after of a pair: its change, or the last one before it in the order of both."""
    gone: dict[str, int] = {}
    latest: int | None = None
    for module in alignment.before.graph.modules:
        latest = charged.get(f"< {module.path}", latest)
        if module.path in alignment.stands:
            if latest is not None:
                gone[alignment.stands[module.path]] = latest
            latest = None
    found: dict[str, int] = {}
    last = 0
    for module in alignment.after.graph.modules:
        last = charged.get(f"> {module.path}", gone.get(module.path, last))
        found[module.path] = last
    return found


def _with_followers(
    changes: list[Change],
    nearest: Mapping[str, int],
    following: Iterable[Pair],
) -> list[Change]:
    """The changes of what came or went, with the layers after them that have other sizes for it."""
    found: dict[int, list[str]] = defaultdict(list)
    for pair in following:
        found[nearest[pair.after]].append(pair.after)
    return [
        replace(change, consequences=(*change.consequences, *found[place]))
        if place in found and change.kind in ("added", "removed")
        else change
        for place, change in enumerate(changes)
    ]


def _ordered(alignment: Alignment, changes: list[Change]) -> list[Change]:
    """The changes in the order of the second model; what is gone where it stood."""
    places, old = alignment.after.places, alignment.before.places
    partner = {pair.before: places[pair.after] for pair in alignment.pairs}

    def key(change: Change) -> tuple[float, int]:
        if change.after is not None:
            return places[change.after], 1
        here = old[change.before or ""]
        earlier = [place for path, place in partner.items() if old[path] < here]
        return max(earlier, default=0) + 0.5, here

    return sorted(changes, key=key)


def _grouped(alignment: Alignment, changes: Iterable[Change]) -> list[Change]:
    """The same change in blocks that repeat, of layers of one name, or of one class's forward."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        of_forward = _of_own_forward(alignment, change)
        groups.setdefault((change.kind, *_sameness(change, of_forward)), []).append(change)
    return [_merged(found) for found in groups.values()]


def _of_own_forward(alignment: Alignment, change: Change) -> bool:
    """Whether a change is one of what the user's own class computes, wherever it is used."""
    if change.kind != "changed" or not change.details or change.after is None:
        return False
    library = alignment.after.module(change.after).qualified_class.startswith("torch.nn.")
    return not library and {"ops", "flow", "buffers"}.issuperset(d.field for d in change.details)


def _sameness(change: Change, of_forward: bool) -> tuple[object, ...]:
    """What two changes of a kind have in common where they are the same in two places."""
    before, after = change.before or "", change.after or ""
    if change.kind == "moved":  # of two that changed places both are told by one
        return tuple(sorted((before, after)))
    if change.kind in ("added", "removed"):
        parent, _, name = change.path.rpartition(".")
        return (_BLOCK.sub("#", parent), name, change.details, change.class_name)
    if change.kind == "renamed":
        places = (_BLOCK.sub("#", path) for path in (before, after))
        return (*places, change.details, change.class_name)
    fields = {detail.field for detail in change.details}
    if of_forward:
        return (change.details, change.class_name)
    if "copies" in fields or not before or not after:
        return (before, after, change.details)
    names = (_NUMBER.sub("#", name_of(path)) for path in (before, after))
    if "class" in fields:  # whatever the sizes of the layers
        return (*names, _NUMBER.sub("#", "; ".join(map(str, change.details))), change.class_name)
    return (*names, change.details, change.class_name)


_NUMBER = re.compile(r"\d+")
_BLOCK = re.compile(r"(?:(?<=\.)|^)\d+(?=\.|$)")


def _merged(changes: list[Change]) -> Change:
    first = changes[0]
    if len(changes) == 1:
        return first
    return replace(
        first,
        also=tuple(change.path for change in changes[1:]),
        consequences=tuple(path for change in changes for path in change.consequences),
        cost=sum((change.cost for change in changes), NOTHING),
    )
