"""FLOPs of decompositions, solvers, transforms and sparse products, by hand."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

import modelviz
from modelviz import trace
from modelviz.tracing import kernels
from modelviz.tracing.counting import BUILTIN
from modelviz.units import count_text

from .test_uncounted import Call

B, N, M, R = 2, 6, 9, 4
"""Matrices in a batch, their order, rows of a tall one, right-hand sides."""
LU = 2 * N**3 // 3
SPD = (B, N, N)


def positive(x: torch.Tensor) -> torch.Tensor:
    return torch.eye(N) * 10 + (x + x.mT) / 100


L = torch.linalg

# Each with shapes and FLOPs; ``x`` is made positive definite, which costs none.
CASES: dict[str, tuple[Any, list[tuple[int, ...]], int]] = {
    "cholesky": (lambda x: L.cholesky(positive(x)), [SPD], B * N**3 // 3),
    "cholesky_inverse": (torch.cholesky_inverse, [(N, N)], 2 * N**3 // 3),
    "cholesky_solve": (torch.cholesky_solve, [(N, R), (N, N)], 2 * N * N * R),
    "lu": (lambda x: L.lu_factor(positive(x)), [SPD], B * LU),
    "lu, tall": (lambda x: L.lu(x), [(M, N)], M * N**2 - N**3 // 3),
    "det": (lambda x: L.det(positive(x)), [SPD], B * LU),
    "slogdet": (lambda x: L.slogdet(positive(x)), [SPD], B * LU),
    "inv": (lambda x: L.inv(positive(x)), [SPD], B * 2 * N**3),
    "solve": (lambda x, y: L.solve(positive(x), y), [SPD, (B, N, R)], B * (LU + 2 * N * N * R)),
    "solve, vector": (lambda x, y: L.solve(positive(x), y), [(N, N), (N,)], LU + 2 * N * N),
    "triangular": (
        lambda x, y: L.solve_triangular(x.tril() + positive(x), y, upper=False),
        [(N, N), (N, R)],
        N * N * R,
    ),
    "qr": (L.qr, [(M, N)], 4 * M * N**2 - 4 * N**3 // 3),
    "qr, complete": (
        lambda x: L.qr(x, mode="complete"),
        [(M, N)],
        # R as above without Q, and all M columns of Q from N reflections.
        (2 * M * N**2 - 2 * N**3 // 3) + (4 * M * M * N - 4 * M * N**2 + 4 * N**3 // 3),
    ),
    "qr, wide": (
        L.qr,
        [(N, M)],
        (2 * M * N**2 - 2 * N**3 // 3) + (4 * N**3 - 4 * N**3 + 4 * N**3 // 3),
    ),
    "eigh": (lambda x: L.eigh(positive(x)), [SPD], B * 9 * N**3),
    "eigvalsh": (lambda x: L.eigvalsh(positive(x)), [SPD], B * 4 * N**3 // 3),
    "eig": (L.eig, [(N, N)], 25 * N**3),
    "eigvals": (L.eigvals, [(N, N)], 10 * N**3),
    "svd": (lambda x: L.svd(x, full_matrices=False), [(M, N)], 14 * M * N**2 + 8 * N**3),
    "svd, full": (L.svd, [(N, M)], 4 * M * M * N + 8 * M * N**2 + 9 * N**3),
    "svdvals": (L.svdvals, [(M, N)], 4 * M * N**2 - 4 * N**3 // 3),
    "cond": (L.cond, [(N, N)], 4 * N**3 - 4 * N**3 // 3),
    "rank": (L.matrix_rank, [(M, N)], 4 * M * N**2 - 4 * N**3 // 3),
    "spectral norm": (lambda x: L.matrix_norm(x, 2), [(M, N)], 4 * M * N**2 - 4 * N**3 // 3),
    "nuclear norm": (lambda x: L.norm(x, "nuc"), [(M, N)], 4 * M * N**2 - 4 * N**3 // 3),
    "pinv": (L.pinv, [(M, N)], 16 * M * N**2 + 8 * N**3),
    "matrix_power": (lambda x: L.matrix_power(x, 4), [(N, N)], 2 * 2 * N**3),
    "multi_dot": (lambda a, b, c: L.multi_dot([a, b, c]), [(2, 8), (8, 3), (3, 5)], 2 * (48 + 30)),
    "conv_tbc": (
        lambda x, w: torch.conv_tbc(x, w, torch.zeros(6), 1),
        [(10, 2, 4), (3, 4, 6)],
        2880,
    ),
    "cdist": (torch.cdist, [(B, 5, 3), (B, 7, 3)], 2 * B * 5 * 7 * 3),
    "cdist, many": (torch.cdist, [(30, 3), (40, 3)], 2 * 30 * 40 * 3),
    "cdist, p=1": (lambda a, b: torch.cdist(a, b, p=1.0), [(5, 3), (7, 3)], 2 * 5 * 7 * 3),
    "pdist": (F.pdist, [(6, 3)], 2 * 15 * 3),
    "tensordot": (lambda a, b: torch.tensordot(a, b, 2), [(2, 3, 4), (3, 4, 5)], 2 * 2 * 12 * 5),
    "einsum": (lambda a, b: torch.einsum("ij,kj->ik", a, b), [(2, 3), (4, 3)], 2 * 24),
}


@pytest.fixture
def estimated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is told of each kernel that is not counted."""
    told: list[int] = []

    def text(value: int, unit: str) -> str:
        told.append(value)
        return count_text(value, unit)

    monkeypatch.setattr(kernels, "count_text", text)
    return told


@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize("name", CASES)
def test_flops(name: str, execution: Any, estimated: list[int]) -> None:
    function, shapes, expected = CASES[name]
    data = [torch.rand(shape) for shape in shapes]
    graph = trace(Call(function), input_data=data, execution=execution)
    assert graph.total_flops + sum(estimated) == expected
    assert bool(graph.findings) is bool(estimated)


@pytest.mark.parametrize("function", [L.svdvals, L.inv, lambda x: torch.cdist(x, x)])
def test_what_pytorch_does_not_count_is_named_with_its_count(
    function: Any, estimated: list[int]
) -> None:
    x = torch.eye(8) * 2
    with FlopCounterMode(display=False) as counter:
        function(x)
    graph = trace(Call(function), input_data=x)
    assert graph.total_flops == counter.get_total_flops() == 0
    (finding,) = graph.findings
    assert finding.code == "MV002" and finding.level == "warning"
    assert f"(about {count_text(estimated[0], 'FLOPs')})" in finding.message


def test_least_squares(estimated: list[int]) -> None:
    # Only a real run knows the shapes of what comes back, which depend on the rank.
    data = [torch.rand(M, N), torch.rand(M, R)]
    trace(Call(lambda a, b: L.lstsq(a, b).solution), input_data=data)
    qr = 2 * M * N**2 - 2 * N**3 // 3
    assert sum(estimated) == qr + R * (4 * M * N - 2 * N**2 + N**2)


def test_a_short_time_fourier_transform_is_named() -> None:
    def spectrum(x: Any) -> Any:
        return torch.stft(x, 16, hop_length=8, window=torch.ones(16), return_complex=True)

    graph = trace(Call(spectrum), (B, 64))
    assert [finding.code for finding in graph.findings] == ["MV002"]


class Sparse(nn.Module):
    def __init__(self, matrix: torch.Tensor, product: Any) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix)
        self.product = product

    def forward(self, x: Any) -> Any:
        return self.product(self.matrix, x)


DENSE = torch.tensor([[0.0, 1, 0, 2], [3, 0, 0, 0], [0, 0, 4, 5]])
LAYOUTS = ("coo", "csr", "csc", "bsr")


def sparse(layout: str) -> torch.Tensor:
    """``DENSE`` with its five values, or two by two blocks of another matrix with its 16."""
    if layout == "bsr":
        return torch.rand(4, 4).to_sparse_bsr((2, 2))
    return DENSE.to_sparse(layout=getattr(torch, f"sparse_{layout}"))


@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sparse_matrix_counts_by_its_values(layout: str) -> None:
    matrix = sparse(layout)
    stored = 16 if layout == "bsr" else 5
    products = {
        "mm": lambda s, x: s @ x,
        "sparse.mm": torch.sparse.mm,
        "linear": lambda s, x: F.linear(x.mT, s),
    }
    for name, product in products.items():
        graph = trace(Sparse(matrix, product), (4, 7), execution="real")
        assert graph.total_flops == 2 * stored * 7, name
        assert graph.findings == ()
    graph = trace(Sparse(matrix, lambda s, x: s @ x[:, 0]), (4, 7), execution="real")
    assert graph.total_flops == 2 * stored


@pytest.mark.filterwarnings("ignore:Sparse")
def test_a_sampled_product_counts_at_its_places() -> None:
    def sampled(s: Any, x: Any) -> Any:
        return torch.sparse.sampled_addmm(s, x[:3], x[:4].mT)

    graph = trace(Sparse(sparse("csr"), sampled), (5, 6), execution="real")
    assert graph.total_flops == 2 * 5 * 6


def test_two_sparse_matrices_are_named() -> None:
    def both(s: Any, x: Any) -> Any:
        return torch.sparse.mm(s, s.mT).to_dense() + x

    graph = trace(Sparse(sparse("coo"), both), (3, 3), execution="real")
    assert graph.total_flops == 0
    assert "_sparse_sparse_matmul" in graph.notes[0] and "values" in graph.notes[0]


def test_rows_of_a_bag_count_where_they_are_weighted() -> None:
    def bag(table: Any, weights: Any) -> Any:
        rows = torch.tensor([[0, 2, 1], [3, 3, 0]])
        return F.embedding_bag(rows, table, per_sample_weights=weights, mode="sum")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = trace(Call(bag), input_data=[torch.rand(4, 5), torch.rand(2, 3)])
    assert graph.total_flops == 2 * 6 * 5


def test_a_deformable_convolution() -> None:
    # The op itself needs a build of torchvision that belongs to this torch.
    shapes = [(1, 4, 8, 8), (6, 4, 3, 3), (1, 18, 8, 8)]
    x, weight, offset = (torch.empty(shape, device="meta") for shape in shapes)
    out = torch.empty(1, 6, 8, 8, device="meta")
    formula = BUILTIN["torchvision.deform_conv2d"]
    assert formula(x, weight, offset, None, None, 1, 1, 1, 1, out=out) == 2 * (6 * 64) * (4 * 9)


@pytest.mark.parametrize("function", [torch.fft.fft, torch.fft.rfft, torch.fft.fft2])
def test_fourier_transforms_are_named_and_count_as_pytorch_counts_them(function: Any) -> None:
    graph = trace(Call(function), input_data=[torch.rand(4, 16)])
    assert graph.total_flops == 0
    (finding,) = graph.findings
    assert finding.code == "MV002" and "aten::_fft" in finding.message
    assert "at least 0" in " ".join(str(modelviz.summary(graph, verbose=0)).split())
