"""Indices that lie outside of what they index, where their values are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch

from .mode_internals import disable_current_modes
from .torch_internals import FakeTensor


class Bounds(NamedTuple):
    """The smallest and the largest value of an index, but for one value that is ``ignored``."""

    low: int
    high: int
    ignored: int | None = None

    def exclude(self, index: torch.Tensor) -> bool:
        """Whether a value of ``index``, which has data, may be out of bounds.

        Whether it is, the real kernel says: some take negative indices and some do not.
        """
        if index.dtype not in _INDICES:
            return False  # a mask
        with disable_current_modes():
            if self.ignored is not None:
                index = index[index != self.ignored]
            if not index.numel():
                return False
            smallest, largest = torch.aminmax(index)
            return int(smallest) < self.low or int(largest) > self.high


_INDICES = (torch.int64, torch.int32)
_Found = Iterator[tuple[Any, Bounds]]


def bounds_of(function: Any, args: Any) -> list[tuple[Any, Bounds]] | None:
    """The indices by which a kernel looks something up; None for one that does not."""
    find = _BOUNDS.get(getattr(function, "overloadpacket", None))
    return None if find is None else list(find(*args))


def extremes(tensors: Iterable[torch.Tensor]) -> tuple[int, int] | None:
    """The smallest and the largest value of the first tensor of indices; None if not known."""
    for tensor in tensors:
        if tensor.dtype not in _INDICES or not tensor.numel():
            continue
        with disable_current_modes():
            value = tensor.constant if isinstance(tensor, FakeTensor) else tensor
            if value is None or value.is_meta or isinstance(value, FakeTensor):
                return None
            smallest, largest = torch.aminmax(value)
            return int(smallest), int(largest)
    return None


def _rows(weight: Any, indices: Any, *rest: Any) -> _Found:
    yield indices, Bounds(0, weight.shape[0] - 1)


def _along(tensor: Any, dim: int, index: Any, *rest: Any) -> _Found:
    yield index, Bounds(0, (tensor.shape[dim] if tensor.dim() else 1) - 1)


def _each_axis(tensor: Any, indices: Any, *rest: Any) -> _Found:
    axis = 0
    for index in indices:
        # A mask stands for as many axes as it has.
        mask = index is not None and index.dtype in (torch.bool, torch.uint8)
        if index is not None and not mask:
            yield index, Bounds(-tensor.shape[axis], tensor.shape[axis] - 1)
        axis += index.dim() if mask else 1


def _all_elements(tensor: Any, index: Any, *rest: Any) -> _Found:
    yield index, Bounds(-tensor.numel(), tensor.numel() - 1)


def _classes(
    scores: Any, target: Any, weight: Any, reduction: int, ignored: int, *rest: Any
) -> _Found:
    yield target, Bounds(0, scores.shape[1 if scores.dim() > 1 else 0] - 1, ignored)


_aten = torch.ops.aten
_BOUNDS: dict[Any, Callable[..., _Found]] = {
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
