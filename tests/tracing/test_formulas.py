"""FLOPs of single functions by hand, and formulas that users add."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modelviz import InputError, register_flops, trace


class Call(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


def flops(function: Any, *shapes: tuple[int, ...], execution: Any = "fake") -> int:
    data = [torch.randn(shape) for shape in shapes]
    return trace(Call(function), input_data=data, execution=execution).total_flops


CASES: list[tuple[Any, list[tuple[int, ...]], int]] = [
    (torch.mm, [(2, 3), (3, 5)], 2 * 2 * 3 * 5),
    (torch.matmul, [(7, 2, 3), (3, 5)], 2 * 7 * 2 * 3 * 5),
    (torch.mv, [(2, 3), (3,)], 2 * 6),
    (torch.dot, [(5,), (5,)], 2 * 5),
    (torch.vdot, [(5,), (5,)], 2 * 5),
    (torch.addmv, [(2,), (2, 3), (3,)], 2 * 6),
    (torch.addmm, [(5,), (2, 3), (3, 5)], 2 * 30),
    (torch.addbmm, [(2, 5), (7, 2, 3), (7, 3, 5)], 2 * 7 * 30),
    (torch.baddbmm, [(7, 2, 5), (7, 2, 3), (7, 3, 5)], 2 * 7 * 30),
    (F.linear, [(3,), (5, 3), (5,)], 2 * 15),
    (F.bilinear, [(2, 3), (2, 4), (5, 3, 4)], 2 * 2 * 5 * 4 * (3 + 1)),
    (F.conv2d, [(1, 4, 8, 8), (6, 4, 3, 3)], 2 * 36 * 6 * 36),
    (F.conv_transpose2d, [(1, 4, 8, 8), (4, 6, 3, 3)], 2 * 4 * 64 * 6 * 9),
    (lambda x, w: F.conv1d(x, w, groups=2), [(1, 4, 8), (6, 2, 3)], 2 * 6 * 6 * 2 * 3),
    (lambda a, b: torch.einsum("bij,bjk->bik", a, b), [(7, 2, 3), (7, 3, 5)], 2 * 7 * 30),
    (F.scaled_dot_product_attention, [(2, 4, 6, 8), (2, 4, 9, 8), (2, 4, 9, 8)], 4 * 8 * 6 * 9 * 8),
    (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True),
        [(2, 4, 6, 8), (2, 2, 9, 8), (2, 2, 9, 8)],
        4 * 8 * 6 * 9 * 8,
    ),
    (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        [(2, 4, 6, 8), (2, 4, 6, 8), (2, 4, 6, 8)],
        4 * 8 * 6 * 6 * 8,
    ),
    (torch.add, [(5, 5), (5, 5)], 0),
    (torch.softmax, [(5, 5)], 0) if False else (lambda x: x.softmax(0), [(5, 5)], 0),
]


@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize("function, shapes, expected", CASES)
def test_formulas(function: Any, shapes: Any, expected: int, execution: Any) -> None:
    assert flops(function, *shapes, execution=execution) == expected


@pytest.mark.skipif(not hasattr(torch, "_grouped_mm"), reason="this release of torch has none")
def test_grouped_matrix_products() -> None:
    ends = torch.tensor([8, 24], dtype=torch.int32)

    def grouped(x: Any, w: Any) -> Any:
        return torch._grouped_mm(x.bfloat16(), w.bfloat16(), offs=ends)

    assert flops(grouped, (24, 16), (2, 16, 32)) == 2 * 24 * 16 * 32


@torch.library.custom_op("modelviz_tests::mix", mutates_args=())
def mix(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x @ weight


@mix.register_fake
def _(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x.new_empty(x.shape[0], weight.shape[1])


@pytest.mark.parametrize(
    "op",
    [
        "modelviz_tests::mix",
        torch.ops.modelviz_tests.mix,
        mix,
        torch.ops.modelviz_tests.mix.default,
    ],
)
def test_a_formula_of_the_users_own(op: Any) -> None:
    for execution in ("fake", "real"):
        register_flops(op, lambda x, w, out: 0)
        assert flops(mix, (2, 3), (3, 5), execution=execution) == 0
        register_flops(op, lambda x, w, out: 2 * out.numel() * x.shape[-1])
        assert flops(mix, (2, 3), (3, 5), execution=execution) == 2 * 2 * 3 * 5


def test_a_formula_for_a_function_above_kernels() -> None:
    # A function that no other test runs: a formula stays for as long as the process does.
    @register_flops(torch.logcumsumexp)
    def _(x: Any, dim: int, out: Any) -> int:
        return int(x.numel())

    assert flops(lambda x: torch.logcumsumexp(x, 0), (4, 5)) == 20


@pytest.mark.parametrize("op", [3, "no_colon", "modelviz_tests::absent", nn.Linear])
def test_formulas_for_nothing(op: Any) -> None:
    with pytest.raises(InputError, match="register_flops"):
        register_flops(op, lambda *args, out: 0)
