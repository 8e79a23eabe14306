"""The same forward with other batch sizes: which dimensions are those of the samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from ..errors import InputError, TraceError
from ..graph import ModelGraph, Shape
from ..tracing import trace
from ..tracing.sizes import input_sizes
from ..tracing.structure import attributes, tensors
from .samples import SQUEEZES, Batches, has_batch

SIZES = (5, 7)
"""Batch sizes that are tried: unlikely to be the size of anything else."""
_NO_DATA = frozenset({"input_size", "batch_dim", "device", "dtypes"})
_COLOURS = (1, 3, 4)
"""How many channels an image has."""


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

    def resized(size: int) -> Resized | None:
        return with_samples(inputs, first[0], partial(_sized, size=size), size)

    graphs = []
    beside = False
    for size in SIZES:
        changed = resized(size)
        if changed is None:
            return None
        beside = changed.beside
        try:
            graphs.append(trace(model, **changed.inputs, **options))
        except TraceError as error:
            if not isinstance(error.__cause__, Exception):
                raise
            failure = error.graph.failure
            known = has_batch(graph) and not beside
            return Batches(SIZES[0], failure=failure, failed_size=size) if known else None
        except InputError:
            return None
    wide, wider = graphs
    single = None
    if any(op.name in SQUEEZES for op in wide.ops) and (one := resized(1)) is not None:
        try:
            single = trace(model, **one.inputs, **options)
        except TraceError as error:
            if not isinstance(error.__cause__, Exception):
                raise
        except InputError:
            pass  # then it is not known what one sample gives
    return Batches(SIZES[0], wide, _growing(wide, wider), single=single, beside=beside)


@dataclass(frozen=True, slots=True)
class Resized:
    """Inputs with another number of samples.

    ``beside`` says whether they have something else with as many parts as there were samples.
    """

    inputs: dict[str, Any]
    beside: bool


def with_samples(
    inputs: Mapping[str, Any],
    old: int,
    change: Callable[[torch.Tensor], torch.Tensor],
    size: int,
) -> Resized | None:
    """``inputs`` with ``size`` samples: tensors with ``old`` ones go through ``change``.

    None where not all of them can be given another size, or where ``old`` is no number of samples.
    """
    held = tensors(inputs)
    # The samples of a nested tensor are what it is made of, each with sizes of its own.
    ragged = any(tensor.is_nested for tensor in held)
    if not old or ragged or any(map(_are_images, inputs.values())):
        return None
    resizing = _Resizing(old, change)
    result = {
        name: value if name in _NO_DATA else resizing.of(value) for name, value in inputs.items()
    }
    there = {id(t) for t in held if t.dim() and t.shape[0] == old}
    if resizing.done != there:
        return None
    sizes = inputs.get("input_size")
    if sizes is None and not there:
        return None
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
    return Resized(result, resizing.beside)


class _Resizing:
    """Puts other tensors in the place of those with ``old`` samples, in copies of what holds them.

    ``done`` are the ``id``s of those that have another in their place. ``beside`` says whether
    there is something else with so many parts, which may be one for each sample.
    """

    def __init__(self, old: int, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self._old = old
        self._change = change
        self.done: set[int] = set()
        self.beside = False

    def of(self, value: Any) -> Any:
        """``value`` with the others in it; itself where it holds none."""
        if isinstance(value, torch.Tensor):
            if value.is_nested or not value.dim() or value.shape[0] != self._old:
                return value
            self.done.add(id(value))
            return self._change(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self.of, value))
        if type(value) in (list, tuple) and tensors(value):
            return type(value)(map(self.of, value))
        if not tensors(value):
            self.beside |= _has_so_many(value, self._old)
            return value
        if isinstance(value, dict):
            twin = copy(value)
            twin.update({name: self.of(part) for name, part in value.items()})
            return twin
        return self._object(value)

    def _object(self, value: Any) -> Any:
        try:
            twin = copy(value)
            for name, part in attributes(value):
                new = self.of(part)
                if new is not part:
                    object.__setattr__(twin, name, new)
        except (TypeError, AttributeError):  # no copy can be made of it, or nothing set in it
            return value
        return twin


def _has_so_many(value: Any, number: int) -> bool:
    """Whether there is a list or an array of so many parts: lengths or texts, one a sample.

    A tuple is rather a size, such as that of an image.
    """
    if isinstance(value, dict):
        return any(_has_so_many(part, number) for part in value.values())
    if isinstance(value, (list, tuple)):
        alike = isinstance(value, list) and len(value) == number
        return alike or any(_has_so_many(part, number) for part in value)
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and shape[:1] == (number,)


def _are_images(value: Any, is_argument: bool = False) -> bool:
    """Whether there is a list of images in ``value``, whose first dimension is that of colours."""
    if isinstance(value, Mapping):
        return any(_are_images(part, True) for part in value.values())
    if type(value) not in (list, tuple):
        return False
    images = [t for t in value if isinstance(t, torch.Tensor)]
    if is_argument and images:
        return all(t.dim() == 3 and t.shape[0] in _COLOURS for t in images)
    return any(_are_images(part, True) for part in value)


def _sized(tensor: torch.Tensor, size: int) -> torch.Tensor:
    """``size`` samples, taken from those of ``tensor`` in their order: lengths stay sorted."""
    if tensor.layout is not torch.strided or not tensor.shape[0]:
        return tensor
    return tensor[torch.arange(size, device="cpu") * tensor.shape[0] // size]


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
