"""Layers that are made in the forward, or are one, or are called past their hooks."""

from __future__ import annotations

import copy
import itertools

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV107", input_size=(2, 3, 8, 8))
def made_when_first_asked():
    """The linear layer is made by the first forward, when its width is known; mended, a lazy one.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 4, 3), None

        def forward(self, x):
            x = F.relu(self.conv(x)).flatten(1)
            if self.fc is None:
                self.fc = nn.Linear(x.shape[1], 5)
            return self.fc(x)

    class Mended(Net):
        def __init__(self):
            super().__init__()
            self.fc = nn.LazyLinear(5)

    return Net, Mended


@fault("MV107", input_size=(2, 3, 8, 8))
def blocks_written_as_functions():
    """Blocks are functions that make and call their layers, as in another framework.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    def conv_bn_relu(x, out):
        return nn.ReLU()(
            nn.BatchNorm2d(out)(nn.Conv2d(x.shape[1], out, 3, padding=1, bias=False)(x))
        )

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 2)

        def body(self, x):
            return conv_bn_relu(x, 8)

        def forward(self, x):
            x = nn.Upsample(scale_factor=2)(self.body(x))
            return self.fc(nn.AdaptiveAvgPool2d(1)(x).flatten(1))

    class Mended(Net):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)

        def body(self, x):
            return nn.ReLU()(self.bn(self.conv(x)))

    return Net, Mended


@fault("MV107", input_size=(2, 6, 5))
def weights_drawn_in_forward():
    """Weights of an attention are drawn in the forward, with ``requires_grad=True``.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    class Pool(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(5, 2)

        def weight(self, x):
            return torch.randn(5, 1, requires_grad=True)

        def forward(self, x):
            a = torch.softmax(torch.tanh(x) @ self.weight(x), dim=1)
            return self.fc((a * x).sum(1))

    class Mended(Pool):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.randn(5, 1))

        def weight(self, x):
            return self.w

    return Pool, Mended


@fault("MV108", input_size=(2, 6))
def shallow_copies():
    """``copy.copy`` of a layer has the parameters of the layer itself.

    Reported: https://github.com/yaoppeng/U-Net_v2/issues/10
    """

    def stack(copied):
        block = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
        return nn.Sequential(*(copied(block) for _ in range(3)), nn.Linear(6, 2))

    def shallow(block):
        new = copy.copy(block)
        return new

    return (lambda: stack(shallow)), (lambda: stack(copy.deepcopy))


@fault("MV108", input_size=(2, 5, 6))
def experts_that_are_one():
    """All experts of a mixture are one object; mended, one block is called three times on purpose.

    Reported: https://github.com/linkedin/Liger-Kernel/pull/269
    """

    def expert():
        return nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6))

    class Mixture(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate = nn.Linear(6, 4)
            self.experts = nn.ModuleList(itertools.repeat(expert(), 4))

        def forward(self, x):
            g = self.gate(x).softmax(-1)
            return sum(g[..., i : i + 1] * e(x) for i, e in enumerate(self.experts))

    class Mended(Mixture):
        def __init__(self):
            super().__init__()
            self.experts = nn.ModuleList(expert() for _ in range(4))
            self.shared = expert()

        def forward(self, x):
            for _ in range(3):
                x = x + self.shared(x)
            return super().forward(x)

    return Mixture, Mended


@fault("MV109", input_size=(2, 6))
def forward_of_the_encoder():
    """The encoder's ``forward`` is called by name; mended, a layer calls that of its own class.

    Reported: https://github.com/pytorch/pytorch/issues/72580
    """

    class Scaled(nn.Linear):
        def forward(self, x):
            return super().forward(x) * 0.5

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.head = nn.Sequential(Scaled(6, 6), nn.ReLU()), nn.Linear(6, 2)

        def features(self, x):
            return self.encoder.forward(x)

        def forward(self, x):
            return self.head(self.features(x))

    class Mended(Net):
        def features(self, x):
            return self.encoder(x)

    return Net, Mended


@fault("MV107", input_size=(2, 5, 8))
def attention_made_at_each_call():
    """``nn.MultiheadAttention(...)(x, x, x)`` in the forward.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def attend(self, x):
            return nn.MultiheadAttention(8, 2, batch_first=True)(x, x, x)[0]

        def forward(self, x):
            return nn.LayerNorm(8, elementwise_affine=False)(self.attend(self.fc(x)))

    class Mended(Net):
        def __init__(self):
            super().__init__()
            self.attn = nn.MultiheadAttention(8, 2, batch_first=True)

        def attend(self, x):
            return self.attn(x, x, x)[0]

    return Net, Mended


@fault("MV108", input_size=(2, 8))
def dictionary_of_one_head():
    """``dict.fromkeys(tasks, head)`` gives each task the same head.

    Reported: https://github.com/yaoppeng/U-Net_v2/issues/10
    """

    class Net(nn.Module):
        def __init__(self, each):
            super().__init__()
            tasks = ("age", "income", "risk")
            heads = (
                {t: nn.Linear(8, 1) for t in tasks}
                if each
                else dict.fromkeys(tasks, nn.Linear(8, 1))
            )
            self.heads = nn.ModuleDict(heads)

        def forward(self, x):
            return {t: h(torch.relu(x)) for t, h in self.heads.items()}

    return (lambda: Net(False)), (lambda: Net(True))
