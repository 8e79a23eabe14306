"""Normalisations of another rank or width."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import JUNOBENCH, PYTEA, Made, broken

_ONE = "https://duoke360.com/post/34428"


@broken(r"BatchNorm2d\(16\)", at="bn", like=PYTEA)
def batch_norm_1d_after_conv2d() -> Made:
    """The wrong one of the family."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3)
            self.bn = nn.BatchNorm1d(16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            x = self.bn(x)  # fails
            return torch.relu(x)

    return Net(), torch.randn(2, 3, 9, 9)


@broken(r"BatchNorm2d\(32\)|num_features=32", at="encoder.1.norm", like=PYTEA)
def number_of_features_left_from_before() -> Made:
    """The convolution gives more channels than the normalisation takes."""

    class Stage(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(inp, out, 3)
            self.norm = nn.BatchNorm2d(16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            return self.norm(y).relu()  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(Stage(3, 16), Stage(16, 32))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.encoder(x)

    return Net(), torch.randn(2, 3, 9, 9)


@broken(r"permute\(0, 2, 3, 1\)|GroupNorm|LayerNorm\(\[?24, ", at="norm", like=PYTEA)
def layer_norm_over_channels_first() -> Made:
    """LayerNorm looks at the last dimensions, and the channels come second."""

    class Block(nn.Module):
        def __init__(self, dim: int) -> None:
            super().__init__()
            self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
            self.norm = nn.LayerNorm(dim)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.norm(self.dwconv(x))  # fails

    return Block(24), torch.randn(2, 24, 14, 14)


@broken(r"model\.eval\(\)|more than one sample|drop_last", at="net.1", like=_ONE)
def one_sample_in_training() -> Made:
    """The last batch of an epoch has one sample."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(10, 20), nn.BatchNorm1d(20), nn.ReLU())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)  # fails

    return Net().train(), torch.randn(1, 10)


@broken(r"BatchNorm1d\(64\)", at="1", like=JUNOBENCH)
def batch_norm_2d_after_linear() -> Made:
    """Copied from a convolutional network."""
    return nn.Sequential(nn.Linear(8, 64), nn.BatchNorm2d(64), nn.ReLU()), torch.randn(4, 8)
