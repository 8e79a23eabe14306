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
            return self.out(torch.tanh(self.table(choice)))

    class Mended(TwoStage):
        def forward(self, x):
            choice = F.gumbel_softmax(self.chooser(x), hard=True)
            return self.out(torch.tanh(choice @ self.table.weight))

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


@fault("MV301", input_size=(4, 5, 8))
def state_detached_each_step():
    """A hand-written recurrence detaches its state at each step.

    Reported: https://github.com/LiyuanLucasLiu/LD-Net/issues/6
    """

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.start = nn.Linear(8, 8)
            self.cell = nn.GRUCell(8, 8)
            self.out = nn.Linear(8, 1)

        def carry(self, h):
            return h.detach()

        def forward(self, x):
            h = torch.tanh(self.start(x[:, 0]))
            for t in range(x.shape[1]):
                h = self.cell(x[:, t], self.carry(h))
            return self.out(h)

    class Mended(Recurrent):
        def carry(self, h):
            return h

    return Recurrent, Mended


@fault("MV301", input_size=(4, 6))
def rebuilt_from_a_list():
    """Scores are gathered as Python numbers, and made a tensor again.

    Reported: https://github.com/lanlan96/ARM3D/issues/1
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.score = nn.Sequential(nn.Linear(6, 1), nn.Sigmoid())
            self.out = nn.Linear(1, 2)

        def forward(self, x):
            scores = [self.score(row).item() for row in x]
            return self.out(torch.tensor(scores).unsqueeze(1))

    class Mended(Net):
        def forward(self, x):
            scores = [self.score(row) for row in x]
            return self.out(torch.stack(scores))

    return Net, Mended


@fault("MV301", input_size=(4, 6))
def rounded_codes():
    """Codes are rounded with no way around for the gradient, which is zero.

    Reported: https://github.com/atulkum/co-attention/issues/1
    """

    class Quantised(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Linear(6, 4)
            self.decode = nn.Linear(4, 6)

        def forward(self, x):
            z = torch.sigmoid(self.encode(x)) * 7
            return self.decode(torch.round(z))

    class Mended(Quantised):
        def forward(self, x):
            z = torch.sigmoid(self.encode(x)) * 7
            return self.decode(z + (torch.round(z) - z).detach())

    return Quantised, Mended


@fault("MV301", input_size=(3, 6, 8))
def inference_mode_in_a_child():
    """A child of the model was decorated for inference, and is trained with it.

    Reported: https://github.com/pkuCactus/BDCN/issues/8
    """

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(6, 12, 3, padding=1)

        def forward(self, x):
            with torch.no_grad():
                return torch.relu(self.conv(x))

    class Mended(Encoder):
        def forward(self, x):
            return torch.relu(self.conv(x))

    def net(encoder):
        return nn.Sequential(encoder(), nn.Flatten(), nn.Linear(96, 2))

    return lambda: net(Encoder), lambda: net(Mended)


@fault("MV301", input_size=(4, 6))
def loss_of_sampled_actions():
    """A discrete sample is multiplied into the output as a number: the logits learn nothing.

    Reported: https://github.com/pytorch/pytorch/issues/1339
    """

    class Sampler(nn.Module):
        def __init__(self):
            super().__init__()
            self.logits = nn.Linear(6, 4)
            self.values = nn.Linear(6, 4)

        def choose(self, logits):
            index = logits.max(dim=1, keepdim=True).indices
            return torch.zeros_like(logits).scatter(1, index, 1.0)

        def forward(self, x):
            return (self.choose(self.logits(x)) * self.values(x)).sum(1)

    class Mended(Sampler):
        def choose(self, logits):
            soft = logits.softmax(1)
            return super().choose(logits) + soft - soft.detach()

    return Sampler, Mended


@fault("MV301", input_size=(4, 6))
def new_tensor_from_a_result():
    """``torch.tensor(result)`` copies the values and leaves the history behind.

    Reported: https://github.com/dragen1860/IntroVAE-Pytorch/issues/3
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 2)

        def again(self, h):
            return h.clone().detach().requires_grad_(True)

        def forward(self, x):
            return self.b(self.again(torch.relu(self.a(x))))

    class Mended(Net):
        def again(self, h):
            return h.clone()

    return Net, Mended
