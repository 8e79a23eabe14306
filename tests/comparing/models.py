"""Models to change."""

from __future__ import annotations

from typing import Any

from torch import nn

INPUT = (2, 6, 8)


class Block(nn.Module):
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Any) -> Any:
        y = self.norm(x)
        x = x + self.attention(y, y, y)[0]
        return x + self.dropout(self.mlp(x))


class Net(nn.Module):
    def __init__(self, blocks: int = 4, width: int = 16) -> None:
        super().__init__()
        self.embed = nn.Linear(8, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.head = nn.Linear(width, 5)

    def forward(self, x: Any) -> Any:
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Renamed(Net):
    """The same, its last layer under another name."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = self.head
        del self.head

    def forward(self, x: Any) -> Any:
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.classifier(x)


class Rewired(Block):
    """A block whose last addition reads what the block was given."""

    def forward(self, x: Any) -> Any:
        y = self.norm(x)
        z = x + self.attention(y, y, y)[0]
        return x + self.dropout(self.mlp(z))


class Adapted(nn.Module):
    """A linear layer with a low-rank one beside it."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.base = linear
        self.down = nn.Linear(linear.in_features, 2, bias=False)
        self.up = nn.Linear(2, linear.out_features, bias=False)

    def forward(self, x: Any) -> Any:
        return self.base(x) + self.up(self.down(x))


class ConvNet(nn.Module):
    def __init__(self, width: int = 8, stride: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 3, stride=stride, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
        )
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(2 * width * (8 // stride // 2) ** 2, 10)

    def forward(self, x: Any) -> Any:
        return self.head(self.pool(self.features(x)).flatten(1))


Renamed.__name__ = "Net"
Rewired.__name__ = "Block"
