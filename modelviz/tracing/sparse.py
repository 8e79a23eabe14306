"""FLOPs of products with sparse matrices: by the values that they store."""

from __future__ import annotations

from typing import Any

import torch

from .counting import counts
from .torch_internals import FakeTensor, stored_values

_SPARSE = frozenset(
    {torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc}
)


def is_sparse(tensor: torch.Tensor) -> bool:
    """Whether it keeps only some of its values."""
    return tensor.layout in _SPARSE


def values_in(tensor: torch.Tensor) -> int | None:
    """How many values a matrix stores; None for a sparse one of which only the shape is known."""
    if not is_sparse(tensor):
        return tensor.numel()
    return None if isinstance(tensor, FakeTensor) or tensor.is_meta else stored_values(tensor)


def product(a: torch.Tensor, b: torch.Tensor) -> int | None:
    """(…, m, k) @ (…, k, n), or @ (k,): each stored value meets each column, or row, once.

    None where the number of values is not known, and where both are sparse: how many pairs of
    them meet depends on where they stand.
    """
    if is_sparse(a) and is_sparse(b):
        return None
    if is_sparse(a):
        known = values_in(a)
        return None if known is None else 2 * known * (b.shape[-1] if b.dim() > 1 else 1)
    known = values_in(b)
    if b.dim() > 1 and is_sparse(b):
        return None if known is None else 2 * known * a.shape[-2]
    return 2 * a.numel() * (b.shape[-1] if b.dim() > 1 else 1)


@counts(
    "aten._sparse_mm", "aten.hspmm", "aten._sparse_mm_reduce_impl", "aten._sparse_sparse_matmul"
)
def _mm(a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int | None:
    """(m, k) @ (k, n)."""
    return product(a, b)


@counts("aten._sparse_addmm", "aten.sspaddmm")
def _addmm(
    bias: Any, a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int | None:
    """(m, k) @ (k, n), added to a matrix."""
    return product(a, b)


@counts("aten.sparse_sampled_addmm")
def _sampled(
    mask: torch.Tensor, a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int | None:
    """(m, k) @ (k, n) at the places where the mask stores a value."""
    known = values_in(mask)
    return None if known is None else 2 * known * a.shape[-1]


@counts("aten._sparse_semi_structured_linear")
def _half_linear(
    source: torch.Tensor, weight: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """(…, k) with n x k/2 stored values, two of every four."""
    return 2 * (source.numel() // source.shape[-1]) * weight.numel()


@counts("aten._sparse_semi_structured_mm")
def _half_mm(
    a: torch.Tensor, meta: Any, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """M x k/2 stored values, two of every four, @ (k, n)."""
    return 2 * a.numel() * b.shape[-1]


@counts("aten._sparse_semi_structured_addmm")
def _half_addmm(
    bias: Any, a: torch.Tensor, meta: Any, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """M x k/2 stored values, two of every four, @ (k, n), added to a bias."""
    return 2 * a.numel() * b.shape[-1]


@counts("aten._cslt_sparse_mm")
def _cslt(a: Any, b: torch.Tensor, *args: Any, out: torch.Tensor, **kwargs: Any) -> int:
    """Two of every four of the k multiply-adds of each output element."""
    return out.numel() * b.shape[0]
