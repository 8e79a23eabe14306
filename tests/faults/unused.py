"""Layers that are made and not used, and results that are computed and lost."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV101", input_size=(4, 16))
def layer_never_called():
    """A layer is made in ``__init__`` and the forward forgets it.

    Reported: https://github.com/NVlabs/PWC-Net/issues/110
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(16, 16)
            self.fc2 = nn.Linear(16, 16)
            self.fc3 = nn.Linear(16, 2)

        def forward(self, x):
            x = F.relu(self.fc1(x))
            return self.fc3(x)

    class Mended(Net):
        def forward(self, x):
            x = F.relu(self.fc1(x))
            x = F.relu(self.fc2(x))
            return self.fc3(x)

    return Net, Mended


@fault("MV101", input_size=(2, 3, 16, 16))
def same_layer_called_twice_by_mistake():
    """``conv2`` is called where ``conv3`` was meant, so one has no use.

    Reported: https://github.com/skaae/recurrent-spatial-transformer-code/issues/3
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
            self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
            self.conv3 = nn.Conv2d(8, 8, 3, padding=1)
            self.fc = nn.Linear(8, 10)

        def forward(self, x):
            x = F.relu(self.conv1(x))
            x = F.relu(self.conv2(x))
            x = F.relu(self.conv2(x))
            return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))

    class Mended(Net):
        def forward(self, x):
            x = F.relu(self.conv1(x))
            x = F.relu(self.conv2(x))
            x = F.relu(self.conv3(x))
            return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))

    return Net, Mended


@fault("MV105", "MV102", input_size=(2, 6, 16))
def branch_computed_and_lost():
    """Inside a loop each layer gets the first input: only the last one counts.

    Reported: https://github.com/cyclomon/UNSB/issues/29
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList(
                nn.Sequential(nn.Linear(16, 16), nn.ReLU()) for _ in range(3)
            )
            self.out = nn.Linear(16, 4)

        def forward(self, x):
            for block in self.blocks:
                out = block(x)
            return self.out(out)

    class Mended(Net):
        def forward(self, x):
            out = x
            for block in self.blocks:
                out = block(out)
            return self.out(out)

    return Net, Mended


@fault("MV105", "MV102", input_size=(2, 8, 10))
def shortcut_overwritten():
    """The sum with the shortcut is overwritten by the next line, which starts from the input.

    Reported: https://github.com/speechbrain/speechbrain/issues/1124
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(8, 8, 3, padding=1)
            self.reduce = nn.Conv1d(8, 8, 1)
            self.drop = nn.Dropout(0.1)

        def forward(self, x):
            out = F.relu(self.conv(x))
            out = out + self.reduce(x)
            out = self.drop(x)
            return out

    class Mended(Block):
        def forward(self, x):
            out = F.relu(self.conv(x))
            out = out + self.reduce(x)
            return self.drop(out)

    def net(block):
        return nn.Sequential(block(), nn.Conv1d(8, 4, 1))

    return lambda: net(Block), lambda: net(Mended)


@fault("MV106", input_data=[torch.randn(4, 8), torch.randn(4, 5)])
def second_input_ignored():
    """The condition is given to the model, which never looks at it.

    Reported: https://github.com/lucidrains/Mega-pytorch/issues/2
    """

    class Conditional(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(8, 16)
            self.mix = nn.Linear(16, 8)

        def forward(self, x, condition):
            h = torch.relu(self.embed(x))
            return self.mix(h)

    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(8, 16)
            self.condition = nn.Linear(5, 16)
            self.mix = nn.Linear(16, 8)

        def forward(self, x, condition):
            h = torch.relu(self.embed(x) + self.condition(condition))
            return self.mix(h)

    return Conditional, Mended


@fault("MV102", input_size=(4, 16))
def parameter_declared_and_not_used():
    """A learned scale is declared, and the forward multiplies by nothing.

    Reported: https://github.com/pytorch/pytorch/issues/19791
    """

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(16, 16)
            self.gamma = nn.Parameter(torch.ones(16))

        def forward(self, x):
            return x + torch.tanh(self.fc(x))

    class Mended(Scaled):
        def forward(self, x):
            return x + self.gamma * torch.tanh(self.fc(x))

    return Scaled, Mended
