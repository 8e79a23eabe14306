"""Losses in the forward, as helpers of training do it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .corpus import JUNOBENCH, PYTEA, Made, broken

_CLASSES = "https://runebook.dev/en/docs/pytorch/generated/torch.nn.crossentropyloss"


@broken(r"unsqueeze\(1\)|squeeze\(1\)", at="", like=JUNOBENCH)
def one_column_against_none() -> Made:
    """Logits of one column, labels without."""

    class Trainer(nn.Module):
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            logits = self.net(x)
            loss = F.binary_cross_entropy_with_logits(logits, y)  # fails
            return loss

    return Trainer(nn.Linear(6, 1)), torch.randn(5, 6), torch.ones(5)


@broken(r"transpose\(1, |permute\(0, 2, 1\)|flatten\(0, 1\)", at="loss_fn", like=PYTEA)
def classes_last_in_a_sequence() -> Made:
    """Cross-entropy wants the classes second."""

    class LM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(30, 8)
            self.head = nn.Linear(8, 30)
            self.loss_fn = nn.CrossEntropyLoss()

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            logits = self.head(self.embed(tokens[:, :-1]))
            return self.loss_fn(logits, tokens[:, 1:])  # fails

    return LM(), torch.randint(0, 30, (4, 9))


@broken(r"\.long\(\)", at="", like=_CLASSES)
def classes_as_floats() -> Made:
    """Labels read from a table."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return F.cross_entropy(self.fc(x), y)  # fails

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.loss(x, y)

    return Net(), torch.randn(2, 4), torch.tensor([0.0, 2.0])
