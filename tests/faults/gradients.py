"""Gradients that are cut off on their way."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV301", input_size=(4, 8))
def detached_features():
    """The head gets detached features, so that the encoder never learns.

    Reported: https://github.com/lucidrains/CoCa-pytorch/issues/6
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16))
            self.head = nn.Linear(16, 3)

        def forward(self, x):
            features = F.relu(self.encoder(x))
            return self.head(features.detach())

    class Mended(Net):
        def forward(self, x):
            return self.head(F.relu(self.encoder(x)))

    return Net, Mended


@fault("MV301", input_size=(4, 8))
def encoder_under_no_grad():
    """The encoder runs under ``torch.no_grad``, though its parameters are trainable.

    Reported: https://github.com/taotaonice/FaceShifter/issues/16
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(8, 16)
            self.out = nn.Linear(16, 2)

        @torch.no_grad()
        def encode(self, x):
            return torch.tanh(self.embed(x))

        def forward(self, x):
            return self.out(self.encode(x))

    class Mended(Net):
        def encode(self, x):
            return torch.tanh(self.embed(x))

    return Net, Mended


@fault("MV301", input_size=(4, 6))
def argmax_between_networks():
    """A choice by argmax is embedded again: the first network gets no gradient.

    Reported: https://github.com/pytorch/pytorch/issues/1339
    """

    class TwoStage(nn.Module):
        def __init__(self):
            super().__init__()
            self.chooser = nn.Linear(6, 5)
            self.table = nn.Embedding(5, 8)
            self.out = nn.Linear(8, 2)

        def forward(self, x):
            choice = self.chooser(x).argmax(dim=-1)
            return self.out(self.table(choice))

    class Mended(TwoStage):
        def forward(self, x):
            choice = F.gumbel_softmax(self.chooser(x), hard=True)
            return self.out(choice @ self.table.weight)

    return TwoStage, Mended


@fault("MV301", input_size=(4, 6))
def through_numpy_and_back():
    """Features go through NumPy, and come back without a history.

    Reported: https://github.com/Ugenteraan/Deep_Hierarchical_Classification/issues/6
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(6, 6)
            self.second = nn.Linear(6, 1)

        def forward(self, x):
            h = self.first(x).detach().numpy()
            h = torch.from_numpy(np.maximum(h, 0))
            return self.second(h)

    class Mended(Net):
        def forward(self, x):
            return self.second(self.first(x).clamp(min=0))

    return Net, Mended


@fault("MV301", input_size=(4, 8))
def weight_read_by_data():
    """The layer computes with ``weight.data``, which has no gradient.

    Reported: https://github.com/facebookresearch/FaderNetworks/issues/8
    """

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 8) * 0.1)
            self.bias = nn.Parameter(torch.zeros(4))

        def forward(self, x):
            w = F.normalize(self.weight.data, dim=1)
            return F.linear(x, w, self.bias)

    class Mended(Scaled):
        def forward(self, x):
            w = F.normalize(self.weight, dim=1)
            return F.linear(x, w, self.bias)

    return Scaled, Mended


@fault("MV301", input_size=(4, 8))
def hard_threshold_as_gate():
    """A gate by comparison is a step: what decides it is not trained.

    Reported: https://github.com/LZGMatrix/BOP19_CDPN_2019ICCV/issues/4
    """

    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate = nn.Linear(8, 8)
            self.value = nn.Linear(8, 8)

        def forward(self, x):
            gate = (torch.sigmoid(self.gate(x)) > 0.5).float()
            return gate * self.value(x)

    class Mended(Gated):
        def forward(self, x):
            return torch.sigmoid(self.gate(x)) * self.value(x)

    return Gated, Mended
