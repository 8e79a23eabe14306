"""Sizes that are a part of another: cut, rounded, and in floating point."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

import modelviz
from modelviz.growth.polynomial import Polynomial
from modelviz.growth.shares import find_share


class Kept(nn.Module):
    """A linear layer on as many tokens as ``count`` says."""

    def __init__(self, count: Callable[[int], int]) -> None:
        super().__init__()
        self.count = count
        self.layer = nn.Linear(16, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x[:, : self.count(x.shape[1])])


class Masked(nn.Module):
    """Attention among a quarter of the tokens, and a layer on all, as in a masked autoencoder."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.MultiheadAttention(16, 2, batch_first=True)
        self.outer = nn.Linear(16, 48)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        some = x[:, : int(x.shape[1] * (1 - 0.75))]
        made = self.inner(some, some, some, need_weights=False)[0]
        return self.outer(torch.cat([made, x[:, some.shape[1] :]], 1))


COUNTS: dict[str, tuple[Callable[[int], int], tuple[int, int]]] = {
    "cut": (lambda n: int(0.9 * n), (1, 65_536)),
    "rounded": (lambda n: round(n * 0.25), (1, 65_536)),
    "rounded part": (lambda n: round(0.3 * n), (1, 65_536)),
    "up": (lambda n: math.ceil(0.3 * n), (1, 65_536)),
    "two thirds": (lambda n: 2 * n // 3, (1, 65_536)),
    "the rest": (lambda n: n - n // 3, (1, 65_536)),
    "at least": (lambda n: max(8, n // 4), (32, 65_536)),
    # 0.7 * 90 is 62.99999999999999
    "falls short": (lambda n: int(0.7 * n), (1, 89)),
}


def _formulas(model: nn.Module, size: int = 60) -> modelviz.growth.result.Formulas:
    return modelviz.formulas(
        model, input_data=[torch.zeros(2, size, 16)], dims={"x": ("batch", "seq", None)}
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_parts_of_a_size_are_exact_in_all_of_their_range(name: str) -> None:
    count, (low, high) = COUNTS[name]
    found = _formulas(Kept(count))
    assert (found.valid["seq"].low, found.valid["seq"].high) == (low, high)
    for seq in [*range(low, low + 66), high]:
        assert found.at(batch=3, seq=seq)["flops"] == 3 * 2 * 16 * 16 * count(seq)


@pytest.mark.slow
@pytest.mark.parametrize("share, size", [(0.29, 60), (0.57, 60), (0.58, 197), (1.1, 197)])
def test_where_a_product_falls_short_the_range_ends(share: float, size: int) -> None:
    found = _formulas(Kept(lambda n: int(share * n) // 2), size)
    for seq in range(1, 400):
        if seq in found.valid["seq"]:
            wanted = 2 * 16 * 16 * (int(share * seq) // 2)
            assert found.at(batch=1, seq=seq)["flops"] == wanted


def test_a_part_that_falls_short_somewhere_ends_there() -> None:
    found = _formulas(Kept(lambda n: int(0.7 * n)))
    assert str(found.shapes()[0]) == "(batch, floor(7*seq/10), 16)"
    assert found.valid["seq"].high == 89


@pytest.mark.slow
def test_powers_of_a_part_are_told_from_few_sizes_of_it() -> None:
    found = _formulas(Masked().eval())
    assert str(found.shapes()[0]) == "(batch, seq, 48)"
    for batch, seq in ((1, 8), (7, 33), (3, 500), (2, 4000)):
        graph = modelviz.trace(Masked().eval(), input_data=[torch.zeros(batch, seq, 16)])
        assert found.at(batch=batch, seq=seq)["flops"] == graph.total_flops


@pytest.mark.parametrize("times, divisor", [(1, 2), (1, 4), (3, 8), (3, 10), (7, 20)])
def test_halves_are_rounded_to_even_numbers(times: int, divisor: int) -> None:
    sizes = [*range(60, 140), 6780]
    share = find_share([(n, round(times * n / divisor)) for n in sizes], 0)
    assert share is not None
    part: Polynomial = share.part
    assert all(part.at((n,)) == round(times * n / divisor) for n in range(1, 2000))
