"""How the peak of a step grows with a dimension of its inputs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import modelviz
from modelviz.errors import InputError


class Table(nn.Module):
    """Attention over positions, of which there are 64."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(100, 32), nn.Parameter(torch.zeros(64, 32))
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens) + self.places[: tokens.shape[1]]
        return self.attention(x, x, x)[0]


@pytest.fixture(scope="module")
def plan() -> modelviz.Plan:
    return modelviz.plan(Table(), input_data=torch.zeros(4, 32, dtype=torch.int64), loss=torch.mean)


def test_points_are_the_peaks_of_plans(plan: modelviz.Plan) -> None:
    grown = plan.growth("batch")
    assert [point.size for point in grown.points] == [1, 2, 4, 8, 16, 32]
    for point in grown.points:
        other = plan.resized(batch=point.size)
        assert point.peak_bytes == other.peak_bytes
        assert point.fits == other.fits
        assert 0 < point.forward_bytes <= point.peak_bytes
    peaks = [point.peak_bytes for point in grown.points]
    assert peaks == sorted(peaks)


def test_it_ends_where_the_step_fails(plan: modelviz.Plan) -> None:
    grown = plan.growth("seq")
    assert [point.size for point in grown.points] == [8, 16, 32, 64]
    assert grown.ends is not None
    assert "128" in grown.ends


def test_it_reads_as_text_and_data(plan: modelviz.Plan) -> None:
    grown = plan.growth("batch")
    lines = str(grown).splitlines()
    assert lines[0] == "peak by batch (seq 32)"
    assert len(lines) == 2 + len(grown.points)
    assert "×" in lines[-1]
    data = grown.to_dict()
    assert data["what"] == "batch"
    assert data["points"][0]["peak_bytes"] == grown.points[0].peak_bytes


def test_a_dimension_that_is_not_there_is_said() -> None:
    plain = modelviz.plan(nn.Linear(3, 3), input_data=torch.zeros(2, 3), optimizer=None)
    with pytest.raises(InputError, match="seq"):
        plain.growth("seq")
