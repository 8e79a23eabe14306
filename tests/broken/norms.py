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


@broken(r"GroupNorm\(\d+, 48\)", at="blocks.1.gn", like=PYTEA)
def group_norm_of_other_channels() -> Made:
    """The width grows, and the normalisation does not."""

    class Block(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(inp, out, 3, padding=1)
            self.gn = nn.GroupNorm(8, 24)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.gn(self.conv(x)))  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList([Block(3, 24), Block(24, 48)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for block in self.blocks:
                x = block(x)
            return x

    return Net(), torch.randn(1, 3, 6, 6)


@broken(r"LayerNorm\((normalized_shape=)?\[?40\]?\)", at="layers.0.norm2", like=PYTEA)
def layer_norm_of_another_width() -> Made:
    """After the widening the old width is normalised."""

    class Layer(nn.Module):
        def __init__(self, dim: int, hidden: int) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(dim)
            self.up = nn.Linear(dim, hidden)
            self.norm2 = nn.LayerNorm(dim)
            self.down = nn.Linear(hidden, dim)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = torch.nn.functional.gelu(self.up(self.norm1(x)))
            return x + self.down(self.norm2(h))  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(*[Layer(10, 40) for _ in range(2)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers(x)

    return Net(), torch.randn(2, 7, 10)


@broken(r"transpose\(1, (2|-1)\)|permute\(0, 2, 1\)", at="bn", like=PYTEA)
def batch_norm_of_a_sequence() -> Made:
    """(batch, length, channels) into BatchNorm1d."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Linear(12, 20)
            self.bn = nn.BatchNorm1d(20)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.proj(x)
            h = self.bn(h)  # fails
            return h.relu()

    return Net(), torch.randn(4, 9, 12)


@broken(r"squeeze|keep the batch", at="bn", like=JUNOBENCH)
def squeeze_takes_a_batch_of_one() -> Made:
    """``squeeze()`` without a dimension drops the batch where it is one."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3)
            self.bn = nn.BatchNorm1d(6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x).mean((2, 3), keepdim=True).squeeze()
            return self.bn(x)  # fails

    return Net().eval(), torch.randn(1, 3, 5, 5)


@broken(r"single value", at="norm", like=JUNOBENCH)
def instance_norm_of_single_values() -> Made:
    """Each channel of a sample is one number after global pooling, in every mode."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.norm(self.conv(x).mean((2, 3), keepdim=True))  # fails

    return Net(), torch.randn(4, 3, 16, 16)
