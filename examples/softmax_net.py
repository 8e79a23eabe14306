"""A `forward` that maps inputs to outputs step by step, and ends in a function.

`torch.softmax` belongs to no layer: a list of modules misses it, the graph of ops has it.
"""

import torch
from torch import Tensor, nn

import modelviz


class SoftmaxNet(nn.Module):
    """Gives each of ten classes a probability."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Linear(784, 128)
        self.relu = nn.ReLU()
        self.layer2 = nn.Linear(128, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, 784) pixels to (batch, 10) probabilities."""
        hidden = self.relu(self.layer1(inputs))
        scores = self.layer2(hidden)
        return torch.softmax(scores, dim=-1)


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return SoftmaxNet(), (torch.rand(64, 784),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "softmax_net.svg"))
