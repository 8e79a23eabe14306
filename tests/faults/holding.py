"""Modules and tensors that are held where PyTorch does not look, and layers that are one."""

from __future__ import annotations

import collections
import functools
import types
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV103", input_size=(2, 8))
def activation_in_a_namespace():
    """A learned activation is kept in a namespace of options.

    Reported: https://github.com/pytorch/pytorch/issues/72580
    """

    class Net(nn.Module):
        def __init__(self, hold):
            super().__init__()
            self.cfg = types.SimpleNamespace(act=nn.PReLU(12), width=12)
            if hold:
                self.act = self.cfg.act
            self.one, self.two = nn.Linear(8, self.cfg.width), nn.Linear(self.cfg.width, 2)

        def forward(self, x):
            return self.two(self.cfg.act(self.one(x)))

    return (lambda: Net(False)), (lambda: Net(True))


@fault("MV103", input_size=(2, 8))
def head_in_a_partial():
    """A head is bound by ``functools.partial``.

    Reported: https://github.com/dotnet/TorchSharp/issues/532
    """

    def head(layer, scale, x):
        return layer(x) * scale

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
            self.head = functools.partial(head, nn.Linear(8, 3), 0.5)

        def forward(self, x):
            return self.head(self.body(x))

    class Mended(Net):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 3)
            self.head = functools.partial(head, self.fc, 0.5)

    return Net, Mended


@fault("MV103", input_size=(2, 3, 8, 8))
def stages_in_an_ordered_dict():
    """Stages in an ``OrderedDict`` of dictionaries.

    Reported: https://github.com/pytorch/pytorch/issues/715
    """

    class Net(nn.Module):
        def __init__(self, hold=dict):
            super().__init__()
            stages = collections.OrderedDict()
            for n, (i, o) in enumerate([(3, 4), (4, 8)]):
                stages[f"stage{n}"] = hold(
                    {"conv": nn.Conv2d(i, o, 3, padding=1, bias=False), "norm": nn.BatchNorm2d(o)}
                )
            self.stages = stages if hold is dict else nn.ModuleDict(stages)
            self.fc = nn.Linear(8, 2)

        def forward(self, x):
            for stage in self.stages.values():
                x = F.relu(stage["norm"](stage["conv"](x)))
            return self.fc(x.mean((2, 3)))

    return Net, lambda: Net(nn.ModuleDict)


_SHARED = nn.Linear(8, 8)


@fault("MV103", input_size=(2, 8))
def layer_of_the_file():
    """The forward calls a layer that is a global of the file.

    Reported: https://github.com/pytorch/pytorch/issues/72580
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Linear(8, 2)

        def forward(self, x):
            return self.out(torch.tanh(_SHARED(x)))

    class Mended(Net):
        def __init__(self):
            super().__init__()
            self.shared = _SHARED

    return Net, Mended


@fault("MV103", input_size=(2, 8))
def list_and_no_add_module():
    """A list of layers; mended, each of the list is registered by ``add_module`` as well.

    Reported: https://github.com/pytorch/pytorch/issues/38639
    """

    class Net(nn.Module):
        def __init__(self, add):
            super().__init__()
            self.layers = []
            for i in range(3):
                layer = nn.Linear(8, 8)
                self.layers.append(layer)
                if add:
                    self.add_module(f"layer{i}", layer)

        def forward(self, x):
            for layer in self.layers:
                x = F.relu(layer(x))
            return x

    return (lambda: Net(False)), (lambda: Net(True))


@dataclass
class _Branch:
    proj: nn.Module
    scale: float = 1.0


@fault("MV103", input_size=(2, 8))
def branches_of_a_dataclass():
    """Branches are records of a dataclass, in a list.

    Reported: https://github.com/pytorch/pytorch/issues/72580
    """

    class Net(nn.Module):
        def __init__(self, n=3):
            super().__init__()
            self.branches = [_Branch(nn.Linear(8, 4), 1 / n) for _ in range(n)]

        def forward(self, x):
            return sum(b.scale * torch.relu(b.proj(x)) for b in self.branches)

    class Mended(Net):
        def __init__(self, n=3):
            super().__init__(n)
            self.projs = nn.ModuleList(b.proj for b in self.branches)

    return Net, Mended


@fault("MV104", input_size=(2, 3, 8, 8))
def mean_and_deviation_of_pictures():
    """The mean and deviation of ImageNet are plain attributes.

    Reported: https://github.com/lyuwenyu/RT-DETR/issues/677
    """

    class Normalised(nn.Module):
        def __init__(self):
            super().__init__()
            self.keep("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
            self.keep("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
            self.conv = nn.Conv2d(3, 4, 3)

        def keep(self, name, value):
            setattr(self, name, value)

        def forward(self, x):
            return self.conv((x - self.mean) / self.std)

    class Mended(Normalised):
        def keep(self, name, value):
            self.register_buffer(name, value, persistent=False)

    return Normalised, Mended


@fault("MV104", input_size=(2, 4, 6, 8))
def rotations_in_a_tuple():
    """Cosines and sines of rotary positions in a tuple.

    Reported: https://github.com/lyuwenyu/RT-DETR/issues/677
    """

    def table(n, d):
        freq = 1.0 / 10000 ** (torch.arange(0, d, 2).float() / d)
        angle = torch.outer(torch.arange(n).float(), freq).repeat(1, 2)
        return angle.cos(), angle.sin()

    def half(x):
        a, b = x.chunk(2, -1)
        return torch.cat((-b, a), -1)

    class Rotary(nn.Module):
        def __init__(self):
            super().__init__()
            self.rope = table(32, 8)

        def tables(self, n):
            return self.rope[0][:n], self.rope[1][:n]

        def forward(self, q):
            cos, sin = self.tables(q.shape[-2])
            return q * cos + half(q) * sin

    class Mended(Rotary):
        def __init__(self):
            nn.Module.__init__(self)
            cos, sin = table(32, 8)
            self.register_buffer("cos", cos, False)
            self.register_buffer("sin", sin, False)

        def tables(self, n):
            return self.cos[:n], self.sin[:n]

    def net(cls):
        return nn.Sequential(nn.Linear(8, 8), cls(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))

    return (lambda: net(Rotary)), (lambda: net(Mended))


@fault("MV104", input_size=(2, 4, 6, 6))
def anchors_of_a_detector():
    """Sizes of anchors are a list of tensors in a head.

    Reported: https://github.com/OpenNMT/OpenNMT-py/pull/240
    """

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 3 * 4, 1)
            self.anchors = [
                torch.tensor([10.0, 13.0]),
                torch.tensor([16.0, 30.0]),
                torch.tensor([33.0, 23.0]),
            ]
            self.last = None

        def sizes(self):
            return torch.stack(self.anchors)

        def forward(self, x):
            b, _, h, w = x.shape
            y = self.conv(x).view(b, 3, 4, h, w)
            self.last = y.detach()
            wh = y[:, :, 2:].exp() * self.sizes().view(1, 3, 2, 1, 1)
            return torch.cat([y[:, :, :2].sigmoid(), wh], 2)

    class Mended(Head):
        def __init__(self):
            super().__init__()
            self.register_buffer("anchor", torch.stack(self.anchors))
            del self.anchors

        def sizes(self):
            return self.anchor

    return Head, Mended


@fault("MV103", input_size=(2, 8))
def layers_zipped_with_scales():
    """Layers in a list of pairs with their scales.

    Reported: https://github.com/pytorch/pytorch/issues/38639
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stack = [(nn.Linear(8, 8), s) for s in (1.0, 0.5, 0.25)]

        def forward(self, x):
            for layer, s in self.stack:
                x = x + s * torch.tanh(layer(x))
            return x

    class Mended(Net):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(layer for layer, _ in self.stack)

    return Net, Mended


@fault("MV104", input_size=(2, 8))
def running_centre_is_a_plain_tensor():
    """A centre for self-distillation is kept as a tensor and updated in training.

    Reported: https://github.com/lyuwenyu/RT-DETR/issues/677
    """

    class Dino(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 4)
            self.set(torch.zeros(1, 4))

        def set(self, c):
            self.center = c

        def forward(self, x):
            z = self.fc(x)
            return F.softmax((z - self.center) / 0.04, -1)

    class Mended(Dino):
        def set(self, c):
            self.register_buffer("center", c)

    return Dino, Mended
