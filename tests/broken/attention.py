"""Heads, masks and what attends to what."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import PYTEA, Made, broken

_MASK = "https://github.com/cs231n/cs231n.github.io/issues/279"


@broken(r"divide|multiple of 6|\b(48|54)\b", at="attention", like=PYTEA)
def heads_that_do_not_divide() -> Made:
    """Six heads in a width of fifty."""

    class SelfAttention(nn.Module):
        def __init__(self, dim: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.head_dim = dim // heads
            self.to_q = nn.Linear(dim, dim)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            B, T, _ = x.shape
            q = self.to_q(x)
            return q.view(B, T, self.heads, self.head_dim)  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = SelfAttention(50, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.attention(x)

    return Net(), torch.randn(2, 9, 50)


@broken(r"\(?7, 7\)?", at="attn", like=_MASK)
def mask_of_the_longest_sequence() -> Made:
    """The causal mask was made once, for ten positions."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attn = nn.MultiheadAttention(16, 2, batch_first=True)
            self.register_buffer("mask", torch.ones(10, 10).triu(1).bool())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out, _ = self.attn(x, x, x, attn_mask=self.mask)  # fails
            return out

    return Block(), torch.randn(2, 7, 16)


@broken(r"transpose\(-1, -2\)|transpose\(-2, -1\)|\.mT", at="", like=PYTEA)
def keys_not_transposed() -> Made:
    """Scores by hand."""

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(32, 16)
            self.k = nn.Linear(32, 16)
            self.v = nn.Linear(32, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scores = self.q(x) @ self.k(x) / 4  # fails
            return scores.softmax(-1) @ self.v(x)

    return Attention(), torch.randn(2, 9, 32)
