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


@broken(r"\[:, None, None, :\]|unsqueeze\(1\)\.unsqueeze\(2\)", at="attn", like=PYTEA)
def padding_mask_without_heads() -> Made:
    """A mask of (batch, keys) against scores of (batch, heads, queries, keys)."""

    class Attention(nn.Module):
        def __init__(self, dim: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.qkv = nn.Linear(dim, 3 * dim)
            self.out = nn.Linear(dim, dim)

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            b, t, d = x.shape
            q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
            scores = q @ k.transpose(-2, -1)
            scores = scores.masked_fill(mask == 0, -1e9)  # fails
            y = scores.softmax(-1) @ v
            return self.out(y.transpose(1, 2).reshape(b, t, d))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attn = Attention(16, 4)

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.attn(x, mask)

    return Net(), torch.randn(2, 9, 16), torch.ones(2, 9)


@broken(r"\b12\b", at="blocks.0.attn", like=PYTEA)
def context_longer_than_the_causal_mask() -> Made:
    """The lower triangle was registered for eight positions."""

    class CausalAttention(nn.Module):
        def __init__(self, dim: int, block_size: int) -> None:
            super().__init__()
            self.c_attn = nn.Linear(dim, 3 * dim)
            self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            _, t, c = x.size()
            q, k, v = self.c_attn(x).split(c, dim=2)
            att = (q @ k.transpose(-2, -1)) * c**-0.5
            att = att.masked_fill(self.tril[:t, :t] == 0, float("-inf"))  # fails
            return att.softmax(-1) @ v

    class Block(nn.Module):
        def __init__(self, dim: int) -> None:
            super().__init__()
            self.ln = nn.LayerNorm(dim)
            self.attn = CausalAttention(dim, block_size=8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.attn(self.ln(x))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList([Block(16) for _ in range(2)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for block in self.blocks:
                x = block(x)
            return x

    return GPT(), torch.randn(2, 12, 16)


@broken(r"kdim=24|24", at="cross", like=PYTEA)
def keys_of_another_width() -> Made:
    """Text attends to pictures, whose features are wider."""

    class Fusion(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cross = nn.MultiheadAttention(16, 4, batch_first=True)

        def forward(self, text: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
            fused, _ = self.cross(query=text, key=image, value=image)  # fails
            return fused

    return Fusion(), torch.randn(2, 6, 16), torch.randn(2, 10, 24)


@broken(r"\(2, 7\)|\(batch, keys\)", at="encoder.layers.0.self_attn", like=_MASK)
def padding_mask_the_wrong_way_round() -> Made:
    """(length, batch) in place of (batch, length)."""

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)

        def forward(self, x: torch.Tensor, pad: torch.Tensor) -> torch.Tensor:
            return self.encoder(x, src_key_padding_mask=pad)  # fails

    return Encoder(), torch.randn(2, 7, 8), torch.zeros(7, 2, dtype=torch.bool)


@broken(r"batch_first=True", at="transformer", like=PYTEA)
def transformer_with_the_batch_first() -> Made:
    """``nn.Transformer`` takes the length first unless told otherwise."""

    class Translator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(20, 8)
            self.transformer = nn.Transformer(8, 2, 1, 1, 16)

        def forward(self, src: torch.Tensor, tgt: torch.Tensor) -> torch.Tensor:
            src, tgt = self.embed(src), self.embed(tgt)
            return self.transformer(src, tgt)  # fails

    return Translator(), torch.randint(0, 20, (3, 6)), torch.randint(0, 20, (3, 5))
