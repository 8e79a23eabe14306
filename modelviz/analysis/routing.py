"""Ops that choose some of many along a dimension, as a router chooses experts."""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import ModelGraph, Op

_PICK = {"getitem", "__getitem__", "narrow", "slice"}
_SORT = {"sort", "argsort"}
_LARGEST = {"argmax", "max"}
_CHOOSING = {"topk"} | _SORT | _LARGEST


@dataclass(frozen=True, slots=True)
class Route:
    """An op that picks ``active`` of ``experts`` along the last dimension of what it reads.

    ``modules`` are the paths of the modules whose calls it ran in.
    """

    op: Op
    experts: int
    active: int
    modules: frozenset[str]


def find_routes(graph: ModelGraph) -> list[Route]:
    """Every op whose choice is used as an index further on, in execution order."""
    candidates = [op for op in graph.ops if op.name in _CHOOSING and op.inputs]
    if not candidates:
        return []
    kept = _kept_of_sorted(graph) if any(op.name in _SORT for op in candidates) else {}
    return [
        Route(op, choice[0], choice[1], frozenset(path for path, _ in graph.scope(op.call)))
        for op in candidates
        if (choice := _choice(graph, op, kept)) is not None
    ]


def _choice(graph: ModelGraph, op: Op, kept: dict[int, int]) -> tuple[int, int] | None:
    """``(experts, active)`` when the op picks along the last dimension, and for its indices."""
    if not op.outputs or op.outputs[-1] not in graph.last_reads:
        return None
    read = graph.tensors[op.inputs[0]].shape
    gave = graph.tensors[op.outputs[-1]].shape
    if len(read) < 1 or read[-1] < 2:
        return None
    experts = read[-1]
    if op.name in _LARGEST:
        reduced = len(read) > 1 and gave in (read[:-1], (*read[:-1], 1))
        return (experts, 1) if reduced and len(op.outputs) == (op.name == "max") + 1 else None
    active = kept.get(op.id, 0) if op.name in _SORT else gave[-1] if gave else 0
    same = len(gave) == len(read) and gave[:-1] == read[:-1]
    return (experts, active) if same and 0 < active < experts else None


def _kept_of_sorted(graph: ModelGraph) -> dict[int, int]:
    """How much of the last dimension is kept of what each op gave, by op."""
    kept: dict[int, int] = {}
    for op in graph.ops:
        if op.name not in _PICK or not op.inputs or not op.outputs:
            continue
        source = graph.tensors[op.inputs[0]]
        shape = graph.tensors[op.outputs[0]].shape
        if source.producer is not None and shape and len(shape) == len(source.shape):
            kept.setdefault(source.producer, shape[-1])
    return kept
