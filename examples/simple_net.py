"""A custom `nn.Module`: layers made in `__init__`, connected in `forward`."""

import torch
from torch import Tensor, nn

import modelviz


class SimpleNet(nn.Module):
    """Classifies a flattened 28 by 28 image into ten digits."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 128)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 784) pixels to (batch, 10) scores."""
        x = self.fc1(x)
        x = self.relu(x)
        return self.fc2(x)


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return SimpleNet(), (torch.rand(64, 784),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "simple_net.svg"))
