"""What forwards with other batch sizes tell about the samples in a graph."""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import Failure, ModelGraph

SQUEEZES = frozenset({"squeeze", "squeeze_"})
"""Ops that take away dimensions of size 1."""


@dataclass(frozen=True, slots=True)
class Batches:
    """The forward with two other batch sizes; ``failure`` says where one that failed did.

    ``wide`` is the graph with ``size`` samples. ``dims`` are, for each of its tensors, the
    dimensions that grow with the batch. Both are None where the forwards cannot be compared.
    ``single`` is the graph with one sample, where a dimension of size 1 may be squeezed away.
    """

    size: int
    wide: ModelGraph | None = None
    dims: tuple[frozenset[int], ...] | None = None
    failure: Failure | None = None
    failed_size: int | None = None
    single: ModelGraph | None = None


def has_batch(graph: ModelGraph) -> bool:
    """Whether the first dimension of the inputs looks like one of samples.

    Beside a tensor of another length, such as the edges of a graph, or a square one, such as its
    adjacency, it may be one of nodes, which are no samples. A vector alone is one sample. A square
    of another length is a mask over time, which says nothing.
    """
    given = [graph.tensors[t] for t in graph.inputs if graph.tensors[t].shape]
    vectors = all(len(t.shape) == 1 and not t.dtype.startswith("int") for t in given)
    if not given or vectors:
        return False
    size = given[0].shape[0]
    for tensor in given:
        square = len(tensor.shape) == 2 and tensor.shape[0] == tensor.shape[1]
        mask = square and not tensor.dtype.startswith("int")
        if tensor.shape[0] != size and not mask:
            return False
        if tensor.shape[0] == size and square and len(given) > 1:
            return False
    return True
