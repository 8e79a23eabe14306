"""From differences to causes: what follows from another change is folded under it.

A changed width changes the layers that read it. A layer is a consequence where all its differences
are numbers that are explained: each went the way of a dimension of its inputs, or of the change
that is the cause, or stayed in proportion to one that did.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..analysis.alignment import Alignment, Pair, name_of
from ..dotted import with_ancestors
from ..graph import ModelGraph
from .changes import Detail, Field
from .details import model_inputs, own_details
from .numbers import Numbers, Sizes, follows, is_product, numbers_of, sizes_given, sizes_made
from .steps import Touched, keys_of_result, run_details

_HOISTED: tuple[Field, ...] = ("training", "trainable", "dtype")


@dataclass
class Cause:
    """A pair of modules that differ on their own account, how, and what follows from it.

    ``sizes`` are those that the change is about, and ``made`` those of what the module gives that
    changed with it.
    """

    pair: Pair
    details: list[Detail]
    consequences: list[Pair] = field(default_factory=list)
    sizes: Sizes = frozenset()
    made: Sizes = frozenset()


def find_causes(alignment: Alignment) -> tuple[list[Cause], list[Pair]]:
    """The causes among the pairs of two graphs, in the order in which they ran.

    Beside them, the pairs that differ because of what came, went or is given to the model.
    """
    details = {pair: own_details(alignment, pair) for pair in alignment.pairs}
    _tell_sharing_once(details)
    hoisted = _hoist(alignment, details)
    touched = _touched(alignment)
    cast = {cause.pair.after for cause in hoisted if cause.details[0].field == "dtype"}
    for pair in alignment.pairs:
        if _is_whole(alignment, pair) or any(path in cast for path in with_ancestors(pair.after)):
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
    given = frozenset() if inputs is None or root is None else sizes_given(alignment, root)
    search = _Search(alignment, details, structural, inputs is not None, given)
    return causes + search.causes_and_consequences(), search.following


@dataclass
class _Search:
    """Tells what differs by itself from what follows from something else."""

    alignment: Alignment
    details: Mapping[Pair, list[Detail]]
    structural: bool
    other_inputs: bool
    model_given: Sizes
    found: list[Cause] = field(default_factory=list)
    following: list[Pair] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pairs = {pair.after: pair for pair in self.alignment.pairs}

    def causes_and_consequences(self) -> list[Cause]:
        """The causes, each with what follows from it."""
        numbers = {pair: numbers_of(found) for pair, found in self.details.items() if found}
        # What a module does is known to have changed before it is known what its parts give.
        around = {
            pair.after: Cause(pair, self.details[pair], made=sizes_made(self.alignment, pair))
            for pair, found in numbers.items()
            if found is None
        }
        for pair in _in_order(self.alignment):
            if not self.details[pair]:
                continue
            own = numbers[pair]
            reason = self._same_settings(pair) if own is None else self._reason(pair, own, around)
            if own is None and reason is None:
                self.found.append(around[pair.after])
                continue
            if own is not None and reason is None:
                made = sizes_made(self.alignment, pair)
                self.found.append(Cause(pair, self.details[pair], sizes=own.sizes, made=made))
            elif isinstance(reason, Cause):
                reason.consequences.append(pair)
            else:
                self.following.append(pair)
        return self.found

    def _same_settings(self, pair: Pair) -> Cause | None:
        """The cause with the same settings, where what both give has to be of one size.

        Such are the stride of a block and that of the convolution on its shortcut.
        """
        details = self.details[pair]
        if any(detail.field != "config" for detail in details):
            return None
        made = sizes_made(self.alignment, pair)
        alike = (c for c in reversed(self.found) if made and c.made == made)
        return next((c for c in alike if all(detail in c.details for detail in details)), None)

    def _reason(self, pair: Pair, own: Numbers, around: Mapping[str, Cause]) -> Cause | bool | None:
        """The cause of a pair's differences; True where it is no single pair; None: it is one."""
        given = sizes_given(self.alignment, pair)
        if given:
            return self._reason_of_given(pair, own, given, around)
        for cause in reversed(self.found):
            known = cause.sizes | cause.made
            if own.follow(known) and not _same_change(self.details[pair], pair, cause):
                called = _called(self.alignment, pair)
                told = all(size in known or is_product(size, cause.made) for size in own.sizes)
                if not called or (told and self._is_bound(pair, known)):
                    return cause
        return True if own.follow(self.model_given) and not self._holds(pair) else None

    def _reason_of_given(
        self, pair: Pair, own: Numbers, given: Sizes, around: Mapping[str, Cause]
    ) -> Cause | bool | None:
        """The same for a module that is given other sizes."""
        given |= self._made_inside(pair)
        explained = own.follow(given)
        for cause in reversed(self.found):
            known = cause.sizes | cause.made
            if not own.follow(cause.sizes | given):
                continue
            if any(follows(size, known) for size in (*own.sizes, *given)):
                return cause
        if not explained:
            return None
        for path in with_ancestors(pair.after):
            if path in around and path != pair.after:
                return around[path]
        if self.found:
            return self.found[-1]
        return True if self.structural or (self.other_inputs and not self._holds(pair)) else None

    def _made_inside(self, pair: Pair) -> Sizes:
        """How the dimensions changed that its parts give, where they are no causes themselves."""
        causes = {cause.pair.after for cause in self.found}
        inside = self.alignment.after.children(pair.after)
        stand = [self.pairs[path] for path in inside if path in self.pairs and path not in causes]
        return frozenset().union(*(sizes_made(self.alignment, part) for part in stand))

    def _holds(self, pair: Pair) -> bool:
        """Whether the tensors differ that a module holds."""
        return any(detail.field in ("parameters", "buffers") for detail in self.details[pair])

    def _is_bound(self, pair: Pair, known: Sizes) -> bool:
        """Whether a module gives a size that changed, or computes with it alone."""
        if {"ops", "buffers"}.issuperset(detail.field for detail in self.details[pair]):
            return True
        return any(follows(size, known) for size in sizes_made(self.alignment, pair))


def _same_change(details: Sequence[Detail], pair: Pair, cause: Cause) -> bool:
    """Whether a layer of the same name was changed in the same way: no effect, but once more."""
    if re.sub(r"\d+", "#", name_of(pair.after)) != re.sub(r"\d+", "#", name_of(cause.pair.after)):
        return False
    return list(details) == cause.details


def _is_whole(alignment: Alignment, pair: Pair) -> bool:
    """Whether two modules do the same, in the same types, and give it under the same names."""
    if not pair.whole:
        return False
    one, other = alignment.before.graph, alignment.after.graph
    if not (pair.before or pair.after) and keys_of_result(one) != keys_of_result(other):
        return False
    return _types_given(one, pair.before) == _types_given(other, pair.after)


def _types_given(graph: ModelGraph, path: str) -> list[str]:
    """The type of what each op gives that a module runs itself."""
    made = (graph.ops[op].outputs[:1] for call in graph.calls_of(path) for op in call.ops)
    return [graph.tensors[tensor].dtype for outputs in made for tensor in outputs]


def _explains_run(alignment: Alignment, pair: Pair, details: Sequence[Detail]) -> bool:
    """Whether what a module runs differs because of what it is.

    A class of the reader's under another name, which holds what the other did, is one of which it
    is told what it computes otherwise.
    """
    modules = alignment.before.module(pair.before), alignment.after.module(pair.after)
    if any(module.qualified_class.startswith("torch.nn.") for module in modules):
        return bool(details)
    if not any(detail.field == "class" for detail in details):
        return False
    wrapping = pair.before in alignment.wrapped or pair.after in alignment.unwrapped
    held = alignment.replaced.get(pair.after)
    return wrapping or (held is not None and bool(held.before or held.after))


def _called(alignment: Alignment, pair: Pair) -> bool:
    return bool(alignment.after.graph.calls_of(pair.after))


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
    for name in _HOISTED:
        state: dict[str, Detail | None] = {}
        for pair in reversed(alignment.pairs):
            own = [detail for detail in details[pair] if detail.field == name]
            concerned = _concerned(alignment, pair, name)
            below = alignment.after.children(pair.after)
            values = {state[child] for child in below if child in state}
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
        inside = [child for child in alignment.after.children(path) if child in state]
        if alignment.after.module(path).parameters or len(inside) != 1:
            break
        path = inside[0]
    return path


def _concerned(alignment: Alignment, pair: Pair, name: Field) -> bool:
    """Whether a module has something that could differ so."""
    return name == "training" or bool(alignment.after.module(pair.after).parameters)
