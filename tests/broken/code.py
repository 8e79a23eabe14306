"""Slips in the code: names, calls, returns."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import JUNOBENCH, Made, broken


@broken(r"return", at="", like=JUNOBENCH)
def block_without_return() -> Made:
    """The forward of a block ends without ``return``."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.fc(x))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()
            self.head = nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.block(x)
            return x.mean(1) + self.head(x)  # fails

    return Net(), torch.randn(3, 8)


@broken(r"self\.conv2\b|write conv2", at="", like=JUNOBENCH)
def attribute_misspelt() -> Made:
    """One letter less."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 2, 3)
            self.conv2 = nn.Conv2d(2, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv1(x)
            return self.cov2(x)  # fails

    return Net(), torch.randn(1, 1, 8, 8)


@broken(r"downsample is None|self\.downsample", at="", like=JUNOBENCH)
def layer_that_is_none() -> Made:
    """Made only where the widths differ, called always."""

    class Block(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(inp, out, 3, padding=1)
            self.downsample = nn.Conv2d(inp, out, 1) if inp != out else None

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            identity = self.downsample(x)  # fails
            return self.conv(x) + identity

    return Block(4, 4), torch.randn(1, 4, 5, 5)


@broken(r"rename foward|forward", at="", like=JUNOBENCH)
def forward_misspelt() -> Made:
    """``nn.Module`` finds no forward."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def foward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x)

    return Net(), torch.randn(1, 2)


@broken(r"mask", at="decoder", like=JUNOBENCH)
def argument_forgotten() -> Made:
    """The inner module takes two."""

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.fc(x) * mask

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decoder = Decoder()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.decoder(x)  # fails

    return Net(), torch.randn(1, 4)


@broken(r"loop|Sequential", at="layers", like=JUNOBENCH)
def module_list_called() -> Made:
    """A list is no layer."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers(x)  # fails

    return Net(), torch.randn(3, 4)


@broken(r"F\.relu|nn\.ReLU\(\)\(|torch\.relu|make it .*in __init__", at="fc2", like=JUNOBENCH)
def class_called_in_place_of_function() -> Made:
    """``nn.ReLU(x)`` makes a module whose ``inplace`` is x."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(4, 8)
            self.fc2 = nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = nn.ReLU(self.fc1(x))
            return self.fc2(x)  # fails

    return Net(), torch.randn(3, 4)
