"""Tables that are looked up."""

from __future__ import annotations

import math

import torch
from torch import nn

from .corpus import JUNOBENCH, Made, broken

_RANGE = "https://openillumi.com/pytorch-fix-embedding-index-error"
_POSITIONS = "https://github.com/SamLynnEvans/Transformer/issues/14"


@broken(r"num_embeddings=(at least )?100\b|at least 100\b", at="embed", like=_RANGE)
def vocabulary_smaller_than_an_index() -> Made:
    """A token that the table has no row for."""

    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(90, 8)
            self.fc = nn.Linear(8, 2)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            vectors = self.embed(tokens)  # fails
            return self.fc(vectors.mean(1))

    return Bag(), torch.tensor([[1, 5, 99], [3, 4, 8]])


@broken(r"\.long\(\)", at="items", like=JUNOBENCH)
def ids_as_floats() -> Made:
    """A column of a table of floats holds the ids."""

    class Recommender(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.users = nn.Embedding(10, 4)
            self.items = nn.Embedding(20, 4)

        def forward(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
            u = self.users(users)
            i = self.items(items)  # fails
            return (u * i).sum(-1)

    return Recommender(), torch.tensor([1, 2]), torch.tensor([3.0, 4.0])


@broken(r"\b48\b", at="pos", like=_POSITIONS)
def sequence_longer_than_the_sinusoids() -> Made:
    """The table of positional encodings ends."""

    class PositionalEncoding(nn.Module):
        def __init__(self, d_model: int, max_len: int) -> None:
            super().__init__()
            position = torch.arange(max_len).unsqueeze(1)
            div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
            pe = torch.zeros(1, max_len, d_model)
            pe[0, :, 0::2] = torch.sin(position * div)
            pe[0, :, 1::2] = torch.cos(position * div)
            self.register_buffer("pe", pe)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.pe[:, : x.size(1)]  # fails

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(100, 16)
            self.pos = PositionalEncoding(16, max_len=32)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return self.pos(self.embed(tokens))

    return Model(), torch.randint(0, 100, (2, 48))
