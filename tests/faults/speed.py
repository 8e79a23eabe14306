"""Forwards that wait for the device, or run one small op after another."""

from __future__ import annotations

import torch
from torch import nn

from .registry import fault


@fault("MV704", input_size=(2, 24, 6))
def recurrence_written_as_a_loop():
    """An exponential average over time, one step of Python each.

    Reported: arXiv 1910.11015 (suboptimal network structure)
    """

    class Average(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(6, 6)

        def forward(self, x):
            h = torch.zeros_like(x[:, 0])
            outs = []
            for t in range(x.shape[1]):
                h = torch.tanh(self.lin(x[:, t]) + h)
                outs.append(h)
            return torch.stack(outs, 1)

    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(6, 6, batch_first=True)

        def forward(self, x):
            return self.rnn(x)[0]

    return Average, Mended


@fault("MV703", input_size=(2, 6))
def value_read_in_the_forward():
    """A decision by ``.item()`` in the forward waits for the device.

    Reported: https://github.com/lyuwenyu/RT-DETR/issues/677
    """

    class Clip(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(6, 6)

        def forward(self, x):
            y = self.lin(x)
            if y.abs().max().item() > 10:
                y = y / 10
            return torch.relu(y)

    class Mended(Clip):
        def forward(self, x):
            y = self.lin(x)
            return torch.relu(torch.where(y.abs().amax() > 10, y / 10, y))

    return Clip, Mended


@fault("MV704", input_size=(2, 24, 6))
def average_by_steps_before_a_head():
    """The loop calls no layer; one that comes after it makes it no stack of layers.

    Reported: arXiv 1910.11015 (suboptimal network structure)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.decay = nn.Parameter(torch.rand(6))
            self.layers = nn.ModuleList(nn.Linear(6, 6) for _ in range(12))
            self.head = nn.Linear(6, 2)

        def average(self, x):
            h, steps = torch.zeros_like(x[:, 0]), []
            for t in range(x.shape[1]):
                h = torch.sigmoid(self.decay) * h + x[:, t]
                steps.append(h)
            return torch.stack(steps, 1)

        def forward(self, x):
            for layer in self.layers:
                x = torch.tanh(layer(x)) + x
            return self.head(self.average(x))

    class Mended(Net):
        def average(self, x):
            steps = torch.arange(x.shape[1])
            age = (steps[:, None] - steps).clamp(min=0)[..., None]
            weights = (torch.sigmoid(self.decay) ** age).permute(2, 0, 1).tril()
            return torch.einsum("dts,bsd->btd", weights, x)

    return Net, Mended


@fault("MV704", input_size=(20, 8))
def samples_one_by_one():
    """Each sample of the batch goes through the layer on its own.

    Reported: arXiv 1910.11015 (suboptimal network structure)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 4)

        def forward(self, x):
            rows = []
            for i in range(x.size(0)):
                rows.append(torch.sigmoid(self.fc(x[i])))
            return torch.stack(rows)

    class Mended(Net):
        def forward(self, x):
            return torch.sigmoid(self.fc(x))

    return Net, Mended


@fault("MV305", input_size=(2, 3, 8, 8))
def bias_before_batch_norm():
    """A bias that the normalisation takes off again.

    Reported: arXiv 1910.11015 (layers: redundant)
    """

    def net(bias):
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, bias=bias), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 3)
        )

    return lambda: net(True), lambda: net(False)


@fault("MV306", input_size=(4, 16))
def dropout_before_batch_norm():
    """Dropout changes the variance that the normalisation learns.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    def net(*middle):
        return nn.Sequential(nn.Linear(16, 32), *middle, nn.Linear(32, 2))

    return (
        lambda: net(nn.ReLU(), nn.Dropout(0.5), nn.BatchNorm1d(32)),
        lambda: net(nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5)),
    )
