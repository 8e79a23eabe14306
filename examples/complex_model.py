"""Modules inside modules: a branch of its own layers, followed by a shared one."""

import torch
from torch import Tensor, nn

import modelviz


class ComplexModel(nn.Module):
    """A branch that reduces 100 features to 50, and a layer that classifies them."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Linear(100, 50),
            nn.ReLU(),
        )
        self.shared_fc = nn.Linear(50, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 100) features to (batch, 10) scores."""
        x = self.branch(x)
        return self.shared_fc(x)


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return ComplexModel(), (torch.rand(32, 100),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "complex_model.svg"))
