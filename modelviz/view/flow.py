"""Edges between visible nodes: all ways of the data from one to another, past what is unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..graph import ModelGraph, Tensor
from .model import Kind, TensorLabel, View, ViewEdge
from .owners import Owners, between_copies

_BESIDE: frozenset[Kind] = frozenset({"normalisation", "activation", "dropout"})
_LIGHT = 0.4
Source = tuple[str, int | None]
"""Where data comes from: a node, and the op in it, None for inputs and parameters."""


def flow(
    graph: ModelGraph,
    owners: Owners,
    inputs: Mapping[int, str],
    outputs: Mapping[int, str],
    weights: Mapping[tuple[int, int], str],
) -> tuple[ViewEdge, ...]:
    """The edges of a view, in order, those with the same ends merged.

    ``inputs`` and ``outputs`` name the node of each tensor that enters and leaves the model, by
    tensor and by position. ``weights`` names the node of a parameter that an op reads, by the op
    of the first copy and the position among its inputs.
    """
    usual = usual_dtype(graph)
    edges: dict[tuple[str, str, bool], dict[TensorLabel, None]] = {}
    sources = _Sources(graph, owners, inputs, weights)

    def add(source: Source, target: str, op: int | None, tensor: Tensor) -> None:
        node, made_by = source
        crosses = False
        if op is not None and made_by is not None:
            crosses = between_copies(owners.folds[made_by], owners.folds[op])
        if node != target or crosses:
            label = TensorLabel(tensor.named_shape, "" if tensor.dtype == usual else tensor.dtype)
            edges.setdefault((node, target, crosses), {})[label] = None

    for op in graph.ops:
        target = owners.nodes[op.id]
        if target is not None:
            for position, tensor_id in enumerate(op.inputs):
                for source in sources.of(tensor_id, op.id, position):
                    add(source, target, op.id, graph.tensors[tensor_id])
    for position, tensor_id in enumerate(graph.outputs):
        if position in outputs:
            for source in sources.of(tensor_id, None, 0):
                add(source, outputs[position], None, graph.tensors[tensor_id])
    return tuple(
        ViewEdge(source, target, tuple(labels), next_copy)
        for (source, target, next_copy), labels in edges.items()
    )


class _Sources:
    """Finds what is shown behind a tensor: who made it, or who fed the unseen ops that did."""

    def __init__(
        self,
        graph: ModelGraph,
        owners: Owners,
        inputs: Mapping[int, str],
        weights: Mapping[tuple[int, int], str],
    ) -> None:
        self._graph = graph
        self._owners = owners
        self._inputs = inputs
        self._weights = weights
        self._behind: list[tuple[Source, ...]] = []
        for op in graph.ops:
            node = owners.nodes[op.id]
            if node is None:
                found = dict.fromkeys(
                    source
                    for position, tensor in enumerate(op.inputs)
                    for source in self.of(tensor, op.id, position)
                )
                self._behind.append(tuple(found))
            else:
                self._behind.append(((node, op.id),))

    def of(self, tensor_id: int, reader: int | None, position: int) -> Iterator[Source]:
        """The sources of a tensor that an op reads at a position."""
        producer = self._graph.tensors[tensor_id].producer
        if producer is not None:
            yield from self._behind[producer]
            return
        node = self._inputs.get(tensor_id)
        if node is None and reader is not None:
            node = self._weights.get((self._owners.canonical[reader], position))
        if node is not None:
            yield node, None


def usual_dtype(graph: ModelGraph) -> str:
    """The dtype of most of the tensors that ops give."""
    counts = Counter(tensor.dtype for tensor in graph.tensors if tensor.producer is not None)
    return counts.most_common(1)[0][0] if counts else "float32"


def longest_path(view: View) -> float:
    """The length of the longest way through a view, in nodes, not counting from copy to copy.

    What comes with a layer, such as its norm and activation, is shown as a part of it, and counts
    less.
    """
    sizes = {node.id: _LIGHT if node.kind in _BESIDE else 1.0 for node in view.nodes()}
    following: dict[str, set[str]] = {}
    waiting = dict.fromkeys(sizes, 0)
    for edge in view.edges:
        if not edge.next_copy and edge.target not in following.setdefault(edge.source, set()):
            following[edge.source].add(edge.target)
            waiting[edge.target] += 1
    length = dict(sizes)
    ready = [node for node, count in waiting.items() if count == 0]
    while ready:
        node = ready.pop()
        for target in following.get(node, ()):
            length[target] = max(length[target], length[node] + sizes[target])
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return max(length.values(), default=0.0)
