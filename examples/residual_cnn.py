"""A residual CNN for small images: the data goes around each block as well as through it.

The first block of a stage halves the image and changes its width, so its way around needs a
projection; in the others it is a plain `Identity`.
"""

import torch
from torch import Tensor, nn

import modelviz


class ResidualBlock(nn.Module):
    """Two 3 by 3 convolutions, added to what came in."""

    def __init__(self, channels_in: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels_in, h, w) to (batch, channels, h / stride, w / stride)."""
        y = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return self.relu(y + self.shortcut(x))


class ResidualCNN(nn.Module):
    """A stem, stages of residual blocks, and a linear classifier on the average."""

    def __init__(
        self, widths: tuple[int, ...] = (32, 64, 128), blocks: int = 3, classes: int = 10
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        self.stages = nn.Sequential()
        channels = widths[0]
        for width in widths:
            stride = 1 if width == channels else 2
            stage = [ResidualBlock(channels, width, stride)]
            stage += [ResidualBlock(width, width) for _ in range(blocks - 1)]
            self.stages.append(nn.Sequential(*stage))
            channels = width
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, h, w) images to (batch, classes) scores."""
        x = self.stages(self.stem(images))
        return self.classifier(self.pool(x).flatten(1))


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return ResidualCNN(), (torch.rand(8, 3, 32, 32),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "residual_cnn.svg"))
