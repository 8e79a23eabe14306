"""Dropout and normalisations in the wrong mode."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV302", input_size=(4, 16))
def functional_dropout_always_on():
    """``F.dropout(x)`` does not know of ``model.eval()``.

    Reported: https://github.com/pytorch/pytorch/issues/26338
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(16, 32), nn.Linear(32, 4)

        def forward(self, x):
            x = F.dropout(F.relu(self.fc1(x)))
            return self.fc2(x)

    class Mended(Net):
        def forward(self, x):
            x = F.dropout(F.relu(self.fc1(x)), training=self.training)
            return self.fc2(x)

    return Net, Mended


@fault("MV302", input_size=(2, 5, 8))
def attention_dropout_always_on():
    """Attention scores are dropped in evaluation, too.

    Reported: https://github.com/rixwew/pytorch-fm/issues/21
    """

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(8, 24)
            self.out = nn.Linear(8, 1)
            self.p = 0.1

        def rate(self):
            return self.p

        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, dim=-1)
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.rate())
            return self.out(y.mean(1))

    class Mended(Attention):
        def rate(self):
            return self.p if self.training else 0.0

    return Attention, Mended


@fault("MV302", input_size=(2, 3, 8, 8))
def dropout_module_made_in_forward():
    """A new ``nn.Dropout`` in the forward is always in training mode.

    Reported: https://github.com/yangze0930/NTS-Net/issues/14
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)
            self.fc = nn.Linear(8, 2)

        def forward(self, x):
            x = F.relu(self.conv(x)).mean((2, 3))
            x = nn.Dropout(p=0.5)(x)
            return self.fc(x)

    class Mended(Net):
        def __init__(self):
            super().__init__()
            self.drop = nn.Dropout(p=0.5)

        def forward(self, x):
            x = F.relu(self.conv(x)).mean((2, 3))
            return self.fc(self.drop(x))

    return Net, Mended


@fault("MV303", input_size=(4, 16))
def one_dropout_left_in_training():
    """Only part of the model was set to evaluation mode.

    Reported: https://github.com/pytorch/pytorch/issues/11999
    """

    def net():
        return nn.Sequential(
            nn.Linear(16, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 2)
        ).eval()

    def faulty():
        model = net()
        model[2].train()
        return model

    return faulty, net


@fault("MV304", input_size=(4, 3, 8, 8), mode="train")
def frozen_backbone_still_counts():
    """The backbone is frozen by ``requires_grad``, its running statistics are not.

    Reported: https://github.com/lightly-ai/lightly/issues/1438
    """

    def net():
        backbone = nn.Sequential(
            nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )
        for parameter in backbone.parameters():
            parameter.requires_grad = False
        return nn.Sequential(backbone, nn.Flatten(), nn.Linear(8, 4))

    class Frozen(nn.BatchNorm2d):
        def train(self, mode=True):
            return super().train(False)

    def mended():
        model = net()
        model[0][1] = Frozen(8).requires_grad_(False)
        return model

    return net, mended
