"""FLOPs of decompositions and solvers: the standard counts of operations.

PyTorch's counter has none of them, and the totals leave them out as well: a finding names the
kernel and tells this count.

Sources: LAPACK Working Note 41 (Blackford and Dongarra, 1999), appendix C, without the terms of
lower order, and Golub and Van Loan, "Matrix Computations" (4th edition), where an algorithm
iterates: the counts are those of its usual number of sweeps. Each addition and each multiplication
is one; batch dimensions multiply. An algorithm that works by blocks, as libraries do, does
the same work to leading order.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from .counting import Formula, estimates


def _shape(matrix: torch.Tensor) -> tuple[int, int, int]:
    """Matrices in the batch, rows, columns."""
    return prod(matrix.shape[:-2]), matrix.shape[-2], matrix.shape[-1]


def _columns(right: torch.Tensor, n: int, vector: bool = False) -> int:
    """Right-hand sides in all, of ``n`` numbers each."""
    return right.numel() // n if n else 0


def _lu(batch: int, m: int, n: int) -> int:
    """Getrf: 2mnk - (m + n)k^2 + 2k^3/3 with k = min(m, n); 2n^3/3 where square."""
    k = min(m, n)
    return batch * (6 * m * n * k - 3 * (m + n) * k * k + 2 * k**3) // 3


def _qr(batch: int, m: int, n: int) -> int:
    """Geqrf, R and the reflections: 2mn^2 - 2n^3/3 where m >= n, else 2nm^2 - 2m^3/3."""
    k, longer = min(m, n), max(m, n)
    return batch * (6 * longer * k * k - 2 * k**3) // 3


def _reflections(batch: int, m: int, n: int, k: int) -> int:
    """Orgqr, the first n columns of Q from k reflections: 4mnk - 2(m + n)k^2 + 4k^3/3."""
    return batch * (12 * m * n * k - 6 * (m + n) * k * k + 4 * k**3) // 3


def _svd(batch: int, m: int, n: int, vectors: bool, full: bool) -> int:
    """Golub-Reinsch, section 8.6.3: values, or with reduced or full U and V; m >= n."""
    m, n = max(m, n), min(m, n)
    if not vectors:
        return batch * (12 * m * n * n - 4 * n**3) // 3
    if full:
        return batch * (4 * m * m * n + 8 * m * n * n + 9 * n**3)
    return batch * (14 * m * n * n + 8 * n**3)


@estimates("aten.linalg_cholesky_ex", "aten.cholesky", "aten.linalg_ldl_factor_ex")
def _cholesky(matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Potrf: n^3/3."""
    batch, n, _ = _shape(matrix)
    return batch * n**3 // 3


@estimates("aten.cholesky_inverse")
def _cholesky_inverse(factor: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Potri, from the factor: 2n^3/3."""
    batch, n, _ = _shape(factor)
    return 2 * batch * n**3 // 3


@estimates("aten.linalg_lu", "aten.linalg_lu_factor_ex", "aten._linalg_det", "aten._linalg_slogdet")
def _factors(matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """An LU decomposition; the product of a diagonal is of lower order."""
    return _lu(*_shape(matrix))


@estimates("aten.linalg_inv_ex")
def _inverse(matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Getrf and getri: 2n^3."""
    batch, n, _ = _shape(matrix)
    return 2 * batch * n**3


@estimates("aten._linalg_solve_ex")
def _solve(matrix: torch.Tensor, right: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Getrf and getrs: an LU decomposition, and 2n^2 for each right-hand side."""
    n = matrix.shape[-1]
    return _lu(*_shape(matrix)) + 2 * n * n * _columns(out[0], n)


@estimates("aten.linalg_lu_solve")
def _lu_solve(
    factors: torch.Tensor, pivots: Any, right: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Getrs: 2n^2 for each right-hand side."""
    n = factors.shape[-1]
    return 2 * n * n * _columns(out, n)


@estimates("aten.linalg_ldl_solve")
def _ldl_solve(
    factors: torch.Tensor, pivots: Any, right: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Sytrs: 2n^2 for each right-hand side."""
    n = factors.shape[-1]
    return 2 * n * n * _columns(out, n)


@estimates("aten.cholesky_solve", "aten._cholesky_solve_helper")
def _cholesky_solve(
    right: torch.Tensor, factor: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Potrs: 2n^2 for each right-hand side."""
    n = factor.shape[-1]
    return 2 * n * n * _columns(out, n)


@estimates("aten.linalg_solve_triangular")
def _solve_triangular(
    matrix: torch.Tensor, right: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Trsm: n^2 for each right-hand side."""
    n = matrix.shape[-1]
    return n * n * _columns(out, n)


@estimates("aten.triangular_solve")
def _triangular_solve(
    right: torch.Tensor, matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Trsm: n^2 for each right-hand side."""
    n = matrix.shape[-1]
    return n * n * _columns(out[0], n)


@estimates("aten.geqrf")
def _geqrf(matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """The decomposition without Q."""
    return _qr(*_shape(matrix))


@estimates("aten.linalg_qr")
def _qr_with_q(
    matrix: torch.Tensor, mode: str = "reduced", *args: Any, out: Any, **kwargs: Any
) -> int:
    """Geqrf, and orgqr for the columns of Q that are asked for."""
    batch, m, n = _shape(matrix)
    if mode == "r":
        return _qr(batch, m, n)
    return _qr(batch, m, n) + _reflections(batch, m, out[0].shape[-1], min(m, n))


@estimates("aten.linalg_householder_product")
def _householder(
    vectors: torch.Tensor, tau: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Orgqr: m x n from k reflections."""
    return _reflections(*_shape(vectors), tau.shape[-1])


@estimates("aten.ormqr")
def _ormqr(
    vectors: torch.Tensor,
    tau: torch.Tensor,
    other: torch.Tensor,
    left: bool = True,
    *args: Any,
    out: Any,
    **kwargs: Any,
) -> int:
    """Q of k reflections times m x n: 4mnk - 2nk^2 from the left, 4mnk - 2mk^2 from the right."""
    batch, m, n = _shape(other)
    k = tau.shape[-1]
    return batch * (4 * m * n * k - 2 * (n if left else m) * k * k)


@estimates("aten.linalg_lstsq")
def _lstsq(matrix: torch.Tensor, right: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Gels: QR, Q^T times the right-hand sides, and a triangle to solve for each."""
    batch, m, n = _shape(matrix)
    k = min(m, n)
    columns = _columns(right, m)
    return _qr(batch, m, n) + columns * (4 * max(m, n) * k - 2 * k * k + k * k)


@estimates("aten._linalg_eigh")
def _eigh(
    matrix: torch.Tensor,
    side: str = "L",
    vectors: bool = True,
    *args: Any,
    out: Any,
    **kwargs: Any,
) -> int:
    """Section 8.3: 4n^3/3 for the values, by way of a tridiagonal matrix; 9n^3 with vectors."""
    batch, n, _ = _shape(matrix)
    return batch * (9 * n**3 if vectors else 4 * n**3 // 3)


@estimates("aten.linalg_eig")
def _eig(matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Section 7.5.6: 25n^3 with vectors, by way of the Schur form."""
    batch, n, _ = _shape(matrix)
    return 25 * batch * n**3


@estimates("aten.linalg_eigvals", "aten._linalg_eigvals")
def _eigvals(matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Section 7.5.6: 10n^3 for the values alone."""
    batch, n, _ = _shape(matrix)
    return 10 * batch * n**3


@estimates("aten._linalg_svd")
def _singular(
    matrix: torch.Tensor,
    full: bool = False,
    vectors: bool = True,
    *args: Any,
    out: Any,
    **kwargs: Any,
) -> int:
    """The values, and the vectors that are asked for."""
    return _svd(*_shape(matrix), vectors=vectors, full=full)


_VALUES_ALONE: dict[str, Formula] = {
    "_linalg_eigh": lambda matrix, *args, **kwargs: _eigh(matrix, "L", False, out=None),
    "_linalg_svd": lambda matrix, *args, **kwargs: _singular(matrix, False, False, out=None),
    "linalg_eig": _eigvals,
}
_ASKING_FOR_VALUES = frozenset(
    {"linalg_eigvalsh", "linalg_eigvals", "linalg_svdvals", "linalg_cond", "linalg_matrix_rank",
     "linalg_matrix_norm", "linalg_norm", "nuclear_norm", "norm"}
)  # fmt: skip


def values_alone(function: str, kernel: str) -> Formula | None:
    """The formula for a kernel inside a function that asks for values and no vectors.

    While a dispatch mode is active, PyTorch lets the kernel compute the vectors as well, which it
    does not do otherwise.
    """
    return _VALUES_ALONE.get(kernel) if function in _ASKING_FOR_VALUES else None


@estimates("aten.linalg_pinv")
def _pinv(matrix: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """A reduced singular value decomposition, and the product V S^-1 U^T."""
    batch, m, n = _shape(matrix)
    return _svd(batch, m, n, vectors=True, full=False) + 2 * batch * m * n * min(m, n)
