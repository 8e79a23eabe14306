"""Windows that miss input, and normalisations of a single value."""

from __future__ import annotations

import torch
from torch import nn

from .registry import fault


@fault("MV206", input_size=(2, 3, 32, 32))
def stride_beyond_the_kernel():
    """A stride of 3 with a kernel of 2 skips every third row and column.

    Reported: arXiv 1910.11015 (layer properties: kernel size, stride)
    """

    def net(stride):
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=stride),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 3),
        )

    return lambda: net(3), lambda: net(2)


@fault("MV207", input_size=(2, 3, 16, 16))
def group_norm_of_one_pixel():
    """A group for each channel, after global pooling: each group is one value, and becomes zero.

    Reported: https://github.com/pytorch/pytorch/issues/108956
    """

    class Gate(nn.Module):
        def __init__(self, norm):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Conv2d(8, 8, 1)
            self.norm = norm

        def forward(self, x):
            x = torch.relu(self.conv(x))
            return x * torch.sigmoid(self.norm(self.fc(self.pool(x))))

    return lambda: Gate(nn.GroupNorm(8, 8)), lambda: Gate(nn.GroupNorm(2, 8))


@fault("MV207", input_size=(4, 10))
def layer_norm_of_one_output():
    """``LayerNorm(1)`` on the only output of a regression: the output is its bias.

    Reported: https://github.com/pytorch/pytorch/pull/12968
    """

    def faulty():
        return nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1), nn.LayerNorm(1))

    def mended():
        return nn.Sequential(nn.Linear(10, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 1))

    return faulty, mended


@fault("MV206", input_size=(2, 4, 30))
def pooling_loses_the_end():
    """A pooling of 16 over 30 steps never reads the last 14.

    Reported: arXiv 1910.11015 (layer properties: kernel size, stride)
    """

    class Net(nn.Module):
        def __init__(self, pool):
            super().__init__()
            self.conv = nn.Conv1d(4, 8, 3, padding=1)
            self.pool = pool
            self.fc = nn.LazyLinear(3)

        def forward(self, x):
            return self.fc(self.pool(torch.relu(self.conv(x))).flatten(1))

    return lambda: Net(nn.AvgPool1d(16)), lambda: Net(nn.AvgPool1d(15))


@fault("MV207", input_size=(4, 10))
def deviation_of_one_value():
    """A single output is standardised over its own dimension: nan, from one value.

    Reported: https://github.com/pytorch/pytorch/issues/108956
    """

    class Score(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.fc = nn.Linear(10, width)

        def forward(self, x):
            y = self.fc(x)
            return (y - y.mean(-1, keepdim=True)) / (y.std(-1, keepdim=True) + 1e-6)

    return lambda: Score(1), lambda: Score(6)


@fault("MV207", input_size=(4, 10))
def unit_vector_of_one_value():
    """``F.normalize`` of a single feature leaves its sign.

    Reported: https://github.com/pytorch/pytorch/pull/12968
    """

    class Embed(nn.Module):
        dim = 2

        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(10, 8)

        def forward(self, x):
            y = self.fc(x).unsqueeze(-1)
            return torch.nn.functional.normalize(y, dim=self.dim).squeeze(-1)

    class Mended(Embed):
        dim = 1

    return Embed, Mended
