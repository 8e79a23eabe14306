"""From differences to causes: what follows from another change is folded under it.

A changed width changes the layers that read it. A layer is a consequence where all its differences
are numbers that are explained: each went the way of a dimension of its inputs, or of the change
that is the cause, or stayed in proportion to one that did.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..analysis.align import Alignment, Pair
from ..analysis.paths import with_ancestors
from .changes import Detail, Field
from .details import Touched, input_shapes, model_inputs, own_details, run_details

_NUMBER = re.compile(r"\d+")
_HOISTED: tuple[Field, ...] = ("training", "trainable", "dtype")

Numbers = frozenset[tuple[int, int]]


@dataclass
class Cause:
    """A pair of modules that differ on their own account, how, and what follows from it."""

    pair: Pair
    details: list[Detail]
    consequences: list[Pair] = field(default_factory=list)
    numbers: Numbers = frozenset()


def find_causes(alignment: Alignment) -> list[Cause]:
    """The causes among the pairs of two graphs, in the order in which they ran."""
    details = {pair: own_details(alignment, pair) for pair in alignment.pairs}
    _tell_sharing_once(details)
    hoisted = _hoist(alignment, details)
    touched = _touched(alignment)
    cast = {cause.pair.after for cause in hoisted if cause.details[0].field == "dtype"}
    for pair in alignment.pairs:
        if pair.whole or any(path in cast for path in with_ancestors(pair.after)):
            continue  # what a cast model runs converts and compares in other types
        if not _explains_run(alignment, pair, details[pair]):
            details[pair] += run_details(alignment, pair, touched.get(pair.after, Touched()))
    structural = bool(touched) or bool(alignment.wrapped or alignment.unwrapped)
    inputs = model_inputs(alignment)
    if inputs is not None and any(_casts(cause.details[0], inputs) for cause in hoisted):
        inputs = None
    causes = list(hoisted)
    root = next((pair for pair in alignment.pairs if not pair.after or not pair.before), None)
    if inputs is not None and root is not None:
        causes.append(Cause(root, [inputs]))
    numeric: list[Cause] = []
    for pair in _in_order(alignment):
        found = details[pair]
        if not found:
            continue
        numbers = _numbers(found)
        reason = _reason(alignment, pair, found, numbers, numeric, structural, inputs is not None)
        if reason is None:
            cause = Cause(pair, found, numbers=numbers or frozenset())
            causes.append(cause)
            numeric.append(cause)
        elif isinstance(reason, Cause):
            reason.consequences.append(pair)
    return causes


def _reason(
    alignment: Alignment,
    pair: Pair,
    found: Sequence[Detail],
    numbers: Numbers | None,
    causes: Sequence[Cause],
    structural: bool,
    other_inputs: bool,
) -> Cause | bool | None:
    """The cause of a pair's differences; True where it is no single pair; None: it is one."""
    if numbers is None:
        return None
    given = _input_numbers(alignment, pair)
    for cause in reversed(causes):
        known = cause.numbers | given
        explained = all(_follows(number, known) for number in numbers)
        if explained and (given or numbers <= cause.numbers or not _called(alignment, pair)):
            return cause
    held = any(detail.field in ("parameters", "buffers") for detail in found)
    reasons = structural or bool(causes) or (other_inputs and not held)
    if given and reasons and all(_follows(number, given) for number in numbers):
        return causes[-1] if causes else True
    return None


def _explains_run(alignment: Alignment, pair: Pair, details: Sequence[Detail]) -> bool:
    """Whether what a module runs differs because of what it is."""
    if any(detail.field == "class" for detail in details):
        return True
    library = alignment.after.module(pair.after).qualified_class.startswith("torch.nn.")
    return library and bool(details)


def _called(alignment: Alignment, pair: Pair) -> bool:
    return bool(alignment.after.graph.calls_of(pair.after))


def _follows(number: tuple[int, int], known: Iterable[tuple[int, int]]) -> bool:
    """Whether a number is one of the known ones, or changed in proportion to one of them."""
    before, after = number
    return any(before * new == after * old for old, new in known if old and new and before)


def _input_numbers(alignment: Alignment, pair: Pair) -> Numbers:
    """How the dimensions of what a module is given changed."""
    before = input_shapes(alignment.before.graph, pair.before)
    after = input_shapes(alignment.after.graph, pair.after)
    return frozenset(
        (a, b)
        for one, other in zip(before, after, strict=False)
        if len(one) == len(other)
        for a, b in zip(one, other, strict=True)
        if a != b
    )


def _numbers(details: Sequence[Detail]) -> Numbers | None:
    """The numbers that differ, where nothing else does."""
    found: set[tuple[int, int]] = set()
    for detail in details:
        if detail.field not in ("config", "parameters", "buffers", "ops", "shapes"):
            return None
        if not isinstance(detail.before, str) or not isinstance(detail.after, str):
            return None
        if _NUMBER.sub("#", detail.before) != _NUMBER.sub("#", detail.after):
            return None
        texts = _NUMBER.findall(detail.before), _NUMBER.findall(detail.after)
        found |= {(int(a), int(b)) for a, b in zip(*texts, strict=True) if a != b}
    return frozenset(found)


def _in_order(alignment: Alignment) -> list[Pair]:
    """The pairs as they ran: a module after what is inside it."""
    ends: dict[str, tuple[int, int]] = {}
    for call in alignment.after.graph.calls:
        ends.setdefault(call.module, (call.stop, -call.id))
    last = (len(alignment.after.graph.ops) + 1, 0)
    places = alignment.after.places

    def key(pair: Pair) -> tuple[tuple[int, int], int]:
        ran = ends.get(alignment.after.module(pair.after).shared_with or pair.after)
        return (last, places[pair.after]) if ran is None else (ran, -places[pair.after])

    return sorted(alignment.pairs, key=key)


def _touched(alignment: Alignment) -> dict[str, Touched]:
    """By the path after of a module: what came, went or moved inside it."""
    gone = [*alignment.removed, *alignment.shortened]
    new = [*alignment.added, *alignment.extended]
    for pair in alignment.pairs:
        if pair.moved:
            gone.append(pair.before)
            new.append(pair.after)
    before: dict[str, set[str]] = defaultdict(set)
    after: dict[str, set[str]] = defaultdict(set)
    # Whoever holds a container calls what is in it, so that all above are concerned.
    for path in gone:
        for above in with_ancestors(path.rpartition(".")[0]):
            if above in alignment.stands:
                before[alignment.stands[above]].add(path)
    for path in new:
        for above in with_ancestors(path.rpartition(".")[0]):
            after[above].add(path)
    return {
        path: Touched(frozenset(before[path]), frozenset(after[path])) for path in {*before, *after}
    }


def _hoist(alignment: Alignment, details: dict[Pair, list[Detail]]) -> list[Cause]:
    """Causes for what was done to a whole subtree: frozen, cast, put into another mode.

    They are taken out of ``details``.
    """
    causes = []
    by_path = {pair.after: pair for pair in alignment.pairs}
    children = alignment.after.children
    for name in _HOISTED:
        state: dict[str, Detail | None] = {}
        for pair in reversed(alignment.pairs):
            own = [detail for detail in details[pair] if detail.field == name]
            concerned = _concerned(alignment, pair, name)
            values = {state[child] for child in children[pair.after] if child in state}
            if concerned:
                values.add(own[0] if len(own) == 1 else None)
            if values:
                state[pair.after] = values.pop() if len(values) == 1 else None
        for path, detail in state.items():
            parent = path.rpartition(".")[0] if path else None
            above = state.get(parent) if parent is not None else None
            if detail is None or above == detail:
                continue
            inner = _innermost(alignment, path, state, name)
            cause = Cause(by_path[inner], [detail])
            for module in alignment.after.below(path):
                inside = by_path.get(module.path)
                if inside is not None and detail in details[inside]:
                    details[inside].remove(detail)
                    cause.consequences.append(inside)
            causes.append(cause)
    return causes


def _casts(detail: Detail, inputs: Detail) -> bool:
    """Whether inputs differ in nothing but the dtype that the model was cast to."""
    before, after = str(detail.before), str(detail.after)
    return detail.field == "dtype" and str(inputs.before).replace(before, after) == inputs.after


def _tell_sharing_once(details: dict[Pair, list[Detail]]) -> None:
    """Where a module is shared, so is all inside it, which needs no words of its own."""
    shared = {pair.after for pair, found in details.items() for d in found if _shares_module(d)}
    for pair, found in details.items():
        above = any(path in shared for path in with_ancestors(pair.after.rpartition(".")[0]))
        own = pair.after in shared
        found[:] = [
            detail
            for detail in found
            if detail.field != "sharing"
            or (_shares_module(detail) and not above)
            or not (own or above)
        ]


def _shares_module(detail: Detail) -> bool:
    text = str(detail.after if detail.before is None else detail.before)
    return detail.field == "sharing" and text.startswith("the same module")


def _innermost(
    alignment: Alignment, path: str, state: dict[str, Detail | None], name: Field
) -> str:
    """The module itself where a path holds just one that is concerned."""
    while name != "training":
        inside = [child for child in alignment.after.children[path] if child in state]
        if alignment.after.module(path).parameters or len(inside) != 1:
            break
        path = inside[0]
    return path


def _concerned(alignment: Alignment, pair: Pair, name: Field) -> bool:
    """Whether a module has something that could differ so."""
    return name == "training" or bool(alignment.after.module(pair.after).parameters)
