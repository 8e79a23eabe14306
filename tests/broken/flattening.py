"""Between convolutions and linear layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .corpus import PYTEA, Made, broken

_MAT = "https://androidkt.com/fix-runtimeerror-mat1-and-mat2-shapes-cannot-be-multiplied/"
_SUMMARY = "https://github.com/TylerYep/torchinfo/issues/143"
_INVALID = "https://duoke360.com/post/34677"


@broken("2704", at="", like=_INVALID)
def lenet_on_larger_images() -> Made:
    """The tutorial's network for 32×32 images is given 64×64."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 6, 5)
            self.pool = nn.MaxPool2d(2, 2)
            self.conv2 = nn.Conv2d(6, 16, 5)
            self.fc1 = nn.Linear(16 * 5 * 5, 120)
            self.fc2 = nn.Linear(120, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.pool(F.relu(self.conv1(x)))
            x = self.pool(F.relu(self.conv2(x)))
            x = x.view(-1, 16 * 5 * 5)  # fails
            x = F.relu(self.fc1(x))
            return self.fc2(x)

    return Net(), torch.randn(4, 3, 64, 64)


@broken("in_features=1568", at="out", like=_MAT)
def wrong_size_after_two_pools() -> Made:
    """The size of the flattened image was guessed."""

    class CNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Sequential(nn.Conv2d(1, 16, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2))
            self.conv2 = nn.Sequential(nn.Conv2d(16, 32, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2))
            self.out = nn.Linear(1050, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv2(self.conv1(x))
            x = x.view(x.size(0), -1)
            return self.out(x)  # fails

    return CNN(), torch.randn(2, 1, 28, 28)


@broken("in_features=1152", at="classifier.2", like=PYTEA)
def classifier_in_a_sequential() -> Made:
    """Dropout stands between the flattening and the layer that is too small."""

    class VGGish(nn.Module):
        def __init__(self, classes: int = 10) -> None:
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 16, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
                nn.Conv2d(16, 32, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            )
            self.classifier = nn.Sequential(
                nn.Flatten(),
                nn.Dropout(),
                nn.Linear(32 * 8 * 8, 64),
                nn.ReLU(inplace=True),
                nn.Linear(64, classes),
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.features(x)
            return self.classifier(x)  # fails

    return VGGish(), torch.randn(2, 3, 24, 24)


@broken(r"flatten\(1\)|start_dim=1", at="fc", like=PYTEA)
def flattened_with_the_batch() -> Made:
    """``torch.flatten`` without ``start_dim`` takes the batch, too."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.fc = nn.Linear(4 * 6 * 6, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.conv(x))
            x = torch.flatten(x)
            return self.fc(x)  # fails

    return Net(), torch.randn(8, 1, 8, 8)


@broken(r"flatten\(1\)|start_dim=1|nn\.Flatten\(\)", at="head", like=PYTEA)
def never_flattened() -> Made:
    """Nothing stands between the pooling and the linear layer."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 3, stride=2)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.head = nn.Linear(8, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.pool(self.stem(x)))  # fails

    return Net(), torch.randn(2, 3, 17, 17)


@broken(r"flatten\(1\)|nn\.Flatten\(\)", at="0", like=PYTEA)
def images_into_a_perceptron() -> Made:
    """Pictures go into a ``Sequential`` that begins with a linear layer."""
    model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    return model, torch.randn(16, 1, 28, 28)


@broken(r"in_features=1024\b", at="head.mlp.fc1", like=PYTEA)
def head_told_the_wrong_width() -> Made:
    """The mistake is in a helper that computes the width, two modules above the failure."""

    class MLP(nn.Module):
        def __init__(self, inp: int, hidden: int, out: int) -> None:
            super().__init__()
            self.fc1 = nn.Linear(inp, hidden)
            self.fc2 = nn.Linear(hidden, out)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc2(F.relu(self.fc1(x)))  # fails

    class Head(nn.Module):
        def __init__(self, channels: int, side: int) -> None:
            super().__init__()
            self.pool = nn.MaxPool2d(2)
            self.mlp = MLP(channels * side * side, 32, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.pool(x)
            return self.mlp(x.flatten(1))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU())
            self.head = Head(16, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x))

    return Net(), torch.randn(3, 1, 16, 16)


@broken(r"flatten\(1\).*(in_features=(256|16 ?\* ?4 ?\* ?4)\b)?", at="", like=_INVALID)
def batch_lost_in_a_view() -> Made:
    """``view(-1, 64)`` fits by chance, and makes four rows of each sample."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 16, 3, stride=2, padding=1)
            self.fc = nn.Linear(64, 3)

        def forward(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            x = F.relu(self.conv(x))
            x = x.view(-1, 64)
            logits = self.fc(x)
            return F.cross_entropy(logits, target)  # fails

    return Net(), torch.randn(5, 1, 8, 8), torch.tensor([0, 1, 2, 0, 1])


@broken(r"in_features=96\b|\[16, 96\]", at="", like=PYTEA)
def functional_linear_with_own_weight() -> Made:
    """Weights as parameters, and ``F.linear``."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(16, 64) * 0.1)
            self.bias = nn.Parameter(torch.zeros(16))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.flatten(1)
            return F.linear(x, self.weight, self.bias)  # fails

    return Net(), torch.randn(2, 3, 4, 8)


@broken(r"add.*batch|unsqueeze\(0\)|reshape\(1, |\[None\]", at="fc", like=PYTEA)
def one_picture_without_a_batch() -> Made:
    """``flatten(1)`` of one picture keeps its channels as rows."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3 * 8 * 8, 10)

        def forward(self, img: torch.Tensor) -> torch.Tensor:
            x = torch.flatten(img, 1)
            return self.fc(x)  # fails

    return Net(), torch.randn(3, 8, 8)


@broken(r"add the batch: .*\[1, 3, 8, 8\]", at="fc", like=_SUMMARY)
def one_picture_that_a_convolution_takes_without_a_batch() -> Made:
    """Convolution and pooling take one picture; the linear layer is right, and gets rows."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.fc = nn.Linear(4 * 3 * 3, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = F.max_pool2d(F.relu(self.conv(x)), 2)
            return self.fc(x.view(x.size(0), -1))  # fails

    return Net(), torch.randn(3, 8, 8)


@broken(r"add the batch: .*\[1, 3, 4, 8, 8\]", at="norm", like=_SUMMARY)
def one_film_that_a_convolution_takes_without_a_batch() -> Made:
    """What comes after the convolution wants a batch."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv3d(3, 4, 3)
            self.norm = nn.BatchNorm3d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.norm(self.conv(x))  # fails

    return Net(), torch.randn(3, 4, 8, 8)


@broken(r"t\.unsqueeze\(-1\), of shape \[2, 1\]", at="time", like=PYTEA)
def one_number_for_each_sample() -> Made:
    """Times without a dimension of features."""

    class Diffusion(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.time = nn.Linear(1, 16)

        def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return x + self.time(t)  # fails

    return Diffusion(), torch.randn(2, 16), torch.rand(2)
