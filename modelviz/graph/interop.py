"""The graph of ops for networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from .model import ModelGraph


_ROOT = (("", 0),)


def to_networkx(graph: ModelGraph) -> nx.MultiDiGraph[str]:
    """One node per op, graph input, constant and output; one edge per flow of data."""
    result: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    scopes = [graph.scope(call.id) for call in graph.calls]
    sources: dict[int, str] = {}
    for tensor in graph.tensors:
        is_source = tensor.producer is None and (
            tensor.kind == "input" or (tensor.kind == "constant" and tensor.id in graph.last_reads)
        )
        if is_source:
            node = sources[tensor.id] = f"{tensor.kind}:{tensor.id}"
            result.add_node(
                node,
                kind=tensor.kind,
                op=tensor.name or tensor.kind,
                scope=_ROOT,
                shapes=(tensor.shape,),
                flops=0,
            )
    for op in graph.ops:
        result.add_node(
            f"op:{op.id}",
            kind="op",
            op=op.name,
            scope=scopes[op.call],
            shapes=tuple(graph.tensors[tensor].shape for tensor in op.outputs),
            flops=op.flops,
        )
    for position, tensor_id in enumerate(graph.outputs):
        tensor = graph.tensors[tensor_id]
        result.add_node(
            f"output:{position}",
            kind="output",
            op=tensor.name or "output",
            scope=_ROOT,
            shapes=(tensor.shape,),
            flops=0,
        )
    for op in graph.ops:
        for tensor_id in op.inputs:
            _add_edge(result, graph, sources, tensor_id, f"op:{op.id}")
    for position, tensor_id in enumerate(graph.outputs):
        _add_edge(result, graph, sources, tensor_id, f"output:{position}")
    return result


def _add_edge(
    result: nx.MultiDiGraph[str],
    graph: ModelGraph,
    sources: dict[int, str],
    tensor_id: int,
    target: str,
) -> None:
    tensor = graph.tensors[tensor_id]
    source = sources.get(tensor_id) if tensor.producer is None else f"op:{tensor.producer}"
    if source is not None:
        result.add_edge(source, target, shape=tensor.shape, dtype=tensor.dtype)
