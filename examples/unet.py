"""A U-Net: down to small images with many channels, up again, with a way across at each size."""

from itertools import pairwise

import torch
from torch import Tensor, nn

import modelviz


class DoubleConv(nn.Sequential):
    """Two 3 by 3 convolutions, each normalised: (batch, a, h, w) to (batch, b, h, w)."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )


class Up(nn.Module):
    """Doubles the image, and joins what was as large on the way down."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.convs = DoubleConv(2 * channels, channels)

    def forward(self, x: Tensor, across: Tensor) -> Tensor:
        """(batch, 2 c, h, w) and (batch, c, 2 h, 2 w) to (batch, c, 2 h, 2 w)."""
        return self.convs(torch.cat([across, self.enlarge(x)], dim=1))


class UNet(nn.Module):
    """Says of each pixel which class it belongs to."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256), classes: int = 2) -> None:
        super().__init__()
        self.first = DoubleConv(3, widths[0])
        self.down = nn.ModuleList(DoubleConv(narrow, wide) for narrow, wide in pairwise(widths))
        self.shrink = nn.MaxPool2d(2)
        self.up = nn.ModuleList(Up(width) for width in reversed(widths[:-1]))
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, h, w) to (batch, classes, h, w); h and w are multiples of 8."""
        x = self.first(images)
        passed = []
        for down in self.down:
            passed.append(x)
            x = down(self.shrink(x))
        for up, across in zip(self.up, reversed(passed), strict=True):
            x = up(x, across)
        return self.head(x)


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return UNet(), (torch.rand(1, 3, 128, 128),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "unet.svg"))
