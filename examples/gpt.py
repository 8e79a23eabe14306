"""A GPT: the decoder half of a Transformer alone, predicting each next token.

The table that turns tokens into vectors is used again, transposed, to turn vectors into scores:
the embedding and the output layer are *tied*. Two modules, one tensor, counted once.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import modelviz


class CausalSelfAttention(nn.Module):
    """Each position gathers what it needs from itself and those before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, width) to the same."""
        # (batch, length, 3 * width) -> three of (batch, heads, length, width / heads)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then two linear layers, each added to the stream that runs past it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = CausalSelfAttention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, width) to the same."""
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp(self.mlp_norm(x))


class GPT(nn.Module):
    """Scores of each next token, given the tokens so far."""

    def __init__(
        self,
        vocabulary: int = 5000,
        width: int = 192,
        heads: int = 6,
        layers: int = 12,
        context: int = 128,
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, length) token ids to (batch, length, vocabulary) scores."""
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.tokens(ids) + self.positions(places)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return GPT(), (torch.randint(5000, (1, 128)),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "gpt.svg"))
