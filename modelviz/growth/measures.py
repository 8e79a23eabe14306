"""What is measured of a graph: the same list of numbers at every point, if the graphs align."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..analysis.figures import ran_by
from ..analysis.memory import forward_memory
from ..graph import Call, ModelGraph, Op
from .caches import cached_tensors

Cell = tuple[str, int | None]
"""The ops of a module: one by its place among them, or all where their number varies."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two forwards part: the op, or the module, of the second that has no partner."""

    message: str
    path: str
    file: str | None
    line: int | None


@dataclass(frozen=True)
class Plan:
    """How graphs of one model at several sizes are laid side by side.

    ``whole`` says that they have the same ops and storages throughout. Otherwise the ops of the
    modules in ``loose`` are taken together, since their number varies with the sizes: loops.
    """

    whole: bool
    loose: frozenset[str]


def plan_of(graphs: Sequence[ModelGraph]) -> Plan:
    """How these graphs are laid side by side."""
    first = graphs[0]
    whole = all(_same_ops(first, other) and _same_storages(first, other) for other in graphs[1:])
    loose: set[str] = set()
    if not whole:
        sequences = [_sequences(graph) for graph in graphs]
        for path in {path for found in sequences for path in found}:
            if any(found.get(path) != sequences[0].get(path) for found in sequences):
                loose.add(path)
    return Plan(whole, frozenset(loose))


def difference(one: ModelGraph, other: ModelGraph) -> Difference | None:
    """Where the second forward parts from the first; None where both run the same ops."""
    for a, b in zip(one.ops, other.ops, strict=False):
        if _signature(one, a) != _signature(other, b):
            path = other.calls[b.call].module
            message = f"{b.name} runs where {a.name} ran before"
            if a.name == b.name:
                message = f"{b.name} runs in another call or gives another number of tensors"
            return Difference(message, path, b.file, b.line)
    if len(one.ops) == len(other.ops):
        return None
    longer = max(one, other, key=lambda graph: len(graph.ops))
    op = longer.ops[min(len(one.ops), len(other.ops))]
    return Difference(
        f"{op.name} runs, or does not", longer.calls[op.call].module, op.file, op.line
    )


def _signature(graph: ModelGraph, op: Op) -> tuple[str, str, int, int]:
    call = graph.calls[op.call]
    return (op.name, call.module, call.index, len(op.outputs))


def _same_ops(one: ModelGraph, other: ModelGraph) -> bool:
    if len(one.ops) != len(other.ops) or len(one.tensors) != len(other.tensors):
        return False
    pairs = zip(one.ops, other.ops, strict=True)
    return all(_signature(one, a) == _signature(other, b) for a, b in pairs)


def _same_storages(one: ModelGraph, other: ModelGraph) -> bool:
    if len(one.storages) != len(other.storages):
        return False
    pairs = zip(one.storages, other.storages, strict=True)
    return all((a.born, a.freed, a.device) == (b.born, b.freed, b.device) for a, b in pairs)


def _sequences(graph: ModelGraph) -> dict[str, tuple[tuple[str, str, int, int], ...]]:
    found: dict[str, list[tuple[str, str, int, int]]] = defaultdict(list)
    for op in graph.ops:
        found[graph.calls[op.call].module].append(_signature(graph, op))
    return {path: tuple(ops) for path, ops in found.items()}


@dataclass(frozen=True)
class Measures:
    """The numbers of one graph, in an order that is the same for all graphs of a plan.

    ``cells`` are ``(FLOPs, bytes allocated)`` by cell, ``sizes`` of each cell the sizes of its
    tensors, ``storages`` the bytes of those born in the forward, ``workspaces`` those of ops that
    have one, ``outputs`` the shapes that the first call of each module gives, ``cached`` the bytes
    of keys and values with the module that reads them, ``peak`` the most bytes held at once.
    """

    cells: dict[Cell, tuple[int, int]]
    sizes: dict[Cell, tuple[int, ...]]
    storages: tuple[int, ...]
    workspaces: tuple[int, ...]
    outputs: dict[str, tuple[tuple[int, ...], ...]]
    cached: tuple[tuple[str, int], ...]
    peak: int


def measure(graph: ModelGraph, plan: Plan) -> Measures:
    """The numbers of a graph."""
    groups = cells_of(graph, plan.loose)
    ran = ran_by(graph, groups)
    sizes: dict[Cell, tuple[int, ...]] = {}
    for op, cell in zip(graph.ops, groups, strict=True):
        if cell[1] is not None:
            tensors = (*op.outputs, *op.inputs)
            sizes[cell] = tuple(size for t in tensors for size in graph.tensors[t].shape)
    return Measures(
        cells={cell: (figures.flops, figures.memory) for cell, figures in ran.items()},
        sizes=sizes,
        storages=tuple(s.bytes for s in graph.storages) if plan.whole else (),
        workspaces=tuple(op.workspace for op in graph.ops) if plan.whole else (),
        outputs={call.module: _shapes(graph, call) for call in graph.calls if call.index == 0},
        cached=tuple((path, graph.tensors[t].bytes) for t, path in cached_tensors(graph)),
        peak=forward_memory(graph).peak_bytes,
    )


def cells_of(graph: ModelGraph, loose: Collection[str] = ()) -> list[Cell]:
    """The cell of each op: its module and its place there, None in those that are ``loose``."""
    places: dict[str, int] = defaultdict(int)
    cells: list[Cell] = []
    for op in graph.ops:
        path = graph.calls[op.call].module
        cells.append((path, None if path in loose else places[path]))
        places[path] += 1
    return cells


def _shapes(graph: ModelGraph, call: Call) -> tuple[tuple[int, ...], ...]:
    return tuple(graph.tensors[tensor].shape for tensor in call.outputs)
