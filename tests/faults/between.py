"""Activations forgotten or twice, ops to no effect."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV501", input_size=(2, 5, 8))
def activation_that_is_identity():
    """The activation is chosen by a name that nobody knows, and the default is ``Identity``.

    Reported: arXiv 1910.11015 (missing activation function)
    """
    acts = {"relu": nn.ReLU, "gelu": nn.GELU}

    class Mlp(nn.Module):
        def __init__(self, act):
            super().__init__()
            self.net = nn.Sequential(
                nn.Linear(8, 32), acts.get(act, nn.Identity)(), nn.Dropout(0.1), nn.Linear(32, 8)
            )
            self.norm = nn.LayerNorm(8)

        def forward(self, x):
            return x + self.net(self.norm(x))

    return (lambda: Mlp("ReLU")), (lambda: Mlp("relu"))


@fault("MV501", input_size=(2, 3, 12, 12))
def convolutions_before_a_pooling():
    """Two convolutions in a row; mended, depthwise and pointwise, which belong together.

    Reported: https://github.com/DengPingFan/PraNet/issues/16
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.fc = nn.Conv2d(3, 8, 3, padding=1), self.second(), nn.Linear(8, 2)

        def second(self):
            return nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1))

        def forward(self, x):
            return self.fc(F.relu(self.b(F.relu(self.a(x)))).mean((-1, -2)))

    class Mended(Net):
        def second(self):
            return nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, 1))

    return Net, Mended


@fault("MV501", input_size=(2, 8))
def low_rank_without_a_base():
    """Two linear layers of a head in a row; mended, the pair is a low-rank update of a layer.

    Reported: https://github.com/Nota-NetsPresso/netspresso-trainer/issues/320
    """

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
            self.one, self.two = nn.Linear(16, 32), nn.Linear(32, 4)

        def forward(self, x):
            return self.two(self.one(self.body(x)))

    class Lora(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
            self.base, self.a, self.b = (
                nn.Linear(16, 4),
                nn.Linear(16, 2, bias=False),
                nn.Linear(2, 4, bias=False),
            )
            nn.init.zeros_(self.b.weight)

        def forward(self, x):
            h = self.body(x)
            return self.base(h) + 2.0 * self.b(self.a(h))

    return Head, Lora


@fault("MV501", input_size=(2, 9, 8))
def reshaped_between_two_linear_layers():
    """Frames are projected, flattened and projected, with nothing between.

    Reported: https://github.com/jcjohnson/pytorch-examples/issues/30
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.frame, self.out = nn.Linear(8, 8), nn.Linear(72, 72)
            self.head = nn.Linear(72, 2)

        def act(self, x):
            return x

        def forward(self, x):
            x = self.act(self.frame(x)).reshape(len(x), -1)
            return self.head(torch.tanh(self.out(x)))

    class Mended(Net):
        def act(self, x):
            return F.softplus(x)

    return Net, Mended


@fault("MV502", input_size=(2, 3, 8, 8))
def relu6_of_relu():
    """A block with its own activation inside an inverted residual that adds another.

    Reported: arXiv 1910.11015 (activation functions: redundant)
    """

    def block(i, o):
        return nn.Sequential(
            nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)
        )

    class Net(nn.Module):
        def __init__(self, last):
            super().__init__()
            self.a, self.b, self.last = block(3, 6), block(6, 6), last

        def forward(self, x):
            x = self.a(x)
            return self.last(self.b(x))

    return (lambda: Net(nn.LeakyReLU(0.1))), (lambda: Net(nn.MaxPool2d(2)))


@fault("MV502", input_size=(2, 8))
def sigmoid_of_sigmoid():
    """The last layer gives a sigmoid, and prediction takes one more.

    Reported: https://github.com/ariecattan/SciCo/issues/2
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 1), nn.Sigmoid())

        def predict(self, p):
            return torch.sigmoid(p)

        def forward(self, x):
            return self.predict(self.net(x)).squeeze(1)

    class Mended(Net):
        def predict(self, p):
            return p

    return Net, Mended


@fault("MV502", input_size=(2, 8))
def relu_of_a_softmax():
    """ReLU of what is positive already; mended, ReLU of residuals that are summed between.

    Reported: arXiv 1910.11015 (activation functions: redundant)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)

        def last(self, x, h):
            return F.relu(torch.softmax(h, -1))

        def forward(self, x):
            x = F.relu(self.a(x))
            return self.last(x, self.b(x))

    class Mended(Net):
        def last(self, x, h):
            return F.relu(x + h)

    return Net, Mended


@fault("MV503", "MV501", input_size=(2, 1, 8, 8))
def classifier_of_matrices():
    """Flatten and two matrices is one matrix; mended, one matrix, which is a logistic regression.

    Reported: https://github.com/divamgupta/image-segmentation-keras/issues/136
    """

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.w1, self.w2 = (
                nn.Parameter(torch.randn(64, 100) / 8),
                nn.Parameter(torch.randn(100, 10) / 10),
            )

        def forward(self, x):
            return x.flatten(1) @ self.w1 @ self.w2

    return Two, lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


@fault("MV504", input_size=(2, 3, 8, 8))
def upsampled_by_one():
    """A scale of 1 in an upsampling, from a configuration.

    Reported: arXiv 1910.11015 (layers: redundant)
    """

    def net(scale):
        return nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=scale, mode="nearest"),
            nn.Conv2d(4, 2, 1),
        )

    return (lambda: net(1)), (lambda: net(2))


@fault("MV504", input_size=(2, 5, 8))
def transposed_there_and_back():
    """Two transpositions with a dropout of 0 between; mended, a convolution stands there.

    Reported: arXiv 1910.11015 (layers: redundant)
    """

    class Net(nn.Module):
        def __init__(self, mid, p):
            super().__init__()
            self.fc, self.mid, self.drop, self.out = (
                nn.Linear(8, 6),
                mid,
                nn.Dropout(p),
                nn.Linear(6, 2),
            )

        def forward(self, x):
            x = F.relu(self.fc(x)).permute(0, 2, 1)
            return self.out(self.drop(self.mid(x)).permute(0, 2, 1))

    return (lambda: Net(nn.Identity(), 0.0)), (
        lambda: Net(nn.Sequential(nn.Conv1d(6, 6, 3, padding=1), nn.ReLU()), 0.1)
    )


@fault("MV501", input_size=(2, 8))
def actor_with_a_missing_tanh():
    """A policy built by a loop adds an activation only after the first layer.

    Reported: https://github.com/YujiaBao/ls/issues/1
    """

    def net(every):
        layers = []
        for i, (a, b) in enumerate([(8, 16), (16, 16), (16, 4)]):
            layers.append(nn.Linear(a, b))
            if (every and i < 2) or i == 0:
                layers.append(nn.Tanh())
        return nn.Sequential(*layers)

    return (lambda: net(False)), (lambda: net(True))


@fault("MV502", input_size=(2, 3, 8, 8))
def gelu_after_gelu():
    """The block activates and so does the stage around it.

    Reported: arXiv 1910.11015 (activation functions: redundant)
    """

    class Stage(nn.Module):
        def __init__(self, act):
            super().__init__()
            self.conv, self.act = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.GELU()), act

        def forward(self, x):
            return self.act(self.conv(x)).mean((2, 3))

    return (lambda: Stage(F.gelu)), (lambda: Stage(lambda t: F.layer_norm(t, t.shape[1:])))
