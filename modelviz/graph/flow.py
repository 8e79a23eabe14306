"""What depends on what, from op to op."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import ModelGraph


def reaching_ops(graph: ModelGraph, ends: Iterable[int]) -> Sequence[bool]:
    """For each op: whether its result reaches one of the tensors ``ends``."""
    reaches = [False] * len(graph.ops)
    read = set(ends)
    for op in reversed(graph.ops):
        if not read.isdisjoint(op.outputs):
            reaches[op.id] = True
            read.update(op.inputs)
    return reaches


def depending_ops(graph: ModelGraph) -> Sequence[bool]:
    """For each op: whether it depends on an input or a parameter of the model."""
    depends = [False] * len(graph.ops)
    for op in graph.ops:
        for tensor_id in op.inputs:
            tensor = graph.tensors[tensor_id]
            if tensor.producer is None:
                depends[op.id] |= tensor.kind in ("input", "parameter")
            else:
                depends[op.id] |= depends[tensor.producer]
    return depends
