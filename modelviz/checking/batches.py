"""The same forward with other batch sizes: which dimensions are those of the samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from ..errors import InputError, TraceError
from ..graph import Failure, ModelGraph, Op, Shape
from ..tracing import trace
from ..tracing.sizes import input_sizes

SIZES = (5, 7)
"""Batch sizes that are tried: unlikely to be the size of anything else."""


@dataclass(frozen=True, slots=True)
class Batches:
    """The forward with two other batch sizes; ``failure`` says where one that failed did.

    ``wide`` is the graph with ``size`` samples. ``dims`` are, for each of its tensors, the
    dimensions that grow with the batch. Both are None where the forwards cannot be compared.
    ``alone`` is the graph with one sample, if there are ops for which one is not like several.
    """

    size: int
    wide: ModelGraph | None = None
    dims: tuple[frozenset[int], ...] | None = None
    failure: Failure | None = None
    failed_size: int | None = None
    alone: ModelGraph | None = None


def other_batches(
    model: nn.Module, graph: ModelGraph, inputs: Mapping[str, Any], options: Mapping[str, Any]
) -> Batches | None:
    """The forward of ``model`` with other batch sizes; None where nothing is known of a batch.

    ``inputs`` are the arguments of ``trace`` that gave ``graph``, ``options`` the others.
    """
    shapes = [graph.tensors[t].shape for t in graph.inputs if graph.tensors[t].shape]
    if not shapes:
        return None
    first = shapes[0]
    graphs = []
    for size in SIZES:
        changed = with_batch(inputs, first[0], partial(_sized, size=size), size)
        if changed is None:
            return None
        try:
            graphs.append(trace(model, **changed, **options))
        except TraceError as error:
            if not isinstance(error.__cause__, Exception):
                raise
            failure = error.graph.failure
            known = has_batch(graph)
            return Batches(SIZES[0], failure=failure, failed_size=size) if known else None
        except InputError:
            return None
    wide, wider = graphs
    found = Batches(SIZES[0], wide, _growing(wide, wider))
    in_training = options.get("mode") != "eval"  # normalisations refuse one sample there
    if in_training or first[0] == 1 or not (has_batch(graph) and any(squeezes_samples(found))):
        return found
    changed = with_batch(inputs, first[0], partial(_sized, size=1), 1)
    try:
        return replace(found, alone=trace(model, **(changed or inputs), **options))
    except TraceError as error:
        if not isinstance(error.__cause__, Exception):
            raise
        return replace(found, failure=error.graph.failure, failed_size=1)


def squeezes_samples(batches: Batches) -> Iterator[Op]:
    """The ops that take all dimensions of 1 away, and with one sample that of the samples, too."""
    if batches.wide is None or batches.dims is None:
        return
    for op in batches.wide.ops:
        without_dim = op.name in ("squeeze", "squeeze_") and "dim" not in dict(op.args)
        if without_dim and any(batches.dims[tensor] for tensor in op.inputs):
            yield op


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


def with_batch(
    inputs: Mapping[str, Any],
    old: int,
    change: Callable[[torch.Tensor], torch.Tensor],
    size: int,
) -> dict[str, Any] | None:
    """``inputs`` with ``size`` samples: tensors with ``old`` ones go through ``change``."""

    def changed(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return change(value) if value.dim() and value.shape[0] == old else value
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(changed, value))
        if type(value) in (list, tuple):
            return type(value)(map(changed, value))
        if isinstance(value, Mapping) and type(value) is dict:
            return {name: changed(part) for name, part in value.items()}
        return value

    result = {name: changed(value) for name, value in inputs.items()}
    sizes = inputs.get("input_size")
    if sizes is not None:
        if inputs.get("batch_dim") is not None:
            return None
        listed, named = input_sizes(sizes)

        def other(shape: Shape) -> Shape:
            return (size, *shape[1:]) if shape and shape[0] == old else shape

        result["input_size"] = (
            {name: other(shape) for name, shape in named.items()}
            if named
            else [*map(other, listed)]
        )
    return result


def _sized(tensor: torch.Tensor, size: int) -> torch.Tensor:
    """``size`` samples, taken from those of ``tensor`` in turn."""
    if tensor.layout is not torch.strided or not tensor.shape[0]:
        return tensor
    return tensor[torch.arange(size, device="cpu") % tensor.shape[0]]


def _growing(wide: ModelGraph, wider: ModelGraph) -> tuple[frozenset[int], ...] | None:
    """For each tensor the dimensions that grew in proportion; None if the forwards differ."""
    same = [op.name for op in wide.ops] == [op.name for op in wider.ops]
    if not same or len(wide.tensors) != len(wider.tensors):
        return None
    small, large = SIZES
    found = []
    for one, other in zip(wide.tensors, wider.tensors, strict=True):
        if len(one.shape) != len(other.shape):
            return None
        found.append(
            frozenset(
                dim
                for dim, (a, b) in enumerate(zip(one.shape, other.shape, strict=True))
                if a != b and a * large == b * small
            )
        )
    return tuple(found)
