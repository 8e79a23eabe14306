"""Parameters: which visible node holds each, and nodes for those that an op uses directly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..analysis.items import root_calls
from ..analysis.sight import sight_of
from ..dotted import join, relative
from ..graph import Call, ModelGraph, NamedShape, Parameter
from ..units import shape_text
from .document import Item, Link
from .labels import cut
from .owners import Owners

MAX_WEIGHTS = 36
"""Most characters of the names of some parameters, and of their shapes."""

Slot = tuple[int, int]
"""An op of the first copies, and a position among its inputs."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the parameters are: ``slots`` names the weight node that an op reads at a position.

    ``nodes`` are the weight nodes by id, and ``groups`` the call in which each is drawn.
    """

    slots: Mapping[Slot, str] = field(default_factory=dict)
    nodes: Mapping[str, Item] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)


def direct_weights(graph: ModelGraph, owners: Owners, open_calls: frozenset[int]) -> Weights:
    """A node for the parameters that ops of open modules read themselves.

    Those read by the same ops share a node. ``open_calls`` are calls of the first copies.
    """
    readers: dict[int, list[Slot]] = {}
    for op in graph.ops:
        if owners.canonical[op.id] != op.id or op.call not in open_calls:
            continue
        for position, tensor_id in enumerate(op.inputs):
            if graph.tensors[tensor_id].kind == "parameter":
                readers.setdefault(tensor_id, []).append((op.id, position))
    together: dict[tuple[int, ...], list[int]] = {}
    for tensor_id, slots in readers.items():
        together.setdefault(tuple(sorted({op for op, _ in slots})), []).append(tensor_id)
    slots_of: dict[Slot, str] = {}
    nodes: dict[str, Item] = {}
    groups: dict[str, int] = {}
    for ops, tensors in together.items():
        node = _weight_node(graph, ops[0], tensors)
        nodes[node.id] = node
        groups[node.id] = graph.ops[ops[0]].call
        slots_of.update((slot, node.id) for tensor in tensors for slot in readers[tensor])
    return Weights(slots_of, nodes, groups)


def _weight_node(graph: ModelGraph, op: int, tensors: list[int]) -> Item:
    module = graph.calls[graph.ops[op].call].module
    paths = tuple(graph.tensors[tensor].name or "" for tensor in tensors)
    names = [relative(path, module) for path in paths]
    shapes = tuple(graph.tensors[tensor].named_shape for tensor in tensors)
    return replace(weight_item(f"w{tensors[0]}", names, shapes), path=module, contents=paths)


def weight_item(node: str, names: Iterable[str], shapes: tuple[NamedShape, ...]) -> Item:
    """The item of parameters with these names and shapes."""
    detail = cut(", ".join(map(shape_text, shapes)), MAX_WEIGHTS)
    return Item(node, "weight", cut(", ".join(names), MAX_WEIGHTS), detail=detail, shapes=shapes)


@dataclass(frozen=True, slots=True)
class UnusedParameter:
    """A parameter that nothing reads: its path, its elements, the innermost called module."""

    path: str
    size: int
    inside: str


@dataclass(frozen=True, slots=True)
class Holders:
    """The nodes that hold the parameters.

    ``figures`` are elements by node. ``unused`` are, by open call of the first copies, the
    parameters that no visible node holds. ``links`` join nodes that share one.
    """

    figures: Mapping[str, int]
    unused: Mapping[int, list[UnusedParameter]]
    links: tuple[Link, ...]


def hold(
    graph: ModelGraph, owners: Owners, closed_calls: Mapping[int, str], weights: Weights
) -> Holders:
    """The visible node that holds each parameter of the model, each tensor once.

    It is the node of the module that owns the parameter; else the node that reads it; else the
    closed module around it. ``closed_calls`` names the node of the calls that are closed.
    """
    holding = _Holding(graph, owners, closed_calls, _readers(graph, owners, weights))
    escaped = {graph.tensors[tensor].name for tensor in sight_of(graph).escaped}
    figures: dict[str, int] = defaultdict(int)
    unused: dict[int, list[UnusedParameter]] = defaultdict(list)
    links: dict[Link, None] = {}
    for module, parameter in _own_parameters(graph):
        holder = holding.node(module, parameter.name)
        path = join(module, parameter.name)
        if parameter.shared_with is not None:
            owner, _, name = parameter.shared_with.rpartition(".")
            first = holding.node(owner, name)
            if holder is not None and first is not None and holder != first:
                links[Link(first, holder, "shared weights")] = None
        elif holder is not None:
            figures[holder] += parameter.numel
        elif path not in escaped:
            inside, call = holding.around(module)
            unused[call].append(UnusedParameter(path, parameter.numel, inside))
    return Holders(dict(figures), dict(unused), tuple(links))


@dataclass(frozen=True, slots=True)
class _Holding:
    """Finds the node of a parameter. ``reading`` are the nodes of those that an op reads."""

    graph: ModelGraph
    owners: Owners
    closed_calls: Mapping[int, str]
    reading: Mapping[str, str]

    def node(self, module: str, name: str) -> str | None:
        """The node that holds a parameter, None where nothing does."""
        calls = self.graph.calls_of(module)
        if calls and (node := self.closed_calls.get(self._first(calls[0]))):
            return node
        reader = self.reading.get(join(module, name))
        return reader or self.closed_calls.get(self.around(module)[1])

    def around(self, module: str) -> tuple[str, int]:
        """The innermost module around one, or itself, that is called, and its first call."""
        inside: str | None = module
        while inside is not None:
            if calls := self.graph.calls_of(inside):
                return inside, self._first(calls[0])
            inside = self.graph.module(inside).parent
        return "", root_calls(self.graph)[0].id

    def _first(self, call: Call) -> int:
        """The counterpart of a call in the first copies."""
        return self.owners.canonical_calls[call.id]


def _own_parameters(graph: ModelGraph) -> Iterator[tuple[str, Parameter]]:
    for module in graph.modules:
        if module.shared_with is None:
            for parameter in module.parameters:
                yield module.path, parameter


def _readers(graph: ModelGraph, owners: Owners, weights: Weights) -> dict[str, str]:
    """For each parameter path that an op reads: the node of the first one that does."""
    result: dict[str, str] = {}
    for op in graph.ops:
        for position, tensor_id in enumerate(op.inputs):
            tensor = graph.tensors[tensor_id]
            if tensor.kind == "parameter" and tensor.name is not None:
                slot = (owners.canonical[op.id], position)
                node = weights.slots.get(slot) or owners.homes[op.id]
                if node is not None:
                    result.setdefault(tensor.name, node)
    return result
