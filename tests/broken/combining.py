"""Tensors that are added, multiplied or put side by side."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import PYTEA, Made, broken

_UNET = "https://github.com/ptrblck/pytorch_misc/issues/2"


@broken(r"interpolate|pad|crop", at="up1", like=_UNET)
def skip_of_an_odd_size() -> Made:
    """Thirty-five pixels, halved and doubled, are thirty-four."""

    class Up(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.up = nn.ConvTranspose2d(channels, channels // 2, 2, stride=2)
            self.conv = nn.Conv2d(channels, channels // 2, 3, padding=1)

        def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
            x = self.up(x)
            x = torch.cat([skip, x], dim=1)  # fails
            return self.conv(x)

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down1 = nn.Conv2d(3, 8, 3, padding=1)
            self.down2 = nn.Conv2d(8, 16, 3, padding=1)
            self.pool = nn.MaxPool2d(2)
            self.up1 = Up(16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            a = self.down1(x)
            b = self.down2(self.pool(a))
            return self.up1(b, a)

    return UNet(), torch.randn(1, 3, 35, 35)


@broken(r"16.*32|Conv2d\(16, 32, (kernel_size=)?1", at="layer2", like=PYTEA)
def shortcut_without_projection() -> Made:
    """The residual block doubles the channels, and its shortcut does not."""

    class Residual(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inp, out, 3, padding=1)
            self.conv2 = nn.Conv2d(out, out, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out = self.conv2(torch.relu(self.conv1(x)))
            out += x  # fails
            return torch.relu(out)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer1 = Residual(16, 16)
            self.layer2 = Residual(16, 32)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer2(self.layer1(x))

    return Net(), torch.randn(2, 16, 8, 8)


@broken(r"flatten\(1\)|squeeze", at="", like=PYTEA)
def pooled_features_beside_a_table() -> Made:
    """Features of a picture with two empty dimensions, columns without."""

    class Fusion(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cnn = nn.Sequential(nn.Conv2d(3, 12, 3), nn.AdaptiveAvgPool2d(1))
            self.fc = nn.Linear(17, 1)

        def forward(self, image: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
            features = torch.cat((self.cnn(image), table), dim=1)  # fails
            return self.fc(features)

    return Fusion(), torch.randn(4, 3, 8, 8), torch.randn(4, 5)


@broken(r"\[:, :, None, None\]|unsqueeze|view\(.*1, 1\)", at="se", like=PYTEA)
def gate_without_the_spatial_dimensions() -> Made:
    """Squeeze and excite, and forget to unsqueeze."""

    class SE(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.fc = nn.Sequential(nn.Linear(channels, 2), nn.ReLU(), nn.Linear(2, channels))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            gate = torch.sigmoid(self.fc(x.mean((2, 3))))
            return x * gate  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1)
            self.se = SE(8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.se(self.conv(x))

    return Net(), torch.randn(4, 3, 10, 10)
