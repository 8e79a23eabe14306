"""Indices that lie outside of what they index, where their values are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from .torch_internals import FakeTensor, disable_current_modes

# A known index, and the smallest and largest value that is in bounds.
Bound = tuple[torch.Tensor, int, int]


def has_bounds(function: Any) -> bool:
    """Whether a kernel looks something up by the values of an argument."""
    return getattr(function, "overloadpacket", None) in _BOUNDS


def out_of_bounds(function: Any, args: Any) -> bool:
    """Whether a known index among ``args`` of a kernel, fake tensors, may be out of bounds.

    Whether it is, the real kernel says: some take negative indices and some do not.
    """
    with disable_current_modes():
        for index, low, high in _BOUNDS[function.overloadpacket](*args):
            if index.numel():
                smallest, largest = torch.aminmax(index)
                if int(smallest) < low or int(largest) > high:
                    return True
    return False


def extremes(tensors: Iterable[torch.Tensor]) -> tuple[int, int] | None:
    """The smallest and the largest value of the first tensor of indices; None if not known."""
    for tensor in tensors:
        if tensor.dtype not in (torch.int64, torch.int32) or not tensor.numel():
            continue
        with disable_current_modes():
            value = tensor.constant if isinstance(tensor, FakeTensor) else tensor
            if value is None or value.is_meta or isinstance(value, FakeTensor):
                return None
            smallest, largest = torch.aminmax(value)
            return int(smallest), int(largest)
    return None


def _value(index: Any) -> torch.Tensor | None:
    """The values of an index, where they are known; None for a mask."""
    value: torch.Tensor | None = index.constant if isinstance(index, FakeTensor) else None
    return value if value is not None and value.dtype in (torch.int64, torch.int32) else None


def _bound(index: Any, low: int, high: int) -> Iterator[Bound]:
    value = _value(index)
    if value is not None:
        yield value, low, high


def _rows(weight: Any, indices: Any, *rest: Any) -> Iterator[Bound]:
    return _bound(indices, 0, weight.shape[0] - 1)


def _along(tensor: Any, dim: int, index: Any, *rest: Any) -> Iterator[Bound]:
    return _bound(index, 0, (tensor.shape[dim] if tensor.dim() else 1) - 1)


def _each_axis(tensor: Any, indices: Any, *rest: Any) -> Iterator[Bound]:
    axis = 0
    for index in indices:
        # A mask stands for as many axes as it has.
        mask = index is not None and index.dtype in (torch.bool, torch.uint8)
        if index is not None and not mask:
            yield from _bound(index, -tensor.shape[axis], tensor.shape[axis] - 1)
        axis += index.dim() if mask else 1


def _all_elements(tensor: Any, index: Any, *rest: Any) -> Iterator[Bound]:
    return _bound(index, -tensor.numel(), tensor.numel() - 1)


def _classes(
    scores: Any, target: Any, weight: Any, reduction: int, ignored: int, *rest: Any
) -> Iterator[Bound]:
    value = _value(target)
    if value is not None:
        yield value[value != ignored], 0, scores.shape[1 if scores.dim() > 1 else 0] - 1


_aten = torch.ops.aten
_BOUNDS: dict[Any, Callable[..., Iterator[Bound]]] = {
    **dict.fromkeys((_aten.embedding, _aten._embedding_bag), _rows),
    _aten._embedding_bag_forward_only: _rows,
    **dict.fromkeys((_aten.index_select, _aten.gather), _along),
    **dict.fromkeys((_aten.scatter, _aten.scatter_, _aten.scatter_add, _aten.scatter_add_), _along),
    **dict.fromkeys((_aten.scatter_reduce, _aten.scatter_reduce_), _along),
    **dict.fromkeys((_aten.index_add, _aten.index_add_), _along),
    **dict.fromkeys((_aten.index_copy, _aten.index_copy_), _along),
    **dict.fromkeys((_aten.index_fill, _aten.index_fill_), _along),
    **dict.fromkeys((_aten.index_reduce, _aten.index_reduce_), _along),
    **dict.fromkeys((_aten.index, _aten._unsafe_index), _each_axis),
    **dict.fromkeys((_aten.index_put, _aten.index_put_, _aten._index_put_impl_), _each_axis),
    **dict.fromkeys((_aten.take, _aten.put, _aten.put_), _all_elements),
    **dict.fromkeys((_aten.nll_loss_forward, _aten.nll_loss2d_forward), _classes),
}
