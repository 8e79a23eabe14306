"""The parts of a tree as nodes and groups, with what each costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..analysis.figures import NOTHING, Figures, ran_by
from ..analysis.items import root_calls
from ..graph import Call, ModelGraph
from .model import Group, Node
from .nodes import part_group, part_node
from .owners import Owners, between_copies
from .tree import Part
from .unused import unused_node
from .visibility import Visibility
from .weights import Holders, Weights


def view_items(
    visibility: Visibility,
    owners: Owners,
    weights: Weights,
    holders: Holders,
    parts: Sequence[Part],
) -> tuple[Node | Group, ...]:
    """The nodes and groups of the top level, each group with what is inside."""
    return _Items(visibility, owners, weights, holders).items(parts)


class _Items:
    """Turns the parts of a tree into nodes and groups."""

    def __init__(
        self, visibility: Visibility, owners: Owners, weights: Weights, holders: Holders
    ) -> None:
        self._visibility = visibility
        self._graph = visibility.graph
        self._holders = holders
        self._figures = ran_by(visibility.graph, owners.homes)
        for node, params in holders.figures.items():
            self._figures[node] = self._figures.get(node, NOTHING) + Figures(params)
        self._chained = chained_folds(visibility.graph, owners)
        self._by_call: dict[int, list[Node]] = {}
        for node_id, call in weights.groups.items():
            weight = weights.nodes[node_id]
            figures = self._figures.get(node_id, NOTHING)
            self._by_call.setdefault(call, []).append(replace(weight, figures=figures))

    def items(self, parts: Sequence[Part]) -> tuple[Node | Group, ...]:
        """The nodes and groups of the top level."""
        graph = self._graph
        roots = root_calls(graph)
        inner = self._list(parts, "")
        if len(roots) == 1 and not any(part.call is roots[0] for part in parts):
            inner = self._with_own(roots[0], inner)
        return inner

    def _list(self, parts: Sequence[Part], inside: str) -> tuple[Node | Group, ...]:
        items = [self._item(part, inside) for part in parts]
        return tuple(item for item in items if item is not None)

    def _item(self, part: Part, inside: str) -> Node | Group | None:
        chained = part.id in self._chained
        if part.children is None:
            if self._visibility.hides(part):
                return None
            figures = self._figures.get(part.id, NOTHING)
            call = part.call
            expandable = call is not None and self._visibility.has_inside(call)
            return part_node(
                self._graph, part, inside, figures, expandable, chained, self._visibility.lit
            )
        call = part.call
        children = self._list(part.children, inside if call is None else call.module)
        if call is not None:
            children = self._with_own(call, children)
        if not children:
            return None
        return part_group(self._graph, part, inside, children, chained)

    def _with_own(self, call: Call, children: tuple[Node | Group, ...]) -> tuple[Node | Group, ...]:
        """The children of an open call with its weights before them, and what is unused after."""
        own = tuple(self._by_call.get(call.id, ()))
        unused = self._holders.unused.get(call.id)
        if not unused:
            return (*own, *children)
        return (*own, *children, unused_node(self._graph, call, unused))


def chained_folds(graph: ModelGraph, owners: Owners) -> frozenset[str]:
    """The ids of the folded parts whose copies feed one another."""
    found: set[str] = set()
    for op in graph.ops:
        mine = owners.folds[op.id]
        if mine:
            for tensor in op.inputs:
                producer = graph.tensors[tensor].producer
                if producer is not None:
                    theirs = owners.folds[producer]
                    if between_copies(theirs, mine):
                        found.add(next(a[0] for a, b in zip(mine, theirs, strict=False) if a != b))
    return frozenset(found)
