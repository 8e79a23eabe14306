"""Shapes and memory of what kernels return where PyTorch's own shape functions do not say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .recipes import Output, device_of


def _grouped_mm(
    a: torch.Tensor,
    b: torch.Tensor,
    offs: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    out_dtype: torch.dtype | None = None,
) -> Output:
    """One matrix product a group; PyTorch's shape function knows bfloat16 only."""
    if a.dim() == 2 and b.dim() == 2:
        groups = 1 if offs is None else offs.shape[0]
        shape: tuple[int, ...] = (groups, a.shape[0], b.shape[1])
    elif a.dim() == 2 or b.dim() == 2:
        shape = (a.shape[-2], b.shape[-1])
    else:
        shape = (a.shape[0], a.shape[1], b.shape[2])
    stride = tuple(torch.Size(shape[axis + 1 :]).numel() for axis in range(len(shape)))
    return Output(shape, stride, 0, out_dtype or a.dtype, device_of(a), None)


# Older releases of torch have no grouped product.
SHAPES: dict[Any, Callable[..., Output]] = (
    {torch.ops.aten._grouped_mm.default: _grouped_mm}
    if hasattr(torch.ops.aten, "_grouped_mm")
    else {}
)

_aten = torch.ops.aten
_LOSSES = (
    _aten.mse_loss.default,
    _aten.smooth_l1_loss.default,
    _aten.binary_cross_entropy.default,
    _aten.soft_margin_loss.default,
)
WHOLE = frozenset(map(id, _LOSSES))
"""Losses, by ``id``, that return the memory in which they have held that of each element.

They reduce inside it (``ATen/native/Loss.cpp``).
"""


def memory_of_loss(output: torch.Tensor, target: torch.Tensor) -> int:
    """The bytes of the memory that such a loss returns."""
    elements: int = torch.broadcast_shapes(output.shape, target.shape).numel()
    width: int = torch.promote_types(output.dtype, target.dtype).itemsize
    return elements * width
