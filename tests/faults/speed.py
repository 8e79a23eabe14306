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
