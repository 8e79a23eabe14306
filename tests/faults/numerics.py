"""Divisions, logarithms and roots of what may be zero, and jumps of precision."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .registry import fault


@fault("MV404", input_size=(4, 16))
def normalised_by_hand():
    """Embeddings are divided by their norm, with nothing for a zero vector.

    Reported: https://github.com/pytorch/pytorch/issues/2421
    """

    class Embedder(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8), nn.ReLU())

        def forward(self, x):
            x = self.net(x)
            return x / torch.norm(x, dim=1, keepdim=True)

    class Mended(Embedder):
        def forward(self, x):
            x = self.net(x)
            return x / (torch.norm(x, dim=1, keepdim=True) + 1e-8)

    return Embedder, Mended


@fault("MV404", input_data=[torch.randn(2, 5, 8), torch.ones(2, 5)])
def mean_over_mask():
    """A mean over the words that are there divides by their number, which may be 0.

    Reported: https://github.com/mila-iqia/blocks/pull/581
    """

    class Pool(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Linear(8, 8)
            self.out = nn.Linear(8, 2)

        def count(self, mask):
            return mask.sum(dim=1, keepdim=True)

        def forward(self, x, mask):
            h = torch.tanh(self.encode(x)) * mask.unsqueeze(-1)
            return self.out(h.sum(dim=1) / self.count(mask))

    class Mended(Pool):
        def count(self, mask):
            return mask.sum(dim=1, keepdim=True).clamp(min=1)

    return Pool, Mended


@fault("MV404", input_size=(4, 10))
def distance_by_root_of_sum():
    """A distance as the root of a sum of squares has an infinite gradient at 0.

    Reported: https://github.com/jonasrauber/eagerpy/issues/6
    """

    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(5, 8)

        def distance(self, a, b):
            return torch.sqrt(((a - b) ** 2).sum(dim=1))

        def forward(self, x):
            a, b = x.chunk(2, dim=1)
            return self.distance(torch.tanh(self.net(a)), torch.tanh(self.net(b)))

    class Mended(Siamese):
        def distance(self, a, b):
            return torch.sqrt(((a - b) ** 2).sum(dim=1) + 1e-9)

    return Siamese, Mended


@fault("MV404", input_size=(4, 10))
def standardised_without_eps():
    """Features are standardised by their own deviation, which is 0 for constant ones.

    Reported: https://github.com/facebookresearch/Mask2Former/issues/243
    """

    class Standardise(nn.Module):
        def forward(self, x):
            mean = x.mean(-1, keepdim=True)
            return (x - mean) / x.std(-1, keepdim=True)

    class Mended(nn.Module):
        def forward(self, x):
            mean = x.mean(-1, keepdim=True)
            return (x - mean) / (x.std(-1, keepdim=True) + 1e-5)

    def net(norm):
        return nn.Sequential(nn.Linear(10, 16), norm(), nn.ReLU(), nn.Linear(16, 3))

    return lambda: net(Standardise), lambda: net(Mended)


@fault("MV404", input_size=(4, 10))
def log_of_relu():
    """A logarithm of what a ReLU gives.

    Reported: https://github.com/summerlvsong/Aggregation-Cross-Entropy/issues/2
    """

    class Energy(nn.Module):
        def __init__(self):
            super().__init__()
            self.bands = nn.Linear(10, 6)
            self.out = nn.Linear(6, 2)

        def forward(self, x):
            return self.out(torch.log(torch.relu(self.bands(x))))

    class Mended(Energy):
        def forward(self, x):
            return self.out(torch.log(torch.relu(self.bands(x)) + 1e-6))

    return Energy, Mended


@fault("MV405", input_size=(4, 8))
def numpy_constant_makes_float64():
    """A constant from NumPy is float64, and so is all that it meets.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)
            self.out = nn.Linear(8, 1)
            self.register_buffer("scale", self.table())

        def table(self):
            return torch.from_numpy(np.linspace(0.5, 1.5, 8))

        def forward(self, x):
            h = torch.tanh(self.fc(x)) * self.scale
            return self.out(h.float())

    class Mended(Scaled):
        def table(self):
            return super().table().float()

    return Scaled, Mended
