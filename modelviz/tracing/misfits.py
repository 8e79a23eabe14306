"""What real kernels of views refuse and their fake versions take: places that there are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

_aten = torch.ops.aten
_NO_DIMENSION = "Dimension out of range (expected to be in range of [{}, {}], but got {})"
_NO_ROW = "select(): index {} out of range for tensor of size {} at dimension {}"
_TOO_FAR = (
    "setStorage: sizes {}, strides {}, storage offset {}, and itemsize {} requiring a storage size "
    "of {} are out of bounds for storage of size {}"
)
_OVERFLOW = "Storage size calculation overflowed with sizes={} and strides={}"


def misfit(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Exception | None:
    """What the real kernel raises for a dimension, row or part of memory that is not there.

    ``args`` and ``kwargs`` are those of the fake kernel, whose first is its tensor.
    """
    look = _LOOKS.get(id(function))
    return None if look is None else look(*args, **kwargs)


def _dimension(rank: int, dim: int) -> IndexError | None:
    if not rank or -rank <= dim < rank:
        return None
    return IndexError(_NO_DIMENSION.format(-rank, rank - 1, dim))


def _select(tensor: torch.Tensor, dim: int, index: Any) -> Exception | None:
    return _dimension(tensor.dim(), dim)


def _select_scatter(
    tensor: torch.Tensor, source: torch.Tensor, dim: int, index: Any
) -> Exception | None:
    wrong = _dimension(tensor.dim(), dim)
    if wrong is not None or not tensor.dim():
        return wrong
    size = tensor.shape[dim]
    if -size <= index < size:
        return None
    place = dim % tensor.dim()
    return IndexError(_NO_ROW.format(index, list(tensor.shape), place))


def _slice_scatter(
    tensor: torch.Tensor, source: torch.Tensor, dim: int = 0, *rest: Any, **more: Any
) -> Exception | None:
    return _dimension(tensor.dim(), dim)


def _diagonal_scatter(
    tensor: torch.Tensor, source: torch.Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Exception | None:
    return _dimension(tensor.dim(), dim1) or _dimension(tensor.dim(), dim2)


def _as_strided(
    tensor: torch.Tensor, size: Any, stride: Any, storage_offset: Any = None
) -> Exception | None:
    if tensor.layout is not torch.strided or 0 in size or len(size) != len(stride):
        return None
    offset = tensor.storage_offset() if storage_offset is None else storage_offset
    if min(stride, default=0) < 0 or offset < 0:
        return None  # which the fake version refuses
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    width, held = tensor.element_size(), tensor.untyped_storage().nbytes()
    needed = (last + 1) * width
    if needed <= held:
        return None
    return RuntimeError(_TOO_FAR.format(list(size), list(stride), offset, width, needed, held))


def _as_strided_scatter(
    tensor: torch.Tensor, source: torch.Tensor, size: Any, stride: Any, storage_offset: Any = None
) -> Exception | None:
    return _as_strided(tensor, size, stride, storage_offset)


def _new_strided(tensor: torch.Tensor, size: Any, stride: Any, **more: Any) -> Exception | None:
    if min(stride, default=0) >= 0 or 0 in size:
        return None
    return RuntimeError(_OVERFLOW.format(list(size), list(stride)))


_KNOWN: dict[Any, Callable[..., Exception | None]] = {
    _aten.select.int: _select,
    _aten.select_copy.int: _select,
    _aten.select_scatter.default: _select_scatter,
    _aten.slice_scatter.default: _slice_scatter,
    _aten.diagonal_scatter.default: _diagonal_scatter,
    _aten.as_strided.default: _as_strided,
    _aten.as_strided_.default: _as_strided,
    _aten.as_strided_copy.default: _as_strided,
    _aten.as_strided_scatter.default: _as_strided_scatter,
    _aten.new_empty_strided.default: _new_strided,
}
# By ``id``: hashing a kernel costs more than the look-up, and PyTorch keeps them alive.
_LOOKS = {id(function): look for function, look in _KNOWN.items()}
