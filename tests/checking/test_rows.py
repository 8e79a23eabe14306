"""Rows of an input that are points, nodes or tokens of one sample, and no samples."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import check
from modelviz.graph import Finding


def told(model: nn.Module, code: str, *args: Any, **kwargs: Any) -> list[Finding]:
    return list(check(model, *args, select=code, **kwargs))


class Points(nn.Module):
    """One feature of all points, as PointNet makes it."""

    def __init__(self, over: int) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(3, 8), nn.ReLU())
        self.out = nn.Linear(8, 2)
        self.over = over

    def forward(self, points: Any) -> Any:
        return self.out(self.each(points).amax(self.over))


def test_the_rows_of_one_matrix_may_be_points() -> None:
    (finding,) = told(Points(0), "MV205", (20, 3))
    assert finding.level == "info"
    assert "not of points" in finding.message


def test_the_samples_of_more_dimensions_are_lost() -> None:
    (finding,) = told(Points(0), "MV205", (4, 20, 3))
    assert finding.level == "warning"
    assert not told(Points(1), "MV205", (4, 20, 3))


class Context(nn.Module):
    """The next token from some before it, as one row."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.table = nn.Embedding(20, 4)
        self.out = nn.Linear(16 // rows, 20)
        self.rows = rows

    def forward(self, tokens: Any) -> Any:
        return self.out(self.table(tokens).view(self.rows, -1))


@pytest.mark.parametrize(("rows", "level"), [(1, "info"), (4, "warning")])
def test_what_gives_one_row_may_take_tokens(rows: int, level: str) -> None:
    (finding,) = told(Context(rows), "MV205", input_data=torch.arange(4))
    assert finding.level == level
    assert finding.line is not None


class Bag(nn.Module):
    """Attention over the instances of one bag."""

    def __init__(self, pooled: bool) -> None:
        super().__init__()
        self.score, self.out = nn.Linear(6, 1), nn.Linear(6, 2)
        self.pooled = pooled

    def forward(self, x: Any) -> Any:
        weighted = torch.softmax(self.score(x), 0) * x
        return self.out(weighted.sum(0) if self.pooled else weighted)


def test_a_softmax_that_pools_rows_may_be_over_instances() -> None:
    (finding,) = told(Bag(pooled=True), "MV202", (5, 6))
    assert finding.level == "info"
    (finding,) = told(Bag(pooled=False), "MV202", (5, 6))
    assert finding.level == "error"


class Convolved(nn.Module):
    def __init__(self, nodes: int) -> None:
        super().__init__()
        self.register_buffer("edges", torch.eye(nodes).roll(1, 0))
        self.each = nn.Linear(4, 2)

    def forward(self, nodes: Any) -> Any:
        return self.edges @ self.each(nodes)


def test_what_a_matrix_of_the_model_multiplies_from_the_left_is_nodes() -> None:
    assert not told(Convolved(6), "MV205,MV204", (6, 4))


@pytest.mark.parametrize(
    ("norm", "size"),
    [
        (nn.InstanceNorm1d, (3, 8)),
        (nn.InstanceNorm2d, (3, 8, 8)),
        (nn.InstanceNorm3d, (3, 4, 4, 4)),
    ],
)
def test_what_a_norm_of_instances_takes_as_one_sample_has_no_batch(norm: Any, size: Any) -> None:
    model = nn.Sequential(norm(3, affine=True), nn.ReLU())
    assert not check(model, size)
    assert not check(model, (2, *size))
