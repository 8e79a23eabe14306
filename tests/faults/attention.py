"""Attention that is written by hand, and not quite right."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV403", input_size=(2, 6, 32))
def scores_without_scale():
    """Scores of self-attention are not divided by the root of the width.

    Reported: https://github.com/mlc-ai/mlc-llm/pull/3426
    """

    class SelfAttention(nn.Module):
        def __init__(self, dim=32, heads=4):
            super().__init__()
            self.heads = heads
            self.q = nn.Linear(dim, dim)
            self.k = nn.Linear(dim, dim)
            self.v = nn.Linear(dim, dim)
            self.out = nn.Linear(dim, dim)

        def split(self, x):
            b, t, d = x.shape
            return x.view(b, t, self.heads, d // self.heads).transpose(1, 2)

        def scores(self, q, k):
            return q @ k.transpose(-2, -1)

        def forward(self, x):
            q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
            weights = F.softmax(self.scores(q, k), dim=-1)
            y = (weights @ v).transpose(1, 2).flatten(2)
            return self.out(y)

    class Mended(SelfAttention):
        def scores(self, q, k):
            return q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])

    return SelfAttention, Mended


@fault("MV403", input_size=(2, 10, 16))
def einsum_scores_without_scale():
    """The same with einsum and a causal mask.

    Reported: https://github.com/PAIR-code/tiny-transformers/issues/71
    """

    class Causal(nn.Module):
        def __init__(self, dim=16, heads=2):
            super().__init__()
            self.heads, self.width = heads, dim // heads
            self.qkv = nn.Linear(dim, 3 * dim, bias=False)
            self.proj = nn.Linear(dim, dim)
            self.factor = 1.0
            self.register_buffer("mask", torch.tril(torch.ones(64, 64, dtype=torch.bool)))

        def scale(self, s):
            return s

        def forward(self, x):
            n, t, _ = x.shape
            q, k, v = self.qkv(x).view(n, t, 3, self.heads, self.width).unbind(2)
            s = self.scale(torch.einsum("nqhd,nkhd->nhqk", q, k))
            s = s.masked_fill(~self.mask[:t, :t], float("-inf"))
            y = torch.einsum("nhqk,nkhd->nqhd", s.softmax(-1), v)
            return self.proj(y.reshape(n, t, -1))

    class Mended(Causal):
        def scale(self, s):
            return s * self.width**-0.5

    return Causal, Mended
