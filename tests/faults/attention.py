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


@fault("MV403", input_size=(2, 9, 24))
def bmm_scores_without_scale():
    """One head, written with ``bmm`` inside a block with a residual.

    Reported: https://github.com/delzac/cntkx/issues/10
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(24)
            self.query = nn.Linear(24, 24)
            self.key = nn.Linear(24, 24)
            self.value = nn.Linear(24, 24)
            self.softmax = nn.Softmax(dim=-1)

        def energy(self, q, k):
            return torch.bmm(q, k.permute(0, 2, 1))

        def forward(self, x):
            h = self.norm(x)
            attention = self.softmax(self.energy(self.query(h), self.key(h)))
            return x + torch.bmm(attention, self.value(h))

    class Mended(Block):
        def energy(self, q, k):
            return torch.bmm(q, k.permute(0, 2, 1)).mul(24**-0.5)

    return Block, Mended


@fault("MV403", input_data=[torch.randn(2, 5, 16), torch.randn(2, 8, 16)])
def cross_attention_without_scale():
    """A decoder attends to an encoder with a bias of positions and no scale.

    Reported: https://github.com/cneuralnetwork/solving-ml-papers/issues/1
    """

    class Cross(nn.Module):
        def __init__(self):
            super().__init__()
            self.to_q = nn.Linear(16, 16, bias=False)
            self.to_kv = nn.Linear(16, 32, bias=False)
            self.bias = nn.Parameter(torch.zeros(5, 8))

        def scaled(self, q):
            return q

        def forward(self, x, memory):
            q = self.scaled(self.to_q(x))
            k, v = self.to_kv(memory).chunk(2, dim=-1)
            weights = F.softmax(torch.matmul(q, k.mT) + self.bias, dim=-1)
            return torch.matmul(weights, v)

    class Mended(Cross):
        def scaled(self, q):
            return q * 16**-0.5

    return Cross, Mended


@fault("MV403", input_size=(2, 7, 32))
def grouped_heads_without_scale():
    """Heads that share keys, scores by einsum with a group, and a bias of distances.

    Reported: https://github.com/NVIDIA/Megatron-LM/pull/848
    """

    class Grouped(nn.Module):
        def __init__(self):
            super().__init__()
            self.wq = nn.Linear(32, 32, bias=False)
            self.wk = nn.Linear(32, 16, bias=False)
            self.wv = nn.Linear(32, 16, bias=False)
            self.wo = nn.Linear(32, 32, bias=False)
            self.register_buffer("distance", -(torch.arange(7)[:, None] - torch.arange(7)).abs())

        def scale(self, q):
            return q

        def forward(self, x):
            n, t, _ = x.shape
            q = self.scale(self.wq(x)).view(n, t, 2, 2, 8)
            k, v = self.wk(x).view(n, t, 2, 8), self.wv(x).view(n, t, 2, 8)
            scores = torch.einsum("bigrd,bjgd->bgrij", q, k) + self.distance
            out = torch.einsum("bgrij,bjgd->bigrd", F.softmax(scores, dim=-1), v)
            return self.wo(out.reshape(n, t, 32))

    class Mended(Grouped):
        def scale(self, q):
            return q / 8**0.5

    return Grouped, Mended


@fault("MV208", input_size=(2, 6, 16))
def softmax_over_the_queries():
    """The weights of attention are normalised over the queries, not over the keys.

    Reported: https://github.com/MicrosoftDocs/pytorchfundamentals/pull/21
    """

    class Head(nn.Module):
        dim = -2

        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = nn.Linear(16, 8), nn.Linear(16, 8), nn.Linear(16, 8)
            self.drop = nn.Dropout(0.1)

        def forward(self, x):
            scores = self.q(x) @ self.k(x).transpose(1, 2) * 8**-0.5
            return self.drop(torch.softmax(scores, dim=self.dim)) @ self.v(x)

    class Mended(Head):
        dim = -1

    return Head, Mended
