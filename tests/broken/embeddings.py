"""Tables that are looked up."""

from __future__ import annotations

import math

import torch
from torch import nn

from .corpus import JUNOBENCH, PYTEA, Made, broken

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


@broken(r"num_embeddings=24\b|\b24\b", at="transformer.positions", like=_POSITIONS)
def more_tokens_than_learned_positions() -> Made:
    """``arange`` runs past the table of positions."""

    class Embeddings(nn.Module):
        def __init__(self, vocabulary: int, length: int, dim: int) -> None:
            super().__init__()
            self.tokens = nn.Embedding(vocabulary, dim)
            self.positions = nn.Embedding(length, dim)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            places = torch.arange(ids.size(1), device=ids.device).unsqueeze(0)
            return self.tokens(ids) + self.positions(places)  # fails

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = Embeddings(50, 16, 8)
            self.head = nn.Linear(8, 50)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return self.head(self.transformer(ids))

    return Model(), torch.randint(0, 50, (2, 24))


@broken(r"from 0 on|negative|-1", at="emb", like=_RANGE)
def padding_is_minus_one() -> Made:
    """Missing words are -1 in the data."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emb = nn.Embedding(10, 3)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return self.emb(ids).sum(1)  # fails

    return Net(), torch.tensor([[4, 2, -1], [1, -1, -1]])


@broken(r"\b26\b", at="", like=_POSITIONS)
def patches_of_a_larger_picture() -> Made:
    """A vision transformer's positions are for one size of picture."""

    class ViT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patch = nn.Conv2d(3, 12, 4, stride=4)
            self.cls = nn.Parameter(torch.zeros(1, 1, 12))
            self.pos_embed = nn.Parameter(torch.zeros(1, 17, 12))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.patch(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1)
            x = x + self.pos_embed  # fails
            return x[:, 0]

    return ViT(), torch.randn(2, 3, 20, 20)


@broken(r"at most 16 positions, not 20: types has 16", at="", like=PYTEA)
def kinds_of_tokens_for_shorter_texts() -> Made:
    """A table that was made for sixteen positions is expanded to the batch."""

    class Embeddings(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("types", torch.zeros(1, 16, dtype=torch.long))
            self.words = nn.Embedding(50, 8)
            self.kinds = nn.Embedding(2, 8)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            kinds = self.types[:, : ids.shape[1]].expand(*ids.shape)  # fails
            return self.words(ids) + self.kinds(kinds)

    return Embeddings(), torch.randint(0, 50, (2, 20))


@broken(r"make the tensor \[10, 8\], in place of \[10, 4\]", at="", like=PYTEA)
def messages_wider_than_what_they_are_added_to() -> Made:
    """Features of neighbours are added into a narrower table."""

    class Pools(nn.Module):
        def forward(self, x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
            pooled = torch.zeros(10, 4)
            return pooled.scatter_add(0, places[:, None].expand(-1, 8), x)  # fails

    return Pools(), torch.randn(30, 8), torch.randint(0, 10, (30,))
