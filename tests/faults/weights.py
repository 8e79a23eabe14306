"""Weights from which no training can start."""

from __future__ import annotations

import torch
from torch import nn

from .registry import fault


@fault("MV601", input_size=(4, 8))
def uninitialised_parameter():
    """A parameter made with ``torch.empty`` holds whatever was in memory.

    Reported: https://github.com/wagonhelm/NaNmnist/issues/2
    """

    class Bilinear(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(8, 8))
            self.start()
            self.out = nn.Linear(8, 1)

        def start(self):
            nn.init.constant_(self.weight, float("nan"))  # what memory may hold

        def forward(self, x):
            return self.out(torch.relu(x @ self.weight))

    class Mended(Bilinear):
        def start(self):
            nn.init.xavier_uniform_(self.weight)

    return Bilinear, Mended


@fault("MV602", input_size=(4, 8))
def zero_initialisation():
    """All weights are set to zero by ``apply``.

    Reported: https://github.com/wagonhelm/NaNmnist/issues/2
    """

    def net(start):
        def init(module):
            if isinstance(module, nn.Linear):
                start(module.weight)
                nn.init.zeros_(module.bias)

        return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 2)).apply(init)

    return lambda: net(nn.init.zeros_), lambda: net(nn.init.xavier_normal_)


@fault("MV602", input_size=(2, 3, 8, 8))
def constant_initialisation():
    """Convolutions start with the same value everywhere.

    Reported: https://github.com/nndl/nndl-discussion/issues/14
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)
            self.head = nn.Linear(8, 4)
            self.start()

        def start(self):
            self.conv.weight.data.fill_(0.01)
            self.head.weight.data.fill_(0.01)

        def forward(self, x):
            return self.head(torch.relu(self.conv(x)).amax((2, 3)))

    class Mended(Net):
        def start(self):
            nn.init.kaiming_normal_(self.conv.weight)

    return Net, Mended


@fault("MV603", input_size=(4, 64))
def weights_of_scale_one_hundred():
    """``torch.randn`` times a large number as initial weights.

    Reported: arXiv 1910.11015 (wrong weights initialisation)
    """

    class Net(nn.Module):
        gain = 100.0

        def __init__(self):
            super().__init__()
            self.w1 = nn.Parameter(torch.randn(64, 32) * self.gain)
            self.w2 = nn.Parameter(torch.randn(32, 2) * self.gain)

        def forward(self, x):
            return torch.relu(x.mm(self.w1)).mm(self.w2)

    class Mended(Net):
        gain = 0.1

    return Net, Mended


@fault("MV601", input_size=(2, 3, 8, 8))
def statistics_became_infinite():
    """Running statistics of a normalisation overflowed in training.

    Reported: arXiv 1910.11015 (training: numerical)
    """

    def net():
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)
        )

    def faulty():
        model = net()
        model[1].running_var[2] = float("inf")
        return model

    return faulty, net


@fault("MV602", input_size=(3, 6, 5))
def recurrent_weights_are_equal():
    """All weights of an LSTM are set to one constant.

    Reported: https://github.com/nndl/nndl-discussion/issues/14
    """

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(5, 8, batch_first=True)
            self.out = nn.Linear(8, 2)

        def forward(self, x):
            return self.out(self.lstm(x)[0])

    def faulty():
        model = Tagger()
        for name, parameter in model.lstm.named_parameters():
            nn.init.constant_(parameter, 0.1 if "weight" in name else 0.0)
        return model

    return faulty, Tagger


@fault("MV603", input_size=(2, 3, 16, 16))
def standard_deviation_too_small():
    """Convolutions start at a scale of a millionth: nothing comes through.

    Reported: arXiv 1910.11015 (wrong weights initialisation)
    """

    def net(start):
        model = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(16, 4),
        )
        for module in model:
            if isinstance(module, nn.Conv2d):
                start(module.weight)
        return model

    return (
        lambda: net(lambda w: nn.init.normal_(w, std=1e-6)),
        lambda: net(lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
    )


@fault("MV602", input_size=(2, 5, 8))
def own_attention_starts_equal():
    """Projections of a user's own attention are parameters of ones.

    Reported: https://github.com/yz93/LAVT-RIS/issues/25
    """

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.wq = nn.Parameter(self.start())
            self.wk = nn.Parameter(self.start())
            self.wv = nn.Parameter(self.start())

        def start(self):
            return torch.ones(8, 8) / 8

        def forward(self, x):
            q, k, v = x @ self.wq, x @ self.wk, x @ self.wv
            scores = (q @ k.transpose(1, 2)) / 8**0.5
            return scores.softmax(-1) @ v

    class Mended(Attention):
        def start(self):
            return torch.randn(8, 8) / 8**0.5

    return Attention, Mended
