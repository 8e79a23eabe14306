"""What forwards with other batch sizes tell about the samples in a graph."""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import Failure, ModelGraph, Op, Tensor
from .kinds import CONVOLUTIONS, TRANSPOSED

SQUEEZES = frozenset({"squeeze", "squeeze_"})
"""Ops that take away dimensions of size 1."""


@dataclass(frozen=True, slots=True)
class Batches:
    """The forward with two other batch sizes; ``failure`` says where one that failed did.

    ``wide`` is the graph with ``size`` samples. ``dims`` are, for each of its tensors, the
    dimensions that grow with the batch. Both are None where the forwards cannot be compared.
    ``single`` is the graph with one sample, where a dimension of size 1 may be squeezed away.
    ``beside`` says whether the inputs have a list or an array that kept as many parts as there
    were samples, perhaps one for each: what fails or shrinks may be due to that.
    """

    size: int
    wide: ModelGraph | None = None
    dims: tuple[frozenset[int], ...] | None = None
    failure: Failure | None = None
    failed_size: int | None = None
    single: ModelGraph | None = None
    beside: bool = False


def has_batch(graph: ModelGraph) -> bool:
    """Whether the first dimension of the inputs looks like one of samples.

    Beside a tensor of another length, such as the edges of a graph, or a square one, such as its
    adjacency, it may be one of nodes, which are no samples; so may what a matrix that the model
    holds multiplies from the left. A vector alone is one sample, and so is what a convolution takes
    without a batch. A square of another length is a mask over time, which says nothing.
    """
    given = [graph.tensors[t] for t in graph.inputs if graph.tensors[t].shape]
    vectors = all(len(t.shape) == 1 and not t.dtype.startswith("int") for t in given)
    if not given or vectors:
        return False
    if any(_takes_one_sample(graph, op) or _mixes_rows(graph, op) for op in graph.ops):
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


def first_input(graph: ModelGraph) -> Tensor:
    """The first input that is no number, whose first dimension is that of samples, if any is."""
    return next(graph.tensors[t] for t in graph.inputs if graph.tensors[t].shape)


def has_rows_of_parts(graph: ModelGraph) -> bool:
    """Whether the rows of the first input may be points, nodes or tokens of one sample."""
    first = first_input(graph)
    return len(first.shape) == (1 if first.dtype.startswith("int") else 2)


def has_points_or_tokens(graph: ModelGraph) -> bool:
    """Whether the rows of the first input look like points in a plane or space, or tokens."""
    shape = first_input(graph).shape
    return has_rows_of_parts(graph) and (len(shape) == 1 or shape[1] <= _SPACE)


_SPACE = 3
_PRODUCTS = frozenset({"matmul", "mm", "spmm", "sparse_mm"})


def _mixes_rows(graph: ModelGraph, op: Op) -> bool:
    """Whether an op multiplies rows by a matrix that the model holds, as of a graph's edges."""
    if op.name not in _PRODUCTS or len(op.inputs) != 2:
        return False
    matrix, rows = (graph.tensors[t] for t in op.inputs)
    size = first_input(graph).shape[0]
    held = matrix.kind in ("buffer", "constant")
    return held and matrix.shape == (size, size) and rows.shape[:1] == (size,)


def _takes_one_sample(graph: ModelGraph, op: Op) -> bool:
    """Whether an op takes an input that has no dimension of samples: a convolution, or a norm.

    A norm of instances puts that dimension in itself.
    """
    if op.name in CONVOLUTIONS | TRANSPOSED and len(op.inputs) > 1:
        data, weight = (graph.tensors[t] for t in op.inputs[:2])
        if len(data.shape) != len(weight.shape) - 1:
            return False
    elif op.name == "instance_norm":
        added = graph.producer(op.inputs[0])
        if added is None or added.name != "unsqueeze" or added.call != op.call:
            return False
        op, data = added, graph.tensors[added.inputs[0]]
    else:
        return False
    rank = len(data.shape)
    while data.producer is not None and len(data.shape) == rank:
        producer = graph.ops[data.producer]
        if not producer.inputs or producer.id >= op.id:
            return False
        op, data = producer, graph.tensors[producer.inputs[0]]
    return data.kind == "input" and len(data.shape) == rank
