"""Attention without a scale, or normalised over the queries."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV403", input_size=(2, 6, 12))
def fused_attention_with_scale_one():
    """``scale=1.0`` is handed to the fused attention.

    Reported: https://github.com/mlc-ai/mlc-llm/pull/3426
    """

    class Attn(nn.Module):
        scale = 1.0

        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(12, 36)

        def forward(self, x):
            q, k, v = self.qkv(x).unflatten(-1, (3, 2, 6)).permute(2, 0, 3, 1, 4)
            return (
                F.scaled_dot_product_attention(q, k, v, scale=self.scale).transpose(1, 2).flatten(2)
            )

    class Mended(Attn):
        scale = None

    return Attn, Mended


@fault("MV403", input_size=(2, 6, 12))
def cross_scores_without_scale():
    """Queries of a perceiver against tokens, unscaled; mended, cosines with a learned scale.

    Reported: https://github.com/cneuralnetwork/solving-ml-papers/issues/1
    """

    class Perceiver(nn.Module):
        def __init__(self):
            super().__init__()
            self.latents = nn.Parameter(torch.randn(4, 12))
            self.q, self.kv, self.logit = (
                nn.Linear(12, 12),
                nn.Linear(12, 24),
                nn.Parameter(torch.zeros(())),
            )

        def scores(self, q, k):
            return torch.einsum("nd,bmd->bnm", q, k) + 0 * self.logit

        def forward(self, x):
            k, v = self.kv(x).chunk(2, -1)
            return self.scores(self.q(self.latents), k).softmax(-1) @ v

    class Mended(Perceiver):
        def scores(self, q, k):
            return (
                F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(1, 2) * self.logit.exp()
            )

    return Perceiver, Mended


@fault("MV403", input_size=(2, 6, 16))
def heads_scored_with_matmul():
    """Many heads, a mask and no scale; mended, the queries are scaled before.

    Reported: https://github.com/PAIR-code/tiny-transformers/issues/71
    """

    class Attn(nn.Module):
        def __init__(self, heads=2):
            super().__init__()
            self.heads, self.to_qkv, self.out = (
                heads,
                nn.Linear(16, 48, bias=False),
                nn.Linear(16, 16),
            )
            self.register_buffer("mask", torch.full((32, 32), float("-inf")).triu(1))

        def query(self, q):
            return q

        def forward(self, x):
            b, n, d = x.shape
            q, k, v = (
                t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.to_qkv(x).split(d, 2)
            )
            s = torch.matmul(self.query(q), k.transpose(-2, -1)) + self.mask[:n, :n]
            return self.out(torch.matmul(torch.softmax(s, -1), v).transpose(1, 2).reshape(b, n, d))

    class Mended(Attn):
        def query(self, q):
            return q * q.shape[-1] ** -0.5

    return Attn, Mended


@fault("MV208", input_size=(2, 6, 12))
def softmax_over_dimension_minus_two():
    """``softmax(dim=-2)`` before the product with the values; mended, slots compete on purpose.

    Reported: https://github.com/MicrosoftDocs/pytorchfundamentals/pull/21
    """

    class Slots(nn.Module):
        def __init__(self):
            super().__init__()
            self.slots = nn.Parameter(torch.randn(1, 4, 12))
            self.q, self.k, self.v = (nn.Linear(12, 12, bias=False) for _ in range(3))

        def weights(self, s):
            return s.softmax(dim=1)

        def forward(self, x):
            q, k, v = self.q(self.slots.expand(len(x), -1, -1)), self.k(x), self.v(x)
            return self.weights(q @ k.transpose(1, 2) * 12**-0.5) @ v

    class Mended(Slots):
        def weights(self, s):
            a = s.softmax(dim=1) + 1e-8
            return a / a.sum(dim=-1, keepdim=True)

    return Slots, Mended


@fault("MV208", input_size=(2, 2, 6, 8))
def einsum_over_the_wrong_letter():
    """Weights (batch, head, query, key) are normalised over the queries in an einsum attention.

    Reported: https://github.com/MicrosoftDocs/pytorchfundamentals/pull/21
    """

    class Attn(nn.Module):
        dim = 2

        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))

        def forward(self, x):
            a = torch.einsum("bhid,bhjd->bhij", self.q(x), self.k(x)) / 8**0.5
            return torch.einsum("bhij,bhjd->bhid", F.softmax(a, dim=self.dim), self.v(x))

    class Mended(Attn):
        dim = 3

    return Attn, Mended


@fault("MV403", input_size=(2, 6, 8))
def keys_from_the_input_itself():
    """Queries of a layer against the raw inputs as keys, for a pooling; unscaled.

    Reported: https://github.com/delzac/cntkx/issues/10
    """

    class Pool(nn.Module):
        def __init__(self, s):
            super().__init__()
            self.q, self.k, self.s = nn.Linear(8, 8), nn.Linear(8, 8, bias=False), s

        def forward(self, x):
            a = (
                torch.bmm(self.q(x), self.k(x).permute(0, 2, 1)).mul(self.s)
                if self.s
                else torch.bmm(self.q(x), self.k(x).permute(0, 2, 1))
            )
            return torch.bmm(F.softmax(a, 2), x)

    return (lambda: Pool(None)), (lambda: Pool(8**-0.5))
