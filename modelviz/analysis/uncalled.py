"""Modules that nothing calls, and parameters that nothing reads, in the tree of a graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

from ..dotted import join, parameter_key
from ..graph import Call, ModelGraph, Module
from .drafts import Draft, Stretch, first_of
from .keys import StructureKeys
from .sight import sight_of
from .spans import find_spans, sibling


class Unused:
    """Which parameters no op read. Without a whole forward, that is not known of any."""

    def __init__(self, graph: ModelGraph) -> None:
        self._known = graph.execution != "none" and graph.failure is None
        used = graph.last_reads.keys() | sight_of(graph).escaped
        tensors = [graph.tensors[tensor] for tensor in used]
        self._read = {t.name for t in tensors if t.kind == "parameter"}

    def of(self, module: Module, call: Call | None = None) -> tuple[str, ...]:
        """Names of the module's own parameters that no op read.

        What a call without any op did with its parameters is not known.
        """
        if not module.parameters or not self._known:
            return ()
        if call is not None and call.start == call.stop:
            return ()
        return tuple(
            [
                parameter.name
                for parameter in module.parameters
                if not (parameter.packed or parameter.lazy)
                and parameter.numel
                and parameter_key(module, parameter) not in self._read
            ]
        )


def add_uncalled(graph: ModelGraph, keys: StructureKeys, unused: Unused, root: Draft) -> None:
    """Put every module that has no node yet after the sibling that it is defined after."""
    nodes = _first_nodes(root)
    missing: dict[str, list[Module]] = defaultdict(list)
    for module in graph.modules:
        parent = module.parent
        if parent is None:
            continue
        if first_of(graph, module).path in nodes or parent not in nodes:
            continue
        if graph.module(parent).shared_with is None:
            missing[parent].append(module)
    if not missing:
        return
    folds = _Folds(keys, unused)
    for parent, modules in missing.items():
        drafts = {module.path: _uncalled(graph, nodes[parent].path, module) for module in modules}
        folds.fold_below(drafts.values())
        _insert(nodes[parent], graph.children(parent), drafts, folds.stretches([*drafts.values()]))


def _first_nodes(root: Draft) -> dict[str, Draft]:
    """The first node about each module."""
    found: dict[str, Draft] = {}
    waiting = [root]
    while waiting:
        draft = waiting.pop()
        found.setdefault(draft.module.path, draft)
        waiting.extend(reversed(draft.children))
    return found


def _uncalled(graph: ModelGraph, parent: str, module: Module) -> Draft:
    """The node of a module that is never called, with everything below it."""
    top = Draft(join(parent, module.name), first_of(graph, module), "uncalled")
    waiting = [(top, module.path)]
    while waiting:
        draft, path = waiting.pop()
        for child in graph.children(path):
            below = Draft(join(draft.path, child.name), first_of(graph, child), "uncalled")
            draft.children.append(below)
            waiting.append((below, child.path))
    return top


def _insert(
    parent: Draft,
    siblings: Sequence[Module],
    drafts: Mapping[str, Draft],
    stretches: Sequence[Stretch],
) -> None:
    """Add nodes, by the path of their module, and their branches to those that are there."""
    present = {child.path for child in parent.children}
    after: dict[str | None, list[Draft]] = defaultdict(list)
    anchor: str | None = None
    for module in siblings:
        path = join(parent.path, module.name)
        if module.path in drafts:
            after[anchor].append(drafts[module.path])
        elif path in present:
            anchor = path
    last = {child.path: child for child in parent.children}
    children = [*after.get(None, ())]
    for child in parent.children:
        children.append(child)
        if last[child.path] is child:
            children += after.get(child.path, ())
    parent.children = children
    parent.branches = _ordered(children, [*parent.branches, *stretches])


def _ordered(children: Sequence[Draft], stretches: Sequence[Stretch]) -> list[Stretch]:
    """The branches in the order of the first node of each."""
    places = {id(child): place for place, child in enumerate(children)}
    return sorted(stretches, key=lambda stretch: places[id(stretch.drafts[0])])


class _Folds:
    """Folds modules that are never called: copies hold the same, of which the same is read."""

    def __init__(self, keys: StructureKeys, unused: Unused) -> None:
        self._keys = keys
        self._unused = unused
        self._known: dict[Hashable, int] = {}
        self._alike: dict[int, int] = {}

    def fold_below(self, tops: Iterable[Draft]) -> None:
        """Fold what is below each, from the innermost out."""
        drafts = list(tops)
        for draft in drafts:
            drafts.extend(draft.children)
        for draft in reversed(drafts):
            draft.branches = self.stretches(draft.children)
            content = (
                self._keys.modules[draft.module.path],
                draft.path == draft.module.path,
                self._unused.of(draft.module),
                tuple(self._alike[id(child)] for child in draft.children),
            )
            self._alike[id(draft)] = self._known.setdefault(content, len(self._known))

    def stretches(self, drafts: Sequence[Draft]) -> list[Stretch]:
        """The branches of siblings."""
        siblings = [
            sibling(draft.path, self._alike[id(draft)], not draft.children) for draft in drafts
        ]
        return [
            _stretch(drafts[span.start : span.stop], span.unit, span.count)
            for span in find_spans(siblings)
        ]


def _stretch(drafts: Sequence[Draft], unit: int, count: int) -> Stretch:
    members = [list(drafts[offset::unit]) for offset in range(unit)]
    if unit == 1:
        return Stretch(members[0], count)
    return Stretch(members[0], count, 1, [Stretch(member) for member in members])
