"""The layers of `simple_net.py` as an `nn.Sequential`: each feeds the next, no `forward` to write.

The numbers are the same; only the names differ, since a Sequential counts its layers.
"""

import torch
from torch import Tensor, nn

import modelviz


def sequential_net() -> nn.Sequential:
    """A classifier of flattened 28 by 28 images: (batch, 784) pixels to (batch, 10) scores."""
    return nn.Sequential(
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return sequential_net(), (torch.rand(64, 784),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "sequential_net.svg"))
