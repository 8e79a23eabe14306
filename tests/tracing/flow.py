"""Reachability in a graph, for tests: can data flow from one place to another?"""

from __future__ import annotations

from modelviz.graph import Call, ModelGraph


def tensors_from(graph: ModelGraph, sources: tuple[int, ...]) -> set[int]:
    """The tensors that depend on any of ``sources``, these included."""
    reached = set(sources)
    for op in graph.ops:
        if reached.intersection(op.inputs):
            reached.update(op.outputs)
    return reached


def call(graph: ModelGraph, path: str, index: int = 0) -> Call:
    """The ``index``-th call of the module at ``path``."""
    return graph.calls_of(path)[index]


def flows(graph: ModelGraph, source: str | Call, target: str | Call) -> bool:
    """Whether the output of one call reaches the input of another."""
    first = call(graph, source) if isinstance(source, str) else source
    second = call(graph, target) if isinstance(target, str) else target
    return bool(tensors_from(graph, first.outputs).intersection(second.inputs))


def names(graph: ModelGraph) -> list[str]:
    """The names of the ops in order."""
    return [op.name for op in graph.ops]


def inputs_used(graph: ModelGraph) -> set[str]:
    """The names of the inputs on which the outputs of the model depend."""
    used = set()
    for tensor in graph.inputs:
        if tensors_from(graph, (tensor,)).intersection(graph.outputs):
            name = graph.tensors[tensor].name
            assert name is not None
            used.add(name)
    return used
