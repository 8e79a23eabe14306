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


@broken(r"squeeze\(1\)", at="criterion", like=_CLASSES)
def labels_in_a_column() -> Made:
    """``CrossEntropyLoss`` wants (batch,), and gets (batch, 1)."""

    class Task(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
            self.criterion = nn.CrossEntropyLoss()

        def training_step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            out = self.model(x)
            return self.criterion(out, y)  # fails

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.training_step(x, y)

    return Task(), torch.randn(5, 4), torch.zeros(5, 1, dtype=torch.long)


@broken(r"\.float\(\)", at="", like=JUNOBENCH)
def binary_targets_as_whole_numbers() -> Made:
    """Binary cross-entropy computes with its targets."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 1)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            p = torch.sigmoid(self.fc(x)).squeeze(1)
            return F.binary_cross_entropy(p, y)  # fails

    return Net(), torch.randn(3, 4), torch.tensor([0, 1, 1])


@broken(r"one_hot|cross_entropy", at="", like="http://www.kouhan.cn/en/article/00050409")
def mean_squared_error_of_classes() -> Made:
    """Ten outputs against one number a sample."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 10)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return F.mse_loss(self.fc(x), y)  # fails

    return Net(), torch.randn(3, 4), torch.tensor([1.0, 2.0, 9.0])


@broken(r"\b4 outputs|at least 4|target - 1|from 0", at="", like=JUNOBENCH)
def classes_counted_from_one() -> Made:
    """Three classes, called 1, 2 and 3."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            logits = self.fc(x)
            return F.nll_loss(F.log_softmax(logits, dim=1), y)  # fails

    return Net(), torch.randn(3, 4), torch.tensor([1, 2, 3])


@broken(r"squeeze\(1\)", at="", like=PYTEA)
def masks_with_a_channel() -> Made:
    """Segmentation maps are (batch, height, width)."""

    class Segmenter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Conv2d(3, 5, 1)

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            loss = F.cross_entropy(self.net(x), mask)  # fails
            return loss

    return Segmenter(), torch.randn(2, 3, 4, 4), torch.zeros(2, 1, 4, 4, dtype=torch.long)
