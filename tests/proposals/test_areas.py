"""Pictures that are not square, where the model has a size for each place of one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz.proposals import propose_inputs


class Flattened(nn.Module):
    """Features of frames of 40 by 56, without padding: the sides lead to them by steps."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 5, 2), nn.Conv2d(8, 16, 5, 2))
        self.features.append(nn.Conv2d(16, 32, 5, 2))
        self.head = nn.Linear(32 * 2 * 4, 2)

    def forward(self, screen: torch.Tensor) -> Any:
        return self.head(self.features(screen).view(len(screen), -1))


class Tokens(nn.Module):
    """Patches of 96 by 160, and one token more."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.positions = nn.Parameter(torch.zeros(1, 6 * 10 + 1, 8))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        tokens = self.patches(image).flatten(2).transpose(1, 2)
        return torch.cat([self.token.expand(len(tokens), -1, -1), tokens], 1) + self.positions


class Places(nn.Module):
    """Something for each place of a map."""

    def __init__(self, *sides: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 8, 4, 4)
        self.places = nn.Parameter(torch.zeros(1, 8, *sides))

    def forward(self, image: torch.Tensor) -> Any:
        return self.patches(image) + self.places


class RowsAndColumns(nn.Module):
    """Something for each row, and something for each column, with the channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 8, 8)
        self.rows = nn.Parameter(torch.zeros(6, 1, 8))
        self.columns = nn.Parameter(torch.zeros(9, 8))

    def forward(self, image: torch.Tensor) -> Any:
        return self.patches(image).permute(0, 2, 3, 1) + self.rows + self.columns


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (Flattened(), (1, 3, 40, 56)),
        (Tokens(), (1, 3, 96, 160)),
        (Places(8, 12), (1, 1, 32, 48)),
        (Places(12, 8), (1, 1, 48, 32)),
        (Places(8, 8), (1, 1, 32, 32)),
        (RowsAndColumns(), (1, 3, 48, 72)),
    ],
)
def test_each_side_is_solved_for(model: nn.Module, shape: tuple[int, ...]) -> None:
    (proposed,) = propose_inputs(model)
    assert proposed.shape == shape
    model(torch.zeros(proposed.shape))


class Beyond(nn.Module):
    """Reads rows of the map that no picture of a usual size has."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 8, 3)
        self.places = nn.Parameter(torch.zeros(1, 8, 5, 7))

    def forward(self, image: torch.Tensor) -> Any:
        return self.features(image)[:, :, 300:] + self.places


def test_an_empty_map_tells_nothing() -> None:
    assert propose_inputs(Beyond())[0].shape[:2] == (1, 3)
