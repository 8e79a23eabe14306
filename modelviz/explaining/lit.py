"""The way of the tensors that met where a forward failed, from where they came."""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import ModelGraph
from .case import Case

_JOINS = frozenset({"cat", "concat", "concatenate", "stack", "hstack", "vstack"})
"""Ops whose result has the sizes of all that they are given."""


@dataclass(frozen=True, slots=True)
class Lit:
    """The ops on the way, the one that failed included, and the inputs that it starts from."""

    ops: frozenset[int] = frozenset()
    inputs: frozenset[int] = frozenset()


def lit(graph: ModelGraph) -> Lit:
    """The way to the failure; nothing where there was none.

    For each tensor that met it begins at the layer that gave it its size, or at an input.
    """
    if graph.failure is None:
        return Lit()
    case = Case(graph)
    ops = set() if case.op is None else {case.op.id}
    inputs: set[int] = set()
    waiting = [met.tensor for met in case.data]
    while waiting:
        tensor = graph.tensors[waiting.pop()]
        if tensor.producer is None:
            inputs.add(tensor.id)
        elif tensor.producer not in ops:
            op = graph.ops[tensor.producer]
            ops.add(op.id)
            if not case.sizes(op):
                data = [t for t in op.inputs if graph.tensors[t].kind not in _HELD]
                waiting += data if op.name in _JOINS else data[:1]
    return Lit(frozenset(ops), frozenset(inputs))


_HELD = ("parameter", "buffer")
